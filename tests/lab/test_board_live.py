"""The board against a real Asterisk and real phones."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.asterisk.connection import utc_now
from ivr.queues.board import Board, refresh
from tests.lab.phone import AgentPhone, Caller
from tests.lab.watch import Watch, watching

WORKING_HOURS = datetime(2026, 3, 3, 11, 0, tzinfo=ZoneInfo("Asia/Baku"))
TO_DVX = "19511"
WRAP_UP = 2.0
CHANGES = {
    "agents": {"1101": {"name": "Aygün", "queues": ["dvx", "aparat"]}},
    "queues.dvx.wrap_up": f"{WRAP_UP:g}s",
    "queues.dvx.record": False,
    "queues.dvx.announce_position": False,
}


def idle(board: Board) -> list[int]:
    """How many agents are idle in dvx and in aparat."""
    return [len(board.idle(queue, utc_now())) for queue in ("dvx", "aparat")]


def states(watch: Watch) -> list[str]:
    """States that were noted since the last look."""
    return [change.state for change in watch.board.take_changes(utc_now())]


def test_an_agent_of_two_queues_is_idle_in_both_or_in_neither_through_a_whole_call(tmp_path: Path) -> None:
    """Not registered, idle, ringing, talking, resting, idle: as the phone lived it, in both queues."""

    async def scenario() -> None:
        async with (
            watching(tmp_path, CHANGES) as watch,
            Caller.open("0501112233", watch.house.sip) as phone,
        ):
            secret = watch.house.secret("1101")
            assert idle(watch.board) == [0, 0]
            assert states(watch) == ["unavailable"]
            async with AgentPhone.open("1101", secret, watch.house.sip, answer_after=0.5, talk=1.0) as agent:
                await watch.until(lambda: idle(watch.board) == [1, 1], "the agent being idle")
                call = await phone.dial(TO_DVX, WORKING_HOURS)
                await watch.until(lambda: agent.offered, "the agent's phone ringing")
                assert idle(watch.board) == [0, 0]
                await call.connected_to_agent()
                assert idle(watch.board) == [0, 0]
                second = Board({"dvx": WRAP_UP})
                await refresh(second, watch.ami.send, utc_now)
                assert idle(second) == [0, 0]
                await watch.until(lambda: "wrap_up" in told(watch), "the end of the talk")
                rest_began = utc_now()
                await watch.until(lambda: idle(watch.board) == [1, 1], "the end of the wrap-up")
                assert utc_now() - rest_began > timedelta(seconds=WRAP_UP - 0.5)
            await watch.until(lambda: idle(watch.board) == [0, 0], "the agent going home")
            assert told(watch) == ["idle", "ringing", "in_call", "wrap_up", "idle", "unavailable"]

    so_far: list[str] = []

    def told(watch: Watch) -> list[str]:
        so_far.extend(states(watch))
        return so_far

    asyncio.run(scenario())


def test_a_board_that_comes_late_sees_the_line_as_one_that_was_there(tmp_path: Path) -> None:
    """Two callers wait; a snapshot taken now names the same two in the same order, joined within a second."""

    async def scenario() -> None:
        async with (
            watching(tmp_path, CHANGES) as watch,
            Caller.open("0501112233", watch.house.sip) as first,
            Caller.open("0551112233", watch.house.sip) as second,
        ):
            for phone in (first, second):
                await phone.dial(TO_DVX, WORKING_HOURS)
                await watch.joining_of(phone.number)
            late = Board({})
            await refresh(late, watch.ami.send, utc_now)
            pairs = list(zip(watch.board.waiting("dvx"), late.waiting("dvx"), strict=True))
            assert [seen.uniqueid for seen, _ in pairs] == [snapped.uniqueid for _, snapped in pairs]
            assert [seen.origin for seen, _ in pairs] == [snapped.origin for _, snapped in pairs]
            assert all(
                abs(seen.joined_at - snapped.joined_at) < timedelta(seconds=1.5) for seen, snapped in pairs
            )

    asyncio.run(scenario())
