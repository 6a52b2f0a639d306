"""The small house with a recorder: what was stored of its calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivr.asterisk.connection import AmiConnection
from ivr.config.loading import configuration_of, load_or_fail
from ivr.recorder import Recorder
from ivr.storage.engine import Store, StoreThread
from ivr.storage.export import rows
from ivr.watched import Watched
from tests.lab.small import Ear, small_house, until
from tests.stores import empty_store

Row = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """A house, and the store its recorder writes."""

    ear: Ear
    store: Store

    def rows(self) -> list[Row]:
        return self.store.read(lambda connection: list(rows(connection, "visits")))

    async def visit(self, is_so: Callable[[Row], object], what: str, deadline: float = 15.0) -> Row:
        """The first visit that is so, waited for."""
        return await until(lambda: next((row for row in self.rows() if is_so(row)), None), what, deadline)


@asynccontextmanager
async def recorded_house(folder: Path, changes: dict[str, Any] | None = None) -> AsyncIterator[Recorded]:
    """The small hotline with a recorder, which stops before its Asterisk does."""
    async with small_house(folder, changes) as ear:
        store = empty_store(folder)
        user = "hotline-recorder"
        connection = AmiConnection(*ear.house.ami, user, ear.house.secret(user))
        watched = Watched.of(configuration_of(load_or_fail(ear.house.config)))
        stop = asyncio.Event()
        running = asyncio.create_task(Recorder(connection, StoreThread(store), "main", watched).run(stop))
        try:
            await until(lambda: connection.is_connected or None, "the recorder's login", 10.0)
            yield Recorded(ear, store)
        finally:
            stop.set()
            await running
            store.close()
