"""What breaks in a chaos: one coroutine for each kind, which breaks a thing and brings it back.

A strike returns when everything is up again; how long that took is the gap the judge prints.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.lab.chaos_traffic import Traffic
from tests.lab.clock import SettableClock
from tests.lab.house import House
from tests.lab.proxy import Wire
from tests.lab.service import HotlineService
from tests.postgresql import PostgreSQL
from tests.restoring import copied


@dataclass
class Target:
    """Everything that can be broken. Recorder and dialer (with AGI) are processes of their own.

    `wires`: the AMI of `recorder` and `dialer`, `agi` from Asterisk to the dialer, `postgresql` from both.
    """

    house: House
    wires: Mapping[str, Wire]
    services: Mapping[str, HotlineService]
    traffic: Traffic
    chance: random.Random
    clock: SettableClock
    """Recorder's and dialer's."""
    postgresql: PostgreSQL | None = None

    async def until_ready(self) -> None:
        """All logged in, AGI listening."""
        await asyncio.gather(*(service.until_ready() for service in self.services.values()))

    async def a_while(self, least: float, most: float) -> None:
        """Seconds, by the seed."""
        await asyncio.sleep(self.chance.uniform(least, most))


Strike = Callable[[Target], Awaitable[None]]
_LATE: Final = 0.2
"""Seconds for a piece of what is said, of 64 kB at most."""
_FLAPS: Final = 3
_HALF_AN_HOUR: Final = timedelta(minutes=30)
_BEAT: Final = 0.05
_SILENT: Final = 8.0
"""Seconds; longer than a pong may take, so that the connection is given up though nobody closed it."""


def _kill(name: str) -> Strike:
    async def strike(target: Target) -> None:
        await target.services[name].kill()
        await target.a_while(0.0, 3.0)
        await target.services[name].start()

    return strike


def _restart(name: str) -> Strike:
    async def strike(target: Target) -> None:
        await target.services[name].stop()
        await target.services[name].start()

    return strike


def _freeze(name: str) -> Strike:
    async def strike(target: Target) -> None:
        await _stopped(target, target.services[name].pid)

    return strike


async def _stopped(target: Target, pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    try:
        await target.a_while(0.3, 3.5)
    finally:
        os.kill(pid, signal.SIGCONT)


def _cut(wire: str) -> Strike:
    async def strike(target: Target) -> None:
        target.wires[wire].cut()
        await target.a_while(0.0, 3.0)
        target.wires[wire].mend()

    return strike


def _stall(wire: str) -> Strike:
    """Short enough that nobody hangs up and everything arrives, late."""

    async def strike(target: Target) -> None:
        target.wires[wire].hold()
        await target.a_while(0.3, 3.5)
        target.wires[wire].mend()

    return strike


def _silence(wire: str) -> Strike:
    async def strike(target: Target) -> None:
        target.wires[wire].hold()
        await asyncio.sleep(_SILENT)
        target.wires[wire].cut()
        target.wires[wire].mend()

    return strike


def _slow(wire: str) -> Strike:
    """Late, piece by piece, but not so late that anybody gives the other up."""

    async def strike(target: Target) -> None:
        target.wires[wire].slow(_LATE)
        await target.a_while(3.0, 6.0)
        target.wires[wire].mend()

    return strike


def _half_open(wire: str) -> Strike:
    """The far end is gone and nobody says so, as when a machine loses its power; a new connection works."""

    async def strike(target: Target) -> None:
        target.wires[wire].forget()
        await asyncio.sleep(_SILENT)

    return strike


async def _kill_asterisk(target: Target) -> None:
    await _kill_and_start_asterisk(target)
    await target.traffic.come_back()


async def _kill_and_start_asterisk(target: Target) -> None:
    began = time.time()
    await target.house.kill()
    await target.traffic.asterisk_died(began)
    await target.a_while(0.0, 1.5)
    await target.house.restart()


async def _flapping_asterisk(target: Target) -> None:
    """It dies again before anybody has said all that goes on."""
    for _ in range(_FLAPS):
        await _kill_and_start_asterisk(target)
    await target.traffic.come_back()


async def _reload_while_ringing(target: Target) -> None:
    """Another dialplan goes live, with a citizen being rung if one is soon."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_SILENT):
            while not target.traffic.owed_tries:
                await asyncio.sleep(_BEAT)
    await target.house.reload({"callback.confirm_wait": f"{target.chance.uniform(0.8, 1.2):.2f}s"})


async def _copy_and_truncate(target: Target) -> None:
    """As logrotate's `copytruncate` does; what is written in between is lost, and AMI has told it."""
    await target.until_ready()
    log = target.house.queue_log
    copies = len(list(log.parent.glob(f"{log.name}.*")))
    await asyncio.to_thread(_copied_and_truncated, log, log.with_name(f"{log.name}.{copies + 1}"))


