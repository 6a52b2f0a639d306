"""The lab's phones tell the truth: tried on each other before they judge the hotline."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lab.audio import load_sounds
from tests.lab.calllog import NeverHappened, What
from tests.lab.exchange import Exchange, Fate, Keypress, Lifts, Rejects, Rings
from tests.lab.house import House
from tests.lab.phone import AgentPhone, Caller

NUMBER = "0501234567"
ANY_PORT = ("127.0.0.1", 0)
AT_WORK = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""A Tuesday noon in Baku."""


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


def test_on_a_real_asterisk_phones_tell_prompt_language_agent_and_talk(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with House.open(tmp_path) as house:
            sounds = {(it.name, it.language): it for it in load_sounds(tmp_path / "data" / "sounds")}
            with pytest.raises(ConnectionRefusedError):
                async with AgentPhone.open("1201", "guessed", house.sip):
                    raise AssertionError("registered with a guessed password")
            async with (
                AgentPhone.open("1201", house.secret("1201"), house.sip, answer_after=0.2) as agent,
                Caller.open(NUMBER, house.sip) as phone,
            ):
                call = await phone.dial("195", AT_WORK)
                await call.heard(sounds["welcome", "az"])
                await call.press("8")
                await call.heard(sounds["main_menu", "ru"])
                await call.press("1", "2")
                joined_at = await call.joined([sounds["calls_recorded", "ru"]])
                spoken = await call.connected_to_agent()
                assert spoken.account == "1201"
                assert spoken.first_at - joined_at < 2.0
                await asyncio.sleep(1.0)
                await call.hang_up()
                [offered] = agent.answered
                await offered.leg.until(What.ENDED)
                assert offered.number == NUMBER
                assert spoken.first_at == pytest.approx(offered.leg.log.at(What.ANSWERED), abs=0.3)
                heard = [it.name for it in call.stream.track.hearings(sounds.values())]
                assert heard[:2] == ["welcome", "main_menu"]
                assert heard[-1] == "calls_recorded"

    asyncio.run(scenario())
