"""Hours that end on a real Asterisk: by hand, with nothing of ours running, and by the clock."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import wave
from datetime import datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from ivr.calls.opening_hours import WEEKDAYS, Schedule
from ivr.command.root import app
from ivr.command.store import operator
from ivr.config.sections import Hours
from ivr.menus.steps import last_node
from ivr.revisions.shelf import CONFIG as CONFIG_OF_REVISION
from ivr.revisions.shelf import Revision, Shelf
from ivr.storage.people import audit
from tests.lab.audio import Sound
from tests.lab.calllog import What
from tests.lab.house import House
from tests.lab.phone import AgentPhone, Caller
from tests.lab.small import BAKU, CITIZEN, CONFIG, OPEN, TODAY, small_house, until
from tests.stores import empty_store

BEFORE_CLOSING = datetime(2026, 11, 23, 17, 59, 58, tzinfo=BAKU)


async def _hotline_closed(house: House, *words: str) -> str:
    return await _hotline(house, "closed", *words)


async def _hotline(house: House, *words: str, status: int = 0) -> str:
    arguments = ["--config", str(house.config), *words, "--secrets", str(house.etc / "secrets.d")]
    environment = {
        "HOTLINE_DATABASE_URL": f"sqlite:///{house.etc.parent / 'hotline.db'}",
        "HOTLINE_REVISIONS": str(house.etc.parent / "revisions"),
    }
    said = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)
    assert said.exit_code == status, said.output
    return said.output


def _put_live_and_rename(house: House, folder: Path) -> None:
    """What runs as a live revision; then a draft with a mistake, in which the hours are called otherwise."""
    shelf = Shelf(folder, house.etc / "hotline")
    shutil.copytree(house.config, shelf.at(1) / CONFIG_OF_REVISION)
    shelf.finish(Revision(1, "admin", "2026-11-23T08:00:00+00:00"))
    for file in house.config.glob("*.yaml"):
        file.write_text(file.read_text(encoding="utf-8").replace("office:", "bureau:"), encoding="utf-8")


async def _is_told_that_it_is_closed(house: House, number: str) -> bool:
    """What a caller to the tax queue meets: the word that it is closed, or the queue."""
    async with Caller.open(number, house.sip) as phone:
        call = await phone.dial("19511", OPEN)
        folder = house.sounds / "az" / "hotline"
        said = [Sound.load(folder / f"{name}.wav", "az") for name in ("closed", "calls_recorded")]
        return (await call.heard(*said)).name == "closed"


def test_hours_closed_by_hand_stay_closed_over_a_restart_until_they_are_opened(tmp_path: Path) -> None:
    """Nothing but Asterisk runs while callers call; the audit has a line of each, if there is a database.

    Hours are named as they are live, not as in a draft.
    """

    async def scenario() -> None:
        async with House.open(tmp_path, CONFIG, today=TODAY) as house:
            assert await _hotline_closed(house) == "office goes by the clock\n"
            assert not await _is_told_that_it_is_closed(house, "0501000001")
            said = await _hotline_closed(house, "office")
            assert "closed by hand until --open" in said
            assert "done, but the audit has no line of it: there is no database" in said
            assert not (tmp_path / "hotline.db").exists()
            assert await _is_told_that_it_is_closed(house, "0501000002")
            await house.restart()
            store = empty_store(tmp_path)
            assert await _is_told_that_it_is_closed(house, "0501000003")
            assert await _hotline_closed(house, "office", "--open") == "office goes by the clock\n"
            assert not await _is_told_that_it_is_closed(house, "0501000004")
            await _hotline_closed(house, "office", "--until", "2030-12-30 14:00")
            noted = store.read(lambda c: audit.lines(c, datetime(2026, 1, 1, tzinfo=BAKU)))
            store.close()
            assert [(one["who"], one["action"], one["subject"], one["note"]) for one in noted] == [
                (operator(), "hours closed", "office", "until 2030-12-30 14:00"),
                (operator(), "hours opened", "office", ""),
            ]
            _put_live_and_rename(house, tmp_path / "revisions")
            await _hotline_closed(house, "office", "--open")
            assert "office is closed by hand" in await _hotline_closed(house, "office")
            assert await _is_told_that_it_is_closed(house, "0501000005")

    asyncio.run(scenario())


async def _heard_first(house: House, number: str, dialled: str, *notices: Sound) -> str:
    """Which of the notices a caller hears, or what comes where there is none."""
    async with Caller.open(number, house.sip) as phone:
        call = await phone.dial(dialled, OPEN)
        folder = house.sounds / "az" / "hotline"
        others = [Sound.load(folder / f"{name}.wav", "az") for name in ("front", "calls_recorded")]
        return (await call.heard(*notices, *others)).name


def test_a_notice_is_heard_before_the_menu_or_a_queue_while_it_lasts_with_nothing_of_ours_running(
    tmp_path: Path,
) -> None:
    """A file is brought to Asterisk's format, a prompt is heard as it is; both hold over a restart."""
    flood = tmp_path / "flood.wav"
    tone = ("sox", "-n", "-r", "44100", "-c", "2", str(flood), "synth", "3", "sine", "300-700")
    subprocess.run(tone, check=True, capture_output=True)

    async def scenario() -> None:
        async with House.open(tmp_path, CONFIG, today=TODAY) as house:
            assert await _hotline(house, "notice") == "no notice is heard\n"
            await _hotline(house, "notice", "put", str(flood), "--until", "2035-12-30 14:00")
            said = await _hotline(
                house, "notice", "put", "bye", "--queue", "tax", "--until", "2035-12-30 15:00"
            )
            assert said.splitlines()[-2:] == [
                "flood is heard before the menu until 2035-12-30 14:00",
                "bye is heard before queue tax until 2035-12-30 15:00",
            ]
            looked = await _hotline(house, "doctor", "--asterisk", str(house.etc), status=1)
            assert all(f"notice           {line}\n" in looked for line in said.splitlines()[-2:])
            put = house.sounds / "hotline" / "notice_flood.wav"
            with wave.open(str(put)) as file:
                assert (file.getframerate(), file.getnchannels()) == (8000, 1)
            notices = [Sound.load(put, ""), Sound.load(house.sounds / "az" / "hotline" / "bye.wav", "az")]
            await house.restart()
            assert await _heard_first(house, "0501000001", "195", *notices) == "notice_flood"
            await _hotline(house, "notice", "take-away", "flood")
            assert await _heard_first(house, "0501000002", "195", *notices) == "front"
            assert await _heard_first(house, "0501000003", "19511", *notices) == "bye"
            said = await _hotline(house, "notice", "take-away", "bye")
            assert said.splitlines()[-1] == "no notice is heard"
            assert await _heard_first(house, "0501000004", "19511", *notices) == "calls_recorded"
            put.unlink()  # prompts are shared by houses

    asyncio.run(scenario())


