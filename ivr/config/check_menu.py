"""Checks of the menu: every way leads somewhere, every node is reached, nobody goes round for ever.

Called by `ivr.config.crosscheck`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ivr.config.menu_graph import BUILT_IN, next_nodes, reachable, written_ways
from ivr.config.model import Configuration
from ivr.config.places import Places
from ivr.config.problems import Problem
from ivr.config.silent_rounds import Round, TooManyHours, silent_rounds

MOST_ROUNDS = 20
"""More are not told one by one: with so many schedules there may be millions of one and the same mistake."""


def targets(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU001: a field names a node that does not exist."""
    for way in written_ways(configuration):
        allowed = BUILT_IN if way.from_key else frozenset[str]()
        place = places.value_at(*way.path)
        if way.target in allowed or places.has("menu", "nodes", way.target):
            continue
        if way.target in BUILT_IN:
            yield Problem.of("MENU001.built_in", place, name=way.target)
        else:
            yield Problem.of("MENU001", place, {*configuration.menu.nodes, *allowed}, name=way.target)


def names(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU005: a node has the name of what a key may do by itself."""
    for name in configuration.menu.nodes.keys() & BUILT_IN:
        yield Problem.of("MENU005", places.at("menu", "nodes", name), name=name)


def languages(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU006: a node switches to a language the hotline does not speak."""
    spoken = configuration.hotline.languages
    for name, node in configuration.menu.nodes.items():
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
