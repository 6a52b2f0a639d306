"""Agents who help another queue, on a real Asterisk: rung after the wait, kept for their own, never lost."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from ivr.asterisk.messages import AmiEvent
from ivr.asterisk.words import PAUSED_BY_US
from tests.lab.phone import AgentPhone, Caller
from tests.lab.service import HotlineService
from tests.lab.small import CITIZEN, OPEN, Ear, small_house, until

OFFICE_HELPS_TAX = {
    "agents.1101.queues": ["tax"],
    "agents.1201.queues": ["office"],
    "queues.office.helped_by": None,
    "queues.tax.helped_by": {"office": "3s"},
    "queues.tax.max_wait": "60s",
    "queues.tax.announce_position": False,
}
HELPER = "1201"
SURELY_DEAD = 40.0
"""Seconds after which Asterisk has ended the pauses of a daemon that died, on a busy machine."""


async def of_tax(ear: Ear) -> AmiEvent:
    """The helper's membership of the tax queue, asked anew."""
    entries = (await ear.ami.send({"Action": "QueueStatus", "Queue": "tax"})).events
    return next(one for one in entries if one["Location"] == f"PJSIP/{HELPER}")


async def paused(ear: Ear, reason: str, deadline: float = 20.0) -> None:
    """Wait until the helper is paused in the tax queue with that reason, not paused if it is empty."""
    ends = time.monotonic() + deadline
    while (await of_tax(ear))["PausedReason"] != reason:
        assert time.monotonic() < ends, f"{HELPER} is not paused for {reason!r}"
        await asyncio.sleep(0.2)


def test_an_agent_helps_after_the_wait_and_the_visit_stays_with_its_structure(tmp_path: Path) -> None:
    """Nothing of Python runs. Before the wait is over the idle helper's phone does not ring."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path, OFFICE_HELPS_TAX) as ear,
            AgentPhone.open(HELPER, ear.house.secret(HELPER), ear.house.sip, answer_after=0.1),
            Caller.open(CITIZEN, ear.house.sip) as phone,
        ):
            await phone.dial("19511", OPEN)
            joined = await ear.event("QueueCallerJoin", Queue="tax")
            answered = await ear.event("AgentConnect", Interface=f"PJSIP/{HELPER}")
            assert answered.at.timestamp() - joined.at.timestamp() > 2.5
            assert answered["Queue"] == answered.variables["HOTLINE_STRUCTURE"] == "tax"

    asyncio.run(scenario())


def test_who_is_needed_at_home_is_not_lent_until_they_are_not_or_python_is_dead(tmp_path: Path) -> None:
    """One agent idle, one kept: no help while the daemon runs. It stops: help. It dies: soon."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path, {**OFFICE_HELPS_TAX, "queues.office.reserve": 1}) as ear,
            AgentPhone.open(HELPER, ear.house.secret(HELPER), ear.house.sip, answer_after=0.1) as helper,
            Caller.open(CITIZEN, ear.house.sip) as phone,
        ):
            service = HotlineService(ear.house)
            try:
                await service.start()
                await paused(ear, PAUSED_BY_US)
                await service.stop()
                await paused(ear, "")
                await service.start()
                await paused(ear, PAUSED_BY_US)
                await phone.dial("19511", OPEN)
                await ear.event("QueueCallerJoin", Queue="tax")
                with pytest.raises(AssertionError, match="did not happen"):
                    await until(lambda: helper.offered or None, "an offer", 6.0)
                assert (await of_tax(ear))["PausedReason"] == PAUSED_BY_US
            finally:
                await service.kill()
            await ear.event("AgentConnect", SURELY_DEAD, Interface=f"PJSIP/{HELPER}")

    asyncio.run(scenario())
