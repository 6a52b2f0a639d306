"""Who calls: the number as the trunk delivered it, read once when the call is recorded.

`reader` makes the function the store uses; with no configuration, numbers are read by country alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ivr.calls.numbers import CallerNumber, normalise
from ivr.config.model import Configuration

ReadNumber = Callable[[str, str, str], CallerNumber]
"""Number as delivered, trunk (empty if unknown), presentation → the number as E.164 with its kind."""


def own_numbers(configuration: Configuration) -> frozenset[str]:
    """The hotline's and its agents' numbers, as they are written and as E.164: nobody's to call back."""
    hotline, trunks = configuration.hotline, configuration.trunks.values()
    written = {
        hotline.number,
        *hotline.delivered,
        *(trunk.caller_id for trunk in trunks),
        *configuration.agents,
    }
    read = {normalise(number, trunk, hotline.country).e164 for number in written for trunk in trunks}
    return frozenset(written | read - {""})


def never_called(configuration: Configuration) -> frozenset[str]:
    """E.164 numbers and prefixes that no callback goes to: `own_numbers`, the organisation's, the contacts'.

    Calls from the organisation and the contacts count as citizens' calls.
    """
    contacts = (contact.number for contact in configuration.contacts.values())
    ours = own_numbers(configuration).union(configuration.hotline.own_numbers, contacts)
    return frozenset(number for number in ours if number.startswith("+"))


def reader(configuration: Configuration | None, country: str = "AZ") -> ReadNumber:
    """The reading of numbers for this hotline; a number its caller asked to hide counts as anonymous."""
    trunks = configuration.trunks if configuration else {}
    own = own_numbers(configuration) if configuration else frozenset[str]()
    at = configuration.hotline.country if configuration else country
    only_trunk = next(iter(trunks.values())) if len(trunks) == 1 else None

    @lru_cache(maxsize=4096)
    def read(caller: str, trunk: str, presentation: str) -> CallerNumber:
        if presentation.startswith("prohib"):
            return CallerNumber("", "anonymous")
        number = normalise(caller, trunks.get(trunk, only_trunk), at, own)
        return CallerNumber("", "internal") if number.e164 in own else number

    return read
