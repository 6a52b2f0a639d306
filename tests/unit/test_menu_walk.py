"""The walk through the menu: tables of the small hotline, and what holds for any keys in any order."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.checks.whole import load_files
from ivr.config.loading import configuration_of
from ivr.config.sections import Hours
from ivr.menus.walk import DEEPEST_BACK, HANG_UP, LONGEST_PATH, SILENCE, Caller, Menu, Step
from tests.golden import CONFIG
from tests.loading import load_or_fail
from tests.unit.starter import FILES

OPEN = datetime(2026, 11, 23, 11, tzinfo=ZoneInfo("Asia/Baku"))
CLOSED = OPEN.replace(hour=18)
SMALL = configuration_of(load_or_fail(CONFIG))
MENU = Menu(SMALL, OPEN, lambda queue, was_told: {"tax": ("place-2",), "office": ()}[queue])
DOES = {"s": SILENCE, "h": HANG_UP}


def walked(script: str, number: str = "195", menu: Menu = MENU) -> tuple[list[str], Caller]:
    """All that is heard on the way of a script, and the caller at its end: keys, `s` silence, `h` hang-up."""
    step = menu.begin(number)
    heard = [each.prompt for each in step.heard]
    for word in script.split():
        step = menu.go_on(step.caller, DOES.get(word, word))
        heard += [each.prompt for each in step.heard]
    return heard, step.caller


@pytest.mark.parametrize(
    ("number", "script", "heard", "node", "path"),
    [
        ("195", "", "front", "front", ""),
        ("195", "1", "front ministry", "ministry", "1"),
        ("195", "2", "front news front", "front", "2"),
        ("195", "*", "front front", "front", ""),
        ("195", "1 0", "front ministry front", "front", "1/0"),
        ("1951", "3 0 0", "ministry more ministry front", "front", "1/3/0/0"),
        ("1951", "0 1 0", "ministry front ministry front", "front", "1/0/1/0"),
        ("195", "2 1 0", "front news front ministry front", "front", "2/1/0"),
        ("195", "1 #", "front ministry", "ministry", "1/#"),
        ("195", "1 s", "front ministry", "office", "1"),
        ("195", "5 s", "front wrong_key front no_key front", "front", ""),
        ("195", "5 s 5", "front wrong_key front no_key front bye", "bye", ""),
        ("1951", "5 0 5 1 5", "ministry wrong_key ministry front wrong_key front ministry wrong_key ministry",
         "ministry", "1/0/1"),
        ("19511", "", "calls_recorded place-2", "tax", "1/1"),
        ("19511", "4", "calls_recorded place-2", "tax", "1/1"),
        ("19511", "5", "calls_recorded place-2 order_no_number", "tax", "1/1"),
        ("19511", "s", "calls_recorded place-2 please_hold", "overflow", "1/1"),
        ("19511", "s s", "calls_recorded place-2 please_hold bye", "bye", "1/1"),
        ("195", "h 1", "front", "front", ""),
    ],
)  # fmt: skip
def test_a_script_of_keys_is_heard_and_ends_as_the_table_says(
    number: str, script: str, heard: str, node: str, path: str
) -> None:
    said, caller = walked(script, number)
    assert (said, caller.node, caller.path) == (heard.split(), node, path)


@pytest.mark.parametrize(
    ("number", "script", "queue", "has_ended"),
    [
        ("195", "1 s", "office", False),
        ("195", "1 #", "", True),
        ("195", "h", "", True),
        ("19511", "", "tax", False),
        ("19511", "s", "office", False),
        ("19511", "s s", "", True),
    ],
)
def test_a_walk_ends_in_a_queue_or_with_the_call(
    number: str, script: str, queue: str, has_ended: bool
) -> None:
    _, caller = walked(script, number)
    assert (caller.queue, caller.has_ended) == (queue, has_ended)


@pytest.mark.parametrize(("second", "node"), [(56, "overflow"), (57, "overflow"), (58, "bye"), (59, "bye")])
def test_who_is_not_answered_when_it_closes_before_the_longest_wait_goes_to_the_node_for_that(
    second: int, node: str
) -> None:
    """The queue's longest wait is three seconds."""
    tax = SMALL.queues["tax"].model_copy(update={"at_closing": "bye"})
    small = SMALL.model_copy(update={"queues": {**SMALL.queues, "tax": tax}})
    _, caller = walked("s", "19511", Menu(small, OPEN.replace(hour=17, minute=59, second=second)))
    assert caller.node == node


