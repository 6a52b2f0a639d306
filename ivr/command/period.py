"""The whole local days of a report: which were asked for, and what its reader must know of their records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ivr.asterisk.connection import utc_now
from ivr.command.checking import running_configuration
from ivr.command.options import fail
from ivr.command.status import gap_told
from ivr.config.model import Configuration
from ivr.storage.listening import Gap, every_gap
from ivr.storage.liveness import Availability, availability
from ivr.storage.missed import now
from ivr.storage.sealed import SealedDay, begins, sealed

_FAR_AHEAD: Final = timedelta(days=366)


@dataclass(frozen=True)
class Days:
    """From `first` to `last`, both included, in the hotline's time zone."""

    configuration: Configuration
    zone: ZoneInfo
    first: date
    last: date

    @classmethod
    def asked(cls, begin: datetime | None, end: datetime | None, days_back: int) -> Days:
        """Those of `--from` and `--to`; by default from `days_back` before today until today.

        Ends the command if `--to` comes first, or is more than a year ahead.
        """
        configuration = running_configuration()
        zone = ZoneInfo(configuration.hotline.time_zone)
        today = utc_now().astimezone(zone).date()
        first = begin.date() if begin else today - timedelta(days=days_back)
        last = end.date() if end else today
        if last < first:
            fail("--to is before --from", status=2)
        if last > today + _FAR_AHEAD:
            fail(f"{last} is too far ahead", status=2)
        return cls(configuration, zone, first, last)

    @property
    def begin(self) -> datetime:
        """The first moment."""
        return begins(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after the last day."""
        return begins(self.last + timedelta(days=1), self.zone)

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1))

    def completeness(self, connection: Connection) -> Completeness:
        """Who listened when, and what retention has taken."""
        until = max(self.begin, min(self.end, now(connection).replace(second=0, microsecond=0)))
        servers = sorted(self.configuration.servers)
        return Completeness(
            {server: availability(connection, server, self.begin, until) for server in servers},
            every_gap(connection, self.begin, self.end),
            sealed(connection, self.first, self.last),
        )


@dataclass(frozen=True)
class Completeness:
    """Of one period. `minutes`: by server, until now at the latest; one without a row counts as unknown."""

    minutes: dict[str, Availability]
    gaps: list[tuple[str, Gap]]
    sealed_days: list[SealedDay]

    def lines(self) -> Iterator[str]:
        """A line for each server, each gap, and the sealed days."""
        for server, found in self.minutes.items():
            known = f"{server}: {found.up:,} min up, {found.down:,} down, {found.unknown:,} unknown"
            yield f"{known}; data {'complete' if self._is_complete(server) else 'INCOMPLETE'}"
        for server, gap in self.gaps:
            yield f"gap at {server}: {gap_told(gap)}"
        if days := [one.day for one in self.sealed_days]:
            yield f"sealed: {told_days(days)}; numbers or records of them may be gone"

    @property
    def deleted_days(self) -> list[date]:
        """Those whose calls retention has deleted, or is about to."""
        return [one.day for one in self.sealed_days if one.calls_deleted]

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "servers": [
                {
                    "server": server,
                    "minutes_up": found.up,
                    "minutes_down": found.down,
                    "minutes_unknown": found.unknown,
                    "is_complete": self._is_complete(server),
                }
                for server, found in self.minutes.items()
            ],
            "gaps": [{"server": server, **asdict(gap)} for server, gap in self.gaps],
            "sealed_days": [one.day for one in self.sealed_days],
            "deleted_days": self.deleted_days,
        }

    def _is_complete(self, server: str) -> bool:
        """Every minute is known, and of every gap queue_log has told."""
        is_filled = all(gap.rebuilt is not None for where, gap in self.gaps if where == server)
        return is_filled and not self.minutes[server].unknown


def told_days(days: Sequence[date]) -> str:
    """Such as `3 days up to 2026-11-23`."""
    return f"{len(days)} days up to {days[-1]}"
