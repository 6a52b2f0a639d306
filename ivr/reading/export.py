"""Rows for other programs: one for each record of a kind, as stored, in seconds and UTC.

`find` looks calls up by their linkedid or by the caller's number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Select, func, select

from ivr.reading.inquiries import SHEETS
from ivr.storage.engine.statements import all_as, columns, read_at_leisure
from ivr.storage.schema.imported import outside_attempts, topics
from ivr.storage.schema.owed import attempts, callbacks, decisions, orders
from ivr.storage.schema.recorded import calls, surveys, visits
from ivr.storage.schema.running import agent_states, minutes

Kind = Literal[
    "visits", "callbacks", "attempts", "surveys", "orders", "calls", "decisions", "agent_states", "minutes",
    "topics", "inquiries", "outside_attempts",
]  # fmt: skip

NUMBERS: Final = frozenset({"caller", "caller_e164", "dial_string", "orderer"})
"""Fields that hold a citizen's number."""

_VISIT_FIELDS: Final = (
    "server", "call_id", "visit_id", "uniqueid", "linkedid", "origin", "attempt_id", "structure", "queue",
    "caller", "caller_e164", "joined_at", "left_at", "answered_at", "ended_at", "outcome", "ended_by",
    "wait_seconds", "agent", "agent_name", "ring_seconds", "talk_seconds", "wrapup_seconds", "handle_seconds",
    "menu_path", "language", "recorded", "source", "precision", "clock_stepped", "uncertain",
)  # fmt: skip


def rows(connection: Connection, kind: Kind) -> Iterator[dict[str, Any]]:
    """Every record of that kind, oldest first: seconds, moments as ISO 8601 in UTC, None if unknown.

    Numbers are whole; who shows them masks the fields of `NUMBERS`. A thousand rows are in memory at a time.
    """
    query, shape = _KINDS[kind]
    read_at_leisure(connection)  # in front of `less` for hours
    for row in connection.execute(query.execution_options(yield_per=1000)).mappings():
        yield {name: _plain(value) for name, value in shape(dict(row)).items()}


def fields(kind: Kind) -> list[str]:
    """The names of a record's fields, in their order, whether there is a record or not."""
    query, shape = _KINDS[kind]
    return list(shape(dict.fromkeys(query.selected_columns.keys())))


def _visit(row: dict[str, Any]) -> dict[str, Any]:
    talk, wrapup = row["talk_seconds"], row["wrapup_seconds"]
    row["visit_id"] = f"{row['server']}/{row['uniqueid']}/{row['queue']}/{row['stay']}"
    row["handle_seconds"] = None if talk is None else round(talk + (wrapup or 0.0), 3)
    return {name: row[name] for name in _VISIT_FIELDS}


def _without_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """An order's are kept only until it is decided."""
    return {name: value for name, value in row.items() if name not in ("number", "orderer")}


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


_stay = func.row_number().over(
    partition_by=(visits.c.server, visits.c.uniqueid, visits.c.queue), order_by=visits.c.joined_at
)
"""Which stay of the channel in that queue it is: counted when read, when all sources have told theirs."""

_KINDS: Final[dict[Kind, tuple[Select[Any], Callable[[dict[str, Any]], dict[str, Any]]]]] = {
    "visits": (select(visits, _stay.label("stay")).order_by(visits.c.joined_at, visits.c.id), _visit),
    "callbacks": (select(callbacks).order_by(callbacks.c.id), dict),
    "attempts": (select(attempts).order_by(attempts.c.planned_at, attempts.c.id), dict),
    "orders": (select(orders).order_by(orders.c.asked_at, orders.c.id), _without_numbers),
    "surveys": (select(surveys).order_by(surveys.c.asked_at, surveys.c.id), dict),
    "calls": (select(calls).order_by(calls.c.began_at, calls.c.id), dict),
    "decisions": (select(decisions).order_by(decisions.c.id), dict),
    "agent_states": (select(agent_states).order_by(agent_states.c.id), dict),
    "minutes": (select(minutes).order_by(minutes.c.minute_at, minutes.c.server), dict),
    "topics": (
        select(topics, calls.c.server, calls.c.linkedid)
        .join(calls)
        .order_by(topics.c.import_id, topics.c.line),
        dict,
    ),
    "inquiries": (SHEETS, dict),
    "outside_attempts": (select(outside_attempts).order_by(outside_attempts.c.id), dict),
}


_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class FoundCall:
    """One call, as far as it is needed to find its recordings."""

    server: str
    linkedid: str
    caller_e164: str
    began_at: datetime


def find(connection: Connection, linkedids: Collection[str], number: str) -> list[FoundCall]:
    """Calls of that number, without one those with these linkedids: the latest first, at most a hundred."""
    is_it = calls.c.caller_e164 == number if number else calls.c.linkedid.in_(linkedids)
    query = select(*columns(FoundCall, calls)).where(is_it).order_by(calls.c.began_at.desc())
    return all_as(connection, FoundCall, query.limit(_MOST))
