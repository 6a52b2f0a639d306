"""The parts of local days: those stored of final days, those of the others counted now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ivr.base.masking import is_pseudonym
from ivr.calls.numbers import is_carried, never_called, normalise
from ivr.calls.opening_hours import Schedule, calling_hours
from ivr.config.model import Configuration
from ivr.config.sections import DAY_SECONDS
from ivr.figures.classes import Limits, Never
from ivr.figures.day import Rules, counted
from ivr.figures.parts import VERSION, Parts, from_text
from ivr.reading.evidence import evidence, other_counts
from ivr.reading.published import denied_numbers
from ivr.storage.engine.statements import read_at_leisure
from ivr.storage.records.day_figures import Made, stored_parts
from ivr.storage.records.sealed import sealed
from ivr.storage.records.servers import known_servers

_WORKING_WEEK: Final = range(5)
"""Monday to Friday, where no configuration says more."""
_AT_ONCE: Final = 14
"""Days whose records are in memory together, with the week and more after them."""


@dataclass(frozen=True)
class Judging:
    """By what days are counted: rules, numbers that are never called, servers whose minutes count."""

    rules: Rules
    why_never: Callable[[str], Never]
    servers: Sequence[str]

    @property
    def made(self) -> Made:
        """How parts are made that are kept."""
        return Made(VERSION, self.rules.hours.zone.key)


def judging_of(connection: Connection, configuration: Configuration | None, zone: ZoneInfo) -> Judging:
    """By what that hotline's contacts are judged; without a configuration by working days and nights."""
    denied = denied_numbers(connection)
    if configuration is None:
        hours = Schedule(zone, dict.fromkeys(_WORKING_WEEK, ((0, DAY_SECONDS),)), (), {})
        return Judging(Rules(hours), why_never(denied, None), list(known_servers(connection)))
    limits = Limits(configuration.callback.wait_over, configuration.targets.within)
    rules = Rules(calling_hours(configuration), limits)
    return Judging(rules, why_never(denied, configuration), sorted(configuration.servers))


def why_never(denied: frozenset[str], configuration: Configuration | None) -> Callable[[str], Never]:
    """By number in E.164, why nobody ever calls it: by the configuration, or as its owner asked."""
    if configuration is None:
        return lambda number: "denied" if number in denied else ""
    ours, kinds = tuple(never_called(configuration)), configuration.callback.kinds
    refused = tuple(configuration.callback.deny)
    country, trunks = configuration.hotline.country, configuration.trunks.values()

    def why(number: str) -> Never:
        if number in denied or number.startswith((*ours, *refused)):
            return "denied"
        if is_pseudonym(number):
            return ""
        is_dialable = normalise(number, None, country).kind in kinds
        return "" if is_dialable and any(is_carried(number, trunk) for trunk in trunks) else "not_dialable"

    return why


def parts_of_days(
    connection: Connection, first: date, last: date, judging: Judging, now: datetime
) -> Iterator[tuple[date, Parts]]:
    """The parts of each local day from `first` to `last`, both included; none of days that are to come.

    Those that are kept come first. A day whose records retention deleted before its parts were kept has none.
    """
    read_at_leisure(connection)
    known = {one.day for one in sealed(connection, first, last) if one.calls_deleted}
    for some in runs(first, last):
        for day, text in stored_parts(connection, some[0], some[-1], judging.made):
            known.add(day)
            yield day, from_text(text)
    today = now.astimezone(judging.rules.hours.zone).date()
    wanted = [day for some in runs(first, min(last, today)) for day in some if day not in known]
    yield from count_days(connection, wanted, judging, now)


def count_days(
    connection: Connection, wanted: Sequence[date], judging: Judging, now: datetime
) -> Iterator[tuple[date, Parts]]:
    """The parts of these days, in order, counted from their records."""
    read_at_leisure(connection)
    for some in _runs(wanted):
        known = evidence(connection, some[0], some[-1], judging.rules, judging.why_never)
        for day in some:
            other = other_counts(connection, day, judging.rules.hours, judging.servers)
            yield day, counted(known, day, other, judging.rules, now)


def runs(first: date, last: date) -> Iterator[list[date]]:
    """The days from `first` to `last`, both included, so many together as records are read at once."""
    return _runs([first + timedelta(days=number) for number in range((last - first).days + 1)])


def _runs(wanted: Iterable[date]) -> Iterator[list[date]]:
    run: list[date] = []
    for day in wanted:
        if run and (len(run) == _AT_ONCE or day != run[-1] + timedelta(days=1)):
            yield run
            run = []
        run.append(day)
    if run:
        yield run
