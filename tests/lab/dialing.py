"""A house whose dialer runs: real Asterisk, real phones, a store in which missed calls can be put.

What the recorder would have stored is stored by `tests.stored_calls`, where it does not run itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from callback_dialer.dialer import Dialer
from callback_dialer.policy import Policy
from ivr.asterisk.connection import AmiConnection
from ivr.config.loading import configuration_of
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.recording.recorder import Recorder
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.owed import callbacks
from ivr.storage.owed.callbacks import Callback
from ivr.storage.schema.owed import attempts as attempts_table
from ivr.storage.schema.owed import callbacks as callbacks_table
from tests.lab.exchange import Exchange, Fate
from tests.lab.house import House
from tests.loading import load_or_fail
from tests.stores import empty_store

T = TypeVar("T")

ALWAYS_OPEN: dict[str, Any] = {
    "hours.always": {
        "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00"),
        "holidays": False,
    },
    "callback.hours": "always",
    "callback.reserve": 0,
    "callback.confirm_wait": "1s",
    "callback.confirm_times": 1,
    "queues.dvx.wrap_up": "1s",
}
"""So that the tests may dial at any hour, with few agents."""


@dataclass
class Dialing:
    """What a test asks of the running dialer."""

    house: House
    exchange: Exchange
    store: Store
    configuration: Configuration

    def attempts(self) -> list[Any]:
        """All attempts, in the order they were planned."""
        return self.store.read(
            lambda c: list(c.execute(attempts_table.select().order_by(attempts_table.c.planned_at)))
        )

    def callbacks(self) -> list[Callback]:
        """All callbacks, the oldest first."""
        return self.store.read(
            lambda c: [
                found
                for callback_id in list(c.scalars(callbacks_table.select().order_by("id")))
                if (found := callbacks.find(c, callback_id))
            ]
        )


async def until(look: Callable[[], T | None], what: str, deadline: float = 20.0) -> T:
    """Wait until `look` finds something; AssertionError if it does not in `deadline` seconds."""
    ends = time.monotonic() + deadline
    while not (found := look()):
        if time.monotonic() > ends:
            raise AssertionError(f"{what} did not happen in {deadline} s")
        await asyncio.sleep(0.05)
    return found


@asynccontextmanager
async def dialing(
    folder: Path, plans: Mapping[str, Sequence[Fate]], changes: Mapping[str, Any] | None = None
) -> AsyncIterator[Dialing]:
    """A house, the far side of its trunk with those plans, and a running dialer with an empty store."""
    async with (
        ready_to_dial(folder, plans, changes) as lab,
        running_dialer(lab.house, lab.store, lab.configuration),
    ):
        yield lab


@asynccontextmanager
async def ready_to_dial(
    folder: Path,
    plans: Mapping[str, Sequence[Fate]],
    changes: Mapping[str, Any] | None = None,
    store: Store | None = None,
) -> AsyncIterator[Dialing]:
    """The same without the dialer; its store is a SQLite file in `folder`, unless given."""
    async with (
        House.open(folder / "house", changes={**ALWAYS_OPEN, **(changes or {})}) as house,
        Exchange.open(plans, house.exchange) as exchange,
    ):
        store = store or empty_store(folder)
        configuration = configuration_of(load_or_fail(house.config))
        yield Dialing(house, exchange, store, configuration)
        store.close()


@asynccontextmanager
async def running_dialer(
    house: House,
    store: Store,
    configuration: Configuration,
    last_attempt: Path | None = None,
    board: Board | None = None,
) -> AsyncIterator[asyncio.Task[None]]:
    """A dialer at that house, as a task a test may cancel: so dies a process, without a word to Asterisk."""
    thread = StoreThread(store)
    ami = AmiConnection(*house.ami, "hotline-dialer", house.secret("hotline-dialer"))
    board = board or Board({name: queue.wrap_up for name, queue in configuration.queues.items()})
    stop = asyncio.Event()
    connecting = asyncio.create_task(ami.run())
    queue_log = house.queue_log if configuration.servers["main"].queue_log else None
    policy = Policy.of(configuration)
    dialer = Dialer(policy, "main", thread, ami, board, queue_log=queue_log, last_attempt=last_attempt)
    running = asyncio.create_task(dialer.run(stop))
    try:
        yield running
    finally:
        stop.set()
        await asyncio.wait([running])
        await ami.close()
        await connecting
        thread.close()
    if not running.cancelled():
        running.result()


@asynccontextmanager
async def running_recorder(
    house: House, store: Store, configuration: Configuration, queue_log: Path | None = None
) -> AsyncIterator[None]:
    """A recorder beside the dialer, with its own login."""
    thread = StoreThread(store)
    ami = AmiConnection(*house.ami, "hotline-recorder", house.secret("hotline-recorder"))
    stop = asyncio.Event()
    recorder = Recorder(ami, thread, "main", Watched.of(configuration), queue_log=queue_log)
    running = asyncio.create_task(recorder.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running
        thread.close()
