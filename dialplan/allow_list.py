"""Which numbers may ever be dialled, as dialplan patterns: what the trunks carry, minus what is denied.

Only numbers of the hotline's own country, with the lengths its numbering plan has (phonenumbers). Asterisk
takes the most specific pattern, so a denied prefix beats the carried one it lies in, whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from phonenumbers import PhoneMetadata

from ivr.config.model import Trunk


@dataclass(frozen=True, slots=True)
class NumberingPlan:
    """A country's numbers: `+994`, nine digits after it, dialled with `0` before them inside the country."""

    country_code: str
    lengths: tuple[int, ...]
    """Digits after the country code."""
    national_prefix: str

    @classmethod
    def of(cls, country: str) -> NumberingPlan:
        """The plan of a country by its two letters; ValueError if there is none."""
        metadata = PhoneMetadata.metadata_for_region(country)
        if metadata is None or metadata.general_desc is None:
            raise ValueError(f"{country} has no numbering plan")
        lengths = tuple(sorted(length for length in metadata.general_desc.possible_length if length > 0))
        return cls(str(metadata.country_code), lengths, metadata.national_prefix or "")

    def patterns(self, prefixes: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Patterns of E.164 digits without `+` in these prefixes, each once and with its prefix's index."""
        seen = set()
        for index, prefix in enumerate(prefixes):
            for pattern in self._patterns(prefix.removeprefix("+")):
                if pattern not in seen:
                    seen.add(pattern)
                    yield pattern, index

    def _patterns(self, prefix: str) -> Iterator[str]:
        digits = self.country_code if self.country_code.startswith(prefix) else prefix
        if digits.startswith(self.country_code):
            for length in self.lengths:
                missing = len(self.country_code) + length - len(digits)
                if missing >= 0:
                    yield f"_{digits}{'X' * missing}" if missing else digits

    def dialled(self, trunk: Trunk) -> str:
        """What Dial() sends for `${EXTEN}`: `ivr.calls.numbers.dial_string` in dialplan terms."""
        return {
            "e164": "+${EXTEN}",
            "international": "${EXTEN}",
            "national": f"{self.national_prefix}${{EXTEN:{len(self.country_code)}}}",
        }[trunk.dial]


def is_denied(pattern: str, deny: Iterable[str]) -> bool:
    """Whether all numbers of a carried pattern are denied, so that it must not be rendered."""
    return any(pattern.lstrip("_").startswith(prefix.removeprefix("+")) for prefix in deny)
