"""What a reader of any report must know of its period: who listened when, and what retention has taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ivr.command.days import told_days
from ivr.command.status import gap_told
from ivr.storage.listening import Gap, every_gap
from ivr.storage.liveness import Availability, availability
from ivr.storage.missed import now
from ivr.storage.sealed import SealedDay, begins, sealed


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


def completeness(
    connection: Connection, servers: Iterable[str], first: date, last: date, zone: ZoneInfo
) -> Completeness:
    """Of whole local days."""
    begin, end = begins(first, zone), begins(last + timedelta(days=1), zone)
    until = max(begin, min(end, now(connection).replace(second=0, microsecond=0)))
    minutes = {server: availability(connection, server, begin, until) for server in sorted(servers)}
    return Completeness(minutes, every_gap(connection, begin, end), sealed(connection, first, last))
