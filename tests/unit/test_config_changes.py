"""What a citizen would notice of a change, in words: a table of one edit each."""

from __future__ import annotations

from datetime import date

import pytest

from ivr.config.callback_rules import Callback
from ivr.config.changes import TOLD, changes
from ivr.config.loading import Loaded, configuration_of
from ivr.config.model import Node
from ivr.config.sections import Contact, Hours, Queue
from ivr.config.shapes import Frozen
from tests.unit.starter import load_changed, shipped

pytestmark = pytest.mark.slow

OFFICE = "hours office (queue dvx, queue aparat, queue emdx, queue aibndx, menu operator)"
CASES = [
    ("menu.yaml", '        "2": services\n', "", ["in welcome, key 2 is gone; it led to services"]),
    (
        "menu.yaml",
        '"2": services\n',
        '"2": services\n        "4": dvx\n',
        ["in welcome, key 4 is new and leads to dvx"],
    ),
    ("menu.yaml", '"1": ministry\n', '"1": dvx\n', ["in welcome, key 1 leads to dvx instead of ministry"]),
    (
        "menu.yaml",
        "sorry: {say: [all_busy], hangup: true}",
        "sorry: {say: [all_busy], then: goodbye}",
        [
            "menu node sorry goes on to goodbye instead of nothing",
            "menu node sorry ends the call: no instead of yes",
        ],
    ),
    (
        "menu.yaml",
        "    goodbye:",
        "    thanks: {say: [goodbye], hangup: true}\n    goodbye:",
        ["menu node thanks is new"],
    ),
    ("menu.yaml", "wait: 5s", "wait: 90s", ["menu node welcome waits for a key for 90 s instead of 5 s"]),
    (
        "menu.yaml",
        "times: 1, then: operator",
        "times: 2, then: operator",
        [
            "menu node ministry after silence plays no_key up to 2 times, then operator"
            " instead of no_key up to 1 times, then operator"
        ],
    ),
    (
        "menu.yaml",
        "dvx: {queue: dvx}",
        "dvx: {say: [please_hold], queue: dvx}",
        ["menu node dvx says please_hold instead of nothing"],
    ),
    (
        "prompts.yaml",
        "en: That is not one of the options.",
        "en: No such option.",
        ["prompt wrong_key in en says “No such option.” instead of “That is not one of the options.”"],
    ),
    (
        "hours.yaml",
        "fri: 09:00-18:00",
        "fri: 09:00-17:00",
        [f"{OFFICE}: fri 09:00-17:00 instead of 09:00-18:00"],
    ),
    (
        "hours.yaml",
        "mon: 09:00-18:00",
        "mon: 09:00-13:00, 14:00-18:00",
        [f"{OFFICE}: mon 09:00-13:00, 14:00-18:00 instead of 09:00-18:00"],
    ),
    ("hours.yaml", "closed_on: []", "closed_on: [2026-12-31]", [f"{OFFICE}: closed on 2026-12-31"]),
    (
        "hours.yaml",
        "holidays: true",
        "holidays: false",
        [f"{OFFICE}: close on public holidays: no instead of yes"],
    ),
    (
        "hours.yaml",
        "mon: 09:00-20:00",
        "mon: closed",
        ["hours calling (callbacks): mon closed instead of 09:00-20:00"],
    ),
    (
        "queues.yaml",
        "max_wait: 10m",
        "max_wait: 1h",
        ["queue dvx keeps callers waiting for at most 1 h instead of 10 min"],
    ),
    (
        "queues.yaml",
        "on_timeout: overflow",
        "on_timeout: sorry",
        ["queue dvx at the end of the wait leads to sorry instead of overflow"],
    ),
    (
        "queues.yaml",
        '  "1103": {name: Günel Əliyeva, queues: [dvx], sector: outbound}\n',
        "",
        ["queue dvx has 2 agents instead of 3"],
    ),
    ("queues.yaml", "record: true ", "record: false ", ["queue dvx records calls: no instead of yes"]),
    (
        "queues.yaml",
        "{emdx: 90s}",
        "{aparat: 2m}",
        ["queue aibndx is helped by the agents of aparat after 2 min instead of emdx after 90 s"],
    ),
    ("hotline.yaml", '"19511": dvx', '"19511": aparat', ["calls to 19511 begin in aparat instead of dvx"]),
    ("hotline.yaml", '    "1951": ministry\n', "", ["calls to 1951 are no longer answered"]),
    (
        "hotline.yaml",
        '"1951": ministry\n',
        '"1951": ministry\n    "1955": dvx\n',
        ["calls to 1955 are answered and begin in dvx"],
    ),
    (
        "hotline.yaml",
        "languages: [az, ru, en]",
        "languages: [ru, az, en]",
        ["the hotline speaks ru, az, en instead of az, ru, en"],
    ),
    ("callback.yaml", "enabled: true", "enabled: false", ["callbacks are made: no instead of yes"]),
    (
        "callback.yaml",
        "busy: [3m, ",
        "busy: [5m, ",
        ["callbacks after busy come again in 5 min, 10 min, 30 min instead of 3 min, 10 min, 30 min"],
    ),
    ("callback.yaml", "attempts: 6", "attempts: 2", ["callbacks are tried at most 2 instead of 6"]),
    ("callback.yaml", "ceiling: 1000", "ceiling: 900", []),
    ("hotline.yaml", "agi_port: 4573", "agi_port: 4574", []),
]


