"""A citizen who calls again, or is on the line, while we call them back: real calls by real phones."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from callback_dialer.deciding import decide_call
from callback_dialer.dialer import TURN_SECONDS
from callback_dialer.policy import Policy
from ivr.asterisk.connection import utc_now
from ivr.queues.board import Board
from ivr.storage.running import listening
from ivr.storage.schema.running import recorder_signs
from tests.callback_policy import NOON
from tests.lab.callback_steps import (
    E164,
    NUMBER,
    REACHED,
    agents,
    ended,
    in_state,
    joined_at,
    miss,
    run,
)
from tests.lab.dialing import dialing, ready_to_dial, running_dialer, running_recorder, until
from tests.lab.exchange import Keypress, Lifts, Rings
from tests.lab.phone import Caller
from tests.stored_calls import end_call, store_call


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


def test_who_was_answered_while_nothing_of_ours_ran_is_not_called_afterwards(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            ready_to_dial(tmp_path, {NUMBER: [REACHED]}) as lab,
            agents(lab.house, "1101", "1102"),
            Caller.open(NUMBER, lab.house.sip) as phone,
        ):
            missed, board = miss(lab), Board({})
            policy = Policy.of(lab.configuration)
            lab.store.write(lambda c: decide_call(c, missed, policy))
            lab.store.write(lambda c: listening.heard(c, "main"))
            a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
            lab.store.write(lambda c: c.execute(recorder_signs.update().values(heard_at=a_minute_ago)))
            call = await phone.dial("19511", NOON)
            await call.connected_to_agent()
            await call.hang_up()
            await until(lambda: "COMPLETECALLER" in lab.house.queue_log.read_text(), "the end of the call")
            async with running_dialer(lab.house, lab.store, lab.configuration, board=board):
                await until(lambda: board.idle("dvx", utc_now()), "an idle agent")
                await asyncio.sleep(3 * TURN_SECONDS)  # in which the dialer would ring them
                async with running_recorder(lab.house, lab.store, lab.configuration, lab.house.queue_log):
                    await in_state(lab, "called_again")
            assert lab.exchange.dialled == []

    run(scenario)
