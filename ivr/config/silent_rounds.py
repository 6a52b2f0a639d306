"""Rounds of the menu in which who presses nothing goes for ever, at some time.

Which schedules are open decides every step, so a round is possible if its steps agree on each schedule. The
search goes over nodes together with what is known of the schedules asked again further on; ways are far more:
they double with each schedule. Called by `ivr.config.check_menu`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ivr.config.menu_graph import retry_of
from ivr.config.model import Configuration

MOST_STATES: Final = 10_000
"""Less than a second's work, and far beyond any menu that is meant."""

_AGAIN: Final = ""
"""Stands for the first node where a round is complete."""

Closed = frozenset[tuple[str, bool]]
"""Schedules, each with whether it is closed."""
Steps = Mapping[str, Iterable[tuple[str, Closed]]]
"""Node → the nodes that may follow, each with what must be closed or open for that."""
State = tuple[str, Closed, bool]
"""A node, what is known of the schedules asked there or further on, and whether one was closed on the way."""
States = Mapping[State, Iterable[State]]
"""Each with those that may follow."""


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


def silent_rounds(configuration: Configuration, most_states: int = MOST_STATES) -> Iterator[Round]:
    """Every round once, by its smallest name; there may be very many, so take no more than are wanted.

    Raises TooManyHours where the search meets more than `most_states` states.
    """
    steps = {name: tuple(_steps(configuration, name)) for name in configuration.menu.nodes}
    for first in sorted(steps):
        states = _states(steps, first, most_states)
        most_states -= len(states)
        yield from _rounds(_leading_back(states), first)
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


def _states(steps: Steps, first: str, most: int) -> States:
    """What can be met between `first` and its return, by who never leaves the ways that return."""
    asked = _asked_ahead(steps, first)
    states: dict[State, list[State]] = {}
    ahead: list[State] = [(first, Closed(), False)] if asked else []
    while ahead:
        state = ahead.pop()
        if state in states:
            continue
        if len(states) == most:
            raise TooManyHours(asked)
        states[state] = [*_followers(state, steps, asked, first)]
        ahead += states[state]
    return states


def _followers(state: State, steps: Steps, asked: Mapping[str, set[str]], first: str) -> Iterator[State]:
    name, known, was_closed = state
    for target, needs in steps.get(name, ()):
        if target in asked and not any((hours, not closed) in known for hours, closed in needs):
            is_closed = was_closed or any(closed for _, closed in needs)
            if target == first:
                yield _AGAIN, Closed(), is_closed
            else:
                yield target, Closed(each for each in known | needs if each[0] in asked[target]), is_closed


def _asked_ahead(steps: Steps, first: str) -> dict[str, set[str]]:
    """Each node on a way from `first` back to it → the schedules asked from there on, before it is back."""
    onward = {name: {target for target, _ in steps[name]} & steps.keys() for name in steps}
    behind = _reached(onward, first)
    if first not in behind:
        return {}
    onward[first] = set()
    ahead = {name: {name} | _reached(onward, name) for name in behind}
    around = {name for name in behind if first in ahead[name]}
    asked = {name: {hours for _, needs in steps[name] for hours, _ in needs} for name in around - {first}}
    return {
        name: {hours for later in ahead[name] & asked.keys() for hours in asked[later]} for name in around
    }


def _reached(onward: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """All that comes after `start`; itself only if a way leads back."""
    found: set[str] = set()
    ahead = [*onward[start]]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += onward[name]
    return found


def _leading_back(states: States) -> States:
    """Without those from which nobody returns."""
    before: dict[State, list[State]] = {}
    for state, followers in states.items():
        for follower in followers:
            before.setdefault(follower, []).append(state)
    leading = {state for state in states if state[0] == _AGAIN}
    ahead = [*leading]
    while ahead:
        earlier = {*before.get(ahead.pop(), ())} - leading
        leading |= earlier
        ahead += earlier
    return {
        state: [each for each in states[state] if each in leading] for state in states if state in leading
    }


def _rounds(states: States, first: str) -> Iterator[Round]:
    """Each once, though several states may go the same way; no node stands twice in one.

    For who comes to a node again knows of all that is asked there, so goes the same way again, for ever.
    """
    ahead: list[tuple[tuple[str, ...], Iterable[State]]] = [((first,), [(first, Closed(), False)])]
    while ahead:
        walked, here = ahead.pop()
        after: dict[str, dict[State, None]] = {}
        for follower in (each for state in here for each in states.get(state, ())):
            after.setdefault(follower[0], {})[follower] = None
        for name, there in after.items():
            if name == _AGAIN:
                yield Round(walked, all(was_closed for _, _, was_closed in there))
            else:
                ahead.append(((*walked, name), there))
