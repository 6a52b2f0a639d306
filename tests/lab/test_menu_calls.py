"""Calls through the compiled menu on a real Asterisk: keys, languages, wrong keys, silence, hours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

from ivr.menus.steps import last_node
from tests.lab.calllog import What
from tests.lab.leg import Leg
from tests.lab.phone import Caller
from tests.lab.small import BAKU, CITIZEN, OPEN, Ear, small_house


async def _walk(ear: Ear, number: str, delivered: str, script: str) -> Mapping[str, str]:
    """Dial and follow the script; returns the call's variables at its end.

    Script: keys are pressed (`1`), prompts waited for (`front`, or in another language `en:front`). Then the
    caller hangs up; after `end` they wait for the menu to do it.
    """
    async with Caller.open(number, ear.house.sip) as phone:
        call = await phone.dial(delivered, OPEN)
        since = 0.0
        for word in script.split():
            if len(word) == 1:
                since = await call.press(word)
            elif word == "end":
                await call.until(What.ENDED)
            else:
                language, _, prompt = word.rpartition(":")
                heard = await call.heard(*ear.prompts(language or "az", prompt), since=since)
                since = heard.at + heard.seconds / 2
        await call.hang_up()
        return await ear.hangup(number)


def test_keys_lead_through_the_menu_and_are_told_with_the_call(tmp_path: Path) -> None:
    """Path, node, language and structure are on the call's events whichever way it went."""

    async def scenario() -> None:
        async with small_house(tmp_path) as ear:
            english, back, again, unwound, dropped = await asyncio.gather(
                _walk(ear, "0501000001", "195", "front 9 en:front 1 en:ministry"),
                _walk(ear, "0501000002", "195", "front 1 ministry 0 front"),
                _walk(ear, "0501000003", "195", "front * front 2 news front"),
                _walk(ear, "0501000004", "1951", "ministry 3 more 0 ministry 0 front 0 wrong_key"),
                _walk(ear, "0501000005", "195", "1 # end"),
            )
        assert (english["MENU_PATH"], english["MENU_LANGUAGE"]) == ("9/1", "en")
        assert (back["MENU_PATH"], last_node(back["MENU_STEPS"])) == ("1/0", "front")
        assert (again["MENU_PATH"], last_node(again["MENU_STEPS"])) == ("2", "front")
        assert (unwound["MENU_PATH"], last_node(unwound["MENU_STEPS"])) == ("1/3/0/0", "front")
        assert (dropped["MENU_PATH"], last_node(dropped["MENU_STEPS"])) == ("1/#", "ministry")

    asyncio.run(scenario())


def test_wrong_keys_and_silence_are_counted_apart_and_lead_to_their_own_places(tmp_path: Path) -> None:
    """One of each is forgiven, the second of a kind is not; another choice begins to count anew."""

    async def scenario() -> None:
        async with small_house(tmp_path) as ear:
            wrong, silent, both, fresh = await asyncio.gather(
                _walk(ear, "0501000001", "195", "front 5 wrong_key front 6 bye end"),
                _walk(ear, "0501000002", "195", "front no_key front bye end"),
                _walk(ear, "0501000003", "195", "front 5 wrong_key front no_key front 5 bye end"),
                _walk(ear, "0501000004", "195", "5 wrong_key 1 5 wrong_key ministry 0 5 wrong_key front"),
            )
        for call in (wrong, silent, both):
            assert last_node(call["MENU_STEPS"]) == "bye"
        assert last_node(fresh["MENU_STEPS"]) == "front"

    asyncio.run(scenario())


