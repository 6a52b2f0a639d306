"""The lab's phones tell the truth: tried on each other before they judge the hotline."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.lab.calllog import NeverHappened, What
from tests.lab.exchange import Exchange, Fate, Keypress, Lifts, Rejects, Rings
from tests.lab.phone import Caller

NUMBER = "0501234567"
ANY_PORT = ("127.0.0.1", 0)


def test_a_call_that_is_answered_carries_keys_and_ends_at_both_phones() -> None:
    async def scenario() -> None:
        plans = {NUMBER: [Lifts(after=0.1, patience=20.0)]}
        async with (
            Exchange.open(plans, ANY_PORT) as exchange,
            Caller.open("195", exchange.wire.address) as phone,
        ):
            call = await phone.dial(NUMBER)
            await call.until(What.ANSWERED)
            pressed_at = await call.press("1", "#")
            await call.hang_up()
            [dialled] = exchange.calls_to(NUMBER)
            await dialled.leg.until(What.ENDED)
            assert dialled.shown == "195"
            assert [it.detail for it in call.log.keys] == ["1", "#"]
            assert pressed_at == pytest.approx(time.time(), abs=2.0)
            assert call.log.at(What.ENDED) == pytest.approx(dialled.leg.log.at(What.ENDED), abs=0.3)

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [486, 603, 404, 503])
def test_a_refusal_reaches_the_caller_with_its_status(status: int) -> None:
    async def scenario() -> None:
        plans = {NUMBER: [Rejects(status)]}
        async with (
            Exchange.open(plans, ANY_PORT) as exchange,
            Caller.open("195", exchange.wire.address) as phone,
        ):
            call = await phone.dial(NUMBER)
            assert (await call.until(What.REJECTED, What.ANSWERED)).detail == str(status)

    asyncio.run(scenario())


def test_a_number_without_a_plan_does_not_exist() -> None:
    async def scenario() -> None:
        async with (
            Exchange.open({}, ANY_PORT) as exchange,
            Caller.open("195", exchange.wire.address) as phone,
        ):
            assert (await (await phone.dial("0551112233")).until(What.REJECTED)).detail == "404"
            assert len(exchange.calls_to("0551112233")) == 1

    asyncio.run(scenario())


def test_a_caller_who_gives_up_while_it_rings_leaves_a_cancelled_call() -> None:
    async def scenario() -> None:
        async with (
            Exchange.open({NUMBER: [Rings()]}, ANY_PORT) as exchange,
            Caller.open("195", exchange.wire.address) as phone,
        ):
            call = await phone.dial(NUMBER)
            await call.until(What.RINGING)
            await call.hang_up()
            [dialled] = exchange.calls_to(NUMBER)
            assert (await dialled.leg.until(What.ENDED)).detail == "cancelled"
            with pytest.raises(NeverHappened, match="no answered"):
                await call.until(What.ANSWERED, deadline=0.05)

    asyncio.run(scenario())


def test_each_time_a_number_is_called_it_meets_its_next_fate() -> None:
    async def scenario() -> None:
        plans: dict[str, list[Fate]] = {
            NUMBER: [Rejects(486), Lifts(after=0.05, keys=(Keypress("1", 0.1),), patience=0.3)]
        }
        async with (
            Exchange.open(plans, ANY_PORT) as exchange,
            Caller.open("195", exchange.wire.address) as phone,
        ):
            first = await phone.dial(NUMBER)
            assert (await first.until(What.REJECTED)).detail == "486"
            second = await phone.dial(NUMBER)
            await second.until(What.ANSWERED)
            assert (await second.until(What.ENDED)).detail == "there"
            assert [it.detail for it in exchange.calls_to(NUMBER)[1].leg.log.keys] == ["1"]

    asyncio.run(scenario())


def test_fifty_calls_at_once_are_held_by_one_process() -> None:
    async def scenario() -> None:
        plans: dict[str, list[Fate]] = {f"05000000{n:02}": [Lifts(after=0.1)] for n in range(50)}
        async with (
            Exchange.open(plans, ANY_PORT) as exchange,
            Caller.open("195", exchange.wire.address) as phone,
        ):
            calls = [await phone.dial(number) for number in plans]
            await asyncio.gather(*(call.until(What.ANSWERED) for call in calls))
            await asyncio.gather(*(call.hang_up() for call in calls))
            await asyncio.gather(*(it.leg.until(What.ENDED) for it in exchange.dialled))
            assert len(exchange.dialled) == 50

    asyncio.run(scenario())
