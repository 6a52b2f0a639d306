"""The order dialogue as `hotline menu try` walks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.config.loading import configuration_of
from ivr.menus.walk import SILENCE, Menu
from tests.golden import CONFIG
from tests.lab.small import OPEN
from tests.loading import load_or_fail

CONFIGURATION = configuration_of(load_or_fail(CONFIG))
"""Key 5 in queue `tax` orders a call at a chosen time."""
NUMBER = "0501234567"
READ_BACK = f"order_number {' '.join(f'digit-{digit}' for digit in NUMBER)} order_keys"
KEYED = "0 1 2 4 9 8 7 6 5 4"


@pytest.mark.parametrize(
    ("does", "heard", "queue"),
    [
        ("*", READ_BACK, "tax"),
        ("1", f"{READ_BACK} callback_new_time", ""),
        ("1 2", f"{READ_BACK} callback_new_time order_noted", ""),
        ("1 7 2", f"{READ_BACK} callback_new_time callback_new_time order_noted", ""),
        ("7 s s", " ".join([READ_BACK] * 3), "tax"),
        ("2 1 #", f"{READ_BACK} order_type_number order_wrong_number {READ_BACK}", ""),
        ("2 0 * 1 2 3 4 5 6 7 8", f"{READ_BACK} order_type_number order_wrong_number {READ_BACK}", ""),
        ("2 s", f"{READ_BACK} order_type_number order_wrong_number {READ_BACK}", ""),
        ("2 2 # 2 2 #", " order_type_number order_wrong_number ".join([READ_BACK] * 3), ""),
        (f"2 {KEYED} *", f"{READ_BACK} order_type_number order_number digit-0 digit-1", "tax"),
    ],
)
def test_a_caller_who_pressed_the_key_of_the_queue_hears_and_comes_to(
    does: str, heard: str, queue: str
) -> None:
    menu = replace(Menu(CONFIGURATION, OPEN), number=NUMBER)
    step = menu.go_on(menu.begin("19511").caller, "5")
    told = list(step.heard)
    for each in does.split():
        step = menu.go_on(step.caller, SILENCE if each == "s" else each)
        told += step.heard
    assert " ".join(one.prompt for one in told).startswith(heard)
    assert step.caller.queue == queue
    assert step.caller.has_ended is heard.endswith("order_noted")
