"""Callers who are not let in: they hear one sentence before anybody is told of the call, and it ends.

A table of extensions for each trunk: every way in which it may write a blocked number, tried on
`ivr.calls.numbers`, which reads numbers for the record and for `hotline menu`. Callers who hide their number
are let in.
"""

from __future__ import annotations

from collections.abc import Iterator

from phonenumbers import PhoneMetadata, ndd_prefix_for_region, parse, region_code_for_number

from dialplan.number_patterns import Pattern, numbers, within, written
from dialplan.plan import Context, Extension, Source, Step, goto_if, inside, play
from ivr.calls.numbers import normalise
from ivr.config.model import Configuration, Trunk
from ivr.config.problems import Place

_CALLER = "caller"
"""In front of each number of a table, so that no number at all is not looked up as the table itself."""


def steps(source: Source, place: Place, trunk: str) -> Iterator[Step]:
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
