"""The table of blocked callers: what each trunk may write, as the record reads it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

from dialplan.number_patterns import contexts
from dialplan.plan import Source
from ivr.calls.numbers import reader
from ivr.config.loading import configuration_of
from ivr.config.model import Configuration
from ivr.config.sections import Blocked
from ivr.menus.walk import Menu
from tests.golden import CONFIG, TODAY
from tests.lab.small import OPEN
from tests.loading import load_or_fail

LOADED = load_or_fail(CONFIG)
SMALL = configuration_of(LOADED)
PREFIXES = ["+99450999", "+994124980000", "+99418", "+7999", "+4479"]


@cache
def several() -> Configuration:
    """Two trunks, of two cities."""
    trunk = SMALL.trunks["provider"]
    second = {"endpoint": "second", "arrives": "international", "area_code": "18"}
    trunks = {"provider": trunk, "second": trunk.model_copy(update=second)}
    blocked = Blocked(say="closed", numbers=PREFIXES)
    return SMALL.model_copy(update={"trunks": trunks, "blocked": blocked})


@cache
def tables() -> dict[str, re.Pattern[str]]:
    """By trunk, all that is turned away."""
    source = Source(several(), LOADED.places, "main", TODAY)
    return {
        context.name.partition("-blocked-")[2]: re.compile(
            "|".join(
                each.pattern.removeprefix("_caller").replace("+", r"\+").replace("X", "[0-9]")
                for each in context.extensions
                if each.pattern.startswith("_caller")
            )
        )
        for context in contexts(source)
    }


def written(chance: random.Random) -> Iterator[str]:
    """Blocked numbers, and others beside them, as a trunk may write them."""
    bodies = {
        "994": ("509991234", "509981234", "124980000", "124980001", "184980000", "521234567", "4980000"),
        "7": ("9991234567", "9981234567"),
        "44": ("7911123456", "7011123456", "79111234"),
    }
    for code, numbers in bodies.items():
        for body, abroad, inland in product(numbers, ("+", "", "00", "+00", "000"), ("", "0", "8")):
            yield f"{abroad}{code}{inland}{body}"
        yield from (f"{inland}{body}" for body in numbers for inland in ("", "0", "8", "00"))
    for _ in range(2000):
        head = chance.choice(
            ("", "0", "994", "9940", "+994", "50999", "050999", "12498", "18", "7999", "4479")
        )
        yield f"{head}{''.join(chance.choices('0123456789', k=chance.randint(3, 10)))}"


@pytest.mark.parametrize("trunk", ["provider", "second", ""])
def test_a_caller_is_turned_away_if_and_only_if_their_number_is_recorded_as_a_blocked_one(trunk: str) -> None:
    """On the trunk they come in by, or on one that is not known."""
    read, turned_away = reader(several()), 0
    for caller in written(random.Random(trunk)):
        is_blocked = read(caller, trunk, "").e164.startswith(tuple(PREFIXES))
        assert bool(tables()[trunk].fullmatch(caller)) == is_blocked, caller
        turned_away += is_blocked
    assert turned_away > 50


@pytest.mark.parametrize("caller", ["994509991234", "00994509991234", "509991234", "+9940509991234"])
def test_the_tester_reads_a_blocked_number_as_the_record_does(caller: str) -> None:
    assert reader(SMALL)(caller, "provider", "").e164 == "+994509991234"
    assert Menu(SMALL, OPEN).begin("195", None, caller).caller.has_ended


def test_with_one_trunk_there_is_one_table_which_is_asked_by_its_name() -> None:
    source = Source(SMALL, LOADED.places, "main", TODAY)
    assert [context.name.rpartition("-")[2] for context in contexts(source)] == ["provider"]
