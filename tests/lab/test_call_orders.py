"""Call orders on a real Asterisk, from the citizen's keys to the callback in the store."""

from __future__ import annotations

import asyncio
import signal
from datetime import datetime
from os import kill
from pathlib import Path
from typing import Any

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Limits
from ivr.asterisk.words import AGI_ANNOUNCE_POSITION, VAR_OFFER
from tests.lab.agi_server import serving
from tests.lab.calllog import What
from tests.lab.leg import Leg
from tests.lab.phone import Caller
from tests.lab.service import HotlineService
from tests.lab.small import BAKU, CITIZEN, OPEN, Ear, small_house, until

EVENING = datetime(2026, 11, 23, 20, 0, tzinfo=BAKU)
"""The queue is closed."""
ALWAYS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00")
CHANGES = {
    "queues.tax.max_wait": "10m",
    "queues.tax.closed": "order_tax",
    "queues.tax.order.mode": "quiet_moment",
    "hours.calling": {"week": ALWAYS, "holidays": False},
    "callback.hours": "calling",
    "servers.main.agi_deadline": "1s",
}
SECOND, THIRD, OTHER = "0501000002", "0501000003", "0552223344"


async def callbacks_of(service: HotlineService, number: str) -> list[dict[str, Any]]:
    """The callbacks of that number, once there is one."""
    async with asyncio.timeout(20.0):
        while True:
            rows = await service.export("callbacks")
            if found := [row for row in rows if row["caller"] == number]:
                return found
            await asyncio.sleep(0.3)


async def order(ear: Ear, call: Leg) -> None:
    """Confirm the number that is being read back."""
    await call.heard(*ear.prompts("az", "order_number"))
    await call.press("1")


