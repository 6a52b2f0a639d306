"""What the interpreter says at a queue's door while Python lives: of a call that is owed, or offered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.menus.walk import Menu
from tests.unit.test_menu_ordering import NUMBER, READ_BACK
from tests.unit.test_menu_walk import OPEN, STARTER, walked

LONG_WAIT = replace(
    Menu(STARTER, OPEN, number=NUMBER),
    offers="dvx".__eq__,
    announced=lambda queue, was_told: ("place_many",),
)
OWED = replace(LONG_WAIT, is_owed=True)


@pytest.mark.parametrize(
    ("menu", "script", "heard", "queue", "has_ended"),
    [
        (LONG_WAIT, "", "calls_recorded place_many order_offer", "", False),
        (LONG_WAIT, "s", "calls_recorded place_many order_offer", "dvx", False),
        (LONG_WAIT, "7", "calls_recorded place_many order_offer", "dvx", False),
        (LONG_WAIT, "1 *", f"calls_recorded place_many order_offer {READ_BACK}", "dvx", False),
        (LONG_WAIT, "1 1", f"calls_recorded place_many order_offer {READ_BACK} order_noted", "", True),
        (replace(LONG_WAIT, number=""), "", "calls_recorded place_many", "dvx", False),
        (LONG_WAIT, "h", "calls_recorded place_many order_offer", "", True),
        (OWED, "", "calls_recorded owed_callback", "", False),
        (OWED, "1", "calls_recorded owed_callback owed_goodbye", "", True),
        (OWED, "s s", "calls_recorded owed_callback place_many order_offer", "dvx", False),
        (
            replace(LONG_WAIT, refuses_orders=True),
            "1 1",
            f"calls_recorded place_many order_offer {READ_BACK} order_refused",
            "dvx",
            False,
        ),
    ],
)
def test_at_a_queue_s_door_a_call_that_is_owed_is_told_and_one_is_offered_instead_of_a_long_wait(
    menu: Menu, script: str, heard: str, queue: str, has_ended: bool
) -> None:
    said, caller = walked(script, "19511", menu)
    assert (" ".join(said), caller.queue, caller.has_ended) == (heard, queue, has_ended)


def test_who_is_owed_a_call_and_who_may_have_heard_a_place_is_told_so_at_the_first_door_alone() -> None:
    """Nobody answers in the tax service's queue: on to the ministry's own."""
    menu = replace(
        OWED,
        offers=lambda queue: False,
        announced=lambda queue, was_told: ("wait",) if was_told else ("place",),
    )
    said, caller = walked("s s", "19511", menu)
    assert (said, caller.queue) == (
        ["calls_recorded", "owed_callback", "place", "please_hold", "wait"],
        "aparat",
    )
