"""Which numbers may ever be dialled, as dialplan patterns: of `callback.kinds` and carried by a trunk.

The patterns are those phonenumbers knows for these kinds in the hotline's own country, so Asterisk refuses
what `callback_dialer.policy` refuses. Of two patterns Asterisk takes the one that is narrower at the first
digit in which they differ, so a denied prefix, or a longer one of another trunk, beats the pattern around it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from phonenumbers import country_code_for_region

from dialplan.number_patterns import DIALABLE, Pattern, numbers, within, written
from ivr.calls.numbers import national_shape
from ivr.config.model import Configuration, Trunk


def allowed(configuration: Configuration, never: Collection[str]) -> Iterator[tuple[str, str, int]]:
    """Patterns of E.164 digits without `+`, each once, with its trunk and the index of the prefix it is of.

    The trunk with the longest prefix carries a number, as in `Policy.trunk_for`. What lies in a prefix of
    `never` is left out.
    """
    kinds = [DIALABLE[kind] for kind in configuration.callback.kinds]
    carried = [
        (prefix, name, index)
        for name, trunk in configuration.trunks.items()
        for index, prefix in enumerate(trunk.carries)
    ]
    seen: set[Pattern] = set()
    for prefix, name, index in sorted(carried, key=lambda one: -len(one[0])):
        for pattern in numbers(prefix, kinds, configuration.hotline.country):
            if pattern not in seen and not any(within(pattern, one[1:]) == pattern for one in never):
                seen.add(pattern)
                yield written(pattern), name, index


def dialled(trunk: Trunk, country: str) -> str:
    """What Dial() sends for `${EXTEN}`: `ivr.calls.numbers.dial_string` in dialplan terms."""
    home = len(str(country_code_for_region(country)))
    return {
        "e164": "+${EXTEN}",
        "international": "${EXTEN}",
        "national": f"{national_shape(country)[0]}${{EXTEN:{home}}}",
    }[trunk.dial]
