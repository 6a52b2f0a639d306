"""The menu as a graph: every way from one node to another, with the place where it is written.

Pure; the cross-checks walk it, and so may whoever draws or tries the menu.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ivr.config.model import Configuration, Menu, Node, Retry
from ivr.config.problems import KeyPath

BUILT_IN = frozenset({"repeat", "back", "hangup"})
"""Where a key may lead beside the nodes of the menu."""


@dataclass(frozen=True, slots=True)
class Way:
    """`path` names the field that says `target`; only `from_key` may that be one of `BUILT_IN`."""

    path: KeyPath
    target: str
    from_key: bool = False


def retry_of(configuration: Configuration, node: Node, which: str) -> Retry:
    """The node's own `wrong_key` or `silence`, else the menu's."""
    own: Retry | None = getattr(node, which)
    default: Retry = getattr(configuration.menu, which)
    return own or default


def written_ways(configuration: Configuration) -> Iterator[Way]:
    """Every field that names a node, once each, in no particular order."""
    for number, target in configuration.hotline.delivered.items():
        yield Way(("hotline", "delivered", number), target)
    for which in ("wrong_key", "silence"):
        yield Way(("menu", which, "then"), getattr(configuration.menu, which).then)
    for name, queue in configuration.queues.items():
        for field in ("on_timeout", "closed", "at_closing"):
            if target := getattr(queue, field):
                yield Way(("queues", name, field), target)
    for name, node in configuration.menu.nodes.items():
        yield from _written_in(name, node)


def _written_in(name: str, node: Node) -> Iterator[Way]:
    path: KeyPath = ("menu", "nodes", name)
    for key, target in (node.keys or {}).items():
        yield Way((*path, "keys", key), target, from_key=True)
    for which in ("wrong_key", "silence"):
        if retry := getattr(node, which):
            yield Way((*path, which, "then"), retry.then)
    for field in ("then", "otherwise", "closed"):
        if target := getattr(node, field):
            yield Way((*path, field), target)


def next_nodes(configuration: Configuration, name: str, chosen: bool = True) -> set[str]:
    """The nodes a caller can be in next after that node, whatever they press and whenever they call.

    Without those `chosen` by a key.
    """
    node = configuration.menu.nodes[name]
    targets = {way.target for way in _written_in(name, node) if chosen or not way.from_key}
    if node.keys is not None:
        targets |= {retry_of(configuration, node, which).then for which in ("wrong_key", "silence")}
    if node.queue in configuration.queues:
        queue = configuration.queues[node.queue]
        targets |= {queue.on_timeout, *filter(None, (queue.closed, queue.at_closing))}
    return targets & configuration.menu.nodes.keys()


def takes_orders(configuration: Configuration) -> tuple[str, ...]:
    """The queues whose agents can be ordered to call, by a node or by key; none while callbacks are off."""
    by_node = {node.order for node in configuration.menu.nodes.values()}
    return tuple(
        name
        for name, queue in configuration.queues.items()
        if configuration.callback.enabled and (name in by_node or queue.order.key)
    )


def reachable(configuration: Configuration, starts: set[str], chosen: bool = True) -> set[str]:
    """All nodes a caller can come to from `starts`, those included; without keys if not `chosen`."""
    nodes = configuration.menu.nodes.keys()
    return closure(starts & nodes, lambda name: next_nodes(configuration, name, chosen))


def closure(starts: set[str], onward: Callable[[str], set[str]]) -> set[str]:
    """All nodes that can be reached from `starts`, those included, where `onward` gives the next ones."""
    found: set[str] = set()
    ahead = set(starts)
    while ahead:
        name = ahead.pop()
        found.add(name)
        ahead |= onward(name) - found
    return found


def overflows(configuration: Configuration) -> dict[str, frozenset[str]]:
    """For each queue those that callers may come to next, if they leave it unanswered and press no key."""
    nodes = configuration.menu.nodes

    def onward(name: str) -> set[str]:
        return set() if nodes[name].keys else next_nodes(configuration, name)

    found = {}
    for name, queue in configuration.queues.items():
        passed = closure({queue.on_timeout, queue.at_closing or queue.on_timeout}, onward)
        found[name] = frozenset(filter(None, (nodes[node].queue for node in passed)))
    return found


def returns(menu: Menu, choice: str, target: str) -> bool:
    """Whether `target` is an announcement, or a row of them, that only brings a caller back to `choice`."""
    seen: set[str] = set()
    while target not in seen and (then := menu.nodes[target].then) is not None:
        seen.add(target)
        target = then
    return target == choice
