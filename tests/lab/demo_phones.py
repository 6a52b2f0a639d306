"""Plays the demo's story with real phones against a lab Asterisk and keeps what every phone saw.

A `Play` and the house's addresses come in; `Stage.played` and `Stage.exchange` are what the comparison reads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time

from ivr.calls.opening_hours import Schedule, by_day
from tests.lab.audio import Sound
from tests.lab.calllog import NeverHappened, What
from tests.lab.demo_story import Day, GivesUp, Listens, Play, SentAway, Story, Talks
from tests.lab.exchange import Exchange
from tests.lab.house import House
from tests.lab.leg import Leg
from tests.lab.phone import AgentPhone, Caller

_PATIENCE = 90.0
"""Longer than any prompt, wait or talk of the story; a call that is stuck longer has failed."""
_BEFORE_CALLING_AGAIN = 1.0
NOTICES = ("calls_recorded", "place", "wait_minutes", "wait_many")
"""Beginnings of the names of what is said at a queue's door."""


@dataclass
class Played:
    """One call of the story as it went."""

    story: Story
    doing: str = "not yet"
    leg: Leg | None = None
    trouble: str = ""
    """Why the story could not be lived, empty if it was."""
    since: float = field(default_factory=time.time)

    def now(self, doing: str) -> None:
        self.doing, self.since = doing, time.time()


class Moments:
    """The moment each kind of call is made at, so that the demo is the same at any hour of any day."""

    def __init__(self, schedule: Schedule, now: datetime) -> None:
        opening = schedule.next_opening(now + timedelta(days=1)).astimezone(schedule.zone)
        last = opening.date() + timedelta(days=400)
        _, days = by_day(schedule, Schedule.open_on, opening.date(), last)
        holiday = next(day for day, span in days.items() if not span)
        self._zone = schedule.zone
        self._moments: Mapping[Day, datetime] = {
            "office": self._at(opening.date(), 11),
            "evening": self._at(opening.date(), 22),
            "holiday": self._at(holiday, 11),
        }

    def _at(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, clock_time(hour), self._zone).astimezone(UTC)

    def of(self, day: Day) -> datetime:
        return self._moments[day]


class Stage:
    """The phones of one play. `async with Stage(…) as stage: await stage.play()`."""

    def __init__(self, play: Play, house: House, sounds: Iterable[Sound], moments: Moments) -> None:
        self.play_book = play
        self.played: list[Played] = [Played(story) for story in play.stories]
        self.agents: dict[str, AgentPhone] = {}
        self.exchange: Exchange
        self._house = house
        self._moments = moments
        self._prompts: dict[str, list[Sound]] = {}
        for sound in sounds:
            self._prompts.setdefault(sound.name, []).append(sound)
        self._phones = AsyncExitStack()

    async def __aenter__(self) -> Stage:
        fates = {it.number: it.owed.fates for it in self.play_book.stories if it.owed and it.owed.fates}
        self.exchange = await self._phones.enter_async_context(Exchange.open(fates, self._house.exchange))
        for account in self.play_book.on_duty:
            await self._hire(account)
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._phones.aclose()

    async def perform(self) -> None:
        """Both acts, then the callbacks they lead to."""
        acts = [asyncio.gather(*map(self._live, self.play_book.first_act))]
        await self._queues_have_emptied()
        for account in self.play_book.come_later:
            await self._hire(account)
        acts.append(asyncio.gather(*map(self._live, self.play_book.second_act)))
        await asyncio.gather(*acts)

    async def callbacks_are_over(self, deadline: float) -> None:
        """Wait until everybody who is owed a call was called as often as the story says, or the deadline."""
        ends = time.monotonic() + deadline
        while time.monotonic() < ends and not all(
            len(self.exchange.calls_to(number)) >= len(fates) for number, fates in self.exchange.plans.items()
        ):
            await asyncio.sleep(0.1)
        while time.monotonic() < ends and not all(it.leg.log.is_over for it in self.exchange.dialled):
            await asyncio.sleep(0.1)

    async def _queues_have_emptied(self) -> None:
        """Nobody waits any more for the agents who are yet to come."""
        waiting = [it for it in self.played if any(outcome != "answered" for _, outcome in it.story.visits)]
        gone = {"talks", "over", "failed"}
        while not all(it.doing in gone or (it.leg is not None and it.leg.spoken) for it in waiting):
            await asyncio.sleep(0.1)

    async def _hire(self, account: str) -> None:
        talks = {
            story.number: talk.seconds
            for story in self.play_book.stories
            if isinstance(talk := story.ending, Talks) and talk.ended_by == "agent"
        }
        secret = self._house.secret(account)
        phone = await self._phones.enter_async_context(AgentPhone.open(account, secret, self._house.sip))
        phone.talk_with.update(talks)
        self.agents[account] = phone

    async def _live(self, story: Story) -> None:
        await asyncio.sleep(story.starts)
        played = next(it for it in self.played if it.story is story)
        async with Caller.open(story.number, self._house.sip) as phone:
            try:
                await self._call(played, phone)
                played.now("over")
            except NeverHappened as failure:
                played.trouble = str(failure)
                played.now("failed")
        if story.then is not None:
            await self._live(story.then)

    async def _call(self, played: Played, phone: Caller) -> None:
        story = played.story
        played.now("menu")
        leg = played.leg = await phone.dial(story.delivered, self._moments.of(story.day))
        since = 0.0
        for step in story.steps:
            heard = await leg.heard(*self._prompts[step.prompt], since=since, deadline=_PATIENCE)
            since = heard.at + heard.seconds
            if step.key:
                since = await leg.press(step.key)
        match story.ending:
            case GivesUp(after):
                joined_at = await leg.joined(self._notices(story.language), _PATIENCE)
                played.now("waits")
                await asyncio.sleep(max(0.0, joined_at + after - time.time()))
            case Talks(seconds, ended_by):
                played.now("waits")
                spoken = await leg.connected_to_agent(_PATIENCE)
                played.now("talks")
                if ended_by == "caller":
                    await asyncio.sleep(max(0.0, spoken.first_at + seconds - time.time()))
                else:
                    await leg.until(What.ENDED, deadline=seconds + _PATIENCE)
            case Listens(prompt):
                await leg.heard(*self._prompts[prompt], since=since, deadline=_PATIENCE)
            case SentAway():
                played.now("waits")
                await leg.until(What.ENDED, deadline=_PATIENCE)
        await leg.hang_up()

    def _notices(self, language: str) -> list[Sound]:
        return [
            sound
            for name, sounds in self._prompts.items()
            if name.startswith(NOTICES)
            for sound in sounds
            if sound.language == language
        ]
