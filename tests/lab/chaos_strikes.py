"""What breaks in a chaos: one coroutine for each kind, which breaks a thing and brings it back.

A strike returns when everything is up again; how long that took is the gap the judge prints.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.lab.chaos_traffic import Traffic
from tests.lab.house import House
from tests.lab.proxy import Wire
from tests.lab.service import HotlineService


@dataclass
class Target:
    """Everything that can be broken. Recorder and dialer (with AGI) are processes of their own."""

    house: House
    wire: Wire
    recorder: HotlineService
    dialer: HotlineService
    traffic: Traffic
    chance: random.Random

    async def until_ready(self) -> None:
        """Both logged in, AGI listening."""
        await asyncio.gather(self.recorder.until_ready(), self.dialer.until_ready())


_BRIEFLY, _LONG = (0.3, 1.7), (2.3, 3.5)
"""Seconds. Read more than 2 s late, an event looks like a step of Asterisk's clock (`SteadyClock`)."""
Strike = Callable[[Target], Awaitable[None]]


async def _kill_recorder(target: Target) -> None:
    await target.recorder.kill()
    await asyncio.sleep(target.chance.uniform(0.0, 3.0))
    await target.recorder.start()


async def _kill_dialer(target: Target) -> None:
    await target.dialer.kill()
    await asyncio.sleep(target.chance.uniform(0.0, 3.0))
    await target.dialer.start()


async def _kill_both(target: Target) -> None:
    await asyncio.gather(target.recorder.kill(), target.dialer.kill())
    await target.recorder.start()
    await target.dialer.start()


async def _restart_recorder(target: Target) -> None:
    await target.recorder.stop()
    await target.recorder.start()


async def _restart_dialer(target: Target) -> None:
    await target.dialer.stop()
    await target.dialer.start()


async def _freeze(pid: int, seconds: float) -> None:
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


async def _freeze_recorder(target: Target) -> None:
    await _freeze(target.recorder.pid, target.chance.uniform(*_BRIEFLY))


async def _freeze_recorder_long(target: Target) -> None:
    await _freeze(target.recorder.pid, target.chance.uniform(*_LONG))


async def _freeze_dialer(target: Target) -> None:
    await _freeze(target.dialer.pid, target.chance.uniform(_BRIEFLY[0], _LONG[1]))


async def _freeze_asterisk(target: Target) -> None:
    began = time.time()
    await _freeze(target.house.asterisk.pid, target.chance.uniform(_BRIEFLY[0], _LONG[1]))
    target.traffic.frozen.append((began, time.time()))


async def _cut_ami(target: Target) -> None:
    target.wire.cut()
    await asyncio.sleep(target.chance.uniform(0.0, 3.0))
    target.wire.mend()


async def _stall(target: Target, seconds: float) -> None:
    """Shorter than the deadline for a pong, so that everything arrives, late."""
    target.wire.hold()
    await asyncio.sleep(seconds)
    target.wire.mend()


async def _stall_ami(target: Target) -> None:
    await _stall(target, target.chance.uniform(*_BRIEFLY))


async def _stall_ami_long(target: Target) -> None:
    await _stall(target, target.chance.uniform(*_LONG))


async def _silence_ami(target: Target) -> None:
    """Longer than it: the connection is given up though nobody closed it."""
    target.wire.hold()
    await asyncio.sleep(11.0)
    target.wire.cut()
    target.wire.mend()


async def _kill_asterisk(target: Target) -> None:
    await target.house.kill()
    await target.traffic.asterisk_died()
    await asyncio.sleep(target.chance.uniform(0.0, 1.5))
    await target.house.restart()
    await target.traffic.come_back()


async def _restart_asterisk(target: Target) -> None:
    await target.house.restart()
    await target.traffic.asterisk_died()
    await target.traffic.come_back()


STRIKES: Final[Mapping[str, Strike]] = {
    "recorder_killed": _kill_recorder,
    "recorder_restarted": _restart_recorder,
    "recorder_frozen": _freeze_recorder,
    "recorder_frozen_long": _freeze_recorder_long,
    "dialer_killed": _kill_dialer,
    "dialer_restarted": _restart_dialer,
    "dialer_frozen": _freeze_dialer,
    "both_killed": _kill_both,
    "ami_cut": _cut_ami,
    "ami_stalled": _stall_ami,
    "ami_stalled_long": _stall_ami_long,
    "ami_silent": _silence_ami,
    "asterisk_killed": _kill_asterisk,
    "asterisk_restarted": _restart_asterisk,
    "asterisk_frozen": _freeze_asterisk,
}
