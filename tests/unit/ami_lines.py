"""AMI events written as lines: `12.5 AgentCalled Queue=dvx Interface=PJSIP/1101 $HOTLINE_ORIGIN=callback`.

First the seconds after `START`, then the event's name, headers, and channel variables with a dollar sign.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ivr.asterisk.messages import AmiEvent

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """That many seconds after START."""
    return START + timedelta(seconds=seconds)


def event(line: str) -> AmiEvent:
    """One line as an event that happened and was received at its moment."""
    seconds, name, *fields = line.split()
    pairs = [field.partition("=") for field in fields]
    moment = at(float(seconds))
    return AmiEvent(
        name,
        {key: value for key, _, value in pairs if not key.startswith("$")},
        {key[1:]: value for key, _, value in pairs if key.startswith("$")},
        received_at=moment,
        timestamp=moment,
    )


def events(table: str) -> list[AmiEvent]:
    """A table of lines, blank ones skipped."""
    return [event(line) for line in table.splitlines() if line.strip()]
