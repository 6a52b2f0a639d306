"""Checks of the menu: every way leads somewhere, every node is reached, nobody goes round for ever.

Called by `ivr.config.crosscheck`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ivr.config.menu_graph import BUILT_IN, next_nodes, reachable, written_ways
from ivr.config.model import Configuration
from ivr.config.places import Places
from ivr.config.problems import Problem, Severity, did_you_mean
from ivr.config.silent_rounds import Round, TooManyHours, silent_rounds

MOST_ROUNDS = 20
"""More are not told one by one: with so many schedules there may be millions of one and the same mistake."""


def targets(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU001: a field names a node that does not exist."""
    for way in written_ways(configuration):
        allowed = BUILT_IN if way.from_key else frozenset[str]()
        if way.target in allowed or places.has("menu", "nodes", way.target):
            continue
        hint = did_you_mean(way.target, {*configuration.menu.nodes, *allowed})
        if way.target in BUILT_IN:
            hint = f"only a key may lead to `{way.target}`; name a node"
        yield Problem("MENU001", places.value_at(*way.path), f"there is no menu node `{way.target}`", hint)


def names(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU005: a node has the name of what a key may do by itself."""
    for name in configuration.menu.nodes.keys() & BUILT_IN:
        place = places.at("menu", "nodes", name)
        message = f"`{name}` is what a key does by itself and cannot be a node's name"
        yield Problem("MENU005", place, message, "give the node another name")


def languages(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU006: a node switches to a language the hotline does not speak."""
    spoken = configuration.hotline.languages
    for name, node in configuration.menu.nodes.items():
        if node.language and node.language not in spoken and places.is_whole("hotline", "languages"):
            place = places.value_at("menu", "nodes", name, "language")
            hint = f"it speaks {', '.join(spoken)}: see `hotline.languages`"
            yield Problem("MENU006", place, f"the hotline does not speak `{node.language}`", hint)


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
        place = places.at("menu", "nodes", first)
        hint = "lead a key there, or delete it"
        yield Problem("MENU002", place, f"no call ever comes to node `{first}`", hint, Severity.WARNING)
        found |= reachable(configuration, {first})


def circles(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """MENU003: a caller who presses nothing would hold the line for ever."""
    hint = "let one of them end in a queue or with `hangup: true`"
    found: list[Round] = []
    further = ""
    try:
        for circle in islice(silent_rounds(configuration), MOST_ROUNDS + 1):
            found.append(circle)
    except TooManyHours as problem:
        first, *_ = problem.nodes
        some = ", ".join(problem.nodes[:5])
        message = f"too many hours decide whether who presses nothing ever leaves {some} …"
        yield Problem(
            "MENU003", places.at("menu", "nodes", first), message, f"{hint}, or give fewer of them hours"
        )
    if len(found) > MOST_ROUNDS:
        further = "; there are further rounds, told when these are mended"
    for circle in found[:MOST_ROUNDS]:
        when = "outside opening hours, " if circle.only_closed else ""
        way = " → ".join((*circle.nodes, circle.nodes[0]))
        message = f"{when}who presses nothing goes round for ever: {way}"
        yield Problem("MENU003", places.at("menu", "nodes", circle.nodes[0]), message, hint + further)


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
                place = places.value_at("menu", "nodes", name, "keys", key)
                message = f"`back` leads nowhere: `{name}` is always the first choice"
                yield Problem("MENU004", place, message, "use `repeat`, or name a node")
