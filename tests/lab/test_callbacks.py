"""Callbacks on a real Asterisk: from the missed call to the agent, and every way it can go wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.event import listen

from callback_dialer.attempt import Progress
from callback_dialer.dispositions import disposition as disposition_of
from callback_dialer.milestones import lines_of, tell
from callback_dialer.policy import Policy
from ivr.storage import missed
from ivr.storage.attempts import Attempt
from ivr.storage.callbacks import Callback
from ivr.storage.engine import Store
from ivr.storage.schema import decisions, visits
from tests.callback_policy import NOON
from tests.contracts.test_callback_guards import decide_all
from tests.lab.audio import Sound, load_sounds
from tests.lab.dialing import Dialing, dialing, ready_to_dial, running_dialer, running_recorder, until
from tests.lab.exchange import Fate, Keypress, Lifts, Rejects, Rings
from tests.lab.house import House
from tests.lab.leg import Leg
from tests.lab.phone import AgentPhone, Caller
from tests.lab.service import HotlineService
from tests.lab.sip import Request
from tests.stored_calls import Queued, end_call, store_call

NUMBER = "0501234567"
E164 = "+994501234567"
ONE, NINE = (Keypress("1", 0.5),), (Keypress("9", 0.5),)
REACHED = Lifts(after=0.2, keys=ONE, talk=1.0)
DVX = "19511"
"""Delivered at once to the tax service's queue."""


@asynccontextmanager
async def agents(house: House, *accounts: str, answer_after: float = 0.2) -> AsyncIterator[list[AgentPhone]]:
    async with AsyncExitStack() as phones:
        yield [
            await phones.enter_async_context(
                AgentPhone.open(account, house.secret(account), house.sip, answer_after=answer_after)
            )
            for account in accounts
        ]


def miss(lab: Dialing, number: str = E164, *stays: Queued) -> int:
    return lab.store.write(lambda c: store_call(c, number, stays or [Queued()]))


async def ended(lab: Dialing, count: int = 1, deadline: float = 20.0) -> list[Attempt]:
    """The ended attempts, once there are `count` of them."""

    def look() -> list[Attempt]:
        over = [one for one in lab.attempts() if one.state == "ended"]
        return over if len(over) >= count else []

    return await until(look, f"the end of {count} attempts", deadline)


async def in_state(lab: Dialing, state: str, deadline: float = 20.0) -> Callback:
    """The only callback, once it is in that state."""

    def look() -> Callback | None:
        found = lab.callbacks()
        return found[0] if found and found[0].state == state else None

    return await until(look, f"a callback in state {state}", deadline)


def run(scenario: Callable[[], Any]) -> None:
    asyncio.run(scenario())


def spoken(house: House, language: str, *names: str) -> list[Sound]:
    everything = load_sounds(house.folder / "data" / "sounds")
    return [sound for sound in everything if sound.language == language and sound.name in names]


