"""A caller's number as delivered in; its E.164 form and kind out, and back to what a trunk must dial.

Normalised once, when a call is recorded: `reader` makes the function for a configuration, or by country
alone. The dialer and the compiler turn E.164 back into digits for a trunk. Pure; validity and kinds come
from the `phonenumbers` library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from ivr.config.model import Configuration, Trunk

Kind = Literal[
    "fixed", "mobile", "premium", "toll_free", "other", "international", "short", "internal", "anonymous",
    "invalid",
]  # fmt: skip
"""`other`: valid but neither fixed nor mobile (shared cost …). `international`: of another country."""


class CallerNumber(NamedTuple):
    """`e164` with its plus sign; empty for anonymous, short, internal and invalid callers."""

    e164: str
    kind: Kind


_ANONYMOUS: Final = frozenset(
    {"", "anonymous", "unknown", "restricted", "unavailable", "private", "withheld", "none", "null"}
)
_WRITTEN: Final = re.compile(r"\+?[0-9]{1,20}", re.ASCII)
_SEPARATORS: Final = re.compile(r"[ ().\-/]")
_SHORT_DIGITS: Final = 6
"""No subscriber has so few digits: emergency (112), service (195) and internal numbers."""
_KINDS: Final[dict[int, Kind]] = {
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.TOLL_FREE: "toll_free",
}


def normalise(
    raw: str, trunk: Trunk | None = None, country: str = "AZ", internal: Collection[str] = ()
) -> CallerNumber:
    """What the trunk delivered as one number. `internal`: our own numbers, the hotline's and the agents'.

    Without a trunk, national numbers are read by `country` and nothing completes a short local number.
    """
    text = raw.strip(" ")  # a control character is in no number, wherever it stands
    if text.strip("<>").casefold() in _ANONYMOUS or text.casefold().endswith("anonymous.invalid"):
        return CallerNumber("", "anonymous")
    if text in internal:
        return CallerNumber("", "internal")
    digits = _SEPARATORS.sub("", text)
    if not _WRITTEN.fullmatch(digits):
        return CallerNumber("", "invalid")
    if len(digits.removeprefix("+")) <= _SHORT_DIGITS:
        return CallerNumber("", "short")
    for candidate in _readings(digits, trunk, country):
        for number in _parsed(candidate, country):
            if kind := _kind(number, country):
                return CallerNumber(phonenumbers.format_number(number, PhoneNumberFormat.E164), kind)
    return CallerNumber("", "invalid")


def national(e164: str, country: str = "AZ") -> str:
    """As people of that country write and dial it: `0501234567`; a foreign number with `00` before it."""
    number = phonenumbers.parse(e164)
    if number.country_code != phonenumbers.country_code_for_region(country):
        return f"00{e164.removeprefix('+')}"
    return f"{_national_prefix(country)}{phonenumbers.national_significant_number(number)}"


def national_shape(country: str) -> tuple[str, tuple[int, ...]]:
    """How a number of that country begins as people there dial it, and the lengths it may have then."""
    prefix = _national_prefix(country)
    metadata = PhoneMetadata.metadata_for_region(country)
    known = metadata.general_desc.possible_length if metadata and metadata.general_desc else ()
    return prefix, tuple(sorted(len(prefix) + length for length in known if length > 0))


def dial_string(e164: str, trunk: Trunk, country: str = "AZ") -> str:
    """The digits that trunk must be sent for `e164`."""
    if trunk.dial == "national":
        return national(e164, country)
    return e164 if trunk.dial == "e164" else e164.removeprefix("+")


def is_carried(e164: str, trunk: Trunk) -> bool:
    """Whether the trunk may ever dial that number: one of its `carries` prefixes begins it."""
    return any(e164.startswith(prefix) for prefix in trunk.carries)


def _readings(digits: str, trunk: Trunk | None, country: str) -> Iterator[str]:
    """The ways to read those digits, the likeliest first; the first that is a valid number wins."""
    if digits.startswith("+"):
        yield f"+{digits[1:].removeprefix('00')}"  # some switches write the international prefix behind it
        return
    if trunk is not None and trunk.arrives != "national":
        yield f"+{digits}"
    yield digits
    # A local number never begins with the trunk prefix: that is a national number with digits missing.
    if trunk is not None and not digits.startswith(_national_prefix(country) or " "):
        yield f"{_national_prefix(country)}{trunk.area_code}{digits}"
    yield f"+{digits.removeprefix('00')}"


def _national_prefix(country: str) -> str:
    return phonenumbers.ndd_prefix_for_region(country, True) or ""


def _parsed(text: str, country: str) -> Iterator[PhoneNumber]:
    """A national number as it nearly always comes, at a third of the price; then as the library reads it."""
    if text.startswith("+0"):  # no country code; the library would read on as if there were no plus sign
        return
    metadata = PhoneMetadata.metadata_for_region(country)
    prefix = metadata and not metadata.national_prefix_transform_rule and metadata.national_prefix
    if metadata and prefix and text.startswith(prefix) and text[len(prefix)] not in "0+":
        yield PhoneNumber(metadata.country_code, int(text.removeprefix(prefix)))
    with suppress(phonenumbers.NumberParseException):
        yield phonenumbers.parse(text, country)


def _kind(number: PhoneNumber, country: str) -> Kind | None:
    """None if there is no such number: the library's `is_valid_number`, without asking everything twice."""
    kind_of = phonenumbers.number_type(number)
    if kind_of == PhoneNumberType.UNKNOWN:
        return None
    kind = _KINDS.get(kind_of, "other")
    is_foreign = phonenumbers.region_code_for_number(number) != country
    return "international" if is_foreign and kind != "premium" else kind


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
