"""Menus nobody would write, and walks through them: seeded, and accepted by `config check`."""

from __future__ import annotations

import random
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import yaml

from ivr.checks.whole import load_files
from ivr.config.loading import Loaded, configuration_of
from ivr.menus.walk import HANG_UP, SILENCE
from ivr.sounds.prompts import needed
from tests.golden import CONFIG
from tests.lab.small import BAKU

WAIT = 0.8
"""Seconds a made choice waits for a key: long enough for a busy machine to bring one."""
ORDER_KEY = "5"
"""Of the queues in which a call can be ordered by key."""
OWED = "0509876543"
"""Who is owed a call."""
TOO_LATE = "0124931234"
"""Who finds that no more calls can be ordered."""
_CALLERS = ("0501234567", "0501234567", TOO_LATE, OWED, "")
"""Whose number is read back in an order; hidden."""
_ANOTHER = ("0552223344#", "0552223344", "055222334", "0*52223344", "5552223344", "0552#")
"""Keyed as another number to call: good ones, and such as are none."""
_READ_AS_ABROAD = ("", "+", "00", "+00", "000", "0")
_BEFORE = (*(f"{abroad}994{home}" for abroad in _READ_AS_ABROAD for home in ("", "0")), "0", "00", "")
"""In front of a number of the country, if not of every one of them."""
BARRED = (
    *(f"{before}{number}" for before in _BEFORE for number in ("509991234", "509981234", "124980000")),
    *("124980001", "4980000", "4980001", "50999123", "5099912345", "0509991", "994509991", "0994509991"),
    *(f"{before}{number}" for before in _READ_AS_ABROAD for number in ("79991234567", "79981234567")),
    *("89991234567", "+789991234567", "9991234567", "0079991234", "7999123"),
)
"""Callers whom the small hotline blocks, in every way of writing, and others who are next to them."""
_CONTACTS = {
    "lasting": {},
    "over": {"valid_until": "2026-11-22"},
    "to_come": {"valid_from": "2026-11-24"},
}
EARLY = "!"
"""In front of a key: pressed as soon as something is said, not when all has been said."""
_LANGUAGES = ["az", "ru", "en"]
_SAID = [f"p{number}" for number in range(8)]
TOLD, TOLD_AGAIN = "told", "told_again"
"""What Python says at the first queue's door, and at a later one's."""
_PROMPTS = (*_SAID, "wrong", "silent", TOLD, TOLD_AGAIN)
_CHOICES = ["c0", "c1", "c2"]
_QUEUES = ("q1", "q2")
_MOMENTS = tuple(
    datetime.fromisoformat(f"2026-11-{moment}").replace(tzinfo=BAKU)
    for moment in (
        "23 11:00",
        "23 20:00",
        "22 12:00",
        "09 12:00",
        "24 12:00",
        "28 12:00",
        "25 14:00",
        "23 17:59:58",
    )
)
"""A working day, its evening, a Sunday, a holiday, a day off, a Saturday that is worked on, the afternoon
of a half day, the last two seconds of a working day."""
_NUMBERS = ("195", "1951", "19512")


@dataclass(frozen=True)
class Walk:
    """One call: menu (its place in the list), number, moment, what is done in turn, and by which caller."""

    menu: int
    number: str
    moment: datetime
    does: tuple[str, ...]
    caller: str = ""


def menus(seed: int, count: int) -> list[Loaded]:
    """That many configurations, equal but for menu, queues and where numbers lead."""
    return [loaded for _, loaded in islice(_valid(seed), count)]


def ring() -> Loaded:
    """Three choices: key 1 leads on and 0 back, for as long as a caller likes."""
    made = _made(random.Random(0))
    asked = {
        one: {"keys": {"1": on, "0": "back"}, "wait": f"{WAIT:g}s"} for one, on in pairwise([*_CHOICES, "c0"])
    }
    made["menu"] = {
        "wrong_key": {"say": "wrong", "then": "end"},
        "silence": {"say": "silent", "then": "end"},
        "nodes": {**asked, "end": {"hangup": True}},
    }
    for queue in made["queues"].values():
        queue |= {"on_timeout": "end", "hours": None, "closed": None, "at_closing": None, "order": {}}
    return load_files({"hotline.yaml": yaml.safe_dump({**_shared(), **made}, allow_unicode=True).encode()})


def write_base(folder: Path) -> None:
    """One of them as a folder, with recordings of a moment's silence in the place of spoken sentences."""
    content, loaded = next(_valid(0))
    folder.mkdir(parents=True)
    (folder / "hotline.yaml").write_bytes(content)
    for file in needed(configuration_of(loaded)):
        recording = file.recorded(folder)
        recording.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(recording), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(bytes(2 * 960))


def _valid(seed: int) -> Iterator[tuple[bytes, Loaded]]:
    chance, shared = random.Random(seed), _shared()
    while True:
        content = yaml.safe_dump({**shared, **_made(chance)}, allow_unicode=True, sort_keys=False).encode()
        loaded = load_files({"hotline.yaml": content})
        if loaded.configuration is not None:
            yield content, loaded


