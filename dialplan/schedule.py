"""Opening hours as a subroutine of the dialplan: for how many seconds is it open yet, 0 if it is closed.

One context for each schedule: its switch "closed now" (AstDB, so that it holds with Python dead and after a
restart), then the day by its date if it is a holiday or an exception, else by its weekday. `TESTTIME`, which
nothing but a lab sets, moves the day and the time but not the switch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import TypeVar

from dialplan.plan import Context, Extension, Source, Step, goto, goto_if, inside, play
from dialplan.quoting import argument, var
from ivr.asterisk.words import DB_CLOSED
from ivr.calls.opening_hours import ALL_DAY, WEEKDAYS, Schedule, Spans, by_day, calendar
from ivr.config.problems import Place
from ivr.sounds.prompts import is_said, says_openings

T = TypeVar("T")
OPEN_FOR = "GOSUB_RETVAL"
"""Where `ask` leaves the seconds."""


def ask(name: str, place: Place) -> Step:
    """Set OPEN_FOR for schedule `name`."""
    return Step("Gosub", f"{_context(name)},s,1", place)


def unless_open(source: Source, hours: str, closed: str, place: Place) -> Iterator[Step]:
    """Fall through while it is open; else say when it opens, and go on at `closed`."""
    yield ask(hours, place)
    is_closed = f"{var(OPEN_FOR)} = 0"
    if says_openings(source.configuration):
        yield Step("GosubIf", f"$[{is_closed}]?{_announcement(hours)},s,1", place)
    yield goto_if(is_closed, closed, place)


def contexts(source: Source) -> Iterator[Context]:
    """Each schedule that a queue or the menu asks; where openings are said, one more that says the next."""
    configuration, now = source.configuration, local(source, _SINCE_MIDNIGHT)
    asked = {queue.hours for queue in configuration.queues.values()}
    asked |= {node.hours for node in configuration.menu.nodes.values()}
    for name, hours in configuration.hours.items():
        if name in asked:
            schedule = Schedule.of(hours, configuration.hotline.time_zone, configuration.hotline.country)
            answers = (
                Extension(day, Step("Return", _open_for(spans, now), at))
                for day, spans, at in _days(source, name, schedule, Schedule.open_on)
            )
            yield _by_day(source, name, _context(name), answers)
            if says_openings(configuration):
                yield _by_day(source, name, _announcement(name), _announcing(source, name, schedule))


def _context(name: str) -> str:
    return inside(f"hours-{name}")


def _announcement(name: str) -> str:
    return inside(f"opens-{name}")


_SINCE_MIDNIGHT = "%H*3600+%M*60+%S"
"""In seconds."""


def local(source: Source, form: str) -> str:
    """The moment of the call by the clock of the hotline, in that form of strftime."""
    return f"${{STRFTIME(${{TESTTIME}},{argument(source.configuration.hotline.time_zone)},{form})}}"


def _by_day(source: Source, name: str, context: str, days: Iterable[Extension]) -> Context:
    """Go on at the extension of today's date or weekday; answer 0 while it is closed by hand."""
    today = local(source, "%Y%m%d")
    closed = f"${{EPOCH}} < 0{var(f'DB({DB_CLOSED}/{name})')}"
    steps = (
        goto_if(closed, "closed", source.at("hours", name)),
        Step("GotoIf", f"${{DIALPLAN_EXISTS({context},{today},1)}}?{today},1"),
        goto(context, local(source, "%u")),  # Monday is 1
        Step("Return", "0", label="closed"),
    )
    return Context(context, Extension("s", *steps), *days)


def _announcing(source: Source, name: str, schedule: Schedule) -> Iterator[Extension]:
    """Say when it opens next; the answer is 0, as that of a schedule that is closed."""
    now = local(source, _SINCE_MIDNIGHT)
    said: dict[str, Place] = {}
    for day, announced, at in _days(source, name, schedule, Schedule.announced_on):
        known = [(until, prompt) for until, prompt in announced if is_said(source.configuration, prompt)]
        said |= dict.fromkeys((prompt for _, prompt in known), at)
        jumps = (goto_if(f"{now} < {until}", f"{prompt},1", at) for until, prompt in known)
        yield Extension(day, *jumps, Step("Return", "0", at))
    for prompt, at in said.items():
        yield Extension(prompt, play(prompt, place=at), Step("Return", "0"))


def _days(
    source: Source, name: str, schedule: Schedule, ask: Callable[[Schedule, date], T]
) -> Iterator[tuple[str, T, Place]]:
    """Extension, answer and place of each weekday, then of each day that has another answer."""
    week = partial(source.at, "hours", name, "week")
    usual, others = by_day(schedule, ask, *calendar(source.today))
    for number, (day, answer) in enumerate(zip(WEEKDAYS, usual, strict=True), start=1):
        yield str(number), answer, week(day)
    yield from ((f"{day:%Y%m%d}", answer, week()) for day, answer in others.items())


def _open_for(spans: Spans, now: str) -> str:
    terms = []
    for opens, closes in spans:
        left = ALL_DAY if closes == ALL_DAY else f"({closes} - ({now}))"
        terms.append(f"({now} >= {opens} & {now} < {closes}) * {left}")
    return f"$[{' + '.join(terms)}]" if terms else "0"
