"""The machine's clock is set while the hotline runs: real processes, each by a clock of its own."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.storage.engine import Store
from ivr.storage.export import rows
from tests.lab.clock import SettableClock
from tests.lab.phone import Caller
from tests.lab.service import HotlineService
from tests.lab.small import CITIZEN, OPEN, small_house, until

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


async def _stored(store: Store, count: int, outcome: str) -> dict[str, Any]:
    """The latest of so many visits, once it has that outcome."""

    def found() -> dict[str, Any] | None:
        visits = store.read(lambda connection: list(rows(connection, "visits")))
        return visits[-1] if len(visits) == count and visits[-1]["outcome"] == outcome else None

    return await until(found, f"visit {count} {outcome}", 15.0)
