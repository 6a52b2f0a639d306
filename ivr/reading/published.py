"""Small things a report looks up: figures of earlier years, numbers never called, who called how often."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, literal, select

from ivr.storage.schema.imported import outside_attempts, published
from ivr.storage.schema.owed import attempts
from ivr.storage.schema.owed import denied_numbers as denied
from ivr.storage.schema.recorded import calls


def published_figures(connection: Connection) -> dict[int, dict[str, dict[str, float]]]:
    """By year, scope and figure, as they were published."""
    found: dict[int, dict[str, dict[str, float]]] = {}
    columns = (published.c.year, published.c.scope, published.c.figure, published.c.value)
    for year, scope, figure, value in connection.execute(select(*columns).order_by(*columns)):
        found.setdefault(year, {}).setdefault(scope, {})[figure] = value
    return found


def denied_numbers(connection: Connection) -> frozenset[str]:
    """Numbers whose owners do not want to be called, in E.164."""
    return frozenset(connection.scalars(select(denied.c.caller_e164)))


def is_any_attempt_known(connection: Connection) -> bool:
    """Whether anything feeds attempts to call citizens back, whatever their day."""
    found = (select(literal(True)).select_from(table).limit(1) for table in (attempts, outside_attempts))
    return any(connection.scalar(query) for query in found)


def callers_by_calls(connection: Connection, begin: datetime, end: datetime) -> dict[int, int]:
    """How many known numbers called so many times from `begin` until before `end`."""
    times = func.count().label("times")
    began = (calls.c.began_at >= begin, calls.c.began_at < end)
    a_number = (
        select(times)
        .where(*began, calls.c.caller_e164 != "", calls.c.origin == "inbound")
        .group_by(calls.c.caller_e164)
        .subquery()
    )
    query = select(a_number.c.times, func.count()).group_by(a_number.c.times)
    return dict(connection.execute(query.order_by(a_number.c.times)).all())
