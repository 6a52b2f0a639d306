"""Who does what at a server: each role is held by one process at a time, by the database's clock.

A second recorder or dialer of one server stands by and takes over when the first has not renewed its lease.
The schema's guards hold without it too: a lease saves work and a citizen's patience, it is not the guard.
"""

from __future__ import annotations

import os
import socket
import time
from datetime import timedelta
from typing import Final, Literal
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select

from ivr.storage.engine.statements import insert_into
from ivr.storage.engine.store import StoreThread
from ivr.storage.schema.columns import ago, database_now
from ivr.storage.schema.running import leases

LEASE: Final = timedelta(seconds=5)
"""After so long without a word from its holder a role is free."""
RENEW_SECONDS: Final = 1.0

Role = Literal["recorder", "dialer", "purge"]


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
        """Let another process have the role; False if one has it already."""
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
