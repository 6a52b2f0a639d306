"""What a local day adds up to: for each structure, half hour and code a cell of sums that only ever add.

The same cells serve speed and retention: those of a final day are stored, those of a day that may change are
counted when they are read, and a year is nothing but the sum of its days. A cell holds counts, sums in
milliseconds, a histogram of waits in whole seconds rounded up, and tallies by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, NamedTuple

VERSION: Final = 2
"""Of the shape and the definitions; parts of another version are counted again."""
WHOLE_DAY: Final = -1
"""In the place of the half hour: what has none."""
ALL: Final = "all"
"""In the place of the structure: what belongs to none, or would be counted twice in a sum of structures."""


class CellKey(NamedTuple):
    """`half_hour`: 0 to 47 of the local day. `code`: one of `ivr.figures.classes.Code`, or a word below."""

    structure: str
    half_hour: int
    code: str


ATTEMPTS: Final = "attempts"
"""Tallies `NUMBER:DISPOSITION` of our attempts, in the half hour each was planned."""
AGENTS: Final = "agents"
"""`count`: different agents who answered that day; under `ALL`, of any structure."""
MINUTES: Final = "minutes"
"""Tallies `up`, `down`, `unknown`: minutes of the service hours."""
REQUESTS: Final = "requests"
"""`count`: callback requests made in the menu, without a queue."""
NODES: Final = "nodes"
"""Tallies `NODE LEFT_BY`: how callers left each node of the menu."""
NOT_INBOUND: Final = "not_inbound"
"""Tallies `ORIGIN`: missed calls with a decision that are no contacts, such as a callback's own visit."""
CALLERS: Final = "callers"
"""Tallies `CONTACTS`: how many numbers had so many contacts that day."""


@dataclass(slots=True)
class Cell:
    """Sums of some contacts. `handled`: how many of them had their wrap-up measured."""

    count: int = 0
    provisional: int = 0
    wait_ms: int = 0
    talk_ms: int = 0
    wrapup_ms: int = 0
    handled: int = 0
    waits: dict[int, int] = field(default_factory=dict)
    tallies: dict[str, int] = field(default_factory=dict)

    def add(self, other: Cell) -> None:
        """Take the other's sums in."""
        self.count += other.count
        self.provisional += other.provisional
        self.wait_ms += other.wait_ms
        self.talk_ms += other.talk_ms
        self.wrapup_ms += other.wrapup_ms
        self.handled += other.handled
        _add(self.waits, other.waits)
        _add(self.tallies, other.tallies)

    def tally(self, name: str, number: int = 1) -> None:
        """Count one more of that name."""
        self.tallies[name] = self.tallies.get(name, 0) + number


def _add(sums: dict[Any, int], more: dict[Any, int]) -> None:
    known = sums.get
    for name, number in more.items():
        sums[name] = known(name, 0) + number


Parts = dict[CellKey, Cell]


def cell(parts: Parts, key: CellKey) -> Cell:
    """The cell of that key; the first to ask makes it."""
    found = parts.get(key)
    if found is None:
        found = parts[key] = Cell()
    return found


def added(days: Iterable[Parts], key_of: Callable[[CellKey], CellKey | None] = lambda key: key) -> Parts:
    """The days' sum; `key_of` says under which key a cell is added, None for one that is left out."""
    total: Parts = {}
    for parts in days:
        for key, one in parts.items():
            if (new := key_of(key)) is not None:
                cell(total, new).add(one)
    return total


def to_text(parts: Parts) -> str:
    """The day as one line of JSON, equal for equal parts."""
    rows = [
        [*key, one.count, one.provisional, one.wait_ms, one.talk_ms, one.wrapup_ms, one.handled,
         list(chain(*sorted(one.waits.items()))), dict(sorted(one.tallies.items()))]
        for key, one in sorted(parts.items())
    ]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Parts:
    """The day's parts again."""
    parts: Parts = {}
    for structure, half_hour, code, *numbers, waits, tallies in json.loads(text):
        one = parts[CellKey(structure, half_hour, code)] = Cell(*numbers)
        one.waits = dict(zip(waits[::2], waits[1::2], strict=True))
        one.tallies = tallies
    return parts
