"""To dial = idle − reserve − callers waiting − attempts alive, and one agent is one agent."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback_dialer.pacing import QueueLoad, queues_with_room, room_for_places


def idle(*agents: str) -> frozenset[str]:
    return frozenset(agents)


SCENARIOS: list[tuple[str, dict[str, QueueLoad], set[str]]] = [
    ("nobody is idle", {"dvx": QueueLoad()}, set()),
    ("one is idle", {"dvx": QueueLoad(idle("a"))}, {"dvx"}),
    ("the reserve stays", {"dvx": QueueLoad(idle("a"), reserve=1)}, set()),
    ("one above the reserve", {"dvx": QueueLoad(idle("a", "b"), reserve=1)}, {"dvx"}),
    ("a caller waits for them", {"dvx": QueueLoad(idle("a", "b"), reserve=1, waiting=1)}, set()),
    ("an attempt is under way", {"dvx": QueueLoad(idle("a", "b"), alive=2)}, set()),
    (
        "an agent of two queues is not used twice",
        {"dvx": QueueLoad(idle("a"), alive=1), "emdx": QueueLoad(idle("a"))},
        set(),
    ),
    (
        "the other agent takes the earlier claim",
        {"dvx": QueueLoad(idle("a", "b"), alive=1), "emdx": QueueLoad(idle("a"))},
        {"dvx", "emdx"},
    ),
    (
        "a crowded queue takes nothing from agents it does not have",
        {"dvx": QueueLoad(idle("a"), waiting=9), "emdx": QueueLoad(idle("b"))},
        {"emdx"},
    ),
]


@pytest.mark.parametrize(("loads", "room"), [pytest.param(*each[1:], id=each[0]) for each in SCENARIOS])
def test_only_queues_with_an_agent_to_spare_have_room(loads: dict[str, QueueLoad], room: set[str]) -> None:
    assert queues_with_room(loads) == room


@given(
    agents=st.integers(0, 8), reserve=st.integers(0, 4), waiting=st.integers(0, 9), alive=st.integers(0, 9)
)
def test_for_one_queue_the_sum_is_idle_less_reserve_waiting_and_alive(
    agents: int, reserve: int, waiting: int, alive: int
) -> None:
    load = QueueLoad(frozenset(map(str, range(agents))), reserve, waiting, alive)
    dialled = 0
    while queues_with_room({"dvx": load}):
        load = replace(load, alive=load.alive + 1)
        dialled += 1
    assert dialled == max(0, agents - reserve - waiting - alive)


queue_loads = st.builds(
    QueueLoad,
    idle=st.frozensets(st.sampled_from("abcd")),
    reserve=st.integers(0, 1),
    waiting=st.integers(0, 2),
    alive=st.integers(0, 1),
)


def most_served(loads: dict[str, QueueLoad]) -> int:
    """The most claims that can each have an agent of their own, by trying every order."""
    agents = sorted(frozenset[str]().union(*(load.idle for load in loads.values())))
    claims = [queue for queue, load in loads.items() for _ in range(min(load.claims, 4))]
    best = 0
    for order in set(permutations(claims)):
        for seats in permutations(agents):
            served = sum(agent in loads[queue].idle for queue, agent in zip(order, seats, strict=False))
            best = max(best, served)
    return best


@given(st.fixed_dictionaries({"dvx": queue_loads, "emdx": queue_loads}))
def test_one_more_has_room_exactly_if_one_more_can_be_served(loads: dict[str, QueueLoad]) -> None:
    room = queues_with_room(loads)
    for queue, load in loads.items():
        if load.claims < 4:
            one_more = {**loads, queue: replace(load, alive=load.alive + 1)}
            assert (queue in room) == (most_served(one_more) > most_served(loads))


def test_whoever_keeps_a_place_before_all_takes_the_reserve_but_no_agent_of_an_attempt() -> None:
    """Live callers who came later wait for the next agent."""
    load = QueueLoad(idle("a", "b"), reserve=1, waiting=3)
    assert queues_with_room({"dvx": load}) == set()
    assert room_for_places({"dvx": load}) == {"dvx"}
    assert room_for_places({"dvx": replace(load, alive=1)}) == {"dvx"}
    assert room_for_places({"dvx": replace(load, alive=2)}) == set()


def test_a_kept_place_takes_no_agent_from_callers_or_the_reserve_of_another_queue() -> None:
    """The only idle agent serves both; in the other queue a caller waits, or the agent is its reserve."""
    for other in (QueueLoad(idle("a"), waiting=1), QueueLoad(idle("a"), reserve=1)):
        loads = {"dvx": QueueLoad(idle("a")), "emdx": other}
        assert room_for_places(loads) == {"emdx"}