def _shared() -> dict[str, Any]:
    shared: dict[str, Any] = yaml.safe_load((CONFIG / "hotline.yaml").read_text(encoding="utf-8"))
    shared["callback"]["hours"] = "office"
    shared["servers"]["main"]["agi_deadline"] = "9s"  # Python answers, however busy the machine is
    shared["agents"] = {}
    head = {"structure": "tax", "name": "Head", "number": "+994124931234", "ring_for": "1s"}
    shared["contacts"] = {name: {**head, **days} for name, days in _CONTACTS.items()}
    shared["hours"]["evening"] = {"week": {"mon": "18:00-24:00"}, "holidays": False}
    shared["prompts"] |= {name: dict.fromkeys(_LANGUAGES, f"made {name}") for name in _PROMPTS}
    return shared


def walks(seed: int, menu_count: int, count: int) -> Iterator[Walk]:
    """Calls spread over the menus."""
    chance = random.Random(seed)
    for number in range(count):
        does = [_does(chance) for _ in range(chance.randint(3, 9))]
        if chance.random() < 0.4:
            does += ["0"] * chance.randint(2, 4)
        if chance.random() < 0.3:
            does += [ORDER_KEY, "2", *chance.choice(_ANOTHER), *chance.sample("112*", 3)]
        caller = chance.choice(_CALLERS)
        if number % 10 == 9:
            caller = BARRED[number // 10 % len(BARRED)]
        yield Walk(number % menu_count, chance.choice(_NUMBERS), chance.choice(_MOMENTS), tuple(does), caller)


def _does(chance: random.Random) -> str:
    what = chance.random()
    if what < 0.02:
        return HANG_UP
    if what < 0.2:
        return SILENCE
    return (EARLY if what < 0.35 else "") + chance.choice(f"0123123*#{ORDER_KEY}")


def _made(chance: random.Random) -> dict[str, Any]:
    """Three choices and an end are always there, so that walks are long and silence comes to an end."""
    names = [*_CHOICES, "end", *(f"n{number}" for number in range(chance.randint(0, 5)))]
    # Queue() counts whole seconds of the clock: 2 s are between one and two, 1 s may be over at once.
    shared = {"structure": "tax", "max_wait": "3s", "announce_position": chance.random() < 0.2}
    return {
        "hotline": {
            "number": "195",
            "languages": _LANGUAGES,
            "delivered": {number: chance.choice(_CHOICES) for number in _NUMBERS},
        },
        "queues": {
            name: {
                **shared,
                "record": chance.random() < 0.5,
                "on_timeout": chance.choice(names),
                **_perhaps(chance, 0.6, lambda: _hours(chance, names) | _at_closing(chance, names)),
                "order": {
                    "mode": chance.choice(["quiet_moment", "chosen_time"]),
                    **_perhaps(chance, 0.6, lambda: {"key": ORDER_KEY} | _over(chance)),
                },
            }
            for name in _QUEUES
        },
        "menu": {
            "wrong_key": _retry(chance, "wrong", names),
            "silence": _retry(chance, "silent", ["end"]),
            "nodes": {name: _node(chance, name, names) for name in names},
        },
    }


def _over(chance: random.Random) -> dict[str, str]:
    return _perhaps(chance, 0.5, lambda: {"over": "1s"})


def _node(chance: random.Random, name: str, names: list[str]) -> dict[str, Any]:
    node: dict[str, Any] = {
        **_perhaps(chance, 0.75, lambda: {"say": chance.sample(_SAID, chance.randint(1, 2))}),
        **_perhaps(chance, 0.25, lambda: {"language": chance.choice(_LANGUAGES)}),
    }
    if name == "end":
        return {**node, "hangup": True}
    node |= _perhaps(chance, 0.1, lambda: _hours(chance, names))
    kind = (
        "keys" if name in _CHOICES else chance.choice(["keys", "then", "queue", "queue", "order", "redirect"])
    )
    if kind == "redirect":
        return {**node, "redirect": chance.choice([*_CONTACTS]), "otherwise": chance.choice(names)}
    if kind == "order":
        return {**node, "order": chance.choice(_QUEUES), "then": chance.choice(names)}
    if kind != "keys":
        return {**node, kind: chance.choice(_QUEUES if kind == "queue" else names)}
    targets = [*_CHOICES, *names, "repeat", "back", "hangup"]
    return {
        **node,
        "wait": f"{WAIT:g}s",
        "keys": {
            **{key: chance.choice(targets) for key in chance.sample("123*#", chance.randint(2, 4))},
            **_perhaps(chance, 0.9, lambda: {"0": "back"}),
        },
        **_perhaps(chance, 0.3, lambda: {"wrong_key": _retry(chance, "wrong", names)}),
        **_perhaps(chance, 0.3, lambda: {"silence": _retry(chance, "silent", names)}),
    }


def _hours(chance: random.Random, names: list[str]) -> dict[str, str]:
    return {"hours": chance.choice(["office", "evening"]), "closed": chance.choice(names)}


def _at_closing(chance: random.Random, names: list[str]) -> dict[str, str]:
    return _perhaps(chance, 0.7, lambda: {"at_closing": chance.choice(names)})


def _retry(chance: random.Random, say: str, names: list[str]) -> dict[str, Any]:
    return {"say": say, "times": chance.randint(0, 2), "then": chance.choice(names)}


def _perhaps(chance: random.Random, share: float, made: Any) -> dict[str, Any]:
    found: dict[str, Any] = made() if chance.random() < share else {}
    return found
