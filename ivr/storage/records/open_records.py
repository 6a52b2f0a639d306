"""What a starting recorder takes over from the last one: calls and stays that are not over yet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, or_, select

from ivr.storage.engine.statements import clock_of, unindexed
from ivr.storage.records.stored import stored_call
from ivr.storage.schema.recorded import calls, visits
from ivr.visits.facts import VARIABLES, Answered, Party
from ivr.visits.records import Call
from ivr.visits.stay import Stay
from ivr.visits.steady import When


def open_records(
    connection: Connection, server: str
) -> tuple[tuple[Call, ...], tuple[tuple[Stay, Call], ...]]:
    """What is not over yet on that server: the calls, and each open stay with its call.

    A call that was received after now, by a clock that was wrong, is not newer than what is heard next.
    """
    open_stays = connection.execute(
        select(visits).where(
            unindexed(visits.c.server) == server,
            visits.c.ended_at.is_(None),
            visits.c.outcome.in_(("waiting", "answered")),
        )
    ).all()
    is_open = (unindexed(calls.c.server) == server) & calls.c.ended_at.is_(None)
    ids = {row.call_id for row in open_stays}
    rows = connection.execute(select(calls).where(or_(is_open, calls.c.id.in_(ids)))).all()
    channels = {row.call_id: row.place or row.uniqueid for row in open_stays}
    at = clock_of(connection)
    found = {row.id: stored_call(row._mapping, channels.get(row.id, row.linkedid)) for row in rows}
    found = {key: call._replace(received_at=min(call.received_at, at)) for key, call in found.items()}
    return tuple(found.values()), tuple((_stay(row), found[row.call_id]) for row in open_stays)


def _stay(row: Row[Any]) -> Stay:
    known = {**row._mapping, "origin": row.origin if row.language else ""}
    told = {variable: known[name] for name, variable in VARIABLES.items() if known.get(name)}
    party = Party(row.uniqueid, row.linkedid, "", row.caller, told)
    is_exact = row.precision == "ms"
    joined = When(row.joined_at, row.received_at, row.joined_at.timestamp(), is_exact)
    answered = None
    if row.answered_at is not None:
        when = When(row.answered_at, row.received_at, row.answered_at.timestamp(), is_exact)
        answered = Answered(when, party, row.queue, row.agent, row.agent_name, "", "", None, row.ring_seconds)
    place = row.place or row.uniqueid
    return Stay(party, row.queue, joined, place, 0, answered=answered, recorded=row.recorded)
