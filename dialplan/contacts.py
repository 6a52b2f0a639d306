"""Redirections to contacts: the only way from the menu to a trunk.

An extension for each contact a node names, its number spelled out: nothing a caller presses or is called by
becomes a part of what is dialled. Over its last day, or unanswered, the call goes on in the menu.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan import schedule
from dialplan.plan import Context, Extension, Source, Step, assign, goto_if, inside
from ivr.calls.numbers import dial_string, is_carried
from ivr.config.problems import Place
from ivr.config.sections import Contact

_ALLOWED = inside("contacts")
_SHOWN = "shown"


def redirect(contact: str, place: Place) -> Step:
    """Put the caller through; returns if the contact is not valid today or does not answer."""
    return Step("Gosub", f"{_ALLOWED},to-{contact},1", place)


def contexts(source: Source) -> Iterator[Context]:
    """The allow-list; nothing where no node redirects."""
    configuration = source.configuration
    named = {node.redirect for node in configuration.menu.nodes.values()}
    allowed = [
        Extension(f"to-{name}", *_steps(source, contact, source.at("contacts", name)))
        for name, contact in configuration.contacts.items()
        if name in named
    ]
    if allowed:
        yield Context(_ALLOWED, *allowed, _shown(source))


def _steps(source: Source, contact: Contact, place: Place) -> Iterator[Step]:
    hotline = source.configuration.hotline
    today = schedule.local(source, "%Y%m%d")
    for is_out, day in (("<", contact.valid_from), (">", contact.valid_until)):
        if day:
            yield goto_if(f"{today} {is_out} {day:%Y%m%d}", "return", place)
    trunks = source.configuration.trunks.values()
    trunk = next(trunk for trunk in trunks if is_carried(contact.number, trunk))
    digits = dial_string(contact.number, trunk, hotline.country)
    # i: a phone that is diverted does not choose what we dial.
    options = f"ib({_ALLOWED}^{_SHOWN}^1({trunk.caller_id}))"
    yield Step("Dial", f"PJSIP/{digits}@{trunk.endpoint},{contact.ring_for:g},{options}", place)
    yield Step("Return", label="return")


def _shown(source: Source) -> Extension:
    """Run on the called leg: it shows our number; the citizen's own would be refused, or hidden with them."""
    identity = {
        "CONNECTEDLINE(num,i)": "${ARG1}",
        "CONNECTEDLINE(name,i)": "",
        "CONNECTEDLINE(num-pres,i)": "allowed",
    }
    return Extension(_SHOWN, assign(identity, source.at("contacts")), Step("Return"))
