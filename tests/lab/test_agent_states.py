"""Who is idle and who talks, read from the store: the recorder writes it, whatever else runs or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select

from ivr.queues.board import AgentChange
from ivr.reading import overview
from ivr.storage.engine.store import Store
from ivr.storage.schema.running import agent_states, leases
from tests.lab.callback_steps import agents as agents_phones
from tests.lab.dialing import ready_to_dial, running_dialer, running_recorder, until
from tests.lab.phone import Caller
from tests.lab.service import HotlineService
from tests.lab.small import CITIZEN, OPEN, small_house

TALKING = "in_call"


def seen(store: Store) -> dict[str, AgentChange]:
    return {change.agent: change for change in store.read(lambda c: overview.states(c, "main"))}


def in_state(store: Store, agent: str, state: str) -> Callable[[], object]:
    return lambda: (found := seen(store).get(agent)) is not None and found.state == state


def test_a_recorder_alone_tells_the_store_who_is_idle_and_who_talks(tmp_path: Path) -> None:
    """And a second one, which stands by, tells nothing twice."""

    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            ear = await stack.enter_async_context(small_house(tmp_path, {"queues.tax.wrap_up": "0s"}))
            await stack.enter_async_context(agents_phones(ear.house, "1101"))
            phone = await stack.enter_async_context(Caller.open(CITIZEN, ear.house.sip))
            services = [HotlineService(ear.house, only="recorder", name=name) for name in ("one", "two")]
            for service in services:
                await service.start()
                stack.push_async_callback(service.stop)
            store = Store(services[0].database_url)
            stack.callback(store.close)
            await until(in_state(store, "PJSIP/1101", "idle"), "an idle agent")
            assert store.read(lambda c: overview.idle(c, "main")) == ("PJSIP/1101",)
            registered_at = seen(store)["PJSIP/1101"].at

            await stack.enter_async_context(agents_phones(ear.house, "1201"))
            call = await phone.dial("19511", OPEN)
            await call.connected_to_agent()
            [busy] = await until(
                lambda: [one for one in seen(store).values() if one.state == TALKING], "an agent who talks"
            )
            [free] = {"PJSIP/1101", "PJSIP/1201"} - {busy.agent}
            assert store.read(lambda c: overview.idle(c, "main")) == (free,)
            assert busy.at > registered_at

            await call.hang_up()
            await until(in_state(store, busy.agent, "idle"), "the end of the talk")
            told = store.read(
                lambda c: c.execute(
                    select(agent_states.c.state)
                    .where(agent_states.c.agent == busy.agent)
                    .order_by(agent_states.c.id)
                )
            ).scalars()
            states = list(told)
            assert states[-3:] == ["ringing", TALKING, "idle"]
            assert all(one != other for one, other in pairwise(states))

    asyncio.run(scenario())


def test_a_dialer_that_works_stands_by_or_is_absent_changes_nothing_in_agents_states(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            ready_to_dial(tmp_path, {}) as lab,
            agents_phones(lab.house, "1101"),
            running_recorder(lab.house, lab.store, lab.configuration),
        ):

            def rows() -> list[object]:
                return list(lab.store.read(lambda c: c.execute(agent_states.select()).all()))

            await until(in_state(lab.store, "PJSIP/1101", "idle"), "an idle agent")
            absent = rows()
            async with running_dialer(lab.house, lab.store, lab.configuration):
                await until(
                    lambda: lab.store.read(
                        lambda c: c.execute(select(leases).where(leases.c.role == "dialer")).all()
                    ),
                    "a dialer",
                )
                async with running_dialer(lab.house, lab.store, lab.configuration):
                    await asyncio.sleep(2.0)  # in which either would write what it sees
                    assert rows() == absent
            assert rows() == absent

    asyncio.run(scenario())
