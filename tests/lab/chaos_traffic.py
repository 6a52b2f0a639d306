"""Citizens who call without a pause, agents who answer, and the public network, while all breaks around them.

Every call has a number of its own. `calls` and `tries` are what the judge compares the store with.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any

from tests.lab.calllog import NeverHappened, What
from tests.lab.chaos_judge import OWED_AFTER, SeenCall, SeenTry
from tests.lab.exchange import Exchange, Fate, Keypress, Lifts, Rejects, Rings
from tests.lab.house import House
from tests.lab.leg import Leg
from tests.lab.phone import AgentPhone, Caller
from tests.lab.wire import SipTimeout

QUEUE, DELIVERED, AGENTS = "dvx", "19511", ("1101", "1102")
CHANGES: dict[str, Any] = {
    "hours.always": {
        "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00"),
        "holidays": False,
    },
    "hotline.remember_language": False,
    f"queues.{QUEUE}.hours": "always",
    f"queues.{QUEUE}.record": False,
    f"queues.{QUEUE}.wrap_up": "0s",
    f"queues.{QUEUE}.retry": "1s",
    "prompts.place": {"az": "yer {n}", "ru": "место {n}", "en": "place {n}", "numbers": [1, 9]},
    "prompts.wait_minutes": {"az": "{n} dəqiqə", "ru": "{n} мин", "en": "{n} min", "numbers": [1, 3]},
    "callback.hours": "always",
    "callback.wait_over": f"{OWED_AFTER:g}s",
    "callback.reserve": 0,
    "callback.ring_for": "4s",
    "callback.max_hold": "8s",
    "callback.confirm_wait": "1s",
    "callback.confirm_times": 1,
    "callback.attempts": 20,
    **{f"callback.budgets.{name}.most": 10_000 for name in ("prefix", "trunk", "total")},
    "callback.burst.abandons": 10_000,
    **{
        f"callback.retry.{outcome}": ["2s"]
        for outcome in (
            "no_answer", "busy", "declined", "machine_or_no_confirmation", "citizen_left_before_agent",
            "no_agent", "congestion", "trunk_failed", "aborted",
        )
    },
}  # fmt: skip
"""Short waits, prompts and retries, so that much happens; an attempt of unknown fate keeps its four hours."""
_TALK = Lifts(after=0.4, keys=(Keypress("1", 0.6),), talk=1.5, patience=15.0)
_FATES: Sequence[Sequence[Fate]] = (
    [_TALK],
    [Rejects(486), _TALK],
    [Rings(), _TALK],
    [Lifts(after=0.2, patience=1.0), _TALK],
)
_PATIENCE = (3.0, 4.0, 6.0, 30.0)
_PAUSE = (0.3, 1.2)
_BURST, _LULL = 10.0, 8.0
_ANSWERED_WITHIN = 12.0
_BEAT = 0.1
_DYING = 0.5
"""Seconds before and after Asterisk's death in which what a phone says or hears need not be told any more."""
_ANSWERED_TOO_LATE = 1.0
"""Seconds after hanging up in which an agent may still lift the phone; nobody is called back so soon."""


