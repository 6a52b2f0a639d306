"""The small house with a recorder: what was stored of its calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.secrets import FOLDER, read_secret_file
from ivr.asterisk.words import LOG_KEY
from ivr.config.loading import configuration_of
from ivr.reading.export import rows
from ivr.recording.recorder import Recorder
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store, StoreThread
from tests.lab.small import Ear, small_house, until
from tests.loading import load_or_fail
from tests.stores import empty_store

Row = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """A house, its recorder, and the store that it writes."""

    ear: Ear
    store: Store
    recorder: Recorder

    def rows(self) -> list[Row]:
        return self.store.read(lambda connection: list(rows(connection, "visits")))

    async def visit(self, is_so: Callable[[Row], object], what: str, deadline: float = 15.0) -> Row:
        """The first visit that is so, waited for."""
        return await until(lambda: next((row for row in self.rows() if is_so(row)), None), what, deadline)


@asynccontextmanager
async def recorded_house(folder: Path, changes: dict[str, Any] | None = None) -> AsyncIterator[Recorded]:
    """The small hotline with a recorder, which stops before its Asterisk does."""
    async with small_house(folder, changes) as ear:
        secret = ear.house.secret("hotline-recorder")
        async with recording(ear, folder, "hotline-recorder", secret) as recorded:
            yield recorded


@asynccontextmanager
async def recording(
    ear: Ear, folder: Path, user: str, secret: str, queue_log: Path | None = None
) -> AsyncIterator[Recorded]:
    """A recorder beside the house, by that login, which reads that queue_log."""
    store, house = empty_store(folder), ear.house
    connection = AmiConnection(*house.ami, user, secret)
    watched = Watched.of(configuration_of(load_or_fail(house.config)))
    key = read_secret_file(house.etc / FOLDER, LOG_KEY)
    recorder = Recorder(connection, StoreThread(store), "main", watched, None, queue_log, key)
    stop = asyncio.Event()
    running = asyncio.create_task(recorder.run(stop))
    try:
        await until(lambda: connection.is_connected or None, "the recorder's login", 10.0)
        yield Recorded(ear, store, recorder)
    finally:
        stop.set()
        await running
        store.close()
