"""Which processes run, whether calls would have been queued minute by minute, and who has which role.

`ivr.recording.availability` writes the signs of life and the minutes; `hotline status` and the availability
of the reports read them.

A `Lease` gives each role at a server to one process at a time, by the database's clock. A second recorder or
dialer of one server stands by and takes over when the first has not renewed its lease. The schema's guards
hold without it too: a lease saves work and a citizen's patience, it is not the guard.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, or_, select, update

from ivr.storage.engine.statements import columns, insert_into, one_as
from ivr.storage.engine.store import StoreThread
from ivr.storage.schema.columns import ago, database_now
from ivr.storage.schema.running import leases, minutes, processes

RECORD: Final = "record"
"""The part that is `hotline record`: where it is alone, no other is missing."""
FORGOTTEN_AFTER = timedelta(days=1)
"""A process that has been silent this long is dropped once its successor starts."""


@dataclass(frozen=True, slots=True)
class Process:
    """One part in one process; `process` is `host/pid`, the moments are the database's.

    `report`: what the part says of its own work, by the keys that `hotline status` prints.
    """

    server: str
    part: str
    process: str
    started_at: datetime
    seen_at: datetime
    is_connected: bool
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Minute:
    """Checks of one minute of one server; `why` says what the latest failed one found."""

    server: str
    minute_at: datetime
    checks: int
    failed: int
    why: str = ""


def begin(connection: Connection, server: str, part: str, process: str) -> None:
    """That part starts in that process; an earlier one of the same name is replaced."""
    its = {"server": server, "part": part}
    is_gone = (processes.c.process == process) | (processes.c.seen_at < ago(FORGOTTEN_AFTER))
    connection.execute(delete(processes).filter_by(**its).where(is_gone))
    now = {"started_at": database_now(), "seen_at": database_now(), "is_connected": False}
    connection.execute(insert(processes).values(**its, process=process, **now))


def note_alive(
    connection: Connection, server: str, part: str, process: str, is_connected: bool, report: str = "{}"
) -> None:
    """That part still runs."""
    it = update(processes).filter_by(server=server, part=part, process=process)
    connection.execute(it.values(seen_at=database_now(), is_connected=is_connected, report=report))


def running(connection: Connection) -> list[Process]:
    """Every process that is known, by server and part, the latest seen first."""
    order = (processes.c.server, processes.c.part.desc(), processes.c.seen_at.desc())
    rows = connection.execute(select(processes).order_by(*order)).mappings()
    return [Process(**{**row, "report": json.loads(row["report"])}) for row in rows]


def note_minutes(connection: Connection, observed: Iterable[Minute]) -> None:
    """Add the checks to those the store has of the same minutes, another recorder's included."""
    for minute in observed:
        more = {
            "checks": minutes.c.checks + minute.checks,
            "failed": minutes.c.failed + minute.failed,
            "why": minute.why or minutes.c.why,
            "import_id": None,
        }
        row = insert_into(connection, minutes).values(asdict(minute))
        connection.execute(row.on_conflict_do_update(index_elements=["server", "minute_at"], set_=more))


@dataclass(frozen=True, slots=True)
class Availability:
    """Minutes of a period: `unknown` are those without a row, which count as neither up nor down."""

    up: int
    down: int
    unknown: int
    last_down: Minute | None


def availability(connection: Connection, server: str, since: datetime, until: datetime) -> Availability:
    """How many of the whole minutes from `since` to before `until` were up, down and unknown."""
    during = (minutes.c.server == server, minutes.c.minute_at >= since, minutes.c.minute_at < until)
    is_down = minutes.c.failed > 0
    counts = select(func.count(), func.count().filter(is_down)).where(*during)
    known, down = connection.execute(counts).one()
    failed = select(*columns(Minute, minutes)).where(*during, is_down).order_by(minutes.c.minute_at.desc())
    last = one_as(connection, Minute, failed.limit(1))
    return Availability(known - down, down, (until - since) // timedelta(minutes=1) - known, last)


LEASE: Final = timedelta(seconds=5)
"""After so long without a word from its holder a role is free."""
RENEW_SECONDS: Final = 1.0

Role = Literal["recorder", "dialer", "purge", "reports"]


class Lease:
    """One process's claim to one role at one server."""

    def __init__(self, store: StoreThread, server: str, role: Role) -> None:
        self._store = store
        self._server, self._role = server, role
        self._holder = f"{socket.gethostname()[:64]}/{os.getpid()}/{uuid4().hex}"
        self._is_free_or_ours = self._was_able = False
        self._ask_at = float("-inf")

    async def ask(self, *, able: bool) -> bool:
        """Take or keep the role if `able` to fill it, else leave it; False while another process holds it.

        Asks the database once a second, and at once when `able` changes. Raises StoreAway.
        """
        if able != self._was_able or time.monotonic() >= self._ask_at:
            self._is_free_or_ours = await self._store.write(self.hold if able else self.leave)
            self._was_able, self._ask_at = able, time.monotonic() + RENEW_SECONDS
        return self._is_free_or_ours

    def hold(self, connection: Connection) -> bool:
        """Take the role or keep it, in a transaction that must not be committed without it."""
        ours = {"holder": self._holder, "expires_at": ago(-LEASE)}
        is_free_or_ours = or_(leases.c.holder == self._holder, ~_is_running())
        taken = (
            insert_into(connection, leases)
            .values(server=self._server, role=self._role, **ours)
            .on_conflict_do_update(index_elements=["server", "role"], set_=ours, where=is_free_or_ours)
            .returning(leases.c.holder)
        )
        return connection.scalar(taken) is not None

    def leave(self, connection: Connection) -> bool:
        """Leave the role to whoever wants it; False while another process holds it."""
        ours = leases.c.server == self._server, leases.c.role == self._role, leases.c.holder == self._holder
        connection.execute(delete(leases).where(*ours))
        return not is_held(connection, self._server, self._role)


def is_held(connection: Connection, server: str, role: Role) -> bool:
    """Whether a process of ours that can fill that role does so now."""
    row = leases.c.server == server, leases.c.role == role, _is_running()
    return bool(connection.scalar(select(exists().where(*row))))


def _is_running() -> ColumnElement[bool]:
    """None runs for longer than it is given: then the clock was wrong when it was taken."""
    return leases.c.expires_at.between(database_now(), ago(-2 * LEASE))
