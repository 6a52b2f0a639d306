"""A house whose queues are watched: the board kept from the AMI as the daemon keeps it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ivr.asterisk.connection import AmiConnection, Connected, Lost, utc_now
from ivr.asterisk.events import AmiEvent
from ivr.config.loading import configuration_of, load_or_fail
from ivr.queues.board import Board, refresh
from tests.lab.house import House


class Watch:
    """A house, and the board kept as the daemon keeps it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.configuration = configuration_of(load_or_fail(house.config))
        self.board = Board({name: queue.wrap_up for name, queue in self.configuration.queues.items()})
        self.ami = AmiConnection(*house.ami, "hotline-dialer", house.secret("hotline-dialer"))
        self.joined_at: dict[str, float] = {}
        """When each caller joined a queue, by caller's number."""

    async def follow(self) -> None:
        """Keep the board for ever."""
        while True:
            match await self.ami.events.get():
                case AmiEvent() as event:
                    self.board.apply(event)
                    if event.name == "QueueCallerJoin":
                        self.joined_at[event["CallerIDNum"]] = event.at.timestamp()
                case Connected():
                    await refresh(self.board, self.ami.send, utc_now)
                case Lost(at=at):
                    self.board.lose(at)

    async def until(self, look: Callable[[], object], what: str, deadline: float = 15.0) -> None:
        """Wait until `look` finds something; AssertionError after `deadline` seconds."""
        ends = time.monotonic() + deadline
        while not look():
            assert time.monotonic() < ends, f"{what} did not happen in {deadline} s"
            await asyncio.sleep(0.02)

    async def joining_of(self, number: str) -> float:
        """When that caller joined a queue, waited for."""
        await self.until(lambda: number in self.joined_at, f"joining of {number}")
        return self.joined_at[number]

    def line(self) -> list[str]:
        """Uniqueids of those who wait for dvx, in order."""
        return [caller.uniqueid for caller in self.board.waiting("dvx")]


@asynccontextmanager
async def watching(folder: Path, changes: Mapping[str, Any]) -> AsyncIterator[Watch]:
    """A house that is watched from its first moment; nobody serves AGI."""
    async with House.open(folder, changes=changes) as house, asyncio.TaskGroup() as tasks:
        watch = Watch(house)
        running = [tasks.create_task(watch.ami.run()), tasks.create_task(watch.follow())]
        try:
            await watch.until(lambda: watch.board.is_fresh, "the first snapshot")
            yield watch
        finally:
            running[1].cancel()
            await watch.ami.close()