@pytest.mark.parametrize(("file", "old", "new", "noticed"), CASES, ids=lambda value: str(value)[:40])
def test_each_edit_is_told_as_what_callers_notice_and_nothing_else(
    file: str, old: str, new: str, noticed: list[str]
) -> None:
    assert _told(shipped(), load_changed(file, old, new)) == noticed


def test_new_hours_are_named_with_their_times_and_unused_ones_are_left_out() -> None:
    old = configuration_of(shipped())
    late = Hours(week={"mon": "10:00-12:00"}, special={date(2026, 12, 30): "closed"})
    with_late = old.model_copy(update={"hours": {**old.hours, "late": late}})
    assert changes(old, with_late) == changes(with_late, old) == []
    moved = {**old.queues, "dvx": old.queues["dvx"].model_copy(update={"hours": "late"})}
    assert changes(old, with_late.model_copy(update={"queues": moved})) == [
        "hours late (queue dvx) are new: mon 10:00-12:00; holidays: closed",
        "hours late (queue dvx): closed on 2026-12-30 instead of as usual",
        "queue dvx is open in hours late instead of office",
    ]


def test_what_nobody_can_hear_is_left_out() -> None:
    """Contacts nobody is put through to, names of structures, and rules of callbacks that are not made."""
    old = configuration_of(shipped())
    off = old.model_copy(update={"callback": old.callback.model_copy(update={"enabled": False})})
    fewer = off.model_copy(update={"callback": off.callback.model_copy(update={"attempts": 1})})
    contact = Contact(structure="dvx", name="The head of the office", number="+994124931234")
    unheard = fewer.model_copy(update={"contacts": {**fewer.contacts, "head": contact}})
    assert changes(off, unheard) == []


UNNOTICED: dict[type[Frozen], set[str]] = {
    Node: {"keys"},  # told key by key
    Queue: {"strategy", "service_level", "retry", "wrap_up", "reserve"},
    Callback: {"reserve", "confirm_wait", "retry", "budgets", "ceiling", "held_ceiling", "burst", "breaker"},
}


@pytest.mark.parametrize("kind", UNNOTICED)
def test_every_field_is_told_or_known_to_be_noticed_by_nobody(kind: type[Frozen]) -> None:
    assert TOLD[kind].keys() | UNNOTICED[kind] == kind.model_fields.keys()
    assert not TOLD[kind].keys() & UNNOTICED[kind]


def test_an_edit_taken_back_is_told_the_other_way_round() -> None:
    changed = load_changed("menu.yaml", '        "2": services\n', "")
    assert _told(changed, shipped()) == ["in welcome, key 2 is new and leads to services"]


def _told(old: Loaded, new: Loaded) -> list[str]:
    return changes(configuration_of(old), configuration_of(new))
