"""The whole of `hotline run` while its database is away; OUTAGE_SECONDS=180 makes it minutes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from ivr.sounds.prompts import RECORDING_NOTICE
from tests.lab.audio import load_sounds
from tests.lab.dialing import ALWAYS_OPEN, until
from tests.lab.exchange import Exchange, Keypress, Lifts
from tests.lab.house import House
from tests.lab.phone import AgentPhone, Caller
from tests.lab.service import HotlineService
from tests.lab.small import OPEN
from tests.postgresql import PostgreSQL

_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "2"))
_ANSWERED, _GAVE_UP = "0501234567", "0502345678"
_REACHED = Lifts(after=0.2, keys=(Keypress("1", 0.5),), talk=1.0)


async def _call_both(house: House, folder: Path) -> None:
    """One citizen talks with an agent, another one gives up after `_SECONDS` in the queue."""
    said = load_sounds(folder / "data" / "sounds")
    notices = [it for it in said if it.name == RECORDING_NOTICE or it.name.startswith(("place", "wait"))]
    async with Caller.open(_ANSWERED, house.sip) as phone:
        talk = await phone.dial("19513", OPEN)
        await talk.connected_to_agent()
        await talk.hang_up()
    async with Caller.open(_GAVE_UP, house.sip) as phone:
        wait = await phone.dial("19511", OPEN)
        await wait.joined(notices)
        await asyncio.sleep(_SECONDS)
        await wait.hang_up()


def test_who_calls_while_the_database_is_away_is_recorded_once_and_called_back_when_it_returns(
    tmp_path: Path,
) -> None:
    async def scenario(database: PostgreSQL) -> None:
        async with (
            House.open(tmp_path, changes={**ALWAYS_OPEN, "callback.wait_over": "1s"}) as house,
            Exchange.open({_GAVE_UP: [_REACHED]}, house.exchange) as exchange,
            AgentPhone.open("1301", house.secret("1301"), house.sip, answer_after=0.2),
        ):
            service = HotlineService(house, database_url=database.create_database())
            await service.start()
            try:
                database.stop()
                try:
                    await _call_both(house, tmp_path)
                finally:
                    database.start()
                async with AgentPhone.open("1101", house.secret("1101"), house.sip, answer_after=0.2):
                    called = await until(lambda: exchange.calls_to(_GAVE_UP), "the call back", 60.0)
                    await until(lambda: called[0].leg.log.is_over, "its end")
            finally:
                status = await service.stop()
            visits = await service.export("visits")
        assert status == 0
        assert sorted((it["caller"], it["origin"], it["outcome"]) for it in visits) == [
            (_ANSWERED, "inbound", "answered"),
            (_GAVE_UP, "callback", "answered"),
            (_GAVE_UP, "inbound", "abandoned"),
        ]

    with PostgreSQL.running() as database:
        asyncio.run(scenario(database))