def test_a_caller_who_cannot_press_keys_still_reaches_a_queue(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with small_house(tmp_path) as ear, Caller.open("0501000001", ear.house.sip) as phone:
            await phone.dial("1951", OPEN)
            joined = await ear.event("QueueCallerJoin", Queue="office")
            assert joined.variables["MENU_PATH"] == "1"
            assert joined.variables["HOTLINE_STRUCTURE"] == "office"

    asyncio.run(scenario())


def test_digits_delivered_at_once_go_straight_to_the_queue(tmp_path: Path) -> None:
    """19511 is the path 1/1; the announcement of the call names trunk and delivered number."""

    async def scenario() -> None:
        async with small_house(tmp_path) as ear, Caller.open("0501000001", ear.house.sip) as phone:
            await phone.dial("19511", OPEN)
            joined = await ear.event("QueueCallerJoin", Queue="tax")
            began = await ear.user_event("HotlineCall")
            assert joined.variables["MENU_PATH"] == "1/1"
            assert (began["Delivered"], began["Trunk"]) == ("19511", "provider")
            assert began.variables["HOTLINE_ORIGIN"] == "inbound"
            assert began.variables["HOTLINE_PRESENTATION"].startswith("allowed")

    asyncio.run(scenario())


def test_a_number_that_shall_not_be_shown_is_told_as_hidden(tmp_path: Path) -> None:
    """The network asserts the number all the same; only the presentation says that it is private."""

    async def scenario() -> None:
        async with small_house(tmp_path) as ear, Caller.open("", ear.house.sip) as phone:
            headers = {"P-Asserted-Identity": f"<sip:{CITIZEN}@127.0.0.1>", "Privacy": "id"}
            anonymous = "<sip:anonymous@anonymous.invalid>"
            phone.keep(await Leg.dial(phone.wire, phone.server, "195", anonymous, headers=headers))
            began = await ear.user_event("HotlineCall")
            assert began["CallerIDNum"] == CITIZEN
            assert began.variables["HOTLINE_PRESENTATION"].startswith("prohib")

    asyncio.run(scenario())


def test_a_number_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with small_house(tmp_path) as ear, Caller.open("0501000001", ear.house.sip) as phone:
            for number in ("1952", "0501112233", "994501112233", "talk", "1101"):
                call = await phone.dial(number, OPEN)
                assert (await call.until(What.REJECTED, What.ANSWERED)).detail == "404"

    asyncio.run(scenario())


def _moment(day: int, clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{day:02}T{clock}").replace(tzinfo=BAKU)


def test_a_queue_is_open_exactly_in_its_hours(tmp_path: Path) -> None:
    """From the first second of opening to the last before closing; not on holidays, days off, weekends."""
    is_open = {
        _moment(23, "08:59:59"): False,
        _moment(23, "09:00:00"): True,
        _moment(23, "17:59:59"): True,
        _moment(23, "18:00:00"): False,
        _moment(27, "16:59:59"): True,
        _moment(27, "17:00:00"): False,
        _moment(22, "12:00:00"): False,  # a Sunday
        _moment(9, "12:00:00"): False,  # a Monday, Flag Day
        _moment(24, "12:00:00"): False,  # closed_on
        _moment(28, "12:00:00"): True,  # a Saturday of open_on
        _moment(28, "18:00:00"): False,
    }

    async def scenario() -> None:
        async with small_house(tmp_path) as ear, AsyncExitStack() as phones:
            for place, moment in enumerate(is_open):
                phone = await phones.enter_async_context(Caller.open(f"05010000{place:02}", ear.house.sip))
                await phone.dial("19511", moment)
            found = [await _came_to(ear, f"05010000{place:02}") for place in range(len(is_open))]
            assert dict(zip(is_open, found, strict=True)) == is_open

    asyncio.run(scenario())


async def _came_to(ear: Ear, number: str) -> bool:
    """Whether the call came into the queue (True) or was told that it is closed."""
    joining = asyncio.create_task(ear.event("QueueCallerJoin", CallerIDNum=number))
    ending = asyncio.create_task(ear.hangup(number))
    done, late = await asyncio.wait((joining, ending), return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        task.cancel()
    if joining not in done:
        assert last_node(ending.result()["MENU_STEPS"]) == "closed"
    return joining in done
