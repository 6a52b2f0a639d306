"""While it hangs up on a citizen who calls us themselves, the dialer is killed, frozen or cut off."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.storage.schema.owed import attempts, callbacks
from tests.lab.checkpoints import WITHDRAWING
from tests.lab.dialing import Dialing, until
from tests.lab.exchange import Rings
from tests.lab.test_boundaries import Dialers, Fault, cut_off, frozen, killed, laboratory, scene_of
from tests.stored_calls import store_call
from tests.stores import Databases


async def withdrawn(
    lab: Dialing, dialers: Dialers, boundary: str, number: str, url: str, fault: Fault
) -> None:
    """A citizen who calls while we ring them is hung up on and not rung again, though that is disturbed."""
    async with scene_of(lab, dialers, boundary, number, url) as scene:
        states = select(attempts.c.state)
        await until(lambda: scene.store.read(lambda c: c.scalar(states)) == "ringing", "ringing")
        scene.store.write(lambda c: store_call(c, f"+994{number[1:]}", [], is_over=False))
        await scene.stopped()
        await fault(scene)

        def settled() -> bool:
            tried = scene.store.read(lambda c: c.execute(select(attempts.c.disposition)).scalars().all())
            return tried == ["aborted"] and scene.store.read(
                lambda c: c.scalar(select(callbacks.c.state))
            ) == ("on_hold")

        await until(settled, f"the callback on hold, disturbed at {boundary!r}", 25.0)
        [rung] = lab.exchange.calls_to(number)
        assert rung.leg.log.is_over, boundary


@pytest.mark.parametrize("fault", [killed, frozen, cut_off])
def test_a_dialer_disturbed_while_it_hangs_up_on_who_is_on_the_line_does_hang_up(
    tmp_path: Path, databases: Databases, fault: Fault
) -> None:
    numbers = [f"05080000{n:02d}" for n in range(len(WITHDRAWING))]

    async def scenario(urls: list[str]) -> None:
        async with (
            laboratory(tmp_path, dict.fromkeys(numbers, Rings())) as (lab, dialers),
            asyncio.TaskGroup() as tasks,
        ):
            for scene in zip(WITHDRAWING, numbers, urls, strict=True):
                tasks.create_task(withdrawn(lab, dialers, *scene, fault))

    with ExitStack() as stack:
        asyncio.run(scenario([stack.enter_context(databases()) for _ in numbers]))
