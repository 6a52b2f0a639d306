"""A callback in the air when its dialer, the service or Asterisk ends: nobody is rung twice for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from tests.lab.callback_steps import (
    NUMBER,
    ONE,
    agents,
    ended,
    in_state,
    miss,
    run,
)
from tests.lab.dialing import dialing, ready_to_dial, running_dialer, until
from tests.lab.exchange import Lifts, Rings
from tests.lab.service import HotlineService


def test_an_attempt_outlives_the_dialer_that_started_it_and_is_not_dialled_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        plans = {NUMBER: [Lifts(after=4.0, keys=ONE, talk=1.0)]}
        async with (
            ready_to_dial(tmp_path, plans) as lab,
            agents(lab.house, "1101"),
        ):
            miss(lab)
            async with running_dialer(lab.house, lab.store, lab.configuration) as dialer:
                await until(lambda: [one for one in lab.attempts() if one.state == "ringing"], "ringing")
                dialer.cancel()
            async with running_dialer(lab.house, lab.store, lab.configuration):
                [attempt] = await ended(lab)
            assert attempt.disposition == "reached"
            assert len(lab.exchange.calls_to(NUMBER)) == 1

    run(scenario)


def test_a_service_killed_while_a_citizen_is_rung_goes_on_with_that_attempt_after_its_restart(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        plans = {NUMBER: [Lifts(after=8.0, keys=ONE, talk=1.0)]}
        async with ready_to_dial(tmp_path, plans) as lab, agents(lab.house, "1101"):
            service = HotlineService(lab.house)
            await service.start()
            lab.store.close()
            lab.store = Store(service.database_url)
            miss(lab)
            await until(lambda: [one for one in lab.attempts() if one.state == "ringing"], "ringing")
            await service.kill()
            await service.start()
            [attempt] = await ended(lab, deadline=30.0)
            assert attempt.disposition == "reached"
            assert len(lab.exchange.calls_to(NUMBER)) == 1
            assert await service.stop() == 0

    run(scenario)


def test_an_attempt_asterisk_took_to_its_grave_is_unknown_and_waits_long(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            dialing(tmp_path, {NUMBER: [Rings()]}) as lab,
            agents(lab.house, "1101"),
        ):
            miss(lab)
            await until(lambda: [one for one in lab.attempts() if one.state == "ringing"], "ringing")
            await lab.house.kill()
            await lab.house.restart()
            lab.store.write(lambda c: c.execute(text("UPDATE attempts SET deadline_at = 1000")))
            [attempt] = await ended(lab)
            assert attempt.disposition == "unknown"
            owed = await in_state(lab, "owed")
            assert owed.due_at - lab.store.read(clock_of) > timedelta(hours=3)
            assert len(lab.exchange.calls_to(NUMBER)) == 1

    run(scenario)