def test_an_order_is_one_callback_with_python_alive_late_and_dead(tmp_path: Path) -> None:
    """By key while waiting; and outside hours, where it is left in queue_log if Python does not answer."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path, CHANGES) as ear,
            HotlineService.running(ear.house) as service,
            Caller.open(CITIZEN, ear.house.sip) as first,
            Caller.open(SECOND, ear.house.sip) as second,
            Caller.open(THIRD, ear.house.sip) as third,
        ):
            waiting = await first.dial("19511", OPEN)
            joined = await ear.event("QueueCallerJoin", CallerIDNum=CITIZEN)
            await waiting.press("5")
            await waiting.heard(*ear.prompts("az", "order_keys"), deadline=25.0)
            digits = ear.prompts("az", *(f"digit-{digit}" for digit in range(10)))
            read_back = [it.name for it in waiting.stream.track.hearings(digits)]
            assert read_back == [f"digit-{digit}" for digit in CITIZEN]
            await waiting.press("1")
            await waiting.heard(*ear.prompts("az", "order_soon"))
            [accepted] = await callbacks_of(service, CITIZEN)
            assert (accepted["reason"], accepted["queue"], accepted["language"]) == ("ordered", "tax", "az")
            await waiting.until(What.ENDED)
            [visit] = [row for row in await service.export("visits") if row["uniqueid"] == joined["Uniqueid"]]
            assert visit["outcome"] == "key"
            assert len(ear.logged("CBORDER")) == 1  # for a database that goes back

            kill(service.pid, signal.SIGSTOP)
            late = await second.dial("19511", EVENING)
            await order(ear, late)
            await late.heard(*ear.prompts("az", "order_noted"))
            kill(service.pid, signal.SIGCONT)
            assert len(await callbacks_of(service, SECOND)) == 1

            await service.kill()
            dead = await third.dial("19511", EVENING)
            await order(ear, dead)
            await dead.heard(*ear.prompts("az", "order_noted"))
            line = await ear.log_line("CBORDER", 3)
            assert line[6:10] == [THIRD, THIRD, "provider", "az"]
            await service.start()
            assert len(await callbacks_of(service, THIRD)) == 1
            assert len(await service.export("callbacks")) == 3

    asyncio.run(scenario())


def test_an_order_may_be_refused_or_offered_and_who_is_owed_a_call_is_told_so(tmp_path: Path) -> None:
    """One is for a number keyed outside hours. A caller whose number is denied keeps their place."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path, {**CHANGES, "callback.deny": [f"+994{SECOND[1:]}"]}) as ear,
            HotlineService.running(ear.house) as service,
            Caller.open(CITIZEN, ear.house.sip) as first,
            Caller.open(SECOND, ear.house.sip) as second,
            Caller.open(THIRD, ear.house.sip) as third,
            Caller.open(OTHER, ear.house.sip) as owed,
            Caller.open("", ear.house.sip) as hidden,
        ):
            keyed = await first.dial("19511", EVENING)
            await keyed.heard(*ear.prompts("az", "order_number"))
            await keyed.press("2")
            await keyed.heard(*ear.prompts("az", "order_type_number"))
            for digit in OTHER:
                await keyed.press(digit)
            await keyed.heard(*ear.prompts("az", "order_number"), since=keyed.log.keys[-1].at)
            await keyed.press("1")
            await keyed.heard(*ear.prompts("az", "order_soon"))
            assert len(await callbacks_of(service, OTHER)) == 1

            told = await owed.dial("19511", OPEN)
            await told.heard(*ear.prompts("az", "owed_callback"))
            await told.press("1")
            await told.heard(*ear.prompts("az", "owed_goodbye"))
            await told.until(What.ENDED)
            assert _joins(ear, OTHER) == []

            waiting = await second.dial("19511", OPEN)
            await ear.event("QueueCallerJoin", CallerIDNum=SECOND)
            await third.dial("19511", OPEN)
            await ear.event("QueueCallerJoin", CallerIDNum=THIRD, Position="2")
            await waiting.press("5")
            await waiting.heard(*ear.prompts("az", "order_number"))
            await waiting.press("1")
            await waiting.heard(*ear.prompts("az", "order_refused"))
            await until(lambda: len(_joins(ear, SECOND)) == 2 or None, "joining again", 20.0)
            await service.kill()
            await waiting.press("5")
            await waiting.heard(*ear.prompts("az", "order_number"), since=waiting.log.keys[-1].at)
            await waiting.press("*")
            await until(lambda: len(_joins(ear, SECOND)) == 3 or None, "joining with Python dead", 20.0)
            assert _joins(ear, SECOND) == ["1", "1", "1"]
            async with serving({AGI_ANNOUNCE_POSITION: _long_wait}, Limits(), house=ear.house):
                offered = await first.dial("19511", OPEN)
                await offered.heard(*ear.prompts("az", "order_offer"))
                await offered.press("5")
                await offered.heard(*ear.prompts("az", "order_number"))
                alone = await hidden.dial("19511", OPEN)
                await ear.event("QueueCallerJoin", CallerIDNum="anonymous")
                assert not alone.stream.track.hearings(ear.prompts("az", "order_offer"))

    asyncio.run(scenario())


def _long_wait(session: AgiSession) -> None:
    session.set_variable(VAR_OFFER, "yes")


def _joins(ear: Ear, number: str) -> list[str]:
    """The places in line at which that caller joined, in order."""
    joined = [each for each in ear.heard if each.name == "QueueCallerJoin"]
    return [each["Position"] for each in joined if each["CallerIDNum"] == number]


def test_who_chose_the_time_of_the_call_hears_that_time(tmp_path: Path) -> None:
    """Outside hours; the hour and minute are those at which the callback is due."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path, {**CHANGES, "queues.tax.order.mode": "chosen_time"}) as ear,
            HotlineService.running(ear.house) as service,
            Caller.open(CITIZEN, ear.house.sip) as phone,
        ):
            call = await phone.dial("19511", EVENING)
            await order(ear, call)
            await call.heard(*ear.prompts("az", "callback_new_time"))
            await call.press("1")
            [callback] = await callbacks_of(service, CITIZEN)
            due = datetime.fromisoformat(callback["due_at"]).astimezone(BAKU)
            numbers = (due.hour, *divmod(due.minute, 10)) if due.minute < 10 else (due.hour, due.minute)
            clock = [f"{'digit' if number < 10 else 'clock'}-{number}" for number in numbers]
            await call.until(What.ENDED)
            told = ear.prompts("az", *{*clock, "order_today_at", "order_next_day_at", "order_noted"})
            day, *time = [it.name for it in call.stream.track.hearings(told)][-1 - len(clock) :]
            assert day in ("order_today_at", "order_next_day_at")
            assert time == clock

    asyncio.run(scenario())