SPANS = {
    "week": dict.fromkeys(WEEKDAYS[:5], "09:00-13:00, 14:00-18:00, 22:00-06:00") | {"sat": "23:30-24:00"},
    "open_on": ["2026-12-26"],
    "special": {"2026-12-29": "12:00-12:30, 20:00-22:00", "2027-01-01": "10:00-11:00"},
    "closed_on": ["2027-01-06"],
}
SAID_DAYS = ("today", "tomorrow", "mon")
"""Of the others there is no prompt."""
FIRST_MINUTE = datetime(2026, 12, 20, tzinfo=BAKU)
MINUTES = 21 * 24 * 60
EACH_MINUTE = """
[each-minute]
exten => s,1,Set(TESTTIME={first})
 same => n(next),Gosub({revision}-hours-office,s,1)
 same => n,GosubIf($[${{GOSUB_RETVAL}} = 0]?{revision}-opens-office,s,1)
 same => n,Set(answer=${{IF($[${{GOSUB_RETVAL}} = 0]?0:$[${{GOSUB_RETVAL}} + ${{TESTTIME}}])}} ${{heard}})
 same => n,ExecIf($["${{answer}}" != "${{known}}"]?Set(FILE({told},,,al,u)=${{TESTTIME}} ${{answer}}))
 same => n,MSet(known=${{answer}},heard=,TESTTIME=$[${{TESTTIME}} + 60])
 same => n,GotoIf($[${{TESTTIME}} < {end}]?next)
 same => n,Set(FILE({told},,,al,u)=end)
"""
"""Tells the minute at which the schedule's answer changes; then until when it is open, or what is said."""


