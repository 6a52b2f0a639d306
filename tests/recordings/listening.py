"""A recorded case as a listener heard it: connections, events and the moment each was received."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from panoramisk.message import Message

from ivr.asterisk.connection import Connected, Lost
from ivr.asterisk.messages import AmiEvent
from ivr.asterisk.session import event_of

HEARD_FROM = datetime(2027, 3, 1, 12, tzinfo=UTC)
"""Our clock at the first event: not Asterisk's, which may be anything."""


@dataclass(frozen=True)
class Manner:
    """How a case is played: at its own speed or all at once, each message once or twice, with timestamps."""

    speed: float = 1.0
    twice: bool = False
    timestamps: bool = True


def stream(folder: Path) -> list[Path]:
    """The connections of a case, in order."""
    return [path for path in (folder / "ami.txt", folder / "ami.2.txt") if path.exists()]


def messages(path: Path, manner: Manner) -> Iterator[tuple[float, bytes]]:
    """Each event's bytes with the epoch second at which it was received."""
    raw = path.read_bytes()
    timing = path.with_suffix(".timing").read_text().split()
    moments = list(zip(map(int, timing[::2]), map(float, timing[1::2]), strict=True))
    begin = 0
    for end in (match.end() for match in re.finditer(rb"\r\n\r\n", raw)):
        at = max((at for offset, at in moments if offset <= begin), default=moments[0][1])
        message = raw[begin:end]
        begin = end
        message = re.sub(rb"\AAsterisk Call Manager[^\r]*\r\n", b"", message)
        if not message.startswith(b"Event:") or b"SuccessfulAuth" in message:
            continue
        if not manner.timestamps:
            message = re.sub(rb"(?m)^Timestamp: [^\r]*\r\n", b"", message)
        for _ in range(2 if manner.twice else 1):
            yield at, message


def bytes_of(folder: Path, manner: Manner) -> list[bytes]:
    """What each connection of the case sends after the login."""
    return [b"".join(message for _, message in messages(path, manner)) for path in stream(folder)]


def heard(folder: Path, manner: Manner) -> Iterator[AmiEvent | Connected | Lost]:
    """What the connection would put into its queue, without a socket and without waiting."""
    first: float | None = None
    now = HEARD_FROM
    for path in stream(folder):
        yield Connected(now)
        for at, message in messages(path, manner):
            first = at if first is None else first
            if manner.speed:
                now = max(now, HEARD_FROM + timedelta(seconds=(at - first) / manner.speed))
            now += timedelta(microseconds=50)
            yield event_of(Message.from_line(message.decode().strip()), now)
        yield Lost(now, "the recording ends")
