"""Which numbers may be dialled, or are not let in, as dialplan patterns made by phonenumbers' expressions.

These expressions hold digits, classes, groups, alternatives and counts and nothing else, so each of them is a
finite list of patterns. phonenumbers gives the costlier kind to a number of several; in no country does a
costlier expression share a number with those of fixed lines and mobiles, so kinds are not subtracted from
each other. A test asserts both of every country. Where a number is valid as a fixed line and as a mobile
alike (North America), it is in the patterns of both. The expression of all kinds together is not read: in
Germany and Austria the patterns hold a few numbers that phonenumbers calls invalid because of it. Pure.

The allow-list holds what `callback.kinds` and a trunk allow, so Asterisk refuses what
`callback_dialer.policy` refuses. Of two patterns Asterisk takes the one that is narrower at the first digit
in which they differ, so a denied prefix, or a longer one of another trunk, beats the pattern around it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import chain, product
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, country_code_for_region
from phonenumbers.phonemetadata import PhoneNumberDesc

from ivr.calls.numbers import national_shape
from ivr.config.model import Configuration, Trunk

Pattern = tuple[str, ...]
"""A set of numbers: for each digit in turn, the digits that may stand there."""

DIALABLE: Final = {"fixed": "fixed_line", "mobile": "mobile"}
"""`callback.kinds` in the words of phonenumbers' metadata."""
EVERY_KIND: Final = (
    *DIALABLE.values(),
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail"),
)
_DIGITS: Final = "0123456789"
_TOKEN: Final = re.compile(r"\\d|\[[^]]*\]|\d|\(\?:|[)|?]|\{\d+(?:,\d+)?\}")


def numbers(prefix: str, kinds: Collection[str] = EVERY_KIND, country: str = "") -> Iterator[Pattern]:
    """All valid numbers of these kinds that begin with an E.164 prefix, as digits without `+`.

    `country`: only those of its numbering plan. A pattern may come twice.
    """
    digits = prefix.removeprefix("+")
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        if str(code)[: len(digits)] != digits[: len(str(code))]:
            continue
        for region in {country} & {*regions} if country else regions:
            metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            for kind in kinds:
                for pattern in patterns(getattr(metadata, kind)):
                    if found := within((*str(code), *pattern), digits):
                        yield found


def within(pattern: Pattern, prefix: str) -> Pattern | None:
    """The numbers of the pattern that begin with `prefix`; None if there are none."""
    is_possible = len(prefix) <= len(pattern) and all(map(str.__contains__, pattern, prefix))
    return (*prefix, *pattern[len(prefix) :]) if is_possible else None


def written(pattern: Pattern) -> str:
    """As extensions.conf writes it, without the `_` in front."""
    return "".join({1: one, 10: "X"}.get(len(one), f"[{one}]") for one in pattern)


def patterns(description: PhoneNumberDesc | None) -> Iterator[Pattern]:
    """What phonenumbers knows of one kind of number in one country, without the country's code."""
    if description and description.national_number_pattern:
        for pattern in _alternatives(iter(_TOKEN.findall(description.national_number_pattern))):
            if len(pattern) in (description.possible_length or (len(pattern),)):
                yield pattern


def _alternatives(tokens: Iterator[str]) -> list[Pattern]:
    """All that an expression allows, up to the end of its group."""
    found: list[Pattern] = []
    before: list[Pattern] = [()]
    last: list[Pattern] = [()]
    for token in tokens:
        if token in ")|":
            found += _joined(before, last)
            before = last = [()]
            if token == ")":
                return found
        elif token[0] in "?{":
            least, _, most = token.strip("{}").replace("?", "0,1").partition(",")
            counts = range(int(least), int(most or least) + 1)
            last = [tuple(chain(*parts)) for count in counts for parts in product(last, repeat=count)]
        else:
            before = _joined(before, last)
            last = _alternatives(tokens) if token == "(?:" else [(re.sub(f"(?!{token}).", "", _DIGITS),)]
    return found + _joined(before, last)


def _joined(heads: list[Pattern], tails: list[Pattern]) -> list[Pattern]:
    return [head + tail for head in heads for tail in tails]


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
