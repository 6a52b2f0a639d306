"""Two dialers of one server on one PostgreSQL: one dials until it dies, then the other does."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import select

from ivr.storage.engine.store import Store
from ivr.storage.running.liveness import LEASE
from ivr.storage.schema.running import leases
from tests.lab.dialing import Dialing, ready_to_dial, running_dialer, until
from tests.lab.exchange import Keypress, Lifts
from tests.lab.phone import AgentPhone
from tests.stored_calls import store_call

NUMBERS = [f"05012345{i:02}" for i in range(6)]
AT_ONCE = Lifts(after=0.2, keys=(Keypress("1", 0.5),), talk=0.5)
SLOWLY = Lifts(after=LEASE.total_seconds() + 3.0, keys=(Keypress("1", 0.5),), talk=0.5)


def miss(lab: Dialing, numbers: list[str]) -> None:
    lab.store.write(lambda c: [store_call(c, f"+994{number[1:]}") for number in numbers])


def reached(lab: Dialing, count: int) -> bool:
    return [one.state for one in lab.callbacks()].count("reached") == count


def test_two_dialers_ring_every_citizen_once_and_when_one_dies_the_other_goes_on_within_its_lease(
    tmp_path: Path, postgresql_store: Store
) -> None:
    """The one that dies is ringing a citizen: that attempt is adopted, not repeated."""
    plans = {number: [AT_ONCE] for number in NUMBERS} | {NUMBERS[3]: [SLOWLY]}

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            lab = await stack.enter_async_context(ready_to_dial(tmp_path, plans, store=postgresql_store))
            for account in ("1101", "1102"):
                phone = AgentPhone.open(account, lab.house.secret(account), lab.house.sip, answer_after=0.2)
                await stack.enter_async_context(phone)
            url = postgresql_store.engine.url.render_as_string(hide_password=False)
            first = await stack.enter_async_context(running_dialer(lab.house, Store(url), lab.configuration))
            await until(lambda: lab.store.read(lambda c: c.execute(select(leases)).all()), "its lease")
            await stack.enter_async_context(running_dialer(lab.house, Store(url), lab.configuration))

            miss(lab, NUMBERS[:3])
            await until(lambda: reached(lab, 3), "three reached", 30.0)
            miss(lab, NUMBERS[3:4])
            await until(lambda: [one for one in lab.attempts() if one.state == "ringing"], "ringing")
            first.cancel()
            died = time.time()
            miss(lab, NUMBERS[4:])
            await until(lambda: len(lab.attempts()) > 4, "a call of the other dialer")
            assert lab.attempts()[4].planned_at.timestamp() - died < LEASE.total_seconds() + 2.0
            await until(lambda: [one.state for one in lab.attempts()] == ["ended"] * 6, "all ended", 40.0)
            assert reached(lab, 6)
            assert Counter(one.number for one in lab.exchange.dialled) == dict.fromkeys(NUMBERS, 1)
            assert {one.disposition for one in lab.attempts()} == {"reached"}

    asyncio.run(scenario())
