"""The recorder beside a real Asterisk, with its own narrow login: what the phones did is what is stored."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ivr.storage.people import agents
from tests.lab.calllog import What
from tests.lab.phone import AgentPhone, Caller
from tests.lab.recorded import recorded_house
from tests.lab.small import CITIZEN, OPEN


def test_an_answered_call_is_stored_as_both_phones_saw_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            recorded_house(tmp_path) as recorded,
            AgentPhone.open(
                "1101", recorded.ear.house.secret("1101"), recorded.ear.house.sip, answer_after=1.0, talk=1.5
            ) as agent,
            Caller.open(CITIZEN, recorded.ear.house.sip) as phone,
        ):
            call = await phone.dial("19511", OPEN)
            await call.until(What.ENDED)
            visit = await recorded.visit(lambda row: row["ended_at"], "the end of the visit")
            assert (visit["outcome"], visit["ended_by"], visit["agent"]) == (
                "answered",
                "agent",
                "PJSIP/1101",
            )
            (offered,) = agent.answered
            answered, ended = offered.leg.log.at(What.ANSWERED), offered.leg.log.at(What.ENDED)
            assert answered is not None
            assert ended is not None
            assert visit["talk_seconds"] == pytest.approx(ended - answered, abs=0.2)
            assert visit["ring_seconds"] == pytest.approx(1.0, abs=0.2)
            assert (visit["caller"], visit["caller_e164"]) == (CITIZEN, "+994501234567")
            assert (visit["origin"], visit["structure"], visit["language"]) == ("inbound", "tax", "az")
            assert (visit["recorded"], visit["precision"], visit["source"]) == (True, "ms", "ami")

    asyncio.run(scenario())


def test_hanging_up_overflowing_and_being_sent_away_are_told_apart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            recorded_house(tmp_path, {"queues.tax.max_wait": "2s"}) as recorded,
            Caller.open(CITIZEN, recorded.ear.house.sip) as phone,
        ):
            call = await phone.dial("19511", OPEN)
            over = await recorded.visit(lambda row: row["outcome"] == "timeout", "the timeout")
            assert over["wait_seconds"] == pytest.approx(2.0, abs=0.5)
            joined = await recorded.ear.event("QueueCallerJoin", Queue="office")
            redirect = {"Context": "hotline-in", "Exten": "195", "Priority": "1"}
            await recorded.ear.ami.send({"Action": "Redirect", "Channel": joined["Channel"], **redirect})
            sent_away = await recorded.visit(
                lambda row: row["queue"] == "office" and row["ended_at"], "the end"
            )
            assert (sent_away["outcome"], sent_away["ended_by"]) == ("redirected", "staff")
            await call.hang_up()

            call = await phone.dial("19511", OPEN)
            again = await recorded.visit(
                lambda row: row["queue"] == "tax" and row["outcome"] == "waiting", "the second call"
            )
            await asyncio.sleep(0.5)
            await call.hang_up()
            gone = await recorded.visit(lambda row: row["outcome"] == "abandoned", "the abandon")
            assert gone["visit_id"] == again["visit_id"]
            assert gone["wait_seconds"] < 2.0

    asyncio.run(scenario())


def test_a_citizen_handed_over_by_an_agent_is_a_contact_of_the_second_queue(tmp_path: Path) -> None:
    """They take the agent's place in the queue, its wait counts from the agent's join (asterisk-notes 7)."""

    async def scenario() -> None:
        async with recorded_house(tmp_path) as recorded:
            ear, sip = recorded.ear, recorded.ear.house.sip
            async with (
                AgentPhone.open("1101", ear.house.secret("1101"), sip, answer_after=0.2) as agent,
                Caller.open(CITIZEN, sip) as phone,
            ):
                call = await phone.dial("19511", OPEN)
                await ear.event("AgentConnect", Queue="tax")
                inquiry = await agent.dial("office")
                asked = await ear.event("QueueCallerJoin", Queue="office")
                await recorded.visit(lambda row: row["origin"] == "internal", "the agent's own stay")
                await agent.answered[0].leg.hand_over_to(inquiry)
                await ear.event("AttendedTransfer")
                async with AgentPhone.open("1201", ear.house.secret("1201"), sip, talk=1.0) as helper:
                    await call.until(What.ENDED, deadline=20.0)
                (talked,) = helper.answered
                second = await recorded.visit(
                    lambda row: row["queue"] == "office" and row["ended_at"], "the end of the second talk"
                )
                (first,) = (row for row in recorded.rows() if row["queue"] == "tax")
            assert (first["outcome"], first["ended_by"], first["agent"]) == (
                "answered",
                "transfer",
                "PJSIP/1101",
            )
            assert (second["outcome"], second["ended_by"], second["agent"]) == (
                "answered",
                "agent",
                "PJSIP/1201",
            )
            assert (second["caller"], second["origin"], second["call_id"]) == (
                CITIZEN,
                "inbound",
                first["call_id"],
            )
            assert second["uniqueid"] == asked["Uniqueid"]
            answered, ended = talked.leg.log.at(What.ANSWERED), talked.leg.log.at(What.ENDED)
            assert answered is not None
            assert ended is not None
            assert second["talk_seconds"] == pytest.approx(ended - answered, abs=0.2)

    asyncio.run(scenario())


def test_a_citizen_handed_over_after_a_consultation_has_a_visit_until_that_talk_ends(tmp_path: Path) -> None:
    """The recording of the first talk goes on; the second agent is busy until they hang up."""

    async def scenario() -> None:
        async with recorded_house(tmp_path) as recorded:
            ear, sip = recorded.ear, recorded.ear.house.sip
            async with (
                AgentPhone.open("1101", ear.house.secret("1101"), sip, answer_after=0.2) as agent,
                Caller.open(CITIZEN, sip) as phone,
            ):
                call = await phone.dial("19511", OPEN)
                await ear.event("AgentConnect", Queue="tax")
                async with AgentPhone.open("1201", ear.house.secret("1201"), sip, answer_after=0.2) as helper:
                    inquiry = await agent.dial("office")
                    await ear.event("AgentConnect", Queue="office")
                    await agent.answered[0].leg.hand_over_to(inquiry)
                    await ear.event("AttendedTransfer", DestType="Link")
                    talk = await recorded.visit(
                        lambda row: row["queue"] == "office" and row["caller"] == CITIZEN, "the talk"
                    )
                    await asyncio.sleep(1.0)
                    states = recorded.store.read(lambda connection: agents.latest(connection, "main"))
                    assert {one.agent: one.state for one in states}["PJSIP/1201"] == "in_call"
                    await helper.answered[0].leg.hang_up()
                    await call.until(What.ENDED)
                    ended = await recorded.visit(
                        lambda row: row["visit_id"] == talk["visit_id"] and row["ended_at"], "its end"
                    )
            first, consultation, _ = recorded.rows()
            assert (first["ended_by"], consultation["origin"], len(recorded.rows())) == (
                "transfer",
                "internal",
                3,
            )
            assert (ended["wait_seconds"], ended["agent"], ended["ended_by"]) == (0.0, "PJSIP/1201", "agent")
            assert (ended["origin"], ended["structure"], ended["recorded"]) == ("inbound", "office", True)
            assert ended["call_id"] == first["call_id"]
            [file] = ear.house.recordings.iterdir()
            assert file.name == f"main-{ended['linkedid']}.wav"
            talked = first["talk_seconds"] + ended["talk_seconds"]
            assert file.stat().st_size / 16000 == pytest.approx(talked, abs=0.5)

    asyncio.run(scenario())


def test_a_killed_asterisk_leaves_an_interrupted_visit_and_no_open_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            recorded_house(tmp_path) as recorded,
            Caller.open(CITIZEN, recorded.ear.house.sip) as phone,
        ):
            await phone.dial("19511", OPEN)
            await recorded.visit(lambda row: row["outcome"] == "waiting", "the join")
            await recorded.ear.house.kill()
            await recorded.ear.house.restart()
            cut = await recorded.visit(lambda row: row["outcome"] == "interrupted", "the cut", deadline=30.0)
            assert (cut["ended_by"], len(recorded.rows())) == ("restart", 1)

    asyncio.run(scenario())
