"""The machine's clock is set while the hotline runs: real processes, each by a clock of its own."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ivr.reading.export import rows
from ivr.storage.engine.store import Store
from tests.contracts.retaining import alive
from tests.lab.callback_steps import REACHED, agents
from tests.lab.clock import SettableClock
from tests.lab.dialing import ALWAYS_OPEN
from tests.lab.exchange import Exchange
from tests.lab.house import House
from tests.lab.phone import Caller
from tests.lab.service import HotlineService
from tests.lab.small import CITIZEN, OPEN, small_house, until
from tests.stores import empty_store

TWO_HOURS = timedelta(hours=2)


def test_setting_the_recorder_s_clock_while_a_caller_waits_changes_no_wait(tmp_path: Path) -> None:
    """Two hours ahead during the first wait, and back during the second; Asterisk's clock is right."""

    async def scenario() -> None:
        clock = SettableClock(tmp_path)
        by_ami_alone = {"servers.main.queue_log": None}
        async with (
            small_house(tmp_path / "house", by_ami_alone) as ear,
            Caller.open(CITIZEN, ear.house.sip) as phone,
        ):
            service = HotlineService(ear.house, only="recorder", clock=clock)
            await service.start()
            try:
                with closing(Store(service.database_url)) as store:
                    for number, ahead in enumerate((TWO_HOURS, timedelta()), 1):
                        call = await phone.dial("19511", OPEN)
                        joined = await _stored(store, number, "waiting")
                        began = time.monotonic()
                        clock.set(ahead)
                        await asyncio.sleep(1.5)
                        await call.hang_up()
                        waited = time.monotonic() - began
                        visit = await _stored(store, number, "abandoned")
                        assert visit["joined_at"] == joined["joined_at"]
                        assert visit["wait_seconds"] == pytest.approx(waited, abs=1.0)
                        assert not visit["clock_stepped"]
            finally:
                assert await service.stop() == 0

    asyncio.run(scenario())


def test_a_night_400_days_ahead_seals_no_day_and_who_calls_in_the_morning_is_stored_and_called_back(
    tmp_path: Path,
) -> None:
    """The power is cut before and after it, while they wait; then somebody purges ten years ahead."""

    async def scenario() -> None:
        clock = SettableClock(tmp_path, timedelta(days=400))
        changes = {**ALWAYS_OPEN, "callback.wait_over": "1s"}
        async with (
            House.open(tmp_path / "house", changes=changes, clock=clock) as house,
            Exchange.open({CITIZEN: [REACHED]}, house.exchange) as exchange,
            Caller.open(CITIZEN, house.sip) as phone,
        ):
            service = HotlineService(house, clock=clock)
            with closing(empty_store(house.folder)) as store:
                store.write(partial(alive, first=30))
                await service.start()
                await phone.dial("19511", OPEN)
                await _stored(store, 1, "waiting")
                at_night = await service.hotline("data", "purge")
                clock.set(timedelta())
                await service.kill()
                await house.kill()
                await house.restart()
                await service.start()

                call = await phone.dial("19511", OPEN)
                await _stored(store, 2, "waiting")
                await asyncio.sleep(1.5)
                await call.hang_up()
                async with agents(house, "1101"):
                    await until(partial(_was_called, exchange), "the call back", 60.0)
                status = await service.hotline("status")
                before = _visits(store)
                clock.set(timedelta(days=3650))
                in_ten_years = await service.hotline("data", "purge")
                assert _visits(store) == before
                assert await service.stop() == 0
        assert (at_night.status, in_ten_years.status) == (1, 1)
        assert "nothing is purged: nothing was recorded from " in at_night.err
        assert "clock         the newest visit is of " in status.out

    asyncio.run(scenario())


def _was_called(exchange: Exchange) -> bool | None:
    return any(call.leg.log.is_over for call in exchange.calls_to(CITIZEN)) or None


def _visits(store: Store) -> list[dict[str, Any]]:
    return store.read(lambda connection: list(rows(connection, "visits")))


async def _stored(store: Store, count: int, outcome: str) -> dict[str, Any]:
    """The latest of so many visits, once it has that outcome."""

    def found() -> dict[str, Any] | None:
        visits = _visits(store)
        latest = max(visits, key=lambda row: row["call_id"], default=None)
        return latest if latest and len(visits) == count and latest["outcome"] == outcome else None

    return await until(found, f"visit {count} {outcome}", 15.0)
