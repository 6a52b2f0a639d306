"""Retention is enforced every night, by one daemon of all, and by nobody who has to remember it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ivr.base.masking import is_pseudonym
from ivr.command.run import HOTLINE
from ivr.retention.nightly import NightlyPurge
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.schema.running import audit
from tests.contracts.retaining import ANNA, called, house
from tests.contracts.test_purge import callers

__all__ = ["house"]

BAKU = ZoneInfo("Asia/Baku")
ALMOST = datetime(2026, 11, 1, 23, 29, 59, 900_000, UTC)
"""A tenth of a second before half past three in Baku."""


def evening() -> Callable[[], datetime]:
    """A clock that stands just before the quiet hour when it is first read, however late that is."""
    first: list[float] = []

    def now() -> datetime:
        first.append(time.monotonic())
        return ALMOST + timedelta(seconds=first[-1] - first[0])

    return now


def nights(store: Store, commands: Sequence[Sequence[str]], seconds: float = 120.0) -> int:
    """How often a purge is noted once every daemon has come through a night of its own."""

    def noted() -> int:
        purges = select(func.count()).where(audit.c.action == "purge")
        return store.read(lambda c: c.scalar(purges)) or 0

    async def main() -> None:
        stop, started = asyncio.Event(), time.monotonic()
        with ExitStack() as stack:
            running = []
            for command in commands:
                thread = StoreThread(Store(store.engine.url.render_as_string(hide_password=False)))
                stack.callback(thread.close)
                running.append(asyncio.create_task(NightlyPurge(thread, BAKU, command, evening()).run(stop)))
            while not noted() and time.monotonic() - started < seconds:
                await asyncio.sleep(0.05)
            stop.set()
            await asyncio.gather(*running)

    asyncio.run(main())
    return noted()


def test_of_two_daemons_one_makes_old_numbers_nameless_at_half_past_three(house: Path, store: Store) -> None:
    store.write(lambda connection: called(connection, ANNA, 400))
    options = ("--secrets", str(house / "secrets.d"))
    command = [*HOTLINE, "--config", str(house / "config"), "data", "purge", *options]
    assert nights(store, [command, command]) == 1
    assert [is_pseudonym(number) for number, _ in callers(store)] == [True]


def test_a_purge_that_fails_ends_no_daemon(store: Store) -> None:
    assert nights(store, [(*HOTLINE, "data", "purge", "--no-such-option")], seconds=3) == 0
