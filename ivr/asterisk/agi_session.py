"""One AGI session: pyst2's `AGI` made fit for threads and for values that come from callers.

In: the headers Asterisk opened with and the two ends of the wire, from `ivr.asterisk.fastagi`. Out: what
scripts use: `argument`, `get_variable`, `set_variable`. Asterisk going away, at any moment, is
`asterisk.agi.AGIHangup`.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Final, Protocol

from asterisk.agi import AGI, AGIHangup, AGIUnknownError

_DEAD_CHANNEL: Final = 511


class UnsafeArgument(ValueError):
    """A control character in an AGI argument would end the command and begin another: give plain text."""


class Wire(Protocol):
    """Lines to and from Asterisk, as pyst2 wants a file."""

    def readline(self) -> str:
        """The next line, waited for; raises AGIHangup once there will be none."""
        ...

    def write(self, text: str) -> object:
        """Send."""
        ...

    def flush(self) -> object:
        """Nothing is held back."""
        ...


class AgiSession(AGI):  # type: ignore[misc]  # pyst2 has no types
    """A session whose headers are already read: `env` as pyst2 names it (`agi_uniqueid`, `agi_arg_1` …)."""

    def __init__(self, env: Mapping[str, str], wire: Wire) -> None:
        # pyst2's own constructor installs a signal handler, which only the main thread may, and reads the
        # headers with no limit; it sets nothing but these.
        self.env = dict(env)
        self.stdin = self.stdout = wire
        self.stderr = StringIO()  # callers' numbers belong in no unmasked log
        self._got_sighup = False

    @property
    def uniqueid(self) -> str:
        """Of the channel that asks."""
        return self.env.get("agi_uniqueid", "")

    @property
    def caller(self) -> str:
        """The caller's number as delivered."""
        return self.env.get("agi_callerid", "")

    def argument(self, number: int) -> str:
        """The dialplan's argument, from 1; empty if it was not given."""
        return self.env.get(f"agi_arg_{number}", "")

    def send_command(self, command: str, *args: object) -> None:
        """As pyst2, but UnsafeArgument for anything that would not stay one line."""
        for text in (command, *map(str, args)):
            if any(ord(character) < 32 or ord(character) == 127 for character in text):
                raise UnsafeArgument("control character in an AGI command")  # not shown: a caller's
        super().send_command(command, *args)

    def get_result(self, stdin: object = None) -> dict[str, tuple[str, str]]:
        """As pyst2; a channel that has hung up ("dead" to Asterisk) is AGIHangup, not an unknown answer."""
        try:
            result: dict[str, tuple[str, str]] = super().get_result()
        except AGIUnknownError as unknown:
            if unknown.args[0] == _DEAD_CHANNEL:
                raise AGIHangup("the channel has hung up") from unknown
            raise
        return result

    def _quote(self, string: object) -> str:
        """In double quotes as Asterisk's AGI parser reads them: backslash escapes a quote or a backslash."""
        escaped = str(string).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
