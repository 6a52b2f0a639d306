"""Checks of contacts and of the nodes that redirect to them: nobody is named who cannot be dialled.

Called by `ivr.config.crosscheck`; `expired` by `hotline config check`, for it depends on the day. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ivr.calls.numbers import is_carried, normalise
from ivr.config.model import Configuration
from ivr.config.places import Places
from ivr.config.problems import Problem, Severity, did_you_mean


def named(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CON001: a node redirects to a contact nobody has written."""
    for name, node in configuration.menu.nodes.items():
        if node.redirect and not places.has("contacts", node.redirect):
            place = places.value_at("menu", "nodes", name, "redirect")
            hint = did_you_mean(node.redirect, configuration.contacts) or "add it to `contacts`"
            yield Problem("CON001", place, f"there is no contact `{node.redirect}`", hint)


def contacts(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CON002-CON004: of no structure, not to be dialled, valid on no day."""
    denied = configuration.callback.deny
    for name, contact in configuration.contacts.items():
        if not places.has("structures", contact.structure):
            place = places.value_at("contacts", name, "structure")
            hint = did_you_mean(contact.structure, configuration.structures)
            yield Problem("CON002", place, f"there is no structure `{contact.structure}`", hint)
        carried = any(is_carried(contact.number, trunk) for trunk in configuration.trunks.values())
        number = normalise(contact.number, country=configuration.hotline.country)
        if number.e164 != contact.number or number.kind == "premium":
            place = places.value_at("contacts", name, "number")
            hint = "write it whole, with its country; premium numbers are never dialled"
            yield Problem("CON003", place, f"{contact.number} is no number to put callers through to", hint)
            continue
        if not places.is_whole("trunks"):
            continue
        if not carried or any(contact.number.startswith(prefix) for prefix in denied):
            place = places.value_at("contacts", name, "number")
            hint = "a trunk must have its prefix in `carries`, and `callback.deny` must not"
            yield Problem("CON003", place, f"no trunk may dial {contact.number}", hint)
        if contact.valid_from and contact.valid_until and contact.valid_until < contact.valid_from:
            place = places.value_at("contacts", name, "valid_until")
            yield Problem("CON004", place, f"`{name}` ends before it begins", "exchange the two days")


def expired(configuration: Configuration, places: Places, today: date) -> Iterator[Problem]:
    """CON005: nobody is put through to that contact any more."""
    for name, contact in configuration.contacts.items():
        if contact.valid_until and contact.valid_until < today:
            place = places.value_at("contacts", name, "valid_until")
            hint = "give it a later day, or take it out"
            yield Problem(
                "CON005",
                place,
                f"`{name}` is not dialled since {contact.valid_until}",
                hint,
                Severity.WARNING,
            )
