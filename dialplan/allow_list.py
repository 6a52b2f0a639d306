"""Which numbers may ever be dialled, as dialplan patterns: what the trunks carry, minus what is denied.

Lengths come from the numbering plan of the prefix's country (phonenumbers). Asterisk takes the most specific
pattern, so a denied prefix beats the carried one it lies in, whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from phonenumbers import PhoneMetadata, phonenumberutil

from ivr.config.model import Trunk

_LONGEST_E164 = 15


@dataclass(frozen=True, slots=True)
class Allowed:
    """A pattern of E.164 digits without `+`, and the trunk that carries them."""

    pattern: str
    trunk: str
    country_code: str


def carried(trunks: dict[str, Trunk]) -> Iterator[tuple[Allowed, int]]:
    """Patterns that may be dialled and the index of their prefix in `carries`; the first trunk has it."""
    seen = set()
    for name, trunk in trunks.items():
        for position, prefix in enumerate(trunk.carries):
            for pattern, country_code in _patterns(prefix):
                if pattern not in seen:
                    seen.add(pattern)
                    yield Allowed(pattern, name, country_code), position


def denied(prefixes: list[str]) -> Iterator[tuple[str, int]]:
    """Patterns that are never dialled and the index of their prefix in `callback.deny`."""
    seen = set()
    for position, prefix in enumerate(prefixes):
        for pattern, _ in _patterns(prefix):
            if pattern not in seen:
                seen.add(pattern)
                yield pattern, position


def is_denied(pattern: str, deny: list[str]) -> bool:
    """Whether all numbers of a carried pattern are denied, so that it must not be rendered."""
    return any(pattern.lstrip("_").startswith(prefix.removeprefix("+")) for prefix in deny)


def dialled_digits(allowed: Allowed, trunk: Trunk, country: str) -> str:
    """What Dial() sends for `${EXTEN}`: as `ivr.calls.numbers.dial_string` writes it, in dialplan terms."""
    if trunk.dial != "national":
        return "+${EXTEN}" if trunk.dial == "e164" else "${EXTEN}"
    home = PhoneMetadata.metadata_for_region(country)
    if home is None or allowed.country_code != str(home.country_code):
        return "00${EXTEN}"
    return f"{home.national_prefix or ''}${{EXTEN:{len(allowed.country_code)}}}"


def _patterns(prefix: str) -> Iterator[tuple[str, str]]:
    """One pattern for each length a number with that prefix can have, with its country code."""
    digits = prefix.removeprefix("+")
    code = _country_code(digits)
    for length in _national_lengths(code):
        missing = len(code) + length - len(digits)
        if missing >= 0:
            yield (f"_{digits}{'X' * missing}" if missing else digits), code


def _country_code(digits: str) -> str:
    codes = phonenumberutil.COUNTRY_CODE_TO_REGION_CODE
    return next((digits[:size] for size in (1, 2, 3) if int(digits[:size]) in codes), "")


def _national_lengths(code: str) -> tuple[int, ...]:
    if not code:
        return ()
    regions = phonenumberutil.COUNTRY_CODE_TO_REGION_CODE[int(code)]
    lengths: set[int] = set()
    for region in regions:
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
        if metadata is not None and metadata.general_desc is not None:
            lengths.update(metadata.general_desc.possible_length)
    return tuple(sorted(length for length in lengths if 0 < length <= _LONGEST_E164 - len(code)))
