"""Callbacks on a real Asterisk: from the missed call to the agent, and every way it can go wrong."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import timedelta
from pathlib import Path
from threading import current_thread

import pytest
from sqlalchemy import select
from sqlalchemy.event import listen

from callback_dialer.attempt import Progress
from callback_dialer.attempt import disposition as disposition_of
from callback_dialer.milestones import lines_of, tell
from callback_dialer.policy import Policy
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from ivr.storage.owed import switches
from ivr.storage.schema.owed import decisions
from tests.callback_policy import NOON
from tests.contracts.test_callback_guards import decide_all
from tests.lab.callback_steps import (
    DVX,
    E164,
    NINE,
    NUMBER,
    ONE,
    REACHED,
    agents,
    ended,
    in_state,
    joined_at,
    miss,
    run,
    spoken,
)
from tests.lab.dialing import Dialing, dialing, ready_to_dial, running_dialer, running_recorder, until
from tests.lab.exchange import Fate, Lifts, Rejects, Rings
from tests.lab.leg import Leg
from tests.lab.phone import AgentPhone, Caller
from tests.lab.service import HotlineService
from tests.lab.sip import Request
from tests.stored_calls import store_call


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


UNIX_EPOCH = 2440587.5
"""As a Julian day, in which SQLite counts."""


def off_by(store: Store, seconds: float) -> None:
    """From its next connection on, the store's own clock differs from Asterisk's by that much."""

    def shifted(connection: sqlite3.Connection, _: object) -> None:
        connection.create_function("julianday", 1, julianday)

    def julianday(moment: str) -> float:
        assert moment == "now"
        return UNIX_EPOCH + (time.time() + seconds) / 86400

    listen(store.engine, "connect", shifted)
    store.engine.dispose()


@pytest.mark.parametrize("minutes", [-30, 30])
def test_a_citizen_is_called_back_though_the_database_s_clock_and_asterisk_s_are_far_apart(
    tmp_path: Path, minutes: int
) -> None:
    async def scenario() -> None:
        async with ready_to_dial(tmp_path, {NUMBER: [REACHED]}) as lab, agents(lab.house, "1101"):
            off_by(lab.store, minutes * 60)
            miss(lab)
            async with running_dialer(lab.house, lab.store, lab.configuration):
                [attempt] = await ended(lab)
            assert attempt.disposition == "reached"
            apart = attempt.planned_at.timestamp() - time.time()
            assert apart == pytest.approx(minutes * 60, abs=300)

    run(scenario)


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


def test_who_is_held_because_the_ceiling_is_reached_is_rung_once_the_other_was_tried(tmp_path: Path) -> None:
    other = "0557654321"

    async def scenario() -> None:
        plans = {NUMBER: [REACHED], other: [REACHED]}
        async with dialing(tmp_path, plans, {"callback.ceiling": 1}) as lab, agents(lab.house, "1101"):
            lab.store.write(lambda c: [store_call(c, number) for number in (E164, "+994557654321")])
            tried = await ended(lab, 2)
            assert [one.disposition for one in tried] == ["reached", "reached"]
            made = lab.store.read(lambda c: sorted(c.scalars(select(decisions.c.decision))))
            assert made == ["callback", "held"]

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
            assert lab.store.read(lambda c: switches.is_denied(c, f"+994{numbers[6][1:]}", ""))

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
            ahead = owed.due_at - lab.store.read(clock_of)
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
