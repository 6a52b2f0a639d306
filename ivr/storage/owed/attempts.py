"""Attempts in the store: planned, advanced, ended once; each change has a row in the journal.

An attempt goes forward only; `end` happens once. The unique index allows one live attempt per callback.
Moments of what happened are Asterisk's; deadlines are the database's. Called by `callback_dialer`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, text, update

from ivr.calls.callbacks import AttemptState, Disposition, states_before
from ivr.storage.engine.statements import all_as, among, columns, one_as
from ivr.storage.owed.callbacks import Callback
from ivr.storage.owed.undecided import on_the_line
from ivr.storage.schema.owed import ATTEMPT_LIVE, attempt_journal, attempts, callbacks
from ivr.storage.schema.recorded import VISIT_OF_ATTEMPT, visits

WITHOUT_AGENT: Final = states_before("agent_connected")
"""States in which an attempt claims an idle agent it does not have yet."""
STOPPABLE: Final[tuple[AttemptState, ...]] = ("originating", "ringing")
_LIVE: Final = text(f"attempts.{ATTEMPT_LIVE}")
"""Spelled as the index is, by which SQLite finds it."""
LATEST: Final = 100
"""Attempts of a trunk that are looked at to see how it is."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How one attempt fared, as far as it tells of its trunk."""

    state: AttemptState
    disposition: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to reach a citizen; `id` is the channel id given to Originate."""

    id: str
    callback_id: int
    server: str
    queue: str
    trunk: str
    dial_string: str
    number: int
    state: AttemptState
    disposition: str
    cause: int | None
    planned_at: datetime
    answered_at: datetime | None
    confirmed_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    deadline_at: datetime
    """After it an attempt nobody heard of is resolved."""
    agent: str
    talk_seconds: float | None


def alive_by_queue(connection: Connection, server: str) -> dict[str, int]:
    """How many attempts of each queue are under way at that server and have no agent yet."""
    rows = connection.execute(
        select(attempts.c.queue, func.count())
        .where(attempts.c.server == server, attempts.c.state.in_(WITHOUT_AGENT), _LIVE)
        .group_by(attempts.c.queue)
    )
    return dict(rows.all())


def alive_on_trunk(connection: Connection, trunk: str) -> int:
    """How many attempts hold a channel of that trunk."""
    return connection.scalar(select(func.count()).where(attempts.c.trunk == trunk, _LIVE)) or 0


def latest_on_trunk(connection: Connection, trunk: str) -> list[Tried]:
    """The latest attempts over that trunk, the newest first."""
    tried = select(*columns(Tried, attempts)).where(attempts.c.trunk == trunk)
    return all_as(connection, Tried, tried.order_by(attempts.c.planned_at.desc()).limit(LATEST))


def plan(
    connection: Connection,
    attempt_id: str,
    callback: Callback,
    *,
    server: str,
    trunk: str,
    dial_string: str,
    now: datetime,
    lasts: timedelta,
) -> Attempt:
    """Store a planned attempt; IntegrityError if the callback has a live one.

    `lasts` is how long it can go on without an agent; after that, an attempt nobody heard of is resolved.
    """
    earlier = connection.scalar(select(func.count()).where(attempts.c.callback_id == callback.id)) or 0
    planned = connection.execute(
        insert(attempts)
        .values(
            id=attempt_id,
            callback_id=callback.id,
            server=server,
            queue=callback.queue,
            trunk=trunk,
            dial_string=dial_string,
            number=earlier + 1,
            state="planned",
            planned_at=now,
            deadline_at=now + lasts,
        )
        .returning(attempts)
    ).one()
    _note(connection, attempt_id, "planned", now, f"over {trunk}")
    return Attempt(**planned._mapping)


def find(connection: Connection, attempt_id: str) -> Attempt | None:
    """The attempt with that id."""
    return one_as(connection, Attempt, select(attempts).where(attempts.c.id == attempt_id))


def known(connection: Connection, attempt_ids: Collection[str]) -> frozenset[str]:
    """Which of those ids are of attempts in the store."""
    is_one = among(connection, attempts.c.id, attempt_ids)
    return frozenset(connection.scalars(select(attempts.c.id).where(is_one)))


def latest_started(connection: Connection, trunks: Collection[str]) -> Attempt | None:
    """The attempt over one of those trunks that was started last."""
    is_started = (attempts.c.trunk.in_(trunks), attempts.c.state != "planned")
    latest = select(attempts).where(*is_started).order_by(attempts.c.planned_at.desc()).limit(1)
    return one_as(connection, Attempt, latest)


def live(connection: Connection, server: str) -> list[Attempt]:
    """All attempts of that server that have not ended."""
    mine = select(attempts).where(attempts.c.server == server, _LIVE)
    return all_as(connection, Attempt, mine.order_by(attempts.c.planned_at))


def to_withdraw(connection: Connection, server: str) -> list[str]:
    """Ids of attempts that still ring although the citizen is on the line themselves."""
    ringing = (attempts.c.server == server, attempts.c.state.in_(STOPPABLE), _LIVE)
    of_callback = select(attempts.c.id).join(callbacks, callbacks.c.id == attempts.c.callback_id)
    return list(connection.scalars(of_callback.where(*ringing, on_the_line(callbacks.c.caller_e164))))


def dispositions(connection: Connection, callback_id: int) -> list[Disposition]:
    """How the ended attempts of a callback ended, oldest first."""
    ended = (attempts.c.callback_id == callback_id, attempts.c.state == "ended")
    query = select(attempts.c.disposition).where(*ended).order_by(attempts.c.number)
    return list(connection.scalars(query))


def advance(
    connection: Connection, attempt_id: str, state: AttemptState, at: datetime, note: str = "", **facts: Any
) -> bool:
    """Take a live attempt forward to `state`, with what is known then; False if it is there or further."""
    moved = connection.execute(
        update(attempts)
        .where(attempts.c.id == attempt_id, attempts.c.state.in_(states_before(state)))
        .values(state=state, **facts)
    )
    if moved.rowcount == 1:
        _note(connection, attempt_id, state, at, note)
    return moved.rowcount == 1


def end(
    connection: Connection, attempt_id: str, outcome: Disposition, at: datetime, note: str = "", **facts: Any
) -> bool:
    """End a live attempt, with what is known then; False if it has ended already."""
    said = f"{outcome}: {note}" if note else outcome
    return advance(connection, attempt_id, "ended", at, said, disposition=outcome, ended_at=at, **facts)


@dataclass(frozen=True, slots=True)
class RecordedVisit:
    """What the recorder saw of an attempt in the queue."""

    outcome: str
    agent: str
    answered_at: datetime | None
    talk_seconds: float | None


def recorded_visit(connection: Connection, attempt_id: str) -> RecordedVisit | None:
    """The last queue visit of an attempt, if the citizen came so far."""
    mine = (visits.c.attempt_id == attempt_id, text(f"visits.{VISIT_OF_ATTEMPT}"))
    query = select(*columns(RecordedVisit, visits)).where(*mine)
    return one_as(connection, RecordedVisit, query.order_by(visits.c.joined_at.desc()).limit(1))


def _note(connection: Connection, attempt_id: str, state: AttemptState, at: datetime, note: str) -> None:
    connection.execute(insert(attempt_journal).values(attempt_id=attempt_id, state=state, at=at, note=note))
