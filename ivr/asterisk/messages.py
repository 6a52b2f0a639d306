"""What goes over the AMI, as values.

An `AmiEvent` has name, headers, channel variables, and when it happened and was received. An action comes
back as a `Reply` or as one of the `AmiError`s; its headers are checked before it is sent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

REFUSED: Final = "message refused"
"""The name of what stands in the queue for a message that was refused; Uniqueid: whose, if that is known."""
_LAST_EPOCH: Final = 1e10
"""Beyond it an epoch has eleven digits; a moment near the end of time breaks every sum with a duration."""


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """`headers` as sent (of repeated headers the first), `variables` from all its `ChanVariable` headers.

    `received_at` is our clock at receipt (`ivr.asterisk.connection`). Events of a multi-channel action carry
    `ChanVariable`, `DestChanVariable` …; only the first channel's are kept. `doubt`: so many seconds before
    its receipt the event may have been there to read, for we stood still or the wire did.
    """

    name: str
    headers: Mapping[str, str]
    variables: Mapping[str, str]
    received_at: datetime
    timestamp: datetime | None = field(default=None)
    """Asterisk's own clock (`timestampevents = yes`), None where it sends none."""
    doubt: float = field(default=0.0, compare=False)

    @property
    def at(self) -> datetime:
        """When it happened: Asterisk's Timestamp, else the moment of receipt."""
        return self.timestamp or self.received_at

    def __getitem__(self, header: str) -> str:
        """The header's value, empty if it was not sent."""
        return self.headers.get(header, "")


def parse_timestamp(text: str) -> datetime | None:
    """`1795364181.222100` as a moment; None for anything that is not an epoch of 1970 to 2286."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC) if 0 <= seconds < _LAST_EPOCH else None


def number(text: str) -> int | None:
    """A whole number that Asterisk told; None for anything but plain digits, nine at most."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def whole_number(text: str) -> int:
    """The same, 0 for what is none."""
    return number(text) or 0


Header = str | Sequence[str]
"""A header's value; a sequence repeats the header, as Originate's `Variable` needs it."""


class AmiError(Exception):
    """The action did not succeed."""


class ActionRefused(AmiError):
    """Asterisk answered with an error; its message says why."""


class ActionLost(AmiError):
    """The connection was not there, or ended before the answer: whether Asterisk acted is unknown."""


class ActionNotSent(ActionLost):
    """The connection was not there: nothing was sent, so Asterisk did not act."""


class ActionTimedOut(AmiError):
    """No answer within the deadline: whether Asterisk acted is unknown."""


class UnsafeHeader(AmiError):
    """A header name or value that would break out of its line was refused before anything was sent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer to one action; `events` are the rows of a list action, without the closing event."""

    headers: Mapping[str, str]
    events: tuple[AmiEvent, ...]


def refuse_unsafe(headers: Mapping[str, Header]) -> None:
    """Raise `UnsafeHeader` for anything that could end its line: panoramisk sends CR LF as given."""
    for name, value in headers.items():
        if not name.isascii() or not name.isalnum():
            raise UnsafeHeader(f"{name!r} is no AMI header name")
        for text in (value,) if isinstance(value, str) else value:
            if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
                # Not shown: it may be a secret, or a caller's number.
                raise UnsafeHeader(f"the value of {name} holds a control character")
