"""A house whose queues are watched: the board kept from the AMI as the daemon keeps it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agi_scripts.table import scripts_for
from ivr.asterisk import words
from ivr.asterisk.connection import AmiConnection, Connected, Lost, utc_now
from ivr.asterisk.fastagi import Limits
from ivr.asterisk.messages import AmiEvent
from ivr.config.loading import configuration_of
from ivr.queues.board import RecordedBoard, refresh
from ivr.storage.engine.store import Store
from tests.lab.agi_server import serving
from tests.lab.house import House
from tests.loading import load_or_fail


class Watch:
    """A house, and the board kept as the daemon keeps it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.configuration = configuration_of(load_or_fail(house.config))
        self.board = RecordedBoard({name: queue.wrap_up for name, queue in self.configuration.queues.items()})
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

    def line(self, queue: str = "dvx") -> list[str]:
        """Uniqueids of those who wait there, in order."""
        return [caller.uniqueid for caller in self.board.waiting(queue)]

    async def call_back(self, citizen: str, queue: str, attempt: str, language: str = "az") -> None:
        """An Originate as the dialer sends it, for a citizen who has waited a minute."""
        reply = await self.ami.send(
            {
                "Action": "Originate",
                "Channel": f"Local/994{citizen[1:]}@{words.CONTEXT_CALLBACK}/n",
                "ChannelId": attempt,
                "OtherChannelId": f"{attempt}-2",
                "Context": words.CONTEXT_CALLBACK,
                "Exten": words.EXTEN_TALK,
                "Priority": "1",
                "Async": "true",
                "Variable": [
                    f"__{words.VAR_ORIGIN}=callback",
                    f"__{words.VAR_ATTEMPT}={attempt}",
                    f"__{words.VAR_QUEUE}={queue}",
                    f"__{words.VAR_STRUCTURE}={queue}",
                    f"__{words.VAR_CITIZEN}={citizen}",
                    f"__{words.VAR_CREDIT}=60",
                    f"__{words.VAR_LANGUAGE}={language}",
                    f"__{words.VAR_DIAL_BEFORE}={int(time.time()) + 60}",
                ],
            }
        )
        assert reply.headers["Response"] == "Success"


@asynccontextmanager
async def daemon(watch: Watch) -> AsyncIterator[None]:
    """Our scripts, served where the dialplan asks for them."""
    scripts = scripts_for(watch.board, watch.configuration, utc_now, Store("sqlite://"), "main")
    limits = Limits(deadline=watch.configuration.servers["main"].agi_deadline)
    async with serving(scripts, limits, house=watch.house):
        yield


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