def _copied_and_truncated(log: Path, copy: Path) -> None:
    shutil.copyfile(log, copy)
    os.truncate(log, 0)


async def _restart_asterisk(target: Target) -> None:
    began = time.time()
    await target.house.restart()
    await target.traffic.asterisk_died(began)
    await target.traffic.come_back()


async def _freeze_asterisk(target: Target) -> None:
    began = time.time()
    await _stopped(target, target.house.asterisk.pid)
    target.traffic.stood_still.append((began, time.time()))


def _database(target: Target) -> PostgreSQL:
    assert target.postgresql is not None
    return target.postgresql


async def _kill_postgresql(target: Target) -> None:
    await asyncio.to_thread(_database(target).kill)
    await target.a_while(0.0, 3.0)
    await asyncio.to_thread(_database(target).start)


async def _restart_postgresql(target: Target) -> None:
    await asyncio.to_thread(_database(target).stop)
    await asyncio.to_thread(_database(target).start)


async def _freeze_postgresql(target: Target) -> None:
    _database(target).freeze()
    try:
        await target.a_while(0.3, 6.0)
    finally:
        _database(target).thaw()


async def _set_clock(target: Target) -> None:
    """Somebody sets the clock of the daemons' machine by half an hour, and then right again."""
    target.clock.set(target.chance.choice((1, -1)) * _HALF_AN_HOUR)
    await target.a_while(2.0, 5.0)
    target.clock.set(timedelta())


async def _restore_store(target: Target) -> None:
    """The database becomes what it was some seconds ago, under the daemons or while they are stopped."""
    server, url = target.postgresql, target.services["recorder"].database_url
    bring_back = await asyncio.to_thread(server.copied if server else partial(copied, url))
    await target.a_while(2.0, 5.0)
    stopped = target.services.values() if target.chance.random() < 0.5 else ()
    await asyncio.gather(*(service.stop() for service in stopped))
    await asyncio.to_thread(bring_back)
    await asyncio.gather(*(service.start() for service in stopped))


async def _kill_all(target: Target) -> None:
    """As when the power fails: nobody says goodbye to anybody."""
    await asyncio.gather(*(service.kill() for service in target.services.values()))
    if target.postgresql is not None:
        await asyncio.to_thread(target.postgresql.kill)
    began = time.time()
    await target.house.kill()
    await target.traffic.asterisk_died(began)
    if target.postgresql is not None:
        await asyncio.to_thread(target.postgresql.start)
    await target.house.restart()
    await asyncio.gather(*(service.start() for service in target.services.values()))
    await target.traffic.come_back()


STRIKES: Final[Mapping[str, Strike]] = MappingProxyType(
    {
        "recorder killed": _kill("recorder"),
        "recorder restarted": _restart("recorder"),
        "recorder frozen": _freeze("recorder"),
        "recorder cut off": _cut("recorder"),
        "recorder stalled": _stall("recorder"),
        "recorder silent": _silence("recorder"),
        "recorder slow": _slow("recorder"),
        "recorder half open": _half_open("recorder"),
        "dialer killed": _kill("dialer"),
        "dialer restarted": _restart("dialer"),
        "dialer frozen": _freeze("dialer"),
        "dialer cut off": _cut("dialer"),
        "dialer silent": _silence("dialer"),
        "dialer slow": _slow("dialer"),
        "dialer half open": _half_open("dialer"),
        "agi cut off": _cut("agi"),
        "agi stalled": _stall("agi"),
        "asterisk killed": _kill_asterisk,
        "asterisk restarted": _restart_asterisk,
        "asterisk frozen": _freeze_asterisk,
        "asterisk flapping": _flapping_asterisk,
        "asterisk reloaded": _reload_while_ringing,
        "queue_log truncated": _copy_and_truncate,
        "postgresql killed": _kill_postgresql,
        "postgresql restarted": _restart_postgresql,
        "postgresql frozen": _freeze_postgresql,
        "postgresql cut off": _cut("postgresql"),
        "postgresql stalled": _stall("postgresql"),
        "postgresql slow": _slow("postgresql"),
        "postgresql half open": _half_open("postgresql"),
        "clock set": _set_clock,
        "store restored": _restore_store,
        "all killed": _kill_all,
    }
)
"""By what breaks and how. The AGI server lives in the dialer: it is killed, frozen and restarted with it."""


def possible(with_postgresql: bool) -> tuple[str, ...]:
    """The kinds that a run on that store can have."""
    return tuple(kind for kind in STRIKES if with_postgresql or not kind.startswith("postgresql"))
