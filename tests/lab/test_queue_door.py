"""The door of a queue on a real Asterisk: notice, recording, and where callers go who are not answered."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import pytest

from tests.lab.calllog import NeverHappened, What
from tests.lab.phone import AgentPhone, Caller
from tests.lab.small import CITIZEN, OPEN, small_house, until


def test_a_talk_is_recorded_from_answer_to_hang_up_for_asterisk_s_group_only(tmp_path: Path) -> None:
    """The file is named by server and linkedid, mode 0640, and as long as the talk."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            AgentPhone.open("1101", ear.house.secret("1101"), ear.house.sip, answer_after=0.2, talk=2.0),
            Caller.open(CITIZEN, ear.house.sip) as phone,
        ):
            call = await phone.dial("19511", OPEN)
            await call.heard(*ear.prompts("az", "calls_recorded"))
            await call.until(What.ENDED)
            joined = await ear.event("QueueCallerJoin")
            [file] = ear.house.recordings.iterdir()
            assert file.name == f"main-{joined['Linkedid']}.wav"
            assert file.stat().st_mode & 0o777 == 0o640
            await until(lambda: _seconds(file) or None, "the recording's end", 5.0)
            assert _seconds(file) == pytest.approx(2.0, abs=0.4)

    asyncio.run(scenario())


def _seconds(file: Path) -> float:
    with wave.open(str(file), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


def test_nobody_is_told_of_recording_where_nothing_is_recorded(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            AgentPhone.open("1201", ear.house.secret("1201"), ear.house.sip, answer_after=1.5, talk=1.0),
            Caller.open(CITIZEN, ear.house.sip) as phone,
        ):
            call = await phone.dial("1951", OPEN)
            await call.press("2")
            with pytest.raises(NeverHappened):
                await call.heard(*ear.prompts("az", "calls_recorded"), deadline=10.0)
            await ear.log_line("COMPLETEAGENT")
            assert not list(ear.house.recordings.iterdir())

    asyncio.run(scenario())


def test_a_transferred_talk_is_recorded_beside_the_first_without_the_waiting(tmp_path: Path) -> None:
    """The caller is sent on into a recording queue: two files, and they become a contact of its structure."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path, {"queues.office.record": True}) as ear,
            AgentPhone.open("1101", ear.house.secret("1101"), ear.house.sip, answer_after=0.2),
            Caller.open(CITIZEN, ear.house.sip) as phone,
        ):
            call = await phone.dial("19511", OPEN)
            connected = await ear.event("AgentConnect")
            await asyncio.sleep(1.0)
            transfer = {
                "Action": "BlindTransfer",
                "Channel": connected["DestChannel"],
                "Context": "hotline-agents",
            }
            await ear.ami.send({**transfer, "Exten": "office"})
            joined = await ear.event("QueueCallerJoin", Queue="office")
            assert joined.variables["HOTLINE_STRUCTURE"] == "office"
            assert joined.variables["HOTLINE_ORIGIN"] == "inbound"
            async with AgentPhone.open("1201", ear.house.secret("1201"), ear.house.sip, talk=1.0):
                await call.until(What.ENDED, deadline=20.0)
            names = sorted(file.name for file in ear.house.recordings.iterdir())
            linkedid = joined["Linkedid"]
            assert names == [f"main-{linkedid}-2.wav", f"main-{linkedid}.wav"]
            await until(lambda: _seconds(tmp_path / "recordings" / names[0]) or None, "the end", 5.0)
            assert all(_seconds(ear.house.recordings / name) < 3.0 for name in names)

    asyncio.run(scenario())


def test_a_caller_nobody_answers_overflows_and_keeps_the_structure_they_chose(tmp_path: Path) -> None:
    """Also the reason is told, and who was thrown out is not told of recording twice."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path, {"queues.tax.max_wait": "1s"}) as ear,
            Caller.open(CITIZEN, ear.house.sip) as phone,
        ):
            call = await phone.dial("19511", OPEN)
            left = await ear.user_event("HotlineLeftQueue")
            assert (left["Queue"], left["Result"]) == ("tax", "TIMEOUT")
            await call.heard(*ear.prompts("az", "please_hold"))
            joined = await ear.event("QueueCallerJoin", Queue="office")
            assert joined.variables["HOTLINE_STRUCTURE"] == "tax"

    asyncio.run(scenario())


def test_an_agent_s_own_call_into_a_queue_is_no_citizen_s(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            AgentPhone.open("1101", ear.house.secret("1101"), ear.house.sip) as phone,
        ):
            await phone.dial("office")
            joined = await ear.event("QueueCallerJoin", Queue="office")
            assert joined.variables["HOTLINE_ORIGIN"] == "internal"

    asyncio.run(scenario())


def test_an_agent_cannot_dial_out(tmp_path: Path) -> None:
    """Neither a citizen's number nor any other context's extension exists for an agent's phone."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            AgentPhone.open("1101", ear.house.secret("1101"), ear.house.sip) as phone,
        ):
            for number in ("0501234567", "994501234567", "195", "talk"):
                call = await phone.dial(number)
                assert (await call.until(What.REJECTED, What.ANSWERED)).detail == "404"

    asyncio.run(scenario())


def test_a_call_ends_in_the_menu_in_which_it_began(tmp_path: Path) -> None:
    """A reload in mid call: new keys are for new calls only."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            Caller.open("0501000001", ear.house.sip) as first,
            Caller.open("0501000002", ear.house.sip) as second,
        ):
            old = await first.dial("1951", OPEN)
            await old.heard(*ear.prompts("az", "ministry"))
            nodes = {"menu.nodes.ministry.keys": {"1": "office", "2": "tax"}, "menu.nodes.more": None}
            await ear.house.reload({**nodes, "menu.nodes.ministry.wait": "5s"})
            await old.press("3")
            await old.heard(*ear.prompts("az", "more"))
            await old.press("1")
            assert (await ear.event("QueueCallerJoin", CallerIDNum="0501000001"))["Queue"] == "tax"
            new = await second.dial("1951", OPEN)
            await new.heard(*ear.prompts("az", "ministry"))
            await new.press("1")
            assert (await ear.event("QueueCallerJoin", CallerIDNum="0501000002"))["Queue"] == "office"

    asyncio.run(scenario())