def test_who_gave_up_after_ten_seconds_is_called_back_in_their_language_and_reaches_an_agent(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with (
            dialing(tmp_path, {NUMBER: [REACHED]}) as lab,
            agents(lab.house, "1101") as [agent],
        ):
            miss(lab)
            reached = await in_state(lab, "reached")
            [attempt] = await ended(lab)
            assert (attempt.disposition, attempt.agent) == ("reached", "PJSIP/1101")
            assert attempt.talk_seconds == pytest.approx(1.0, abs=0.5)
            assert reached.attempts_used == 1
            [offered] = agent.offered
            assert (offered.number, offered.name) == (NUMBER, "callback")
            [dialled] = lab.exchange.calls_to(NUMBER)
            assert dialled.shown == "195"
            greeting = spoken(lab.house, "ru", "callback_greeting")
            assert await dialled.leg.heard(*greeting, deadline=0.1)

    run(scenario)


def test_neither_recorder_nor_dialer_runs_any_sql_on_the_event_loop(tmp_path: Path) -> None:
    ran_on: set[str] = set()

    async def scenario() -> None:
        async with ready_to_dial(tmp_path, {NUMBER: [REACHED]}) as lab, agents(lab.house, "1101"):
            theirs = Store(f"sqlite:///{tmp_path / 'hotline.db'}")
            listen(theirs.engine, "before_cursor_execute", lambda *_: ran_on.add(current_thread().name))
            miss(lab)
            async with (
                running_recorder(lab.house, theirs, lab.configuration),
                running_dialer(lab.house, theirs, lab.configuration),
            ):
                await in_state(lab, "reached")

    run(scenario)
    assert ran_on == {"store_0"}


class HighSequence(AgentPhone):
    """A phone whose RTP begins with a high sequence number, as half of all phones' calls do."""

    async def rung(self, leg: Leg, invitation: Request) -> None:
        leg.stream._sequence = 60000
        await super().rung(leg, invitation)


def test_a_called_back_citizen_hears_an_agent_whose_phone_counts_from_a_high_number(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with dialing(tmp_path, {NUMBER: [REACHED]}, {"trunks.provider.codec": "ulaw"}) as lab:
            phone = HighSequence("1101", lab.house.secret("1101"), lab.house.sip, answer_after=0.2)
            await (await phone.listen()).register()
            miss(lab)
            [attempt] = await ended(lab)
            await phone.close()
            assert attempt.talk_seconds == pytest.approx(1.0, abs=0.5)
            assert [one.account for one in lab.exchange.dialled[0].leg.spoken] == ["1101"]

    run(scenario)


FATES: list[tuple[Fate, str, str]] = [
    (Rejects(486), "busy", "owed"),
    (Rejects(603), "declined", "owed"),
    (Rejects(404), "invalid_number", "unreachable"),
    (Rejects(503), "congestion", "owed"),
    (Rejects(480), "no_answer", "owed"),
    (Rings(), "no_answer", "owed"),
    (Lifts(after=0.1, keys=NINE), "declined", "refused"),
    (Lifts(after=0.1, patience=1.0), "machine_or_no_confirmation", "owed"),
    (Lifts(after=0.1), "machine_or_no_confirmation", "owed"),
]


def test_an_urgent_order_is_rung_before_an_older_missed_call(tmp_path: Path) -> None:
    urgent = "0557654321"

    async def scenario() -> None:
        plans = {NUMBER: [REACHED], urgent: [REACHED]}
        async with ready_to_dial(tmp_path, plans) as lab, agents(lab.house, "1101"):
            service = HotlineService(lab.house, database_url=f"sqlite:///{tmp_path / 'hotline.db'}")
            miss(lab)
            lab.store.write(lambda c: decide_all(c, Policy.of(lab.configuration)))
            words = ("callbacks", "add", urgent, "--queue", "dvx", "--priority", "urgent")
            added = await service.hotline(*words)
            assert added.status == 0, added.err
            async with running_dialer(lab.house, lab.store, lab.configuration):
                tried = await ended(lab, 2)
            assert [one.disposition for one in tried] == ["reached", "reached"]
            assert [one.number for one in lab.exchange.dialled] == [urgent, NUMBER]

    run(scenario)


def test_each_way_a_citizens_phone_can_react_is_told_by_the_disposition(tmp_path: Path) -> None:
    numbers = [f"050123450{i}" for i in range(len(FATES))]
    plans = {number: [fate] for number, (fate, _, _) in zip(numbers, FATES, strict=True)}

    async def scenario() -> None:
        async with (
            dialing(tmp_path, plans, {"callback.ring_for": "2s"}) as lab,
            agents(lab.house, "1101", "1102", "1103"),
        ):
            for number in numbers:
                miss(lab, f"+994{number[1:]}")
            tried = {one.dial_string: one for one in await ended(lab, len(FATES), 60.0)}
            states = {one.caller: one.state for one in lab.callbacks()}
            for number, (fate, disposition, state) in zip(numbers, FATES, strict=True):
                assert tried[number].disposition == disposition, fate
                assert states[number] == state, fate
                assert len(lab.exchange.calls_to(number)) == 1, fate
                attempt = tried[number]
                lines = lines_of(attempt.id, lab.house.queue_log, attempt.planned_at)
                told = tell(Progress(attempt.id, "originating", attempt.planned_at), lines or [])
                assert disposition_of(told) == disposition, (fate, lines)
            assert lab.store.read(lambda c: missed.is_denied(c, f"+994{numbers[6][1:]}"))

    run(scenario)


def test_who_finds_no_agent_is_told_so_and_called_at_the_time_they_choose(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            dialing(tmp_path, {NUMBER: [Lifts(after=0.1, keys=ONE)]}, {"callback.max_hold": "2s"}) as lab,
            agents(lab.house, "1101", answer_after=60.0),
        ):
            miss(lab)
            await until(lambda: lab.exchange.dialled, "a call")
            leg = lab.exchange.dialled[0].leg
            await leg.heard(*spoken(lab.house, "ru", "callback_no_agent"))
            await leg.heard(*spoken(lab.house, "ru", "callback_new_time"))
            await leg.press("1")
            [attempt] = await ended(lab)
            assert attempt.disposition == "no_agent"
            owed = await in_state(lab, "owed")
            ahead = owed.due_at - lab.store.read(missed.now)
            assert timedelta(minutes=29) < ahead <= timedelta(minutes=30)

    run(scenario)


def test_nobody_is_dialled_while_no_agent_is_idle_beyond_the_reserve(tmp_path: Path) -> None:
    async def scenario() -> None:
        changes = {"callback.reserve": 1}
        async with dialing(tmp_path, {NUMBER: [REACHED]}, changes) as lab:
            miss(lab)
            await in_state(lab, "owed")
            async with agents(lab.house, "1101"):
                with pytest.raises(AssertionError):
                    await until(lambda: lab.exchange.dialled, "a call", 2.0)
                async with agents(lab.house, "1102"):
                    await in_state(lab, "reached")

    run(scenario)


def test_who_dials_the_hotline_while_we_ring_them_is_left_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            dialing(tmp_path, {NUMBER: [Rings(), REACHED]}, {"callback.retry.aborted": ["1s"]}) as lab,
            agents(lab.house, "1101"),
        ):
            miss(lab)
            await until(lambda: [one for one in lab.attempts() if one.state == "ringing"], "ringing")
            call = lab.store.write(lambda c: store_call(c, E164, [], is_over=False))
            [attempt] = await ended(lab)
            assert attempt.disposition == "aborted"
            held = await in_state(lab, "on_hold")
            assert held.attempts_used == 0
            lab.store.write(lambda c: end_call(c, call))
            await in_state(lab, "reached")

    run(scenario)


def test_a_citizen_we_ring_who_is_on_another_call_in_any_of_the_queues_is_hung_up_on(tmp_path: Path) -> None:
    """Real calls by real phones, one in each queue; the callbacks are all of the first queue."""
    lines = {f"050555000{n}": f"1951{n}" for n in (1, 2, 3, 4)}

    async def scenario() -> None:
        changes = {
            "queues.dvx.announce_position": False,
            "agents.1104": {"name": "1104", "queues": ["dvx"]},
        }
        async with (
            dialing(tmp_path, {number: [Rings()] for number in lines}, changes) as lab,
            running_recorder(lab.house, lab.store, lab.configuration),
            agents(lab.house, "1101", "1102", "1103", "1104", answer_after=60.0),
            AsyncExitStack() as phones,
        ):
            for number in lines:
                miss(lab, f"+994{number[1:]}")
            await until(lambda: sum(one.state == "ringing" for one in lab.attempts()) == 4, "four ringing")
            for number, delivered in lines.items():
                phone = await phones.enter_async_context(Caller.open(number, lab.house.sip))
                await phone.dial(delivered, NOON)
            assert {one.disposition for one in await ended(lab, 4)} == {"aborted"}
            for number in lines:
                await joined_at(lab, f"+994{number[1:]}")
                [rung] = lab.exchange.calls_to(number)
                assert rung.leg.log.is_over
            assert {one.state for one in lab.callbacks()} == {"on_hold"}
            assert {one.attempts_used for one in lab.callbacks()} == {0}

    run(scenario)


def test_a_citizen_who_has_answered_us_is_left_in_that_call_whatever_else_they_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        late = Lifts(after=0.1, keys=(Keypress("1", 6.0),), talk=1.0)
        async with (
            dialing(tmp_path, {NUMBER: [late]}, {"callback.confirm_wait": "9s"}) as lab,
            running_recorder(lab.house, lab.store, lab.configuration),
            agents(lab.house, "1101"),
            Caller.open(NUMBER, lab.house.sip) as phone,
        ):
            miss(lab)
            await until(lambda: [a for a in lab.attempts() if a.state == "citizen_answered"], "an answer")
            call = await phone.dial("19513", NOON)
            await joined_at(lab, E164)
            assert [one.state for one in lab.attempts()] == ["citizen_answered"]
            [attempt] = await ended(lab)
            assert attempt.disposition == "reached"
            assert len(lab.exchange.calls_to(NUMBER)) == 1
            await call.hang_up()

    run(scenario)


def test_an_attempt_outlives_the_dialer_that_started_it_and_is_not_dialled_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        plans = {NUMBER: [Lifts(after=4.0, keys=ONE, talk=1.0)]}
        async with (
            ready_to_dial(tmp_path, plans) as lab,
            agents(lab.house, "1101"),
        ):
            miss(lab)
            async with running_dialer(lab.house, lab.store, lab.configuration) as dialer:
                await until(lambda: [one for one in lab.attempts() if one.state == "ringing"], "ringing")
                dialer.cancel()
            async with running_dialer(lab.house, lab.store, lab.configuration):
                [attempt] = await ended(lab)
            assert attempt.disposition == "reached"
            assert len(lab.exchange.calls_to(NUMBER)) == 1

    run(scenario)


def test_a_service_killed_while_a_citizen_is_rung_goes_on_with_that_attempt_after_its_restart(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        plans = {NUMBER: [Lifts(after=8.0, keys=ONE, talk=1.0)]}
        async with ready_to_dial(tmp_path, plans) as lab, agents(lab.house, "1101"):
            service = HotlineService(lab.house)
            await service.start()
            lab.store.close()
            lab.store = Store(service.database_url)
            miss(lab)
            await until(lambda: [one for one in lab.attempts() if one.state == "ringing"], "ringing")
            await service.kill()
            await service.start()
            [attempt] = await ended(lab, deadline=30.0)
            assert attempt.disposition == "reached"
            assert len(lab.exchange.calls_to(NUMBER)) == 1
            assert await service.stop() == 0

    run(scenario)


def test_an_attempt_asterisk_took_to_its_grave_is_unknown_and_waits_long(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            dialing(tmp_path, {NUMBER: [Rings()]}) as lab,
            agents(lab.house, "1101"),
        ):
            miss(lab)
            await until(lambda: [one for one in lab.attempts() if one.state == "ringing"], "ringing")
            await lab.house.kill()
            await lab.house.restart()
            lab.store.write(lambda c: c.execute(text("UPDATE attempts SET deadline_at = 1000")))
            [attempt] = await ended(lab)
            assert attempt.disposition == "unknown"
            owed = await in_state(lab, "owed")
            assert owed.due_at - lab.store.read(missed.now) > timedelta(hours=3)
            assert len(lab.exchange.calls_to(NUMBER)) == 1

    run(scenario)


async def joined_at(lab: Dialing, e164: str) -> float:
    """When the caller's open visit joined its queue, in epoch seconds."""
    waiting = visits.select().where(visits.c.caller_e164 == e164, visits.c.outcome == "waiting")
    row = await until(lambda: lab.store.read(lambda c: c.execute(waiting).first()), f"{e164} in the queue")
    at: float = row.joined_at.timestamp()
    return at


async def give_up(lab: Dialing, phone: Caller, wait: float) -> None:
    """Call, and hang up after `wait` seconds in the queue."""
    call = await phone.dial(DVX, NOON)
    at = await joined_at(lab, f"+994{phone.number[1:]}")
    await asyncio.sleep(at + wait - time.time())
    await call.hang_up()


def test_ten_seconds_in_the_queue_divide_who_is_called_back(tmp_path: Path) -> None:
    """With the recorder: one waits 9.5 s, two wait 10.5 s, and one of these calls again and is answered."""
    hasty, patient, again = "0501111111", "0502222222", "0503333333"

    async def scenario() -> None:
        quiet = {"queues.dvx.announce_position": False}
        async with (
            dialing(tmp_path, {patient: [REACHED], again: [REACHED]}, quiet) as lab,
            running_recorder(lab.house, lab.store, lab.configuration),
            Caller.open(hasty, lab.house.sip) as first,
            Caller.open(patient, lab.house.sip) as second,
            Caller.open(again, lab.house.sip) as third,
        ):
            waits = ((first, 9.5), (second, 10.5), (third, 10.5))
            await asyncio.gather(*(give_up(lab, phone, wait) for phone, wait in waits))
            await until(lambda: len(lab.callbacks()) == 2, "two callbacks")
            call = await third.dial(DVX, NOON)
            await joined_at(lab, f"+994{again[1:]}")
            async with agents(lab.house, "1101"):
                await call.connected_to_agent()
                await call.hang_up()
                [attempt] = await ended(lab)
            assert (attempt.dial_string, attempt.disposition) == (patient, "reached")
            assert {one.caller: one.state for one in lab.callbacks()} == {
                patient: "reached",
                again: "called_again",
            }
            verdicts = lab.store.read(
                lambda c: {row.caller_e164: row.decision for row in c.execute(decisions.select())}
            )
            assert verdicts == {
                "+994501111111": "too_short",
                "+994502222222": "callback",
                "+994503333333": "callback",
            }
            assert [one.number for one in lab.exchange.dialled] == [patient]

    run(scenario)
