"""Ended calls and what is known about their callers, read for the callback decision; decisions written once.

A call is looked at once, when it has ended (`calls.decided_at`), and each of its missed calls gets one
row in `decisions`. Only citizens' own calls count as calling again: visits of origin `inbound`, never our
callbacks'. Called by `callback_dialer.deciding` and `callback_dialer.starting`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, exists, insert, select, text, update
from sqlalchemy.sql.elements import ColumnElement

from ivr.calls.callbacks import Verdict
from ivr.figures.missed import EndedCall, MissedCall, Stay
from ivr.storage.engine.statements import advisory_lock, all_as, columns
from ivr.storage.schema.columns import MOST_AHEAD, ago, database_now
from ivr.storage.schema.owed import decisions
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
    connection.execute(
        insert(decisions).values(
            call_id=missed.call_id,
            structure=missed.structure,
            decision=verdict,
            why=why,
            caller_e164=missed.caller_e164,
            wait_seconds=missed.wait_seconds,
            decided_at=database_now(),
            callback_id=callback_id,
        )
    )


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
