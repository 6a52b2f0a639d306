"""Opening hours as dialplan steps: is it open at this moment, for the call's own clock.

GotoIfTime knows weekdays and times but no years, so holidays and other days are looked up by date in a
context that has one extension per closed day. `TESTTIME`, which only a lab's rendering lets a call set,
moves both.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time

from dialplan.plan import Context, Extension, Step, inside
from dialplan.quoting import argument
from dialplan.source import Source
from ivr.calls.opening_hours import Schedule, days_closed, week_spans
from ivr.config.model import clock
from ivr.config.places import Place


def steps(source: Source, name: str, closed: Step, place: Place) -> tuple[Step, ...]:
    """Steps that fall through when schedule `name` is open, and end with `closed` when it is not."""
    hours = source.configuration.hours[name]
    zone = argument(source.configuration.hotline.time_zone)
    today = f"${{STRFTIME(${{TESTTIME}},{zone},%Y%m%d)}}"
    origin = source.at("hours", name)
    lines = []
    if hours.open_on:
        lines += [
            Step("GotoIf", f"$[${{DIALPLAN_EXISTS({_days(name, 'open')},{today})}} = 0]?usual", origin),
            *_when_open(zone, [("*", hours.week.get("mon", "closed"))], source.at("hours", name, "open_on")),
            Step("Goto", "closed", origin),
        ]
    usual = "usual" if hours.open_on else ""
    lines.append(
        Step("GotoIf", f"${{DIALPLAN_EXISTS({_days(name, 'closed')},{today})}}?closed", origin, usual)
    )
    lines += _when_open(zone, week_spans(hours), source.at("hours", name, "week"))
    return (
        *lines,
        Step(closed.application, closed.argument, place, "closed"),
        Step("NoOp", "open", place, "open"),
    )


def contexts(source: Source) -> Iterator[Context]:
    """For each schedule the menu asks: its closed days, and the days opened out of turn if there are any."""
    first, last = date(source.today.year, 1, 1), date(source.today.year + 1, 12, 31)
    configuration = source.configuration
    asked = {queue.hours for queue in configuration.queues.values()}
    asked |= {node.hours for node in configuration.menu.nodes.values()}
    for name, hours in configuration.hours.items():
        if name not in asked:
            continue
        schedule = Schedule.of(hours, configuration.hotline.time_zone, configuration.hotline.country)
        place = source.at("hours", name, "holidays")
        yield _days_context(_days(name, "closed"), days_closed(schedule, first, last), place)
        if hours.open_on:
            yield _days_context(_days(name, "open"), hours.open_on, source.at("hours", name, "open_on"))


def _days(name: str, kind: str) -> str:
    return inside(f"{kind}-days-{name}")


def _days_context(name: str, days: list[date], place: Place) -> Context:
    return Context(
        name, tuple(Extension(f"{day:%Y%m%d}", (Step("NoOp", "", place),)) for day in sorted(days))
    )


def _when_open(zone: str, spans: list[tuple[str, str]], place: Place) -> list[Step]:
    return [
        Step("GotoIfTime", f"{_minutes(opening)},{days},*,*,{zone}?open", place)
        for days, opening in spans
        if opening != "closed"
    ]


def _minutes(opening: str) -> str:
    """`09:00-18:00` as `09:00-17:59`: GotoIfTime's last minute belongs to the range as a whole."""
    opens, closes = clock(opening)
    if closes == time.max:
        return f"{opens:%H:%M}-23:59"
    last = closes.hour * 60 + closes.minute - 1
    return f"{opens:%H:%M}-{last // 60:02}:{last % 60:02}"
