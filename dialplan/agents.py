"""Where agents' phones dial and transfer to: queues and colleagues, never a trunk.

A colleague is dialled by their account at the host and port of their phone's contact, and nothing else of it:
what the phone registered beside that, such as `maddr`, would send the call to the exchange.

A queue is reached by its name or by the delivered number that leads straight to it. A citizen who is
transferred becomes a contact of the structure they are sent to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialplan.door import sent_to
from dialplan.entry import doorway, plain_caller
from dialplan.menu import queue_context
from dialplan.plan import Context, Extension, Source, Step, assign, goto, goto_if, inside
from dialplan.quoting import unless_set, value, var
from ivr.asterisk.words import CONTEXT_AGENTS, VAR_LANGUAGE, VAR_ORIGIN, VAR_TOLD, interface
from ivr.config.problems import Place
from ivr.queues.contacts import address_of

_RINGS = "30,i"
"""Seconds; and a phone that is diverted does not choose what we dial."""
_CONTACT, _AT, _BY = "HOTLINE_CONTACT", "HOTLINE_CONTACT_AT", "HOTLINE_CONTACT_BY"
_ADDRESS = r"[@:]([][A-Za-z0-9.:-]+)([\;?][^@]*)?$"
_TRANSPORT = r"(\;transport=[A-Za-z]+)"
"""A connection is called by the kind of transport it is."""
_NO_ROUTE = "3"


def contexts(source: Source) -> Iterable[Context]:
    """The agents' context and the fixed one in front of it."""
    agents = Context(inside("agents"), *_extensions(source))
    return (doorway(CONTEXT_AGENTS, agents, plain_caller()), agents)


def _extensions(source: Source) -> Iterator[Extension]:
    configuration = source.configuration
    numbers = {
        node.queue: number
        for number, name in configuration.hotline.delivered.items()
        if (node := configuration.menu.nodes[name]).queue is not None
    }
    for queue in configuration.queues:
        for dialled in filter(None, (queue, numbers.get(queue))):
            yield Extension(dialled, *_into_queue(source, queue, source.at("queues", queue)))
    for account in configuration.agents:
        yield Extension(account, *_ring(source, account, source.at("agents", account)))


def _ring(source: Source, account: str, place: Place) -> Iterator[Step]:
    """Nobody is rung whose phone is not registered, or at a trunk's address.

    The address is what no `@` follows: none stands unescaped in a user or a parameter. Of several contacts it
    is one of them.
    """
    trunks = {value(address_of(trunk.server)) for trunk in source.configuration.trunks.values()}
    nowhere = ("", *sorted(trunks | {address.removesuffix(":5060") for address in trunks}))
    is_nowhere = " | ".join(f'"${{TOLOWER({var(_AT)})}}" = "{address}"' for address in nowhere)
    yield Step("Set", f"{_CONTACT}=${{PJSIP_DIAL_CONTACTS({account})}}", place)
    yield assign({_AT: _found(_ADDRESS), _BY: _found(_TRANSPORT)})
    yield goto_if(is_nowhere, "gone")
    yield Step("Dial", f"{interface(account)}/sip:{account}@{var(_AT)}{var(_BY)},{_RINGS}")
    yield Step("Hangup")
    yield Step("Hangup", _NO_ROUTE, label="gone")


def _found(pattern: str) -> str:
    return f'$["{var(_CONTACT)}" =~ "{pattern}"]'


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
    yield assign(arrived, place)
    yield Step("Answer")
    yield Step("StopMixMonitor")
    yield goto(queue_context(queue))
