"""Callers who are not let in: they hear one sentence before anybody is told of the call, and it ends.

A table of extensions, one for each way a trunk may write a blocked prefix. Who hides their number is let in.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.allow_list import NumberingPlan
from dialplan.plan import Context, Extension, Step, goto, inside, sounds
from dialplan.source import Source
from ivr.config.model import Configuration
from ivr.config.places import Place

_TABLE = inside("blocked")
_CALLER = "caller"
"""In front of each number of the table, so that no number at all is not looked up as the table itself."""


def steps(source: Source, place: Place) -> Iterator[Step]:
    """Send a blocked caller away; nothing where nobody is blocked."""
    if source.configuration.blocked and source.configuration.blocked.numbers:
        number = f"{_CALLER}${{FILTER(0-9+,${{CALLERID(num)}})}}"
        is_shown = '"${CALLERID(num-pres):0:6}" != "prohib"'
        found = f"${{DIALPLAN_EXISTS({_TABLE},{number},1)}}"
        yield Step("GotoIf", f"$[{found} & {is_shown}]?{_TABLE},s,1", place)


def contexts(source: Source) -> Iterator[Context]:
    """The table."""
    configuration = source.configuration
    blocked = configuration.blocked
    if blocked is None or not blocked.numbers:
        return
    steps = (Step("Answer"), Step("Playback", sounds([blocked.say])), Step("Hangup"))
    extensions = [Extension("s", steps).placed(source.at("blocked"))]
    for position, prefix in enumerate(blocked.numbers):
        place = source.at("blocked", "numbers", position)
        for written in dict.fromkeys(_written(configuration, prefix)):
            extensions.append(Extension(f"_{_CALLER}{written}!", (goto(_TABLE, place=place),)))
    yield Context(_TABLE, tuple(extensions))


def _written(configuration: Configuration, prefix: str) -> Iterator[str]:
    """How numbers with that prefix begin, by the trunks they may come in by."""
    plan, digits = NumberingPlan.of(configuration.hotline.country), prefix.removeprefix("+")
    yield prefix
    for trunk in configuration.trunks.values():
        home = digits.removeprefix(plan.country_code)
        if trunk.arrives != "national":
            yield digits
        elif home == digits:
            yield f"00{digits}"
        else:
            yield f"{plan.national_prefix}{home}"
            if local := home.removeprefix(trunk.area_code) if home.startswith(trunk.area_code) else "":
                yield local
