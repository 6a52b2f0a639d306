"""Callbacks through the dialplan on a real Asterisk: who is dialled, what citizens hear, what is logged."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.lab.exchange import Exchange, Fate, Keypress, Lifts, Rejects, Rings
from tests.lab.phone import AgentPhone
from tests.lab.small import CITIZEN, small_house

DIGITS = "994501234567"
ONE = (Keypress("1", 1.0),)


@pytest.mark.parametrize(
    ("fate", "ended"),
    [
        (Rejects(486), "BUSY 17"),
        (Rejects(503), "CONGESTION 34"),
        (Rejects(404), "CHANUNAVAIL 1"),
        (Rejects(603), "CHANUNAVAIL 21"),
        (Rings(), "NOANSWER 16"),
        (Lifts(after=0.1, patience=0.5), "ANSWER 16"),
    ],
)
def test_the_fate_of_a_callback_is_left_in_queue_log(tmp_path: Path, fate: Fate, ended: str) -> None:
    """Start and end stand there under the attempt's id, whoever listens."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            Exchange.open({CITIZEN: [fate]}, ear.house.exchange) as exchange,
        ):
            await ear.originate(DIGITS, "attempt-1")
            start, end = await ear.log_line("CBSTART"), await ear.log_line("CBEND")
            assert start[1:-1] == ["attempt-1", "tax", "NONE", "CBSTART", f"provider {DIGITS}"]
            assert end[1:-1] == ["attempt-1", "tax", "NONE", "CBEND", ended]
            [dialled] = exchange.dialled
            assert (dialled.number, dialled.shown) == (CITIZEN, "195")

    asyncio.run(scenario())


def test_nothing_but_an_attempt_for_an_allowed_number_reaches_the_trunk(tmp_path: Path) -> None:
    """No other country, wrong length, denied number or prefix; no stranger, and no order that is old."""
    refused = {
        "4912345678": {},
        "99450123456": {},
        "9945012345678": {},
        "994900123456": {},
        "994501112233": {},
        "0501234567": {},
        "994501234561": {"HOTLINE_ORIGIN": "inbound"},
        "994501234562": {"HOTLINE_ATTEMPT": ""},
        "994501234563": {"HOTLINE_DIAL_BEFORE": "1795363200"},
        "994501234564": {"HOTLINE_DIAL_BEFORE": ""},
    }

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            Exchange.open({}, ear.house.exchange) as exchange,
        ):
            for place, (digits, variables) in enumerate(refused.items()):
                await ear.originate(digits, f"attempt-{place}", **variables)
            await ear.originate("994551234567", "allowed")
            assert (await ear.log_line("CBEND"))[1] == "allowed"
            assert [each.number for each in exchange.dialled] == ["0551234567"]
            for attempt in ("attempt-8", "attempt-9"):
                await ear.user_event("HotlineCallback", State="late", Attempt=attempt)

    asyncio.run(scenario())


def test_a_citizen_who_presses_1_comes_to_an_agent_who_sees_who_it_is(tmp_path: Path) -> None:
    """In the language of the first call; every event of the visit carries origin, attempt and credit."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path, {"callback.max_hold": "10s"}) as ear,
            Exchange.open({CITIZEN: [Lifts(keys=ONE, talk=1.0)]}, ear.house.exchange) as exchange,
            AgentPhone.open("1101", ear.house.secret("1101"), ear.house.sip, answer_after=0.2) as agent,
        ):
            await ear.originate(DIGITS, "attempt-1")
            joined = await ear.event("QueueCallerJoin", Queue="tax")
            assert joined["Uniqueid"] == "attempt-1"
            assert joined["CallerIDNum"] == CITIZEN
            variables = (
                "HOTLINE_ORIGIN",
                "HOTLINE_ATTEMPT",
                "HOTLINE_CREDIT",
                "HOTLINE_STRUCTURE",
                "MENU_LANGUAGE",
            )
            told = [joined.variables[name] for name in variables]
            assert told == ["callback", "attempt-1", "42", "tax", "en"]
            assert (await ear.log_line("CBEND"))[5] == "ANSWER 16"
            [offered] = agent.offered
            assert (offered.number, offered.name) == (CITIZEN, "callback")
            [dialled] = exchange.dialled
            assert [
                it.name for it in dialled.leg.stream.track.hearings(ear.prompts("en", "callback_greeting"))
            ]
            [recording] = ear.house.recordings.iterdir()
            assert recording.name == "main-attempt-1.wav"
        states = [it["State"] for it in ear.heard if it["UserEvent"] == "HotlineCallback"]
        assert states == ["answered", "confirmed"]
        assert ear.logged("CBCONFIRMED")

    asyncio.run(scenario())


def test_a_citizen_for_whom_no_agent_is_free_may_choose_another_time(tmp_path: Path) -> None:
    keys = (*ONE, Keypress("2", 5.0))

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            Exchange.open({CITIZEN: [Lifts(keys=keys)]}, ear.house.exchange),
        ):
            await ear.originate(DIGITS, "attempt-1")
            no_agent = await ear.user_event("HotlineCallback", State="no_agent")
            new_time = await ear.user_event("HotlineCallback", State="new_time")
            assert (no_agent["Attempt"], new_time["Attempt"], new_time["Choice"]) == (
                "attempt-1",
                "attempt-1",
                "2",
            )
            assert (await ear.log_line("CBNEWTIME"))[5] == "2"
            assert (await ear.log_line("CBEND"))[5] == "ANSWER 16"

    asyncio.run(scenario())


def test_a_citizen_who_did_not_call_presses_9_and_hears_that_it_is_noted(tmp_path: Path) -> None:
    keys = (Keypress("9", 1.0),)

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            Exchange.open({CITIZEN: [Lifts(keys=keys)]}, ear.house.exchange) as exchange,
        ):
            await ear.originate(DIGITS, "attempt-1")
            await ear.user_event("HotlineCallback", State="refused")
            [dialled] = exchange.dialled
            await dialled.leg.heard(*ear.prompts("en", "callback_refused"))
            assert (await ear.log_line("CBREFUSED"))[1] == "attempt-1"

    asyncio.run(scenario())


def test_an_answering_machine_hears_the_greeting_twice_and_no_more(tmp_path: Path) -> None:
    """Nothing is said to the queue, and the attempt ends without a confirmation."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path) as ear,
            Exchange.open({CITIZEN: [Lifts(patience=60.0)]}, ear.house.exchange) as exchange,
        ):
            await ear.originate(DIGITS, "attempt-1")
            await ear.log_line("CBEND")
            [dialled] = exchange.dialled
            greetings = dialled.leg.stream.track.hearings(ear.prompts("en", "callback_greeting"))
            assert len(greetings) == 2
            assert not ear.logged("ENTERQUEUE")
            assert not ear.logged("CBCONFIRMED")

    asyncio.run(scenario())
