"""The nodes of the menu a call came to, in one line, and what became of callers at each node.

`/0:welcome/1:ministry:s/1:aparat`: each node behind the length of the path of keys when the caller came to
it, so that the key by which they went on is found in that path; `:s`, `:w`: sent on by silence, wrong keys.
The dialplan writes it (one variable, set once a node), the store keeps it, `hotline menu stats` counts it.
Only keys that mean something in the menu are in a path. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, NamedTuple

LONGEST_STEPS: Final = 200
"""Characters that are kept of what is longer; the last node always is."""
SENT_ON: Final = {"s": "silence", "w": "wrong key"}
ON: Final = "on"
"""Without a key: an announcement that goes on, a queue nobody answered in."""
Ending = Literal["queue", "hung up", "let go"]
"""What ended the walk: a queue, the caller, the hotline (a goodbye, a key that hangs up)."""

_STEP: Final = re.compile(r"(\d+):([a-z]\w*)(?::([sw]))?")


class Step(NamedTuple):
    """A node, the length of the path then, and `s` or `w` if the caller was sent on from it."""

    keys: int
    node: str
    mark: str


class Walk(NamedTuple):
    """So many calls that went the same way."""

    steps: str
    path: str
    ending: Ending
    calls: int


@dataclass(slots=True)
class NodeCount:
    """Visits of a node, and how they ended: by key, `silence`, `wrong key`, `on`, or as an `Ending`."""

    node: str
    visits: int = 0
    left: Counter[str] = field(default_factory=Counter)


WaysOut = Counter[tuple[str, str]]
"""How often a node was left in a way, which are named as in `NodeCount.left`; those of days add up."""


def passed(walks: Iterable[Walk]) -> WaysOut:
    """What callers who went so did at each node."""
    found = WaysOut()
    for walk in walks:
        for way_out in _passed(walk):
            found[way_out] += walk.calls
    return found


def by_node(ways_out: Mapping[tuple[str, str], int]) -> list[NodeCount]:
    """Every node any caller came to, the most visited first; `visits` is the sum of `left`."""
    counts: dict[str, NodeCount] = {}
    for (node, left_by), number in sorted(ways_out.items()):
        counted = counts.setdefault(node, NodeCount(node))
        counted.visits += number
        counted.left[left_by] += number
    return sorted(counts.values(), key=lambda counted: (-counted.visits, counted.node))


def last_node(steps: str) -> str:
    """The node in which the call was in the end; empty if it never came to one."""
    return read[-1].node if (read := _read(steps)) else ""


def _passed(walk: Walk) -> Iterator[tuple[str, str]]:
    steps = _read(walk.steps)
    for one, following in pairwise(steps):
        yield one.node, _key(one, walk.path[: following.keys])
    if steps:
        went = _key(steps[-1], walk.path)
        yield steps[-1].node, walk.ending if went == ON else went


def _key(step: Step, path: str) -> str:
    """By what a caller went on from there, whose path was `path` at the next node."""
    if step.mark:
        return SENT_ON[step.mark]
    return path[-1] if len(path) > step.keys else ON


def _read(steps: str) -> list[Step]:
    parts = steps.split("/")[1:]
    if len(steps) > LONGEST_STEPS:
        del parts[steps[:LONGEST_STEPS].count("/") - 1]  # the one that was cut
    found = filter(None, map(_STEP.fullmatch, parts))
    return [Step(int(keys), node, mark or "") for keys, node, mark in (match.groups() for match in found)]
