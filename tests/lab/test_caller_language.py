"""A caller's first words on a real Asterisk: in the language chosen last time, or at once in the default."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from agi_scripts.table import scripts_for
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.connection import utc_now
from ivr.asterisk.fastagi import Limits, Script
from ivr.config.loading import configuration_of
from ivr.queues.board import Board
from tests.lab.agi_server import serving
from tests.lab.calllog import What
from tests.lab.phone import Caller
from tests.lab.small import CITIZEN, OPEN, small_house
from tests.loading import load_or_fail
from tests.stored_calls import store_call
from tests.stores import empty_store

DEADLINE = 0.5
"""The small house's `agi_deadline`."""
LIMITS = Limits(deadline=9.0)


def dawdle(session: AgiSession) -> None:
    """Answer after the deadline."""
    time.sleep(1.5 * DEADLINE)
    session.set_variable(words.VAR_LANGUAGE, "en")


def test_a_call_begins_in_the_language_of_the_last_one_if_python_says_so_in_time(tmp_path: Path) -> None:
    """Dead, too slow, alive; and a caller who hides the number is not recognised by it."""

    async def scenario() -> None:
        async with small_house(tmp_path) as ear:
            store = empty_store(tmp_path)
            store.write(
                lambda connection: store_call(connection, "+994501234567", (), language="en", menu_path="9")
            )
            configuration = configuration_of(load_or_fail(ear.house.config))
            scripts = scripts_for(Board({}), configuration, utc_now, store, "main")

            async def begins(language: str, number: str = CITIZEN) -> float:
                """Seconds from the answer to the end of the welcome in that language."""
                async with Caller.open(number, ear.house.sip) as phone:
                    call = await phone.dial("195", OPEN)
                    answered = await call.until(What.ANSWERED)
                    heard = await call.heard(*ear.prompts(language, "front"))
                    return heard.at - answered.at

            async def asking(script: Script, language: str, number: str = CITIZEN) -> float:
                table = {words.AGI_CALLER_LANGUAGE: script}
                async with serving(table, LIMITS, house=ear.house):
                    return await begins(language, number)

            dead = await begins("az")
            assert await asking(dawdle, "az") < dead + DEADLINE + 0.5
            known = scripts[words.AGI_CALLER_LANGUAGE]
            await asking(known, "en")
            await asking(known, "az", number="")
            store.close()

    asyncio.run(scenario())
