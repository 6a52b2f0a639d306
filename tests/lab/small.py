"""The small hotline of tests/golden as a house, and an ear on its AMI: what the dialplan did with calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.messages import AmiEvent
from tests.lab.audio import Sound
from tests.lab.house import REPOSITORY, Changes, House

CONFIG = REPOSITORY / "tests" / "golden" / "config"
TODAY = date(2026, 11, 23)
BAKU = ZoneInfo("Asia/Baku")
OPEN = datetime(2026, 11, 23, 11, 0, tzinfo=BAKU)
"""A Monday on which all is open."""
CITIZEN = "0501234567"


T = TypeVar("T")


class Ear:
    """Everything the AMI said since the house opened, in order."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ami = AmiConnection(*house.ami, "hotline-dialer", house.secret("hotline-dialer"))
        self.heard: list[AmiEvent] = []

    async def listen(self) -> None:
        """Take events for ever."""
        while True:
            match await self.ami.events.get():
                case AmiEvent() as event:
                    self.heard.append(event)

    async def event(self, name: str, deadline: float = 20.0, **headers: str) -> AmiEvent:
        """The first event of that name with these headers, waited for."""

        def found() -> AmiEvent | None:
            matches = (each for each in self.heard if each.name == name)
            return next((it for it in matches if all(it[key] == text for key, text in headers.items())), None)

        return await until(found, f"{name} {headers}", deadline)

    async def hangup(self, number: str = CITIZEN) -> Mapping[str, str]:
        """Channel variables of that caller's call at its end."""
        return (await self.event("Hangup", CallerIDNum=number)).variables

    async def user_event(self, name: str, **headers: str) -> AmiEvent:
        """The first user event of that name, waited for."""
        return await self.event("UserEvent", 20.0, UserEvent=name, **headers)

    async def originate(self, digits: str, attempt: str, **variables: str) -> None:
        """An Originate as the dialer sends it, with other variables where given."""
        given = {
            "HOTLINE_ORIGIN": "callback",
            "HOTLINE_ATTEMPT": attempt,
            "HOTLINE_QUEUE": "tax",
            "HOTLINE_STRUCTURE": "tax",
            "HOTLINE_CITIZEN": CITIZEN,
            "HOTLINE_CREDIT": "42",
            "HOTLINE_DIAL_BEFORE": str(int(time.time()) + 60),
            "MENU_LANGUAGE": "en",
            **variables,
        }
        await self.ami.send(
            {
                "Action": "Originate",
                "Channel": f"Local/{digits}@hotline-callback/n",
                "ChannelId": attempt,
                "OtherChannelId": f"{attempt}-2",
                "Context": "hotline-callback",
                "Exten": "talk",
                "Priority": "1",
                "Async": "true",
                "Timeout": "8000",
                "CallerID": "195",
                "Variable": tuple(f"__{name}={value}" for name, value in given.items()),
            }
        )

    def logged(self, event: str) -> list[list[str]]:
        """Lines of queue_log with that event, split at `|`."""
        lines = self.house.queue_log.read_text(encoding="utf-8").splitlines()
        return [fields for line in lines if (fields := line.split("|"))[4] == event]

    async def log_line(self, event: str, count: int = 1) -> list[str]:
        """The `count`-th such line, waited for."""
        lines = await until(lambda: found if len(found := self.logged(event)) >= count else None, event, 20.0)
        return lines[count - 1]

    def prompts(self, language: str, *names: str) -> Sequence[Sound]:
        """Prompts as a phone hears them."""
        return [
            Sound.load(self.house.sounds / language / "hotline" / f"{name}.wav", language) for name in names
        ]


async def until(look: Callable[[], T | None], what: str, deadline: float, every: float = 0.02) -> T:
    """Wait until `look` finds something; AssertionError after `deadline` seconds.

    `every`: seconds between two looks, longer where a look costs much.
    """
    ends = time.monotonic() + deadline
    while (found := look()) is None:
        assert time.monotonic() < ends, f"{what} did not happen in {deadline} s"
        await asyncio.sleep(every)
    return found


@asynccontextmanager
async def small_house(folder: Path, changes: Changes | None = None) -> AsyncIterator[Ear]:
    """The small hotline, running, with an ear on it."""
    async with House.open(folder, CONFIG, changes, TODAY) as house:
        ear = Ear(house)
        tasks = [asyncio.create_task(ear.ami.run()), asyncio.create_task(ear.listen())]
        try:
            await until(lambda: ear.ami.is_connected or None, "AMI login", 10.0)
            yield ear
        finally:
            await ear.ami.close()
            await tasks[0]
            tasks[1].cancel()
