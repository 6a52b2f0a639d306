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

Blocked callers hear one sentence before the call is announced to the recorder, and it ends. For each trunk a
table of extensions holds every way in which it may write a blocked number, tried on `ivr.calls.numbers`:
that reads numbers for the record and for `hotline menu`. Callers who hide their number are let in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import chain, product
from typing import Final

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    country_code_for_region,
    ndd_prefix_for_region,
    parse,
    region_code_for_number,
)
from phonenumbers.phonemetadata import PhoneNumberDesc

from dialplan.plan import Context, Extension, Source, Step, goto_if, inside, play
from ivr.calls.numbers import national_shape, normalise
from ivr.config.model import Configuration, Trunk
from ivr.config.problems import Place

Pattern = tuple[str, ...]
"""A set of numbers: for each digit in turn, the digits that may stand there."""

DIALABLE: Final = {"fixed": "fixed_line", "mobile": "mobile"}
"""`callback.kinds` in the words of phonenumbers' metadata."""
EVERY_KIND: Final = (
    *DIALABLE.values(),
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail"),
)
_CALLER: Final = "caller"
"""In front of each number of a table, so that no number at all is not looked up as the table itself."""
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


def send_blocked_away(source: Source, place: Place, trunk: str) -> Iterator[Step]:
    """Send a blocked caller away; nothing where nobody is blocked. `trunk`: what its name is read from."""
    configuration = source.configuration
    if configuration.blocked and configuration.blocked.numbers:
        table = inside(f"blocked-{_only_trunk(configuration) or trunk}")
        number = f"{_CALLER}${{FILTER(0-9+,${{CALLERID(num)}})}}"
        is_shown = '"${CALLERID(num-pres):0:6}" != "prohib"'
        found = f"${{DIALPLAN_EXISTS({table},{number},1)}}"
        yield goto_if(f"{found} & {is_shown}", f"{table},s,1", place)


def contexts(source: Source) -> Iterator[Context]:
    """A table for each trunk; where there are several, one more for calls of which none is known."""
    configuration = source.configuration
    blocked = configuration.blocked
    if blocked is None or not blocked.numbers:
        return
    sent_away = Extension("s", Step("Answer", "", source.at("blocked")), play(blocked.say), Step("Hangup"))
    trunks = {**({} if _only_trunk(configuration) else {"": None}), **configuration.trunks}
    for name, trunk in trunks.items():
        texts = {
            text: source.at("blocked", "numbers", position)
            for position, prefix in enumerate(blocked.numbers)
            for pattern in numbers(prefix)
            for text in _ways_to_write(pattern, trunk, configuration.hotline.country)
        }
        found = (Extension(f"_{_CALLER}{text}", Step("Goto", "s,1", at)) for text, at in texts.items())
        yield Context(inside(f"blocked-{name}"), sent_away, *found)


def _only_trunk(configuration: Configuration) -> str:
    return next(iter(configuration.trunks)) if len(configuration.trunks) == 1 else ""


def _ways_to_write(pattern: Pattern, trunk: Trunk | None, country: str) -> Iterator[str]:
    """Patterns of all that the trunk may deliver for these numbers; one of them is tried in each way."""
    number = parse(f"+{_example(pattern)}")
    code = str(number.country_code)
    zero, its_zero = (
        ndd_prefix_for_region(each or "", True) or "" for each in (country, region_code_for_number(number))
    )
    heads = [f"{abroad}{code}" for abroad in ("+", "", "00", "+00", _international_prefix(country))]
    ways = [(code, f"{head}{inland}") for head in (*heads, "") for inland in ("", zero, its_zero)]
    if trunk:
        ways.append((f"{code}{trunk.area_code}", ""))
    for left_out, head in ways:
        rest = (within(pattern, left_out) or ())[len(left_out) :]
        if rest and not head:  # `normalise` takes a number that begins with the prefix for a national one
            rest = (rest[0].replace(zero, ""), *rest[1:])
        if rest and all(rest):
            tried = _example(rest)
            if normalise(f"{head}{tried}", trunk, country).e164 == f"+{left_out}{tried}":
                yield f"{head}{written(rest)}"


def _international_prefix(country: str) -> str:
    """What people there dial before the code of another country."""
    metadata = PhoneMetadata.metadata_for_region(country)
    return (metadata.international_prefix or "") if metadata else ""


def _example(pattern: Pattern) -> str:
    return "".join(one[-1] for one in pattern)
