"""Totals of a local day by what the records say: counted now, or as they were when the day was sealed.

Both are made by the same queries, so that a purge changes no figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, insert, literal, select

from ivr.storage.rows import all_as, columns
from ivr.storage.schema import attempts, callbacks, calls, decisions, sealed_totals, visits
from ivr.storage.sealed import begins, sealed


@dataclass(frozen=True, slots=True, order=True)
class Total:
    """How many records of one kind ended alike on that day, and the seconds they waited and talked.

    `result`: outcome of a visit, verdict of a decision, state of a callback, disposition of an attempt.
    """

    record: str
    server: str
    structure: str
    queue: str
    origin: str
    result: str
    number: int
    wait_seconds: float
    talk_seconds: float


def totals(connection: Connection, day: date, zone: ZoneInfo) -> list[Total]:
    """The day's totals, sealed or counted now."""
    kept = select(*columns(Total, sealed_totals)).where(sealed_totals.c.day == day.isoformat())
    if sealed(connection, day, day):
        return sorted(all_as(connection, Total, kept))
    return sorted(_counted(connection, day, zone))


def keep_totals(connection: Connection, day: date, zone: ZoneInfo) -> None:
    """As the records of the day tell them now."""
    counted = [{"day": day.isoformat(), **asdict(total)} for total in _counted(connection, day, zone)]
    if counted:
        connection.execute(insert(sealed_totals), counted)


def _counted(connection: Connection, day: date, zone: ZoneInfo) -> Iterator[Total]:
    first, last = begins(day, zone), begins(day + timedelta(days=1), zone)
    for record, when, query in _QUERIES:
        for row in connection.execute(query.where(when >= first, when < last)):
            server, structure, queue, origin, result, number, wait, talk = row
            seconds = (round(wait or 0.0, 3), round(talk or 0.0, 3))
            yield Total(record, server, structure, queue, origin, result, number, *seconds)


def _query(*columns: Any, wait: Any = None, talk: Any = None) -> Select[Any]:
    sums = [literal(0.0) if column is None else func.sum(column) for column in (wait, talk)]
    grouped = [column for column in columns if not isinstance(column, str)]
    named = [literal(column) if isinstance(column, str) else column for column in columns]
    return select(*named, func.count(), *sums).group_by(*grouped)


_QUERIES: Final = (
    (
        "visits",
        visits.c.joined_at,
        _query(
            visits.c.server, visits.c.structure, visits.c.queue, visits.c.origin, visits.c.outcome,
            wait=visits.c.wait_seconds, talk=visits.c.talk_seconds,
        ),
    ),
    (
        "decisions",
        calls.c.ended_at,
        _query(
            calls.c.server, decisions.c.structure, "", calls.c.origin, decisions.c.decision,
            wait=decisions.c.wait_seconds,
        ).join(calls, calls.c.id == decisions.c.call_id),
    ),
    (
        "callbacks",
        callbacks.c.missed_at,
        _query(
            callbacks.c.server, callbacks.c.structure, callbacks.c.queue, callbacks.c.reason,
            callbacks.c.state,
        ),
    ),
    (
        "attempts",
        attempts.c.planned_at,
        _query(
            attempts.c.server, "", attempts.c.queue, "callback", attempts.c.disposition,
            talk=attempts.c.talk_seconds,
        ),
    ),
)  # fmt: skip
