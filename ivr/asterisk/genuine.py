"""Which AMI messages are as Asterisk wrote them, and which a caller's text has torn or made up.

Asterisk escapes nothing and a caller's number may hold line ends: they add headers to an event, or end it and
begin another (asterisk-notes, caller ids). What cannot be Asterisk's own words is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

END: Final = "\r\n\r\n"
_TEXT_BYTES: Final = 80
"""Fewer are kept of a number, or of the name a stranger registers."""
_FOLLOWED_BY: Final = {
    "CallerIDNum": "CallerIDName",
    "CallerIDName": "ConnectedLineNum",
    "ConnectedLineNum": "ConnectedLineName",
    "AccountID": "SessionID",
}
"""In every event, with whatever prefix, but in OriginateResponse, whose number is ours."""
_HOLD_TEXT: Final = tuple(_FOLLOWED_BY)
_REPEATING: Final = ("TestEvent", "ReceiveFAX", "SendFAX")
"""Events in which Asterisk itself repeats a header; nobody here reads them."""


class Genuineness:
    """Judges the messages of one connection, in their order."""

    def __init__(self, is_asked: Callable[[str], bool]) -> None:
        """`is_asked`: whether an action of ours has that ActionID."""
        self._is_asked = is_asked
        self._has_timestamps = False
        self._inside = 0
        """So many bytes of what comes next may still be a caller's text."""

    def fault(self, message: str) -> str:
        """Why the message is refused; empty if it is not. Without its `END`."""
        lines = message.split("\r\n")
        names = [line.partition(": ")[0] for line in lines]
        event = lines[0].removeprefix("Event: ")
        began_inside, torn = self._inside > 0, _torn(names) if event != "OriginateResponse" else None
        self._inside = max(0, self._inside - len((message + END).encode()))
        if torn is not None:
            behind = len(("\r\n".join(lines[torn:]) + END).encode()) - len(f"{names[torn]}: ")
            self._inside = max(self._inside, _TEXT_BYTES - behind)
        if began_inside:
            return "it begins in a caller's text"
        if names[0] != "Event":
            return "it begins in the middle" if "Event" in names else ""
        once = [name.lower() for name in names if not name.endswith("ChanVariable")]
        if len(set(once)) < len(once) and event not in _REPEATING:
            return "a header is repeated"
        if torn is not None:
            return "a caller's text is torn"
        if "Privilege" not in names:
            asked = "ActionID" in names and lines[names.index("ActionID")].removeprefix("ActionID: ")
            return "" if asked and self._is_asked(asked) else "nobody asked for it, and it has no privilege"
        self._has_timestamps |= "Timestamp" in names
        is_timeless = self._has_timestamps and "Timestamp" not in names and event != "FullyBooted"
        return "it has no timestamp" if is_timeless else ""

    def uniqueid(self, message: str) -> str:
        """Of the channel that a refused message is about; empty if a caller may have written it.

        Asterisk's own stands behind the caller's number, so it is the last in what ends behind that.
        """
        _, is_named, rest = message.rpartition("\r\nUniqueid: ")
        return rest.partition("\r\n")[0] if is_named and not self._inside else ""


def _torn(names: list[str]) -> int | None:
    """The line of a caller's text that does not go on as Asterisk writes it."""
    for at, name in enumerate(names):
        if name.endswith(_HOLD_TEXT):
            header = next(each for each in _HOLD_TEXT if name.endswith(each))
            if names[at + 1 : at + 2] != [name.replace(header, _FOLLOWED_BY[header])]:
                return at
    return None