async def _told_by_asterisk(house: House, told: Path) -> list[str]:
    """The compiled schedule, asked for each minute; what would be played is told instead."""
    [plan] = (house.etc / "hotline" / "revisions").glob("*.conf")
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace("Playback(hotline/opens_", "Set(heard=opens_"), encoding="utf-8")
    first, revision = int(FIRST_MINUTE.timestamp()), f"hotline-{plan.stem}"
    loop = EACH_MINUTE.format(first=first, end=first + 60 * MINUTES, revision=revision, told=told)
    with (house.etc / "extensions.conf").open("a", encoding="utf-8") as file:
        file.write(loop)
    await house.asterisk.console("dialplan reload")
    await house.asterisk.console("channel originate Local/s@each-minute application Wait 60")

    def lines() -> list[str] | None:
        found = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
        return found[:-1] if found[-1:] == ["end"] else None

    return await until(lines, "the last minute", 60.0, every=0.1)


def test_each_minute_of_three_weeks_is_open_in_python_as_on_asterisk(tmp_path: Path) -> None:
    """Two spans and a night a day, over holidays, a moved working day, days of their own and a year's end.

    While it is closed, the next opening is said alike.
    """
    texts = dict.fromkeys(("az", "ru", "en"), "{time}, {time}, {time}.")
    prompts = {f"prompts.opens_{day}": texts for day in SAID_DAYS}

    async def scenario() -> list[str]:
        async with House.open(tmp_path, CONFIG, {"hours.office": SPANS, **prompts}, TODAY) as house:
            async with Caller.open(CITIZEN, house.sip) as phone:
                call = await phone.dial("19511", OPEN.replace(hour=8))
                folder = house.sounds / "az" / "hotline"
                said = [Sound.load(folder / f"{name}.wav", "az") for name in ("opens_today_0900", "closed")]
                assert (await call.heard(*said)).name == "opens_today_0900"
                await call.heard(said[1])
            return await _told_by_asterisk(house, tmp_path / "told")

    schedule, known, expected = Schedule.of(Hours.model_validate(SPANS)), "", []
    for minute in range(MINUTES):
        moment = FIRST_MINUTE + timedelta(minutes=minute)
        left, epoch = schedule.open_for(moment), int(moment.timestamp())
        said = schedule.announced(moment) if not left else ""
        answer = f"{left and left + epoch} {said if any(f'_{day}_' in said for day in SAID_DAYS) else ''}"
        if answer != known:
            expected.append(f"{epoch} {answer}")
            known = answer
    assert asyncio.run(scenario()) == expected


def test_who_waits_at_closing_time_goes_to_the_node_named_for_it(tmp_path: Path) -> None:
    """And the visit is told as a timeout, which is owed a call."""

    async def scenario() -> None:
        async with (
            small_house(tmp_path, {"queues.tax.max_wait": "10m", "queues.tax.at_closing": "bye"}) as ear,
            Caller.open(CITIZEN, ear.house.sip) as phone,
        ):
            call = await phone.dial("19511", BEFORE_CLOSING)
            left = await ear.user_event("HotlineLeftQueue")
            assert left["Result"] == "TIMEOUT"
            await call.heard(*ear.prompts("az", "bye"))
            assert last_node((await ear.hangup())["MENU_STEPS"]) == "bye"

    asyncio.run(scenario())


def test_who_waits_at_closing_time_is_served_where_nothing_else_is_said(tmp_path: Path) -> None:
    async def scenario() -> None:
        changes = {"queues.tax.max_wait": "10m"}
        async with small_house(tmp_path, changes) as ear, Caller.open(CITIZEN, ear.house.sip) as phone:
            call = await phone.dial("19511", BEFORE_CLOSING)
            await ear.event("QueueCallerJoin")
            await asyncio.sleep(4.0)  # past the closing time
            async with AgentPhone.open("1101", ear.house.secret("1101"), ear.house.sip, talk=1.0):
                await call.until(What.ENDED)
            await ear.log_line("COMPLETEAGENT")

    asyncio.run(scenario())
