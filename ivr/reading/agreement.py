"""What `hotline data audit` compares: visits by hour, calls beside decisions, visits beside queue_log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, exists, func, or_, select, type_coerce

from ivr.figures import agreement
from ivr.figures.agreement import Disagreement
from ivr.figures.missed import MISSED_OUTCOMES
from ivr.storage.engine.store import Store
from ivr.storage.owed.missed import decided_structures, ended_call
from ivr.storage.records.sealed import sealed_between
from ivr.storage.records.stored import Stored
from ivr.storage.schema.columns import from_millis
from ivr.storage.schema.owed import decisions
from ivr.storage.schema.recorded import calls, visits
from ivr.visits.identity import same_stay
from ivr.visits.records import LONGEST_CALL, Visit

_HOUR: Final = 3_600_000
_AT_ONCE: Final = 1000
_LATEST: Final = timedelta(seconds=5)
"""What happened so shortly before the latest line may stand behind it."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `begin` until before `end`; visits belong to it by their join, calls by their end."""

    begin: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.begin <= moment < self.end


def sums(connection: Connection, period: Period) -> Iterator[Disagreement]:
    """For every server, queue and hour: joined = the sum of the outcomes, and who waits is on the line."""
    hour = type_coerce(visits.c.joined_at, BigInteger) // _HOUR
    query = select(visits.c.server, visits.c.queue, hour, visits.c.outcome, func.count())
    counted: defaultdict[tuple[str, str, int], dict[str, int]] = defaultdict(dict)
    grouped = query.where(*_joined_in(period)).group_by(
        visits.c.server, visits.c.queue, hour, visits.c.outcome
    )
    for server, queue, number, outcome, count in connection.execute(grouped):
        counted[server, queue, number][outcome] = count
    for (server, queue, number), counts in counted.items():
        yield from agreement.sums(server, queue, from_millis(number * _HOUR), counts)
    is_over = or_(calls.c.ended_at.is_not(None), visits.c.joined_at < period.end - LONGEST_CALL)
    waiting = select(visits).join(calls).where(*_joined_in(period), visits.c.outcome == "waiting", is_over)
    for row in connection.execute(waiting).mappings():
        yield agreement.endless(dict(row))


def decided(connection: Connection, period: Period) -> Iterator[Disagreement]:
    """Every call that ended in the period, or should have, and has a missed call or a decision."""
    is_missed = exists().where(visits.c.call_id == calls.c.id, visits.c.outcome.in_(MISSED_OUTCOMES))
    is_decided = exists().where(decisions.c.call_id == calls.c.id)
    ended = (calls.c.ended_at >= period.begin, calls.c.ended_at < period.end, or_(is_missed, is_decided))
    for call_id in connection.scalars(select(calls.c.id).where(*ended)).all():
        yield from agreement.decisions(
            ended_call(connection, call_id), decided_structures(connection, call_id)
        )
    began = (calls.c.began_at >= period.begin, calls.c.began_at < period.end - LONGEST_CALL)
    endless = select(calls.c.began_at, calls.c.server, calls.c.id).where(*began, calls.c.ended_at.is_(None))
    for began_at, server, call_id in connection.execute(endless.where(is_missed)):
        yield agreement.without_end(began_at, server, call_id)


class LogComparison:
    """One server's visits beside what its queue_log tells, block by block; then what it does not tell."""

    def __init__(self, store: Store, server: str, period: Period, queues: frozenset[str] | None) -> None:
        self._store, self._server, self._period, self._queues = store, server, period, queues
        self._open: dict[tuple[str, str, datetime], Visit] = {}
        self._found: set[int] = set()
        self._deleted = store.read(lambda c: sealed_between(c, period.begin, period.end, only_deleted=True))

    def compare(self, told: Iterable[Visit]) -> list[Disagreement]:
        """The visits that are over by now."""
        for visit in told:
            if visit.joined_at in self._period:
                self._open[visit.uniqueid, visit.queue, visit.joined_at] = visit
        return self._beside_rows([key for key, visit in self._open.items() if visit.ended_by])

    def end(self, began: datetime, read_to: datetime) -> list[Disagreement]:
        """After the last block: the visits still open, and the stored ones of that time nobody told."""
        found = self._beside_rows(list(self._open))
        told = Period(max(began, self._period.begin), min(read_to - _LATEST, self._period.end))
        return [*found, *self._store.read(lambda connection: list(self._untold(connection, told)))]

    def _beside_rows(self, keys: Sequence[tuple[str, str, datetime]]) -> list[Disagreement]:
        found: list[Disagreement] = []
        for begin in range(0, len(keys), _AT_ONCE):
            told = [self._open.pop(key) for key in keys[begin : begin + _AT_ONCE]]
            stored = self._store.read(partial(Stored, told=(), visited=told))
            for visit in told:
                rows = stored.stays_of(visit)
                row = next((rows[known] for known in same_stay(visit, rows)), None)
                if row is not None:
                    self._found.add(row.id)
                elif any(day.begins_at <= visit.joined_at < day.ends_at for day in self._deleted):
                    continue
                found += agreement.with_log(visit, row.stored if row else None)
        return found

    def _untold(self, connection: Connection, told: Period) -> Iterator[Disagreement]:
        mine = select(visits).where(visits.c.server == self._server, *_joined_in(told))
        if self._queues is not None:
            mine = mine.where(visits.c.queue.in_(self._queues))
        for row in connection.execute(mine.execution_options(yield_per=_AT_ONCE)).mappings():
            if row["id"] not in self._found:
                yield agreement.untold(dict(row))


def _joined_in(period: Period) -> tuple[Any, Any]:
    return visits.c.joined_at >= period.begin, visits.c.joined_at < period.end
