"""What must agree: visits by hour, calls beside decisions, visits beside queue_log.

Each disagreement is a value with its place; `hotline data audit` prints them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Literal

from sqlalchemy import BigInteger, Connection, exists, func, or_, select, type_coerce

from ivr.base.masking import is_pseudonym
from ivr.figures.missed import MISSED_OUTCOMES, missed_calls
from ivr.storage.engine.store import Store
from ivr.storage.owed.undecided import decided_structures, ended_call
from ivr.storage.records.sealed import sealed_between
from ivr.storage.records.stored import Stored, is_handed_over
from ivr.storage.schema.columns import from_millis
from ivr.storage.schema.owed import decisions
from ivr.storage.schema.recorded import calls, visits
from ivr.visits.identity import same_stay
from ivr.visits.records import LONGEST_CALL, OUTCOMES, Visit
from ivr.visits.state import ROUGHLY

_HOUR: Final = 3_600_000
_LATEST: Final = timedelta(seconds=5)
"""What happened so shortly before the latest line may stand behind it."""
_SINCE_SAID: Final = frozenset({"waiting", "interrupted"})
"""queue_log was cut off there; whoever knows more is right."""
_NAMED_BY_AMI: Final = frozenset({("abandoned", "redirected")})
"""(as queue_log says, as it is): what it has no word for."""


@dataclass(frozen=True, slots=True, order=True)
class Disagreement:
    """`at`: the hour, when the visit was joined, or when the call ended; `queue`: a decision's structure."""

    at: datetime
    server: str
    queue: str
    check: Literal["sums", "decisions", "queue_log"]
    subject: str
    says: str


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
        joined, known = sum(counts.values()), sum(counts.get(outcome, 0) for outcome in OUTCOMES)
        if joined != known:
            unknown = ", ".join(sorted(repr(outcome) for outcome in counts.keys() - set(OUTCOMES)))
            says = f"{joined} joined, {known} have an outcome; unknown: {unknown}"
            yield Disagreement(from_millis(number * _HOUR), server, queue, "sums", "", says)
    is_over = or_(calls.c.ended_at.is_not(None), visits.c.joined_at < period.end - LONGEST_CALL)
    waiting = select(visits).join(calls).where(*_joined_in(period), visits.c.outcome == "waiting", is_over)
    for row in connection.execute(waiting).mappings():
        yield _of_visit(row, "still waiting, but the call is over", "sums")


def decided(connection: Connection, period: Period) -> Iterator[Disagreement]:
    """Every call that ended in the period, or should have, and has a missed call or a decision."""
    is_missed = exists().where(visits.c.call_id == calls.c.id, visits.c.outcome.in_(MISSED_OUTCOMES))
    is_decided = exists().where(decisions.c.call_id == calls.c.id)
    ended = (calls.c.ended_at >= period.begin, calls.c.ended_at < period.end, or_(is_missed, is_decided))
    for call_id in connection.scalars(select(calls.c.id).where(*ended)).all():
        call = ended_call(connection, call_id)
        missed = {one.structure for one in missed_calls(call)}
        for structure in sorted(missed ^ set(decided_structures(connection, call_id))):
            says = (
                "a missed call without a decision"
                if structure in missed
                else "a decision, but no missed call"
            )
            yield Disagreement(call.ended_at, call.server, structure, "decisions", f"call {call_id}", says)
    began = (calls.c.began_at >= period.begin, calls.c.began_at < period.end - LONGEST_CALL)
    endless = select(calls.c.began_at, calls.c.server, calls.c.id).where(*began, calls.c.ended_at.is_(None))
    for began_at, server, call_id in connection.execute(endless.where(is_missed)):
        says = "a missed call, but the call has no end"
        yield Disagreement(began_at, server, "", "decisions", f"call {call_id}", says)


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
        told = [self._open.pop(key) for key in keys]
        stored = self._store.read(partial(Stored, told=(), visited=told))
        for visit in told:
            rows = stored.stays_of(visit)
            row = next((rows[known] for known in same_stay(visit, rows)), None)
            if row is not None:
                self._found.add(row.id)
            elif any(day.begins_at <= visit.joined_at < day.ends_at for day in self._deleted):
                continue
            found += _beside_row(visit, row.stored if row else None)
        return found

    def _untold(self, connection: Connection, told: Period) -> Iterator[Disagreement]:
        mine = select(visits).where(visits.c.server == self._server, *_joined_in(told))
        if self._queues is not None:
            mine = mine.where(visits.c.queue.in_(self._queues))
        for row in connection.execute(mine.execution_options(yield_per=1000)).mappings():
            if row["id"] not in self._found and not is_handed_over(row):
                yield _of_visit(row, f"stored as {row['outcome']}, queue_log says nothing")


def _joined_in(period: Period) -> tuple[Any, Any]:
    return visits.c.joined_at >= period.begin, visits.c.joined_at < period.end


def _beside_row(told: Visit, row: Mapping[Any, Any] | None) -> Iterator[Disagreement]:
    """One stay as queue_log tells it, beside its row; moments of queue_log are whole seconds."""
    if row is None:
        yield _of_visit(told._asdict(), f"queue_log says {told.outcome}, nothing is stored")
        return
    outcome = str(row["outcome"])
    is_allowed = told.uncertain or told.outcome in _SINCE_SAID or (told.outcome, outcome) in _NAMED_BY_AMI
    if told.outcome != outcome:
        if not is_allowed:
            yield _of_visit(row, f"stored as {outcome}, queue_log says {told.outcome}")
        return
    if row["clock_stepped"] or told.clock_stepped:
        return
    ends_alike = row["ended_by"] == told.ended_by
    for name, is_compared in (("wait_seconds", True), ("talk_seconds", ends_alike)):
        mine, theirs = row[name], getattr(told, name)
        if is_compared and theirs is not None and (mine is None or abs(mine - theirs) > ROUGHLY):
            stored = "unknown" if mine is None else f"{mine:g}"
            yield _of_visit(row, f"{name} is {stored}, queue_log says {theirs:g}")
    agents = {told.agent, told.agent_name} - {""}
    if agents and not agents & {row["agent"], row["agent_name"]}:
        yield _of_visit(row, f"agent is {row['agent'] or 'unknown'}, queue_log says {min(agents)}")
    is_comparable = row["origin"] == told.origin and not is_pseudonym(row["caller"])
    if is_comparable and told.caller and told.caller != row["caller"]:
        yield _of_visit(row, "the caller is another one than in queue_log")


def _of_visit(
    row: Mapping[Any, Any], says: str, check: Literal["sums", "queue_log"] = "queue_log"
) -> Disagreement:
    return Disagreement(row["joined_at"], row["server"], row["queue"], check, row["uniqueid"], says)
