"""Walks through compiled menus on a real Asterisk, by Local channels: each step as Asterisk tells it.

What is executed is told by `Newexten` events, which carry node, path and language as channel variables. A key
is pressed when the menu waits for one (or, if early, while it still speaks): by condition, never by time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count

from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.messages import ActionRefused, AmiEvent
from ivr.asterisk.words import VAR_LANGUAGE, VAR_PATH, VAR_STEPS
from ivr.menus.walk import HANG_UP, SILENCE
from tests.lab.house import House
from tests.lab.made_menus import EARLY, Walk
from tests.lab.small import until

USER = "walker"
_SECRET = "walks-on-loopback"
_RIGHTS = f"""
[{USER}]
secret = {_SECRET}
read = dialplan,call
write = originate,call
eventfilter = Event: Newexten
eventfilter = Event: Hangup
"""
_PLAYS = re.compile(r"^(?:1\?)?(?:Playback\()?(hotline/[^)]*)\)?$")
WALK_SECONDS = 60.0
FINGER_SECONDS = 0.06
"""No finger presses two keys within 45 ms; Asterisk keeps the second one until it reads a frame of sound."""


@dataclass(frozen=True)
class Seen:
    """Where a call was when it waited for the caller or ended, and the prompts since the last time."""

    steps: str
    path: str
    language: str
    queue: str
    has_ended: bool
    heard: tuple[tuple[str, str], ...]
    """(language of the channel, prompt)."""


class Walker:
    """Calls on one Asterisk, many at once."""

    def __init__(self, ami: AmiConnection) -> None:
        self._ami = ami
        self._calls: dict[str, asyncio.Queue[AmiEvent]] = {}
        self._numbers = count(1)

    @classmethod
    @asynccontextmanager
    async def on(cls, house: House) -> AsyncIterator[Walker]:
        """Log in with rights of our own, which no process of the hotline has."""
        with (house.etc / "manager.conf").open("a", encoding="utf-8") as file:
            file.write(_RIGHTS)
        await house.asterisk.console("manager reload")
        walker = cls(AmiConnection(*house.ami, USER, _SECRET))
        tasks = [asyncio.create_task(walker._ami.run()), asyncio.create_task(walker._listen())]
        try:
            await until(lambda: walker._ami.is_connected or None, "AMI login", 10.0)
            yield walker
        finally:
            await walker._ami.close()
            await tasks[0]
            tasks[1].cancel()

    async def _listen(self) -> None:
        while True:
            event = await self._ami.events.get()
            if isinstance(event, AmiEvent) and (call := self._calls.get(event["Uniqueid"])):
                call.put_nowait(event)

    async def walk(self, inbound: str, walk: Walk, leaving: Mapping[str, str | None]) -> list[Seen]:
        """Call that context and do as the walk says; hang up at its end. `leaving`: queue → its order key."""
        us, menu = (f"walk-{number}-{side}" for number in [next(self._numbers)] for side in ("us", "menu"))
        events = self._calls[menu] = asyncio.Queue()
        try:
            await self._ami.send(
                {
                    "Action": "Originate",
                    "Channel": f"Local/{walk.number}@{inbound}/n",
                    "Application": "Wait",
                    "Data": "600",
                    "ChannelId": us,
                    "OtherChannelId": menu,
                    "Async": "true",
                    "Variable": f"__TESTTIME={int(walk.moment.timestamp())}",
                    "CallerID": walk.caller,
                }
            )
            async with asyncio.timeout(WALK_SECONDS):
                return [seen async for seen in self._steps(events, list(walk.does), leaving)]
        finally:
            del self._calls[menu]

    async def _steps(
        self, events: asyncio.Queue[AmiEvent], does: list[str], leaving: Mapping[str, str | None]
    ) -> AsyncIterator[Seen]:
        heard: list[tuple[str, str]] = []
        pressed = ""
        while True:
            event = await events.get()
            application, data = event["Application"], event["AppData"]
            if event.name == "Hangup":
                yield _seen(event, heard, has_ended=True)
                return
            begins = event["Priority"] == "1"
            if pressed and begins and event["Extension"] == "t":
                await self._do(event["Channel"], HANG_UP)  # the key came too late: a busy machine
            if pressed and not (begins and event["Extension"] in (pressed, "i")):
                continue  # the key has not been read yet
            pressed = ""
            if application in ("BackGround", "Playback", "ExecIf") and (plays := _PLAYS.match(data)):
                heard += [(event["Language"], name.removeprefix("hotline/")) for name in plays[1].split("&")]
            is_early = application == "BackGround" and bool(does) and does[0].startswith(EARLY)
            if application == "Read":
                _, said, most, *_ = data.split(",")
                heard.append((event["Language"], said.removeprefix("hotline/")))
            elif not is_early and application not in ("WaitExten", "Queue", "Dial"):
                continue
            queue = {"Queue": re.split("[-,]", data)[0], "Dial": data.partition("@")[0]}.get(application, "")
            yield _seen(event, heard, queue=queue)
            heard, keyed = [], 0
            while pressed := await self._do(event["Channel"], does.pop(0) if does else HANG_UP):
                keyed += 1
                if application == "Read" and (pressed == "#" or keyed == int(most)):
                    pressed = ""  # Read() tells of no key
                    break
                if application != "Read" and (not queue or pressed == leaving.get(queue)):
                    break
                yield _seen(event, heard, queue=queue)

    async def _do(self, channel: str, does: str) -> str:
        """Do it; returns the key that was pressed, if any."""
        if does == HANG_UP:
            await self._ask({"Action": "Hangup", "Channel": channel})
            return ""
        if does == SILENCE:
            return ""
        key = does.removeprefix(EARLY)
        await asyncio.sleep(FINGER_SECONDS)
        action = {"Action": "PlayDTMF", "Channel": channel, "Digit": key, "Receive": "true"}
        # `Async`: panoramisk takes "successfully queued" for an Originate's answer and waits for more.
        await self._ask({**action, "Async": "false"})
        return key

    async def _ask(self, action: dict[str, str]) -> None:
        with suppress(ActionRefused):  # the call has ended meanwhile; its Hangup is on the way
            await self._ami.send(action)


def _seen(event: AmiEvent, heard: list[tuple[str, str]], *, queue: str = "", has_ended: bool = False) -> Seen:
    said = event.variables
    language = (
        said[VAR_LANGUAGE]
        if said[VAR_LANGUAGE] == event["Language"]
        else f"{said[VAR_LANGUAGE]}, but channel {event['Language']}"
    )
    return Seen(said[VAR_STEPS], said[VAR_PATH], language, queue, has_ended, tuple(heard))
