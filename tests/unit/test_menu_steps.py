"""The nodes a call came to, read back from one line: how callers went on, and where they hung up."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.config.loading import configuration_of
from ivr.menus.steps import LONGEST_STEPS, Ending, NodeCount, Walk, by_node, last_node, passed
from ivr.menus.walk import SILENCE, Caller, Menu
from tests.golden import CONFIG
from tests.loading import load_or_fail

OPEN = datetime(2026, 11, 23, 11, 0, tzinfo=ZoneInfo("Asia/Baku"))


def walked(*does: str, number: str = "195") -> Caller:
    """Where the small hotline's caller is who does all that."""
    menu = Menu(configuration_of(load_or_fail(CONFIG)), OPEN)
    caller = menu.begin(number).caller
    for one in does:
        caller = menu.go_on(caller, one).caller
    return caller


def counted(caller: Caller, ending: Ending = "hung up") -> dict[str, dict[str, int]]:
    return {
        node.node: dict(node.left) for node in by_node(passed([Walk(caller.steps, caller.path, ending, 3)]))
    }


@pytest.mark.parametrize(
    ("does", "left"),
    [
        ((), {"front": {"hung up": 3}}),
        (("1", "2"), {"front": {"1": 3}, "ministry": {"2": 3}, "office": {"hung up": 3}}),
        (("*", "5", "1"), {"front": {"1": 3}, "ministry": {"hung up": 3}}),
        (("2",), {"front": {"2": 3, "hung up": 3}, "news": {"on": 3}}),
        (("1", SILENCE), {"front": {"1": 3}, "ministry": {"silence": 3}, "office": {"hung up": 3}}),
        (("5", "5"), {"front": {"wrong key": 3}, "bye": {"hung up": 3}}),
        (("1", "0"), {"front": {"1": 3, "hung up": 3}, "ministry": {"0": 3}}),
        (("1", "#"), {"front": {"1": 3}, "ministry": {"#": 3}}),
    ],
)
def test_each_node_tells_how_callers_left_it(does: tuple[str, ...], left: dict[str, dict[str, int]]) -> None:
    """By key, silence, wrong keys, by itself, or by hanging up there."""
    assert counted(walked(*does)) == left


def test_a_number_that_leads_into_the_menu_brings_its_keys_but_no_nodes() -> None:
    caller = walked("0", number="1951")
    assert caller.path == "1/0"
    assert counted(caller, "queue") == {"ministry": {"0": 3}, "front": {"queue": 3}}


def test_every_visit_of_a_node_has_one_end() -> None:
    callers = [walked(*does) for does in ((), ("1", "0"), ("2", "2"))]
    walks = [Walk(caller.steps, caller.path, "let go", 2) for caller in callers]
    nodes = by_node(passed(walks))
    assert all(node.visits == sum(node.left.values()) for node in nodes)
    assert nodes[0] == NodeCount("front", 12, nodes[0].left)


def test_a_walk_without_end_keeps_its_beginning_and_its_last_node() -> None:
    """Back and forth a hundred times: never longer than one step more, and no node is made up by the cut."""
    caller = walked(*("1", "0") * 100, "1")
    assert len(caller.steps) < LONGEST_STEPS + 40
    assert last_node(caller.steps) == "ministry"
    assert set(counted(caller)) == {"front", "ministry"}


@pytest.mark.parametrize("steps", ["", "front", "/", "/x:front", "/0:", "/0:front:s:w"])
def test_what_is_no_line_of_steps_tells_of_no_node(steps: str) -> None:
    assert (last_node(steps), passed([Walk(steps, "1", "hung up", 1)])) == ("", {})
