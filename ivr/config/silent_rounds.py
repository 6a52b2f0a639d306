"""Rounds of the menu in which who presses nothing goes for ever, at some time.

Which schedules are open decides every step, so a round is possible if its steps agree on each schedule. Ways
double with each schedule; so from a node that did not lead back, the search never goes on again with the same
knowledge of the schedules asked further on. Called by `ivr.config.check_menu`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Final

from ivr.config.menu_graph import retry_of
from ivr.config.model import Configuration

MOST_STEPS: Final = 10_000
"""Less than a second's work, and far beyond any menu that is meant."""

Closed = frozenset[tuple[str, bool]]
"""Schedules, each with whether it is closed."""
Steps = Mapping[str, Iterable[tuple[str, Closed]]]
"""Node → the nodes that may follow, each with what must be closed or open for that."""
State = tuple[str, Closed]
"""A node, and what is known of the schedules asked there or further on."""


@dataclass(frozen=True, slots=True)
class Round:
    """`nodes` from the smallest name on; `only_closed`: it is none while all hours are open."""

    nodes: tuple[str, ...]
    only_closed: bool


class TooManyHours(Exception):
    """Too many schedules decide whether who presses nothing goes round for ever among these nodes."""

    def __init__(self, nodes: Iterable[str]) -> None:
        super().__init__(self.__doc__)
        self.nodes = tuple(sorted(nodes))


def silent_rounds(configuration: Configuration, most_steps: int = MOST_STEPS) -> Iterator[Round]:
    """Every round once, by its smallest name; there may be very many, so take no more than are wanted.

    Raises TooManyHours where the search takes more than `most_steps` steps.
    """
    steps = {name: tuple(_steps(configuration, name)) for name in configuration.menu.nodes}
    while_open = {
        (name, target) for name in steps for target, needs in steps[name] if not any(dict(needs).values())
    }
    taken = count()
    for first in sorted(steps):
        asked = _asked_ahead(steps, first)
        walks: list[tuple[State, ...]] = [((first, Closed()),)] if asked else []
        leads_back: dict[State, bool] = {}
        found: set[tuple[str, ...]] = set()
        while walks:
            if next(taken) == most_steps:
                raise TooManyHours(asked)
            walk = walks.pop()
            if leads_back.get(walk[-1]) is False:
                continue
            leads_back.setdefault(walk[-1], False)
            name, known = walk[-1]
            for target, needs in steps[name]:
                if target not in asked or any((hours, not closed) in known for hours, closed in needs):
                    continue
                if target != first:
                    kept = Closed(each for each in known | needs if each[0] in asked[target])
                    walks.append((*walk, (target, kept)))
                    continue
                leads_back.update(dict.fromkeys(walk, True))
                nodes = tuple(node for node, _ in walk)
                if nodes not in found:  # a node may be left for the next one in two ways
                    found.add(nodes)
                    yield Round(nodes, not while_open.issuperset(pairwise((*nodes, first))))
        del steps[first]  # the rest are rounds without it


def _steps(configuration: Configuration, name: str) -> Iterator[tuple[str, Closed]]:
    """None where a walk ends: in a queue, at a hang-up."""
    node = configuration.menu.nodes[name]
    queue = configuration.queues.get(node.queue or "")
    known = Closed()
    for hours, closed in ((node.hours, node.closed), (queue and queue.hours, queue and queue.closed)):
        if hours and closed and (hours, False) not in known:
            yield closed, known | {(hours, True)}
            known |= {(hours, False)}
    then = node.then or node.otherwise if node.keys is None else retry_of(configuration, node, "silence").then
    if then is not None:
        yield then, known


def _asked_ahead(steps: Steps, first: str) -> dict[str, set[str]]:
    """Each node on a way from `first` back to it → the schedules asked from there on, before it is back."""
    onward = {name: {target for target, _ in ways} & steps.keys() for name, ways in steps.items()}
    asked = {name: {hours for _, needs in steps[name] for hours, _ in needs} for name in steps}
    ahead = {name: _reached(onward, name, first) for name in _reached(onward, first, first)}
    around = {name: ahead[name] | {name} for name in ahead if first in ahead[name]}
    return {
        name: {hours for each in later & around.keys() - {first} for hours in asked[each]}
        for name, later in around.items()
    }


def _reached(onward: Mapping[str, set[str]], start: str, end: str) -> set[str]:
    """All that comes after `start`, not beyond `end`."""
    found: set[str] = set()
    ahead = {start}
    while ahead:
        later = onward[ahead.pop()] - found
        found |= later
        ahead |= later - {end}
    return found
