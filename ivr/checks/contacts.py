"""Checks of contacts: nobody is named who cannot be dialled.

Called by `ivr.checks.whole`; `expired` by `hotline config check`, for it depends on the day. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ivr.calls.numbers import is_carried, normalise
from ivr.config.model import Configuration
from ivr.config.problems import Places, Problem


def contacts(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CON003, CON004: not to be dialled, valid on no day."""
    denied = configuration.callback.deny
    for name, contact in configuration.contacts.items():
        place = places.value_at("contacts", name, "number")
        carried = any(is_carried(contact.number, trunk) for trunk in configuration.trunks.values())
        number = normalise(contact.number, country=configuration.hotline.country)
        if number.e164 != contact.number or number.kind == "premium":
            yield Problem.of("CON003", place, number=contact.number)
            continue
        is_denied = contact.number.startswith(tuple(denied))
        if (is_denied or not carried) and places.is_whole("trunks"):
            yield Problem.of("CON003.not_carried", place, number=contact.number)
        if contact.valid_from and contact.valid_until and contact.valid_until < contact.valid_from:
            yield Problem.of("CON004", places.value_at("contacts", name, "valid_until"), name=name)


def expired(configuration: Configuration, places: Places, today: date) -> Iterator[Problem]:
    """CON005: nobody is put through to that contact any more."""
    for name, contact in configuration.contacts.items():
        if contact.valid_until and contact.valid_until < today:
            place = places.value_at("contacts", name, "valid_until")
            yield Problem.of("CON005", place, name=name, day=contact.valid_until)
