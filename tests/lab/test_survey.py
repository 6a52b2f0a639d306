"""The survey after the talk on a real Asterisk: asked, answered, kept; left out where Python does not say."""

from __future__ import annotations

import asyncio
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path

import pytest

from agi_scripts.table import scripts_for
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.connection import utc_now
from ivr.asterisk.fastagi import Limits
from ivr.asterisk.queue_log import rotated
from ivr.config.loading import configuration_of
from ivr.queues.board import Board
from ivr.reading.export import rows
from ivr.recording.queue_log import keep, known, read_files
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store
from tests.lab.agi_server import serving
from tests.lab.calllog import NeverHappened, What
from tests.lab.exchange import Exchange, Keypress, Lifts
from tests.lab.house import House
from tests.lab.phone import AgentPhone, Caller
from tests.lab.recorded import Recorded, recorded_house
from tests.lab.small import CITIZEN, OPEN, until
from tests.loading import load_or_fail
from tests.stores import empty_store

DEADLINE = 0.5
"""The small house's `agi_deadline`."""
TALK = 1.0


@asynccontextmanager
async def alive(recorded: Recorded) -> AsyncIterator[None]:
    """Our scripts, over the recorder's store."""
    house = recorded.ear.house
    configuration = configuration_of(load_or_fail(house.config))
    scripts = scripts_for(Board({}), configuration, utc_now, recorded.store, "main")
    async with serving(scripts, Limits(deadline=DEADLINE), house=house):
        yield


@asynccontextmanager
async def slow(recorded: Recorded) -> AsyncIterator[None]:
    """The script says yes after the deadline."""

    def dawdle(session: AgiSession) -> None:
        time.sleep(1.5 * DEADLINE)
        session.set_variable(words.VAR_SURVEY, "ask")

    async with serving({words.AGI_SURVEY: dawdle}, Limits(deadline=9.0), house=recorded.ear.house):
        yield


def backfill(store: Store, house: House) -> None:
    """What `hotline data backfill` does."""
    configuration = configuration_of(load_or_fail(house.config))
    watched = Watched.of(configuration)
    before = store.read(partial(known, server="main", watched=watched))
    for told in read_files("main", configuration, rotated(house.queue_log), before):
        store.write(partial(keep, server="main", watched=watched, told=told))


def surveys(store: Store) -> list[tuple[object, ...]]:
    """Who was asked, without when: queue_log knows it to the second only."""
    found = store.read(lambda connection: list(rows(connection, "surveys")))
    return [tuple(row[name] for name in ("server", "uniqueid", "queue", "agent", "rating")) for row in found]


def test_a_rating_is_kept_once_with_its_agent_and_nobody_is_asked_again(tmp_path: Path) -> None:
    """The talk and its recording end when the agent hangs up; queue_log alone tells the same."""

    async def scenario() -> None:
        async with (
            recorded_house(tmp_path) as recorded,
            alive(recorded),
            AgentPhone.open(
                "1101", recorded.ear.house.secret("1101"), recorded.ear.house.sip, answer_after=0.2, talk=TALK
            ),
            Caller.open(CITIZEN, recorded.ear.house.sip) as phone,
        ):
            ear = recorded.ear
            call = await phone.dial("19511", OPEN)
            await call.heard(*ear.prompts("az", "survey_ask"))
            await call.press("4")
            await call.heard(*ear.prompts("az", "survey_thanks"))
            await call.until(What.ENDED)
            visit = await recorded.visit(lambda row: row["ended_at"], "the end of the visit")
            assert (visit["ended_by"], visit["talk_seconds"]) == ("agent", pytest.approx(TALK, abs=0.3))
            with wave.open(str(next(ear.house.recordings.iterdir())), "rb") as sound:
                assert sound.getnframes() / sound.getframerate() == pytest.approx(TALK, abs=0.4)

            again = await phone.dial("19511", OPEN)
            with pytest.raises(NeverHappened):
                await again.heard(*ear.prompts("az", "survey_ask"))
            await until(lambda: len(ear.logged("COMPLETEAGENT")) == 2 or None, "the second talk", 5.0)

            survey = ("main", visit["uniqueid"], "tax", "PJSIP/1101", 4)
            assert surveys(recorded.store) == [survey]
            (tmp_path / "rebuilt").mkdir()
            for store in (recorded.store, rebuilt := empty_store(tmp_path / "rebuilt")):
                backfill(store, ear.house)
                assert surveys(store) == [survey]
            rebuilt.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("trouble", [nullcontext, slow], ids=["dead", "slow"])
def test_without_python_in_time_the_call_ends_after_the_talk(trouble: object, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            recorded_house(tmp_path) as recorded,
            trouble(recorded),  # type: ignore[operator]  # one of the two above
            AgentPhone.open(
                "1101", recorded.ear.house.secret("1101"), recorded.ear.house.sip, answer_after=0.2, talk=TALK
            ),
            Caller.open(CITIZEN, recorded.ear.house.sip) as phone,
        ):
            call = await phone.dial("19511", OPEN)
            ended = await call.until(What.ENDED)
            visit = await recorded.visit(lambda row: row["ended_at"], "the end of the visit")
            assert visit["ended_by"] == "agent"
            talk_ended = (await recorded.ear.event("AgentComplete")).at.timestamp()
            assert ended.at - talk_ended < DEADLINE + 0.5
            assert surveys(recorded.store) == []

    asyncio.run(scenario())


def test_a_citizen_who_was_called_back_is_asked_in_their_language(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            recorded_house(tmp_path, {"callback.max_hold": "9s"}) as recorded,
            alive(recorded),
            AgentPhone.open(
                "1101", recorded.ear.house.secret("1101"), recorded.ear.house.sip, answer_after=0.2, talk=TALK
            ),
            Exchange.open(
                {CITIZEN: [Lifts(after=0.1, keys=(Keypress("1", 1.0),), patience=30.0)]},
                recorded.ear.house.exchange,
            ),
        ):
            ear = recorded.ear
            await ear.originate(f"994{CITIZEN[1:]}", "cb-asked")
            asked = await ear.log_line(words.LOG_SURVEY)
            assert asked[1:-1] == ["cb-asked", "tax", "PJSIP/1101", words.LOG_SURVEY, words.SURVEY_ASKED]
            last_words = await ear.event("Hangup", Uniqueid="cb-asked")
            assert last_words["Language"] == "en"
            visit = await recorded.visit(lambda row: row["ended_at"], "the end of the visit")
            assert (visit["origin"], visit["ended_by"]) == ("callback", "agent")

    asyncio.run(scenario())
