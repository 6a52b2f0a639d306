"""`hotline run` takes over what `config apply` puts live, with a callback in the air."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import Connection

from ivr.storage.running import listening, liveness
from tests.lab.applying import Admin
from tests.lab.dialing import ready_to_dial, until
from tests.lab.exchange import Keypress, Lifts
from tests.lab.phone import AgentPhone
from tests.lab.service import HotlineService
from tests.stored_calls import Queued, store_call

NUMBER = "0501234567"
TALKS = Lifts(after=0.2, keys=(Keypress("1", 0.5),), talk=None)


def _is_heard_anew(connection: Connection) -> bool:
    began = [each.started_at for each in liveness.running(connection) if each.part == "recorder"]
    heard_at, _ = listening.last_heard(connection, "main")
    return heard_at is not None and heard_at > max(began)


def test_the_service_takes_over_an_applied_configuration_and_a_callback_in_talk_goes_on(
    tmp_path: Path,
) -> None:
    """By the second one a wait of four seconds is owed a call; one process serves both."""

    async def scenario() -> None:
        async with (
            ready_to_dial(tmp_path, {NUMBER: [TALKS]}) as lab,
            AgentPhone.open("1101", lab.house.secret("1101"), lab.house.sip, answer_after=0.1) as agent,
        ):
            # The shipped menu tests are about the shipped hours, at which nobody could be called back now.
            (lab.house.config / "tests" / "menu.yaml").unlink()
            admin = Admin(lab.house)
            await admin.report("apply")
            service = HotlineService(lab.house, database_url=f"sqlite:///{tmp_path / 'hotline.db'}")
            await service.start()
            try:
                lab.store.write(lambda c: store_call(c, "+994501234567", [Queued()]))
                await until(lambda: agent.offered, "a talk")
                pid = service.pid
                admin.edit(callback__wait_over="2s")
                await admin.report("apply")
                await until(lambda: "attempt found alive" in service.log.read_text(), "a new beginning")
                assert service.pid == pid
                await until(lambda: lab.store.read(_is_heard_anew), "a sign of the new recorder")
                assert lab.store.read(listening.every_gap) == []  # nothing happened while it began anew
                lab.store.write(lambda c: store_call(c, "+994557654321", [Queued(wait=4.0)]))
                await until(lambda: len(lab.callbacks()) == 2, "a callback by the new rule")
                await lab.exchange.dialled[0].leg.hang_up()
                await until(lambda: lab.attempts()[0].disposition == "reached", "the end of the talk", 30.0)
                assert len(lab.exchange.calls_to(NUMBER)) == 1
            finally:
                assert await service.stop() == 0

    asyncio.run(scenario())
