"""Checks of what callers hear of their place while they wait: it never rises, each number has words.

It would rise if somebody were put before who waits, or who has heard one were sent to another line.
Called by `ivr.config.crosscheck`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from ivr.config.menu_graph import reachable, takes_orders
from ivr.config.model import Configuration, Queue
from ivr.config.places import Places
from ivr.config.problems import Problem

_MOST = 99
"""The greatest number said by words for 1-20, 30, 40 … in every language of ours."""


def places_only_fall(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """ANN001: who waits in a queue with `announce_places` could hear a higher place than before."""
    ordered = takes_orders(configuration)
    for name, queue in configuration.queues.items():
        if queue.tells_places:
            ways = [
                f"who has heard a place in `{earlier}` may come here"
                for earlier, other in configuration.queues.items()
                if (other.announce_position or other.announce_every is not None)
                and _leads_on(configuration, other, name)
            ]
            if name in ordered and queue.order.key is not None:
                ways.append("who orders no call after all returns to their place, before others")
            if name in ordered and queue.order.mode == "keep_place":
                ways.append("who keeps a place is put before others")
            place = places.value_at("queues", name, "announce_places")
            yield from (Problem.of("ANN001", place, way=way) for way in ways)


def numbers(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """ANN002: a place or a time would be said of which there are no words."""
    greatest = [(0, "", "")]
    for name, queue in configuration.queues.items():
        if queue.tells_places:
            greatest.append((queue.announce_places, name, "announce_places"))
        if queue.announce_hold_time != "never":
            greatest.append((int(queue.max_wait + 30) // 60, name, "announce_hold_time"))
    most, name, field = max(greatest)
    number = configuration.prompts.get("number")
    if most and number is not None and number.numbers is not None:  # else that is told already
        first, last = number.numbers
        if first > 1 or most > min(last, _MOST):
            code = "ANN002" if most <= _MOST else "ANN002.beyond"
            place = places.value_at("queues", name, field)
            yield Problem.of(code, place, most=most, first=first, last=last, greatest=_MOST)


def _leads_on(configuration: Configuration, queue: Queue, to: str) -> bool:
    """Whether who waits in `queue` may come to queue `to` without choosing it."""
    nodes = configuration.menu.nodes
    after = reachable(configuration, {queue.on_timeout, queue.at_closing or queue.on_timeout}, chosen=False)
    return any(nodes[name].queue == to for name in after)
