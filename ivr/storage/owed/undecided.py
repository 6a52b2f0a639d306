"""Ended calls and callback requests that wait for a decision, and what is known of their callers.

A call is looked at once, when it has ended (`calls.decided_at`), and each of its missed calls gets one
row in `decisions`. Only citizens' own calls count as calling again: visits of origin `inbound`, never our
callbacks'. A request is noted once, whether AGI, queue_log or both report it: the recorder and backfill note
what queue_log has. The dialer decides both, each once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, exists, insert, select, text, update
from sqlalchemy.sql.elements import ColumnElement

from ivr.calls.callbacks import CallOrder, Verdict
from ivr.figures.missed import EndedCall, MissedCall, Stay
from ivr.storage.engine.statements import add, advisory_lock, all_as, columns
from ivr.storage.schema.columns import MOST_AHEAD, ago, database_now
from ivr.storage.schema.owed import ORDER_UNDECIDED, decisions, orders
from ivr.storage.schema.recorded import CALL_UNDECIDED, calls, visits

OPEN_AT_MOST: Final = timedelta(hours=4)
"""A call without a sign of life for this long was left open by an unclean stop, not by a patient caller."""

_CALL = [calls.c[name] for name in EndedCall.__dataclass_fields__ if name != "stays"]
_STAY = columns(Stay, visits)


def undecided(connection: Connection, limit: int) -> list[int]:
    """Ids of the latest `limit` ended calls nobody has looked at yet, in the order they were stored.

    The latest, so a year that was backfilled holds up nobody who hangs up now.
    """
    query = select(calls.c.id).where(text(CALL_UNDECIDED)).order_by(calls.c.id.desc()).limit(limit)
    return sorted(connection.scalars(query))


def claim(connection: Connection, call_id: int) -> bool:
    """Take an ended call to be decided in this transaction; False if another dialer has, or is about to."""
    free = select(calls.c.id).where(calls.c.id == call_id, calls.c.decided_at.is_(None))
    if connection.scalar(free.with_for_update(skip_locked=True)) is None:
        return False
    connection.execute(update(calls).where(calls.c.id == call_id).values(decided_at=database_now()))
    return True


def lock_number(connection: Connection, caller_e164: str) -> None:
    """Let one dialer at a time decide about a number; what another has decided is seen after this."""
    advisory_lock(connection, f"number {caller_e164}")


def ended_call(connection: Connection, call_id: int) -> EndedCall:
    """The call with its visits in the order they were joined."""
    row = connection.execute(select(*_CALL).where(calls.c.id == call_id)).one()
    mine = select(*_STAY).where(visits.c.call_id == call_id)
    stays = all_as(connection, Stay, mine.order_by(visits.c.joined_at, visits.c.id))
    return EndedCall(**row._mapping, stays=tuple(stays))


def decided_structures(connection: Connection, call_id: int) -> frozenset[str]:
    """Structures of the call that already have their decision."""
    return frozenset(connection.scalars(select(decisions.c.structure).where(decisions.c.call_id == call_id)))


def record_decision(
    connection: Connection, missed: MissedCall, verdict: Verdict, why: str, callback_id: int | None
) -> None:
    """Store the one decision about a missed call; IntegrityError if it has one already."""
    about = {name: getattr(missed, name) for name in ("call_id", "structure", "caller_e164", "wait_seconds")}
    known = {"decision": verdict, "why": why, "callback_id": callback_id, "decided_at": database_now()}
    connection.execute(insert(decisions).values(**about, **known))


def answered_after(
    caller_e164: ColumnElement[str] | str, moment: ColumnElement[datetime] | datetime
) -> ColumnElement[bool]:
    """Condition: an agent answered a call of that citizen after `moment`."""
    return exists().where(
        visits.c.caller_e164 == caller_e164, visits.c.origin == "inbound", visits.c.answered_at > moment
    )


def on_the_line(caller_e164: ColumnElement[str] | str) -> ColumnElement[bool]:
    """Condition: a call of that citizen is open now, in the menu, in a queue or with an agent."""
    return exists().where(calls.c.caller_e164 == caller_e164, is_open_now())


def is_open_now() -> ColumnElement[bool]:
    """Condition on `calls`: a citizen's call that is open, and not because an unclean stop left it so."""
    return (
        calls.c.ended_at.is_(None)
        & calls.c.is_interrupted.is_(False)
        & (calls.c.origin == "inbound")
        & calls.c.last_seen_at.between(ago(OPEN_AT_MOST), ago(-MOST_AHEAD))
    )


def holds(connection: Connection, condition: ColumnElement[bool]) -> bool:
    """Whether a condition on one citizen holds in this transaction."""
    return bool(connection.scalar(select(condition)))


def last_chosen(connection: Connection, caller_e164: str) -> str:
    """The language of that number's last call, empty if there was none.

    Who hung up before any key has chosen nothing; a call that is still open may be the one that asks.
    """
    chosen = select(calls.c.language).where(
        calls.c.caller_e164 == caller_e164,
        calls.c.origin == "inbound",
        calls.c.ended_at.is_not(None),
        calls.c.menu_path != "",
        calls.c.language != "",
    )
    return connection.scalar(chosen.order_by(calls.c.began_at.desc()).limit(1)) or ""


def note_request(connection: Connection, order: CallOrder) -> None:
    """Keep an order that has not been told before."""
    add(connection, orders, asdict(order))


def undecided_requests(connection: Connection, limit: int) -> list[CallOrder]:
    """Orders nobody has decided yet, the oldest first."""
    query = select(*columns(CallOrder, orders)).where(text(ORDER_UNDECIDED))
    return all_as(connection, CallOrder, query.order_by(orders.c.id).limit(limit))


def claim_request(connection: Connection, order: CallOrder) -> bool:
    """Take a noted order to be decided in this transaction; False if it has been."""
    mine = select(orders.c.id).filter_by(**_request(order)).where(text(ORDER_UNDECIDED))
    return connection.scalar(mine.with_for_update()) is not None


def callback_of_request(connection: Connection, order: CallOrder) -> int | None:
    """Id of the callback a decided order led to; None if it was refused."""
    return connection.scalar(select(orders.c.callback_id).filter_by(**_request(order)))


def request_decided(
    connection: Connection, order: CallOrder, verdict: Verdict, why: str, callback_id: int | None
) -> None:
    """Store the one decision about an order, and forget the numbers: the callback has the one to dial."""
    known = {"decision": verdict, "why": why, "callback_id": callback_id, "decided_at": database_now()}
    it = update(orders).filter_by(**_request(order))
    connection.execute(it.values(**known, number="", orderer=""))


def _request(order: CallOrder) -> Mapping[str, Any]:
    return {name: getattr(order, name) for name in ("server", "uniqueid", "asked_at")}
