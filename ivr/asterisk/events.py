"""One AMI event as a value: name, headers, channel variables, and when it happened and was received."""

from __future__ import annotations

from collections.abc import Mapping
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
