"""What tests of callbacks do and wait for, at a lab's phones and in its store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from ivr.storage.owed.attempts import Attempt
from ivr.storage.owed.callbacks import Callback
from ivr.storage.schema.recorded import visits
from tests.lab.audio import Sound, load_sounds
from tests.lab.dialing import Dialing, until
from tests.lab.exchange import Keypress, Lifts
from tests.lab.house import House
from tests.lab.phone import AgentPhone
from tests.stored_calls import Queued, store_call

NUMBER = "0501234567"
E164 = "+994501234567"
ONE, NINE = (Keypress("1", 0.5),), (Keypress("9", 0.5),)
REACHED = Lifts(after=0.2, keys=ONE, talk=1.0)
DVX = "19511"
"""Delivered at once to the tax service's queue."""


@asynccontextmanager
async def agents(house: House, *accounts: str, answer_after: float = 0.2) -> AsyncIterator[list[AgentPhone]]:
    async with AsyncExitStack() as phones:
        yield [
            await phones.enter_async_context(
                AgentPhone.open(account, house.secret(account), house.sip, answer_after=answer_after)
            )
            for account in accounts
        ]


def miss(lab: Dialing, number: str = E164, *stays: Queued) -> int:
    return lab.store.write(lambda c: store_call(c, number, stays or [Queued()]))


async def ended(lab: Dialing, count: int = 1, deadline: float = 20.0) -> list[Attempt]:
    """The ended attempts, once there are `count` of them."""

    def look() -> list[Attempt]:
        over = [one for one in lab.attempts() if one.state == "ended"]
        return over if len(over) >= count else []

    return await until(look, f"the end of {count} attempts", deadline)


async def in_state(lab: Dialing, state: str, deadline: float = 20.0) -> Callback:
    """The only callback, once it is in that state."""

    def look() -> Callback | None:
        found = lab.callbacks()
        return found[0] if found and found[0].state == state else None

    return await until(look, f"a callback in state {state}", deadline)


def run(scenario: Callable[[], Any]) -> None:
    asyncio.run(scenario())


def spoken(house: House, language: str, *names: str) -> list[Sound]:
    everything = load_sounds(house.folder / "data" / "sounds")
    return [sound for sound in everything if sound.language == language and sound.name in names]


async def joined_at(lab: Dialing, e164: str) -> float:
    """When the caller's open visit joined its queue, in epoch seconds."""
    waiting = visits.select().where(visits.c.caller_e164 == e164, visits.c.outcome == "waiting")
    row = await until(lambda: lab.store.read(lambda c: c.execute(waiting).first()), f"{e164} in the queue")
    at: float = row.joined_at.timestamp()
    return at
