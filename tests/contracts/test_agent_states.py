"""The recorder's rows of agents' states, on every store: each change once, and no call waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, update

from ivr.asterisk.connection import Lost
from ivr.queues.board import AgentChange, RecordedBoard
from ivr.reading import overview as reading
from ivr.recording.agents import AgentStates
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store, StoreAway, StoreThread
from ivr.storage.people import agents
from ivr.storage.running import listening
from ivr.storage.schema.columns import ago
from ivr.storage.schema.running import recorder_signs
from tests.unit.ami_lines import START, at, event, events

ANN_AND_BOB = """
    0 QueueMember Queue=dvx Location=PJSIP/1101 Name=Ann Status=1 LastCall=0
    0 QueueMember Queue=dvx Location=PJSIP/1102 Name=Bob Status=5 LastCall=0
"""


def status(seconds: float, account: str, value: int, queue: str = "dvx") -> Any:
    return event(
        f"{seconds} QueueMemberStatus Queue={queue} Interface=PJSIP/{account} Status={value} Paused=0"
    )


def watching(store: Store, watched: Watched | None = None, snapshot: str = ANN_AND_BOB) -> AgentStates:
    found = AgentStates(StoreThread(store), "main", watched or Watched())
    found.restore(events(snapshot), START)
    return found


def stored(states: AgentStates, seconds: float, *, is_ours: bool = True) -> None:
    asyncio.run(states.store(at(seconds), is_ours=is_ours))


def latest(store: Store) -> list[tuple[str, str, float]]:
    found = store.read(lambda c: agents.latest(c, "main"))
    return [(one.agent, one.state, (one.at - START).total_seconds()) for one in found]


def count(store: Store) -> int:
    return len(store.read(lambda c: c.exec_driver_sql("SELECT id FROM agent_states").all()))


def test_the_latest_change_of_each_agent_is_found(store: Store) -> None:
    states = watching(store)
    stored(states, 1)
    for told in (status(2, "1101", 6), status(3, "1101", 2), status(4, "1102", 1)):
        states.hear(told)
    stored(states, 5)
    assert sorted(latest(store)) == [("PJSIP/1101", "in_call", 3), ("PJSIP/1102", "idle", 4)]
    assert store.read(lambda c: agents.latest(c, "elsewhere")) == []


def test_a_second_recorder_goes_on_where_the_first_one_ended(store: Store) -> None:
    """What it heard while it stood by is written with its moments; what is stored is not written again."""
    first, second = watching(store), watching(store)
    for states, is_ours in ((first, True), (second, False)):
        stored(states, 1, is_ours=is_ours)
    for states in (first, second):
        states.hear(status(2, "1101", 2))
    stored(first, 3)
    stored(second, 3, is_ours=False)
    second.hear(status(4, "1101", 1))
    stored(second, 5, is_ours=False)
    assert count(store) == 3
    stored(second, 9)
    assert latest(store)[0] == ("PJSIP/1101", "idle", 4)
    assert count(store) == 4


def test_an_agent_who_left_all_queues_while_nobody_recorded_is_gone(store: Store) -> None:
    stored(watching(store), 1)
    stored(watching(store, snapshot="9 QueueMember Queue=dvx Location=PJSIP/1102 Name=Bob Status=5"), 9)
    assert latest(store) == [("PJSIP/1101", "unavailable", 9), ("PJSIP/1102", "unavailable", 0)]


def test_a_clock_that_steps_back_leaves_the_latest_change_the_latest(store: Store) -> None:
    states = watching(store)
    for told in (status(100, "1101", 2), status(50, "1101", 1)):
        states.hear(told)
    stored(states, 101)
    assert latest(store)[0] == ("PJSIP/1101", "idle", 100)


def test_what_came_while_asterisk_was_asked_is_heard_after_its_answer(store: Store) -> None:
    states = AgentStates(StoreThread(store), "main", Watched())
    states.asks()
    states.hear(status(1, "1101", 2))
    states.restore(events(ANN_AND_BOB), at(2))
    stored(states, 3)
    assert latest(store)[0][:2] == ("PJSIP/1101", "in_call")


def test_queues_that_are_not_recorded_tell_nothing_of_their_agents(store: Store) -> None:
    states = watching(store, Watched(frozenset({"aparat"})))
    states.hear(status(1, "1101", 1))
    states.hear(status(1, "1103", 1, queue="aparat"))
    stored(states, 2)
    assert [agent for agent, *_ in latest(store)] == ["PJSIP/1103"]


def test_changes_wait_for_a_store_that_is_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    states = watching(store)
    stored(states, 1)

    def away(work: Callable[[Connection], Any]) -> Any:
        raise StoreAway("no route to host")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", away)
        for told in (status(2, "1101", 2), status(3, "1101", 1)):
            states.hear(told)
            stored(states, 4)
        states.hear(Lost(at(5), "gone"))
        stored(states, 6)
    assert count(store) == 2
    stored(states, 7)
    assert latest(store)[0] == ("PJSIP/1101", "unknown", 5)
    assert count(store) == 6


def test_whatever_the_board_or_the_store_raises_the_recorder_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = watching(store)

    def fails(*_: object) -> None:
        raise RuntimeError("not expected by anybody")

    with monkeypatch.context() as patch:
        patch.setattr(agents, "record", fails)
        stored(states, 1)
        patch.setattr(RecordedBoard, "take_changes", fails)
        stored(states, 2)
    states.hear(status(3, "1101", 2))
    stored(states, 4)
    assert latest(store) == [("PJSIP/1101", "in_call", 3)]


def test_nobody_is_idle_at_a_server_no_recorder_hears(store: Store) -> None:
    stored(watching(store), 1)
    store.write(lambda c: listening.heard(c, "main"))
    assert store.read(lambda c: reading.idle(c, "main")) == ("PJSIP/1101",)
    silent = update(recorder_signs).values(heard_at=ago(2 * listening.SILENT_AFTER))
    store.write(lambda c: c.execute(silent))
    assert store.read(lambda c: reading.idle(c, "main")) == ()
    [ann, _] = store.read(lambda c: reading.states(c, "main"))
    assert ann == AgentChange("PJSIP/1101", "unknown", reading.UNHEARD, START)
