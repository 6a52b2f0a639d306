"""The row a minute on a real Asterisk: up while a call would be queued, else down with the reason."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from ivr.asterisk.connection import AmiConnection, Timing
from ivr.asterisk.readiness import Needed, shortcomings
from ivr.config.loading import configuration_of
from ivr.recording.availability import Availability, SignsOfLife
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.running.liveness import availability, running
from tests.lab.exchange import Exchange
from tests.lab.house import House
from tests.lab.small import CONFIG, TODAY, until
from tests.loading import load_or_fail
from tests.stores import empty_store

MINUTE = datetime(2026, 11, 23, 8, 0, 30, tzinfo=UTC)


class Watch:
    """The daemon's watch over a house, on a clock that the test moves on minute by minute."""

    def __init__(self, house: House, store: Store) -> None:
        self.house, self.store = house, store
        self.now = MINUTE
        self.needed = Needed.of(configuration_of(load_or_fail(house.config)))
        self.ami = AmiConnection(
            *house.ami, "hotline-recorder", house.secret("hotline-recorder"), timing=Timing(retry_last=0.2)
        )

    @classmethod
    @asynccontextmanager
    async def over(cls, house: House, folder: Path) -> AsyncIterator[Watch]:
        store = empty_store(folder)
        thread, stop = StoreThread(store), asyncio.Event()
        watch = cls(house, store)
        minutes = Availability(watch.ami, thread, "main", watch.needed, clock=lambda: watch.now, every=0.1)
        signs = SignsOfLife(
            watch.ami, thread, "main", "recorder", lambda: json.dumps({"closed": minutes.closed_by_hand})
        )
        tasks = [asyncio.create_task(work) for work in (watch.ami.run(), minutes.run(stop), signs.run(stop))]
        try:
            yield watch
        finally:
            stop.set()
            await watch.ami.close()
            await asyncio.gather(*tasks)
            thread.close()

    async def finds(self, is_so: Callable[[tuple[str, ...]], bool], what: str) -> None:
        """Wait until Asterisk is seen so."""
        async with asyncio.timeout(20.0):
            while not is_so(await shortcomings(self.ami.send, self.needed)):
                await asyncio.sleep(0.05)

    async def minute(self) -> tuple[bool, str]:
        """The next minute's row: whether it was up, and why not."""
        self.now = begins = self.now.replace(second=30, minute=self.now.minute + 1)
        since = begins.replace(second=0)

        def stored() -> tuple[bool, str] | None:
            until = since.replace(minute=since.minute + 1)
            found = self.store.read(lambda c: availability(c, "main", since, until))
            if found.unknown:
                return None
            return found.up == 1, found.last_down.why if found.last_down else ""

        return await until(stored, "the minute's row", 20.0)


def _is_stopped(pid: int) -> bool:
    """Every thread has come to a halt: the signal takes its time."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return all((task / "stat").read_text().rpartition(") ")[2][0] == "T" for task in tasks)


def test_a_minute_is_up_only_while_dialplan_queues_and_asterisk_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with House.open(tmp_path, CONFIG, today=TODAY) as house, Watch.over(house, tmp_path) as watch:
            await watch.finds(lambda found: not found, "all is well")
            assert await watch.minute() == (True, "")

            plan = house.etc / "extensions.conf"
            plan.write_text("")
            await house.asterisk.console("dialplan reload")
            await watch.finds(bool, "no dialplan")
            assert await watch.minute() == (False, "dialplan: Did not find context hotline-in")

            house.render()
            (house.etc / "queues.conf").write_text("")
            await house.asterisk.console("dialplan reload")
            await house.asterisk.console("queue reload all")
            await watch.finds(lambda found: "queue tax is not loaded" in found, "no queues")
            assert await watch.minute() == (False, "queue office is not loaded; queue tax is not loaded")

            await house.kill()
            await watch.finds(lambda found: "not connected" in found[0], "no Asterisk")
            is_up, why = await watch.minute()
            assert not is_up
            assert "not connected to Asterisk" in why

            house.render()
            await house.restart()
            await watch.finds(lambda found: not found, "all is well again")
            assert await watch.minute() == (True, "")
            (process,) = watch.store.read(running)
            assert (process.server, process.part) == ("main", "recorder")

    asyncio.run(scenario())


def test_what_is_closed_by_hand_is_told_with_the_recorder_s_sign_of_life(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with House.open(tmp_path, CONFIG, today=TODAY) as house, Watch.over(house, tmp_path) as watch:

            def told() -> object:
                return [process.report.get("closed") for process in watch.store.read(running)]

            await until(lambda: told() == [{}] or None, "nothing closed", 20.0)
            await house.asterisk.console("database put hotline-closed office 7258118400")
            closed = [{"office": "2200-01-01T00:00:00+00:00"}]
            await until(lambda: told() == closed or None, "office closed", 20.0)

    asyncio.run(scenario())


def test_a_minute_is_down_while_no_trunk_answers_its_qualify(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with House.open(tmp_path, CONFIG, today=TODAY) as house, Watch.over(house, tmp_path) as watch:
            sip = house.etc / "pjsip.conf"
            qualified = "type = aor\nqualify_frequency = 1\nqualify_timeout = 3\ncontact ="
            sip.write_text(sip.read_text().replace("type = aor\ncontact =", qualified, 1))
            await house.asterisk.console("module reload res_pjsip.so")
            await watch.finds(bool, "the trunk is away")
            assert await watch.minute() == (False, "no trunk is reachable: provider unavailable")
            async with Exchange.open({}, house.exchange):
                await watch.finds(lambda found: not found, "the trunk is back")
                assert await watch.minute() == (True, "")

    asyncio.run(scenario())


def test_an_asterisk_that_is_frozen_does_not_count_as_up(tmp_path: Path) -> None:
    """It takes the question and never answers: no call would be answered either."""

    async def scenario() -> None:
        async with House.open(tmp_path, CONFIG, today=TODAY) as house, Watch.over(house, tmp_path) as watch:
            await watch.finds(lambda found: not found, "all is well")
            os.kill(house.asterisk.pid, signal.SIGSTOP)
            try:
                await until(lambda: _is_stopped(house.asterisk.pid) or None, "the stop", 5.0)
                found = await shortcomings(watch.ami.send, watch.needed, within=0.3)
            finally:
                os.kill(house.asterisk.pid, signal.SIGCONT)
            assert found == ("Asterisk does not answer within 0.3 s",)

    asyncio.run(scenario())
