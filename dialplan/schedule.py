"""Opening hours as a subroutine of the dialplan: for how many seconds is it open yet, 0 if it is closed.

One context for each schedule: its switch "closed now" (AstDB, so that it holds with Python dead and after a
restart), then the day by its date if it is a holiday or an exception, else by its weekday. `TESTTIME`, which
nothing but a lab sets, moves the day and the time but not the switch.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dialplan.plan import Context, Extension, Source, Step, goto, goto_if, inside
from dialplan.quoting import argument, var
from ivr.asterisk.words import DB_CLOSED
from ivr.calls.opening_hours import ALL_DAY, WEEKDAYS, Schedule, Spans, calendar, irregular_days
from ivr.config.problems import Place

OPEN_FOR = "GOSUB_RETVAL"
"""Where `ask` leaves the seconds."""


def ask(name: str, place: Place) -> Step:
    """Set OPEN_FOR for schedule `name`."""
    return Step("Gosub", f"{_context(name)},s,1", place)


def contexts(source: Source) -> Iterator[Context]:
    """Each schedule that a queue or the menu asks."""
    configuration = source.configuration
    asked = {queue.hours for queue in configuration.queues.values()}
    asked |= {node.hours for node in configuration.menu.nodes.values()}
    for name, hours in configuration.hours.items():
        if name in asked:
            schedule = Schedule.of(hours, configuration.hotline.time_zone, configuration.hotline.country)
            yield Context(_context(name), *_extensions(source, name, schedule))


def _context(name: str) -> str:
    return inside(f"hours-{name}")


def _extensions(source: Source, name: str, schedule: Schedule) -> Iterator[Extension]:
    place, zone = source.at("hours", name), argument(source.configuration.hotline.time_zone)
    today, weekday, now = (
        f"${{STRFTIME(${{TESTTIME}},{zone},{form})}}" for form in ("%Y%m%d", "%u", "%H*3600+%M*60+%S")
    )
    yield Extension(
        "s",
        goto_if(f"${{EPOCH}} < 0{var(f'DB({DB_CLOSED}/{name})')}", "closed", place),
        Step("GotoIf", f"${{DIALPLAN_EXISTS({_context(name)},{today},1)}}?{today},1"),
        goto(_context(name), weekday),
        Step("Return", "0", label="closed"),
    )
    week = partial(source.at, "hours", name, "week")
    for number, day in enumerate(WEEKDAYS):
        spans = schedule.usually_open_on(number)
        yield Extension(f"{number + 1}", Step("Return", _open_for(spans, now), week(day)))
    for date, spans in irregular_days(schedule, *calendar(source.today)).items():
        yield Extension(f"{date:%Y%m%d}", Step("Return", _open_for(spans, now), week()))


def _open_for(spans: Spans, now: str) -> str:
    terms = []
    for opens, closes in spans:
        left = ALL_DAY if closes == ALL_DAY else f"({closes} - ({now}))"
        terms.append(f"({now} >= {opens} & {now} < {closes}) * {left}")
    return f"$[{' + '.join(terms)}]" if terms else "0"
