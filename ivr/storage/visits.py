"""Calls and queue visits into the store, each exactly once, whoever tells of them and how often.

The recorder saves what its fold changed; a stay is found again by its join, and what is known is never
replaced by something poorer. `open_records` gives a starting recorder what the last one left open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, literal, or_, select, update

from ivr.asterisk import words
from ivr.calls.caller import ReadNumber
from ivr.calls.pseudonyms import is_pseudonym
from ivr.storage.schema import calls, visits
from ivr.visits.facts import Answered, Party
from ivr.visits.records import Call, Visit
from ivr.visits.stay import ROUGHLY, Stay
from ivr.visits.steady import When

_NOT_STORED_OF_CALL = ("uniqueid",)
_NOT_STORED_OF_VISIT = ("call_linkedid", "call_began_at", "presentation")


def save(
    connection: Connection, new_calls: Iterable[Call], new_visits: Iterable[Visit], read_number: ReadNumber
) -> None:
    """Store each call and visit as it is known now; safe to repeat."""
    for call in new_calls:
        _save_call(connection, call, read_number)
    for visit in new_visits:
        _save_visit(connection, visit, read_number)


def _save_call(connection: Connection, call: Call, read_number: ReadNumber) -> None:
    values = {name: value for name, value in asdict(call).items() if name not in _NOT_STORED_OF_CALL}
    stored = _stored_call(connection, call.server, call.linkedid, call.began_at)
    if stored is None:
        number = read_number(call.caller, call.trunk, call.presentation)
        values |= {"caller_e164": number.e164, "caller_kind": _kind(call.origin, number.kind)}
        connection.execute(insert(calls).values(values))
    elif not (stored.ended_at and call.ended_at is None and call.last_seen_at <= stored.last_seen_at):
        if stored.ended_at is not None and call.ended_at is None:
            values["decided_at"] = None  # it was not over after all
        if is_pseudonym(stored.caller):
            del values["caller"]  # the purge has made it nameless; old lines read again do not undo that
        connection.execute(update(calls).where(calls.c.id == stored.id).values(values))


def _save_visit(connection: Connection, visit: Visit, read_number: ReadNumber) -> None:
    call = _stored_call(connection, visit.server, visit.call_linkedid, visit.call_began_at)
    assert call is not None, "the fold tells a call before its visits"
    values = {name: value for name, value in asdict(visit).items() if name not in _NOT_STORED_OF_VISIT}
    values["call_id"] = call.id
    stored = _stored_visit(connection, visit)
    if stored is None:
        number = read_number(visit.caller, call.trunk, visit.presentation)
        values["caller_e164"] = number.e164
        connection.execute(insert(visits).values(values))
    else:
        changes = _changes(stored, values)
        if changes.get("caller", stored.caller) != stored.caller:
            changes["caller_e164"] = read_number(visit.caller, call.trunk, visit.presentation).e164
        if not changes:
            return
        connection.execute(update(visits).where(visits.c.id == stored.id).values(changes))
    if call.decided_at is not None:
        # The dialer has looked at this call without knowing of this.
        connection.execute(update(calls).where(calls.c.id == call.id).values(decided_at=None))


def _stored_call(connection: Connection, server: str, linkedid: str, began_at: Any) -> Row[Any] | None:
    return connection.execute(
        select(calls).where(
            calls.c.server == server, calls.c.linkedid == linkedid, calls.c.began_at == began_at
        )
    ).first()


def _stored_visit(connection: Connection, visit: Visit) -> Row[Any] | None:
    """The row of the same stay: one source gives it the same join (or receipt, if the join was rebuilt),
    two give nearly the same join.
    """
    stays = connection.execute(
        select(visits).where(
            visits.c.server == visit.server,
            visits.c.uniqueid == visit.uniqueid,
            visits.c.queue == visit.queue,
            or_(
                visits.c.joined_at == visit.joined_at,
                and_(
                    visits.c.source == visit.source,
                    visits.c.received_at == visit.received_at,
                    or_(visits.c.precision == "s", literal(visit.precision == "s")),
                ),
                and_(
                    visits.c.source != visit.source,
                    visits.c.joined_at.between(
                        visit.joined_at - timedelta(seconds=ROUGHLY),
                        visit.joined_at + timedelta(seconds=ROUGHLY),
                    ),
                ),
            ),
        )
    ).all()
    return min(stays, key=lambda row: abs(row.joined_at - visit.joined_at), default=None)


def _changes(stored: Row[Any], told: dict[str, Any]) -> dict[str, Any]:
    """What the new telling adds; the richer one wins, and fills its gaps from the other."""
    was = stored._asdict()
    knows, knew = (
        (_completeness(record["outcome"], record["ended_at"]), record["precision"] == "ms")
        for record in (told, was)
    )
    is_better = knows >= knew or (told["source"] == stored.source and knows[0] == knew[0])
    better, other = (told, was) if is_better else (was, told)
    merged = {name: better[name] if better[name] not in (None, "") else other[name] for name in told}
    if is_pseudonym(stored.caller):
        merged["caller"] = stored.caller
    if told["source"] != stored.source:
        merged["source"] = "both"
    return {name: value for name, value in merged.items() if value != was[name]}


def _completeness(outcome: str, ended_at: Any) -> int:
    """How much of its end a visit knows: waiting, cut off, talking, over."""
    if outcome == "waiting":
        return 0
    if outcome == "interrupted":
        return 1
    return 3 if ended_at is not None else 2


def _kind(origin: str, kind: str) -> str:
    return "internal" if origin == "internal" else kind


def open_records(
    connection: Connection, server: str
) -> tuple[tuple[Call, ...], tuple[tuple[Stay, Call], ...]]:
    """What is not over yet on that server: the calls, and each open stay with its call."""
    open_stays = connection.execute(
        select(visits).where(
            visits.c.server == server,
            or_(
                visits.c.outcome == "waiting",
                and_(visits.c.outcome == "answered", visits.c.ended_at.is_(None)),
            ),
        )
    ).all()
    ids = {row.call_id for row in open_stays}
    rows = connection.execute(
        select(calls).where(calls.c.server == server, or_(calls.c.ended_at.is_(None), calls.c.id.in_(ids)))
    ).all()
    channels = {row.call_id: row.uniqueid for row in open_stays}
    found = {row.id: _call(row, channels.get(row.id, row.linkedid)) for row in rows}
    return tuple(found.values()), tuple((_stay(row), found[row.call_id]) for row in open_stays)


def _call(row: Row[Any], uniqueid: str) -> Call:
    names = Call.__dataclass_fields__.keys() - {*_NOT_STORED_OF_CALL}
    return Call(uniqueid=uniqueid, **{name: getattr(row, name) for name in names})


def _stay(row: Row[Any]) -> Stay:
    variables = {
        words.VAR_ORIGIN: row.origin if row.language else "",
        words.VAR_STRUCTURE: row.structure,
        words.VAR_ATTEMPT: row.attempt_id,
        words.VAR_PATH: row.menu_path,
        words.VAR_LANGUAGE: row.language,
    }
    told = {name: value for name, value in variables.items() if value}
    party = Party(row.uniqueid, row.linkedid, "", row.caller, told)
    is_exact = row.precision == "ms"
    joined = When(row.joined_at, row.received_at, row.joined_at.timestamp(), is_exact)
    answered = None
    if row.answered_at is not None:
        when = When(row.answered_at, row.received_at, row.answered_at.timestamp(), is_exact)
        answered = Answered(when, party, row.queue, row.agent, row.agent_name, "", "", None, row.ring_seconds)
    return Stay(party, row.queue, joined, row.uniqueid, 0, answered=answered, recorded=row.recorded)