@pytest.mark.parametrize(("hour", "node"), [(12, "bye"), (17, "bye"), (21, "overflow"), (5, "bye")])
def test_each_end_of_a_span_is_a_closing(hour: int, node: str) -> None:
    """In the last second of that hour."""
    week = dict.fromkeys(("sun", "mon"), "09:00-13:00, 14:00-18:00, 21:00-06:00")
    office = Hours.model_validate({"week": week})
    tax = SMALL.queues["tax"].model_copy(update={"at_closing": "bye"})
    small = SMALL.model_copy(
        update={"queues": {**SMALL.queues, "tax": tax}, "hours": {**SMALL.hours, "office": office}}
    )
    _, caller = walked("s", "19511", Menu(small, OPEN.replace(hour=hour, minute=59, second=59)))
    assert caller.node == node


def test_outside_the_hours_the_next_opening_is_said_before_the_node_for_that() -> None:
    shipped = configuration_of(load_files(FILES))
    heard, _ = walked("", "19511", Menu(shipped, CLOSED))
    assert heard[:2] == ["opens_tomorrow_0900", "closed"]


def test_a_language_is_chosen_for_the_rest_of_the_call() -> None:
    step = MENU.go_on(MENU.begin("195").caller, "9")
    assert {each.language for each in step.heard} == {"en"}
    assert {each.language for each in MENU.go_on(step.caller, "1").heard} == {"en"}


def test_a_remembered_language_is_spoken_from_the_first_prompt_on() -> None:
    assert {each.language for each in MENU.begin("195", "en").heard} == {"en"}


def test_outside_its_hours_a_queue_is_closed() -> None:
    heard, caller = walked("", "19511", Menu(SMALL, CLOSED))
    assert (heard, caller.node, caller.queue) == (["closed"], "closed", "")


@pytest.mark.parametrize(
    ("moment", "redirected", "node"),
    [
        (OPEN, "director", "director"),
        (OPEN.replace(month=12, day=31), "director", "director"),
        (OPEN.replace(year=2027), "", "bye"),
        (OPEN.replace(year=2025), "", "bye"),
    ],
)
def test_a_caller_is_redirected_on_the_days_of_the_contact_only(
    moment: datetime, redirected: str, node: str
) -> None:
    _, caller = walked("3 2", "1951", Menu(SMALL, moment))
    assert (caller.redirected, caller.node, caller.has_ended) == (redirected, node, not redirected)


def test_whom_a_contact_does_not_answer_goes_on_in_the_menu() -> None:
    heard, caller = walked("3 2 5 s", "1951", Menu(SMALL, OPEN))
    assert (heard[-1], caller.redirected, caller.node, caller.has_ended) == ("bye", "", "bye", True)


def test_a_blocked_caller_hears_one_sentence_and_nothing_else() -> None:
    step = MENU.begin("195", None, "+994509991234")
    assert ([each.prompt for each in step.heard], step.caller.has_ended) == (["closed"], True)
    assert not MENU.begin("195", None, "+994501234567").caller.has_ended
    assert not MENU.begin("195").caller.has_ended


def test_a_number_that_is_not_delivered_has_no_walk() -> None:
    with pytest.raises(KeyError):
        MENU.begin("112")


STARTER = configuration_of(load_files(FILES))
KEYS = st.lists(st.sampled_from([*"0123456789*#", SILENCE]), max_size=60)


def steps(keys: list[str], moment: datetime = OPEN) -> list[Step]:
    """The walk through the shipped menu."""
    menu = Menu(STARTER, moment)
    found = [menu.begin("195")]
    for key in keys:
        found.append(menu.go_on(found[-1].caller, key))
    return found


@given(KEYS, st.sampled_from([OPEN, CLOSED]))
def test_whatever_is_pressed_the_caller_is_asked_something_waits_in_a_queue_or_is_told_goodbye(
    keys: list[str], moment: datetime
) -> None:
    for step in steps(keys, moment):
        node = STARTER.menu.nodes[step.caller.node]
        assert step.caller.has_ended or step.caller.queue or node.keys
        assert not (step.caller.queue and moment is CLOSED)
        if step.caller.has_ended:
            assert node.hangup


@given(KEYS)
def test_path_and_way_back_stay_within_what_is_kept(keys: list[str]) -> None:
    for before, after in pairwise(steps(keys)):
        assert len(after.caller.path) <= LONGEST_PATH
        assert len(after.caller.back) <= DEEPEST_BACK
        assert len(after.caller.back) - len(before.caller.back) <= 1


@given(KEYS)
def test_who_presses_nothing_from_anywhere_on_comes_to_an_end(keys: list[str]) -> None:
    caller = steps(keys)[-1].caller
    for _ in range(len(STARTER.menu.nodes) * 10):
        caller = Menu(STARTER, OPEN).go_on(caller, SILENCE).caller
    assert caller.has_ended
