"""What the shipped menu promises at every choice, whatever the hour: a person, or the callback request."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.config.loading import configuration_of
from ivr.config.menu_graph import reachable
from ivr.menus.walk import SILENCE, Caller, Menu, Step
from tests.unit.starter import shipped

CONFIGURATION = configuration_of(shipped())
CHOICES = [name for name, node in CONFIGURATION.menu.nodes.items() if node.keys is not None]
OPEN = datetime(2026, 11, 23, 11, 0, tzinfo=ZoneInfo("Asia/Baku"))
EVENING = OPEN.replace(hour=20)
HOLIDAY = OPEN.replace(day=9)
CALL_BACK = re.compile(
    "geri zəng|zəng ed(ə|ecə)|sifariş|перезвон|позвоним|заказ|call(ing)? you|callback|order"
)
"""Words that offer or promise a call of ours."""
PROMISE = re.compile("zəngimiz|zəng edəcə|перезвоним|позвоним|нашего звонка|call you|our call")


def asked(choice: str, at: datetime, number: str = "0501234567") -> tuple[Menu, Step]:
    """A caller who has come to that choice."""
    return Menu(CONFIGURATION, at, number=number), Step(Caller(choice, "az", "", ()))


@pytest.mark.parametrize("pressed", [SILENCE, "5"])
@pytest.mark.parametrize("choice", CHOICES)
def test_a_caller_who_presses_nothing_or_a_wrong_key_at_any_choice_waits_for_a_person(
    choice: str, pressed: str
) -> None:
    menu, step = asked(choice, OPEN)
    for _ in range(3):
        if step.caller.node == choice:
            step = menu.go_on(step.caller, pressed)
    assert step.caller.queue == "aparat"


@pytest.mark.parametrize("pressed", [SILENCE, "5"])
@pytest.mark.parametrize("at", [EVENING, HOLIDAY])
@pytest.mark.parametrize("choice", CHOICES)
def test_outside_the_hours_they_come_to_the_callback_request_and_then_to_the_end(
    choice: str, at: datetime, pressed: str
) -> None:
    menu, step = asked(choice, at)
    for _ in range(3):
        if step.caller.node == choice:
            step = menu.go_on(step.caller, pressed)
    assert step.caller.ordering is not None
    for _ in range(3):
        step = menu.go_on(step.caller, SILENCE)
    assert (step.caller.node, step.caller.has_ended) == ("goodbye", True)


@pytest.mark.parametrize(("key", "at"), [("0", OPEN), ("0", EVENING), ("3", EVENING), ("3", HOLIDAY)])
@pytest.mark.parametrize("choice", CHOICES)
def test_the_keys_citizens_know_lead_to_the_callback_request_at_every_choice(
    choice: str, key: str, at: datetime
) -> None:
    menu, step = asked(choice, at)
    assert menu.go_on(step.caller, key).caller.ordering is not None


@pytest.mark.parametrize("choice", CHOICES)
def test_the_last_words_of_a_choice_are_prompts_of_their_own_and_name_its_keys(choice: str) -> None:
    """What an admin adds to a choice is heard before them."""
    node = CONFIGURATION.menu.nodes[choice]
    goes_back = "back" in (node.keys or {}).values()
    assert node.say[-1 - goes_back :] == ["menu_closing", *["menu_back"] * goes_back]
    assert goes_back == (choice in {"ministry", "services"})
    assert (node.keys or {})["*"] == "repeat"


def test_nothing_is_offered_outside_the_hours_that_the_next_sentence_refuses() -> None:
    menu, step = asked("ministry", EVENING, number="")
    heard = [one.prompt for one in menu.go_on(step.caller, "1").heard]
    assert heard[:3] == ["opens_tomorrow_0900", "closed", "order_no_number"]
    assert not [text for text in _texts("closed") if CALL_BACK.search(text)]


def test_callers_whom_nobody_ever_calls_back_are_promised_nothing() -> None:
    """Nobody knows there whether the number is hidden or refused: no caller hears of a call."""
    assert not [text for text in _texts("all_busy") if CALL_BACK.search(text)]


def test_a_caller_whose_callback_may_be_held_is_promised_no_call() -> None:
    """Nobody knows at the door of a queue whether an operator has to release it."""
    promised = [text for text in (*_texts("owed_callback"), *_texts("owed_goodbye")) if PROMISE.search(text)]
    assert not promised


def test_every_choice_a_caller_can_come_to_is_tried_here() -> None:
    assert set(CHOICES) <= reachable(CONFIGURATION, {*CONFIGURATION.hotline.delivered.values()})


def _texts(prompt: str) -> list[str]:
    return [getattr(CONFIGURATION.prompts[prompt], language) for language in CONFIGURATION.hotline.languages]
