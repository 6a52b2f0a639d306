"""The far side of the trunk: the public network as the hotline sees it when it calls citizens.

Each number has a plan, one `Fate` for each time it is called (the last one repeats); every INVITE is kept, so
that it can be counted how often a citizen's phone rang.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.lab.calllog import NeverHappened, What
from tests.lab.leg import Leg
from tests.lab.phone import Phone
from tests.lab.sip import Address, Request, user_of


@dataclass(frozen=True, slots=True)
class Keypress:
    """A key pressed that many seconds after the phone was lifted."""

    key: str
    after: float


@dataclass(frozen=True, slots=True)
class Lifts:
    """Lifts the phone, presses keys, hangs up after `talk` seconds with an agent or `patience` in all."""

    after: float = 1.0
    keys: tuple[Keypress, ...] = ()
    talk: float | None = None
    patience: float = 60.0


@dataclass(frozen=True, slots=True)
class Rejects:
    """The network or the phone says no: 486 busy, 603 declined, 404 no such number, 503 out of order."""

    status: int
    after: float = 0.2


@dataclass(frozen=True, slots=True)
class Rings:
    """Nobody lifts the phone."""


@dataclass(frozen=True, slots=True)
class Deflects:
    """The network or a diverted phone says: call this number instead (302)."""

    number: str


Fate = Lifts | Rejects | Rings | Deflects


@dataclass(frozen=True, slots=True)
class Dialled:
    """One INVITE that reached a citizen's phone, and the caller id it showed."""

    number: str
    leg: Leg
    shown: str


class Exchange(Phone):
    """Takes every call from the trunk; a number without a plan does not exist (404)."""

    def __init__(self, plans: Mapping[str, Sequence[Fate]]) -> None:
        super().__init__()
        self.plans = dict(plans)
        self.dialled: list[Dialled] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, plans: Mapping[str, Sequence[Fate]], address: Address) -> AsyncIterator[Exchange]:
        """Listen where the trunk's far side is expected (`house.exchange`)."""
        exchange = await cls(plans).listen(*address)
        try:
            yield exchange
        finally:
            await exchange.close()

    def calls_to(self, number: str) -> list[Dialled]:
        """Every INVITE to that number, in order."""
        return [it for it in self.dialled if it.number == number]

    async def rung(self, leg: Leg, invitation: Request) -> None:
        number = user_of(invitation.uri)
        plan = self.plans.get(number) or [Rejects(404)]
        fate = plan[min(len(self.calls_to(number)), len(plan) - 1)]
        self.dialled.append(Dialled(number, leg, leg.number))
        match fate:
            case Rings():
                leg.ring()
            case Rejects(status, after):
                await asyncio.sleep(after)
                if not leg.log.is_over:
                    leg.reject(status)
            case Deflects(elsewhere):
                leg.deflect(elsewhere)
            case Lifts():
                leg.ring()
                await asyncio.sleep(fate.after)
                if not leg.log.is_over:
                    leg.answer()
                    await self._talk(leg, fate)

    async def _talk(self, leg: Leg, fate: Lifts) -> None:
        for press in fate.keys:
            answered_at = leg.log.at(What.ANSWERED) or 0.0
            await asyncio.sleep(max(0.0, answered_at + press.after - time.time()))
            if leg.log.is_over:
                return
            await leg.press(press.key)
        if fate.talk is not None:
            with suppress(NeverHappened):
                await leg.connected_to_agent(fate.patience)
                await asyncio.sleep(fate.talk)
        else:
            await asyncio.sleep(fate.patience)
        await leg.hang_up()
