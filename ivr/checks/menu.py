"""Checks of the menu: every way leads somewhere, every node is reached, nobody goes round for ever.

A round in which nobody presses a key is possible if its steps agree on each schedule, open or closed. Ways
double with each schedule; so from a node that did not lead back, the search never goes on again with the same
knowledge of the schedules asked further on. Called by `ivr.checks.whole`. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, islice, pairwise
from typing import Final, NamedTuple

from ivr.checks.calls import open_quarters
from ivr.config.menu_graph import BUILT_IN, closure, next_nodes, reachable, retry_of
from ivr.config.model import Configuration
from ivr.config.problems import Places, Problem
from ivr.config.sections import Queue

MOST_ROUNDS = 20
"""More are not told one by one: with so many schedules there may be millions of one and the same mistake."""


def timeouts(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """QUE005, QUE006: after `max_wait` a caller who presses nothing waits again, or meets a closed queue."""
    week = {name: open_quarters(configuration, name) for name in (None, *configuration.hours)}

    for name, queue in configuration.queues.items():
        place = places.value_at("queues", name, "on_timeout")
        for other, is_open in sorted(_queues_met(configuration, queue, week)):
            if other == name:
                yield Problem.of("QUE005", place, name=name)
            elif not is_open:
                yield Problem.of("QUE006", place, name=name, other=other)


def _queues_met(
    configuration: Configuration, queue: Queue, week: Mapping[str | None, frozenset[int]]
) -> set[tuple[str, bool]]:
    """The queues that callers come to after `on_timeout` without a key, each open or closed then."""
    came: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
    ahead = [(queue.on_timeout, week[queue.hours])]
    met: set[tuple[str, bool]] = set()
    while ahead:
        name, when = ahead.pop()
        if not (when := when - came[name]):
            continue
        came[name] |= when
        node = configuration.menu.nodes[name]
        for target, needs in _steps(configuration, name):
            asked = (week[hours] if not closed else week[None] - week[hours] for hours, closed in needs)
            ahead.append((target, when.intersection(*asked)))
        if node.queue and (here := when & week[node.hours]):
            other = configuration.queues[node.queue]
            met.add((node.queue, here <= week[other.hours]))
            ahead.append((other.on_timeout, here & week[other.hours]))
    return met


def nodes(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU005, MENU006: a node is named like what a key may do; it switches to a language nobody speaks."""
    spoken = configuration.hotline.languages
    for name, node in configuration.menu.nodes.items():
        if name in BUILT_IN:
            yield Problem.of("MENU005", places.at("menu", "nodes", name), name=name)
        if node.language and node.language not in spoken and places.is_whole("hotline", "languages"):
            place = places.value_at("menu", "nodes", name, "language")
            yield Problem.of("MENU006", place, language=node.language, spoken=", ".join(spoken))


def reach(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU002: no call ever comes to that node; one message for it and all that only it leads to.

    Nor is a node told that belongs to a queue without a way in: the queue is (QUE004).
    """
    nodes = configuration.menu.nodes
    entered = {node.queue for node in nodes.values()}
    starts = set(configuration.hotline.delivered.values())
    for name, queue in configuration.queues.items():
        if name not in entered:
            starts |= {queue.on_timeout, *filter(None, (queue.closed, queue.at_closing))}
    found = reachable(configuration, starts)
    while left := [name for name in nodes if name not in found]:
        led_to = {target for name in left for target in next_nodes(configuration, name) - {name}}
        first = next((name for name in left if name not in led_to), left[0])
        yield Problem.of("MENU002", places.at("menu", "nodes", first), name=first)
        found |= reachable(configuration, {first})


def circles(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU003: a caller who presses nothing would hold the line for ever."""
    found: list[Round] = []
    try:
        for circle in islice(silent_rounds(configuration), MOST_ROUNDS + 1):
            found.append(circle)
    except TooManyHours as problem:
        first, *_ = problem.nodes
        some = ", ".join(problem.nodes[:5])
        yield Problem.of("MENU003.undecided", places.at("menu", "nodes", first), some=some)
    further = "; there are further rounds, told when these are mended" if len(found) > MOST_ROUNDS else ""
    for circle in found[:MOST_ROUNDS]:
        when = "outside opening hours, " if circle.only_closed else ""
        way = " → ".join((*circle.nodes, circle.nodes[0]))
        place = places.at("menu", "nodes", circle.nodes[0])
        yield Problem.of("MENU003", place, when=when, way=way, further=further)


def ways_back(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU004: a key leads `back` in a choice before which there never is another one."""
    nodes = configuration.menu.nodes
    after_choice: set[str] = set()
    for name, node in nodes.items():
        if node.keys is not None:
            after_choice |= reachable(configuration, next_nodes(configuration, name))
    for name in nodes.keys() - after_choice:
        for key, target in (nodes[name].keys or {}).items():
            if target == "back":
                yield Problem.of("MENU004", places.value_at("menu", "nodes", name, "keys", key), name=name)


MOST_STEPS: Final = 10_000
"""Less than a second's work, and far beyond any menu that is meant."""

Closed = frozenset[tuple[str, bool]]
"""Schedules, each with whether it is closed."""
Steps = Mapping[str, Iterable[tuple[str, Closed]]]
"""Node → the nodes that may follow, each with what must be closed or open for that."""
State = tuple[str, Closed]
"""A node, and what is known of the schedules asked there or further on."""


class Round(NamedTuple):
    """`nodes` from the smallest name on; `only_closed`: not a round while all hours are open."""

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
    while_open = {(name, to) for name in steps for to, needs in steps[name] if not any(dict(needs).values())}
    taken = count()
    for first in sorted(steps):
        asked = _asked_ahead(steps, first)
        walks: list[tuple[State, ...]] = [((first, Closed()),)] if asked else []
        leads_nowhere: set[State] = set()
        found: set[tuple[str, ...]] = set()
        while walks:
            if next(taken) == most_steps:
                raise TooManyHours(asked)
            walk = walks.pop()
            if walk[-1] in leads_nowhere:
                continue
            leads_nowhere.add(walk[-1])
            name, known = walk[-1]
            for target, needs in steps[name]:
                if target not in asked or any((hours, not closed) in known for hours, closed in needs):
                    continue
                if target != first:
                    kept = Closed(each for each in known | needs if each[0] in asked[target])
                    walks.append((*walk, (target, kept)))
                    continue
                leads_nowhere.difference_update(walk)
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
    ahead = {
        name: closure({name}, lambda each: onward[each] - {first})
        for name in closure({first}, onward.__getitem__)
    }
    around = {name for name, later in ahead.items() if any(first in onward[each] for each in later)}
    return {
        name: {hours for each in ahead[name] & around for _, needs in steps[each] for hours, _ in needs}
        for name in around
    }
