"""Where agents' phones dial and transfer to: queues and colleagues, never a trunk.

A queue is reached by its name or by the delivered number that leads straight to it. A citizen who is
transferred becomes a contact of the structure they are sent to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialplan.door import sent_to
from dialplan.entry import doorway
from dialplan.menu import queue_context
from dialplan.plan import Context, Extension, Step, assign, goto, inside, unless_set
from dialplan.source import Source
from ivr.asterisk.words import CONTEXT_AGENTS, VAR_LANGUAGE, VAR_ORIGIN, VAR_TOLD, interface
from ivr.config.places import Place

_AGENTS = inside("agents")
_RINGS = "30,i"
"""Seconds; and a phone that is diverted does not choose what we dial."""


def contexts(source: Source) -> Iterable[Context]:
    """The agents' context and the fixed one in front of it."""
    agents = Context(_AGENTS, tuple(_extensions(source)))
    return (doorway(CONTEXT_AGENTS, agents), agents)


def _extensions(source: Source) -> Iterator[Extension]:
    configuration = source.configuration
    numbers = {
        node.queue: number
        for number, name in configuration.hotline.delivered.items()
        if (node := configuration.menu.nodes[name]).queue is not None
    }
    for queue in configuration.queues:
        steps = tuple(_into_queue(source, queue, source.at("queues", queue)))
        yield Extension(queue, steps)
        if queue in numbers:
            yield Extension(numbers[queue], steps)
    for account in configuration.agents:
        ring = Step("Dial", f"{interface(account)},{_RINGS}", source.at("agents", account))
        yield Extension(account, (ring, Step("Hangup")))


def _into_queue(source: Source, queue: str, place: Place) -> Iterator[Step]:
    """An agent's own call is `internal`; a transferred citizen keeps their origin and language.

    The recording of the talk before the transfer ends here, so that no waiting is recorded.
    """
    language = unless_set(VAR_LANGUAGE, source.configuration.default_language)
    arrived = {
        VAR_ORIGIN: unless_set(VAR_ORIGIN, "internal"),
        **sent_to(source.configuration.queues[queue].structure),
        VAR_TOLD: "",
        VAR_LANGUAGE: language,
        "CHANNEL(language)": language,
    }
    yield assign(place, "", **arrived)
    yield Step("Answer", "", place)
    yield Step("StopMixMonitor", "", place)
    yield goto(queue_context(queue), place=place)