class Traffic:
    """`async with Traffic(house, random) as traffic`, `flow` for a while, then `drain`."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self._house, self._chance = house, chance
        self._phones = AsyncExitStack()
        self._agents: list[AgentPhone] = []
        self._legs: list[tuple[str, Leg]] = []
        self._callers: list[asyncio.Task[None]] = []
        self._living: set[asyncio.Task[None]] = set()
        self.stood_still: list[tuple[float, float]] = []
        """From when to when Asterisk, or these phones themselves, stood still; epoch seconds."""
        self._deaths: list[tuple[float, float]] = []
        """From when to when Asterisk was being killed or stopped; epoch seconds."""
        self._exchange: Exchange

    async def __aenter__(self) -> Traffic:
        self._exchange = await self._phones.enter_async_context(Exchange.open({}, self._house.exchange))
        for account in AGENTS:
            phone = AgentPhone.open(
                account, self._house.secret(account), self._house.sip, answer_after=0.4, talk=2.5
            )
            self._agents.append(await self._phones.enter_async_context(phone))
        self._background(self._notice_being_late())
        return self

    async def __aexit__(self, *failure: object) -> None:
        for task in self._living:
            task.cancel()
        await asyncio.gather(*self._living, return_exceptions=True)
        await self._phones.aclose()

    @property
    def owed_tries(self) -> bool:
        """Whether somebody at the public network is being called now."""
        return any(not it.leg.log.is_over for it in self._exchange.dialled)

    async def flow(self, seconds: float) -> None:
        """Citizens call, in bursts with lulls between, in which callbacks have their turn."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if time.monotonic() % (_BURST + _LULL) < _BURST:
                number = f"050{2_100_000 + len(self._legs):07d}"
                self._exchange.plans[number] = self._chance.choice(_FATES)
                patience = self._chance.choice(_PATIENCE)
                self._callers.append(self._background(self._live(number, patience)))
            await asyncio.sleep(self._chance.uniform(*_PAUSE))

    async def drain(self) -> None:
        """Until the last citizen has hung up."""
        await asyncio.gather(*self._callers)

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._living.add(task)
        task.add_done_callback(self._living.discard)
        return task

    async def _notice_being_late(self) -> None:
        """A phone that is itself late knows it: what it saw meanwhile it may have seen late."""
        while True:
            asleep_at = time.time()
            await asyncio.sleep(_BEAT)
            if time.time() - asleep_at > 2 * _BEAT:
                self.stood_still.append((asleep_at + _BEAT, time.time()))

    async def asterisk_died(self, began: float) -> None:
        """No phone will hear of its call again; `began`: from then on Asterisk was dying."""
        self._deaths.append((began, time.time()))
        for phone in (*self._agents, self._exchange):
            for leg in phone.legs:
                leg.lose()
        for _, leg in self._legs:
            leg.lose()

    async def come_back(self) -> None:
        """Agents' phones register anew, as theirs do every few minutes."""
        for phone in self._agents:
            with suppress(SipTimeout, ConnectionRefusedError):
                await phone.register()

    async def _live(self, number: str, patience: float) -> None:
        async with Caller.open(number, self._house.sip) as phone:
            leg = await phone.dial(DELIVERED)
            self._legs.append((number, leg))
            with suppress(NeverHappened):
                await leg.until(What.ANSWERED, What.REJECTED, What.ENDED, deadline=_ANSWERED_WITHIN)
                # Who has an agent stays until the agent hangs up, or longer than any agent talks.
                await leg.connected_to_agent(patience)
                await leg.until(What.ENDED, deadline=15.0)
            with suppress(SipTimeout):
                await leg.hang_up()

    def calls(self) -> list[SeenCall]:
        """Every call as its phone saw it, and the agent whose phone was lifted for it."""
        calls = [_seen(number, leg, self._lifted(number, leg)) for number, leg in self._legs]
        return [
            replace(call, frozen_seconds=self._still_seconds(call), is_cut=self._is_cut(call.ended_at))
            for call in calls
        ]

    def _is_cut(self, ended_at: float) -> bool:
        return any(began - _DYING < ended_at < end + _DYING for began, end in self._deaths)

    def _lifted(self, number: str, leg: Leg) -> tuple[str, Leg] | None:
        """Account and call of the agent who lifted the phone for this call; called back later is another."""
        end = leg.log.first(What.ENDED)
        for phone in self._agents:
            for offered in phone.answered:
                at = offered.leg.log.at(What.ANSWERED) or 0.0
                if offered.number == number and (end is None or at < end.at + _ANSWERED_TOO_LATE):
                    return phone.account, offered.leg
        return None

    def _still_seconds(self, call: SeenCall) -> float:
        """The freezes that touch the call or the seconds after it, in which its end was told."""
        began = call.answered_at or call.ended_at
        return sum(
            end - start
            for start, end in self.stood_still
            if start < call.ended_at + 1.0 and end > began - 1.0
        )

    def tries(self) -> list[SeenTry]:
        """Every INVITE that reached a citizen's phone, in order."""
        return [
            SeenTry(e164(it.number), bool(it.leg.spoken), self._is_cut(_ended_at(it.leg)))
            for it in self._exchange.dialled
        ]


def _seen(number: str, leg: Leg, lifted: tuple[str, Leg] | None) -> SeenCall:
    lifted_by, agents = lifted or ("", None)
    end = leg.log.first(What.ENDED) or leg.log.first(What.REJECTED)
    voice = leg.spoken[0] if leg.spoken else None
    return SeenCall(
        caller=e164(number),
        answered_at=leg.log.at(What.ANSWERED),
        voice_at=voice.first_at if voice else None,
        agent=voice.account if voice else lifted_by,
        ended_at=_ended_at(leg),
        ended="lost" if end is None else "rejected" if end.what is What.REJECTED else end.detail,
        talked=_talked(agents) if agents else None,
    )


def _ended_at(leg: Leg) -> float:
    end = leg.log.first(What.ENDED) or leg.log.first(What.REJECTED)
    return end.at if end else time.time()


def _talked(leg: Leg) -> float | None:
    began, end = leg.log.at(What.ANSWERED), leg.log.first(What.ENDED)
    return end.at - began if began and end and end.detail != "lost" else None


def e164(number: str) -> str:
    """The number as the store knows it."""
    return f"+994{number.removeprefix('0')}"
