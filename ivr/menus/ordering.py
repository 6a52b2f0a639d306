"""The order dialogue as the compiled dialplan leads it: what a key does while a number is read back or keyed.

`ivr.menus.walk` asks `after` for each key and silence. Pure; `dialplan.orders` compiles the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from ivr.calls.numbers import national_shape
from ivr.config.model import Configuration

ASKED_AT_MOST: Final = 3
Stage = Literal["number", "keying", "time", "ordered", "left"]


@dataclass(frozen=True, slots=True)
class Ordering:
    """Where a caller is in the dialogue. `then`: the node of who does not order; empty: back to the queue."""

    queue: str
    then: str
    number: str
    stage: Stage = "number"
    asked: int = 1
    keyed: str = ""
    choice: int = 0
    """Which of `callback.new_times`, from 1; 0: none was offered."""


def asking(ordering: Ordering) -> tuple[str, ...]:
    """The prompts of that stage."""
    if ordering.stage == "number":
        return ("order_number", *(f"digit-{digit}" for digit in ordering.number), "order_keys")
    return {"time": ("callback_new_time",), "keying": ("order_type_number",)}.get(ordering.stage, ())


def after(ordering: Ordering, does: str, configuration: Configuration) -> tuple[Ordering, tuple[str, ...]]:
    """The next stage, and the prompts on the way there."""
    if ordering.stage == "keying":
        return _keyed(ordering, does, configuration)
    if ordering.stage == "number":
        chooses = configuration.queues[ordering.queue].order.mode == "chosen_time"
        stages: dict[str, Stage] = {"*": "left", "2": "keying", "1": "time" if chooses else "ordered"}
        if does in stages:
            return _at(ordering, stages[does])
    elif does.isdigit() and 1 <= int(does) <= len(configuration.callback.new_times):
        return _at(replace(ordering, choice=int(does)), "ordered")
    return _again(ordering)


def _keyed(ordering: Ordering, does: str, configuration: Configuration) -> tuple[Ordering, tuple[str, ...]]:
    """Read() takes keys until `#`, silence or the longest number."""
    prefix, lengths = national_shape(configuration.hotline.country)
    keyed = ordering.keyed + (does if len(does) == 1 and does != "#" else "")
    if keyed != ordering.keyed and len(keyed) < lengths[-1]:
        return replace(ordering, keyed=keyed), ()
    ordering = replace(ordering, keyed="", stage="number")
    if len(keyed) in lengths and keyed.startswith(prefix) and keyed.isdigit():
        return _at(replace(ordering, number=keyed), "number")
    found, heard = _again(ordering)
    return found, ("order_wrong_number", *heard)


def _at(ordering: Ordering, stage: Stage) -> tuple[Ordering, tuple[str, ...]]:
    found = replace(ordering, stage=stage)
    return found, asking(found)


def _again(ordering: Ordering) -> tuple[Ordering, tuple[str, ...]]:
    found = replace(ordering, asked=ordering.asked + 1)
    return _at(found, "left" if found.asked > ASKED_AT_MOST else found.stage)
