"""What a reader of a period's figures must know: when nobody listened, which days retention has sealed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ivr.storage.engine.statements import clock_of
from ivr.storage.records.sealed import SealedDay, begins, sealed
from ivr.storage.running.listening import Gap, every_gap
from ivr.storage.running.liveness import Availability, availability


@dataclass(frozen=True)
class Completeness:
    """Of one period. `minutes`: by server, until now at the latest; one without a row counts as unknown."""

    minutes: dict[str, Availability]
    gaps: list[tuple[str, Gap]]
    sealed_days: list[SealedDay]

    @property
    def deleted_days(self) -> list[date]:
        """Those whose calls retention has deleted, or is about to."""
        return [one.day for one in self.sealed_days if one.calls_deleted]

    def is_complete(self, server: str) -> bool:
        """Every minute is known, and of every gap queue_log has told."""
        is_filled = all(gap.rebuilt is not None for where, gap in self.gaps if where == server)
        return is_filled and not self.minutes[server].unknown


def completeness(
    connection: Connection, servers: Iterable[str], first: date, last: date, zone: ZoneInfo
) -> Completeness:
    """Of the local days from `first` to `last`, both included."""
    begin, end = begins(first, zone), begins(last + timedelta(days=1), zone)
    until = max(begin, min(end, clock_of(connection).replace(second=0, microsecond=0)))
    return Completeness(
        {server: availability(connection, server, begin, until) for server in sorted(servers)},
        every_gap(connection, begin, end),
        sealed(connection, first, last),
    )
