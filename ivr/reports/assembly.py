"""From the store and the configuration, if there is one, to a report.

Without a configuration each queue is a structure, targets are the preset's, calling hours are Monday to
Friday, and what needs a configuration is not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ivr.calls.opening_hours import Schedule, Spans
from ivr.config.model import TOPICS, Configuration, Language, Targets
from ivr.figures.classes import Limits
from ivr.figures.kpis import Basis
from ivr.figures.misses import Miss, misses
from ivr.figures.parts import (
    ALL,
    ATTEMPTS,
    CALLERS,
    MINUTES,
    NODES,
    REQUESTS,
    WHOLE_DAY,
    Cell,
    CellKey,
    Parts,
    added,
    from_text,
)
from ivr.figures.period_sums import PeriodSums, summed, whole_day
from ivr.figures.suspicious import suspicious_hours
from ivr.reading.day_figures import Judging, judging_of, parts_of_days
from ivr.reading.inquiries import dated_sheets, is_any_sheet_known
from ivr.reading.published import callers_by_calls, is_any_attempt_known, published_figures
from ivr.reading.totals import completeness
from ivr.reports.period import year_before
from ivr.reports.report import By, DataQuality, KnownGap, Period, Report, heat, scopes_of
from ivr.reports.rows import label_of, rows
from ivr.reports.scope import ScopeFigures
from ivr.storage.records.day_figures import stored_parts
from ivr.storage.records.sealed import begins, sealed


def make_report(
    connection: Connection,
    period: Period,
    configuration: Configuration | None,
    zone: ZoneInfo,
    now: datetime,
    version: str,
    *,
    by: By | None = None,
    structure: str = ALL,
) -> Report:
    """The report of that period; `structure` alone instead of all of them if it is one's name."""
    judging = judging_of(connection, configuration, zone)
    days = parts_of_days(connection, period.first, period.last, judging, now)
    if period.working_hours_only:
        days = ((day, _in_hours(parts, judging.rules.hours, day)) for day, parts in days)
    sums = summed(days, label_of(by))
    targets = configuration.targets if configuration else Targets()
    topics = configuration.topics if configuration else TOPICS
    basis = Basis(
        dated_sheets(connection, period.first, period.last, zone),
        targets,
        judging.rules.limits,
        is_running=now.astimezone(zone).date() <= period.last,
        are_attempts_known=is_any_attempt_known(connection) or _is_any_attempt_counted(sums.whole),
        are_sheets_known=is_any_sheet_known(connection),
    )
    names = _structures(configuration, sums.whole)
    scopes = scopes_of(sums.whole, period, names if structure == ALL else [structure], basis)
    if structure != ALL:
        del scopes[0]
    nodes = sums.whole.get(CellKey(ALL, WHOLE_DAY, NODES), Cell()).tallies
    return Report(
        period=period,
        data=_quality(connection, period, sums, judging, scopes[0]),
        scopes=scopes,
        titles=_titles(configuration, names),
        topic_titles={name: title.model_dump() for name, title in topics.items()},
        heat=heat(sums.by_weekday, judging.rules.limits),
        by=by,
        rows=rows(sums, period, structure, by, basis) if by else (),
        published=published_figures(connection),
        last_year=_last_year(connection, period, names, basis, judging),
        repeat_callers=_repeat_callers(connection, period, sums.whole, judging),
        nodes={(node, left_by): count for (node, _, left_by), count in _parted(nodes)},
        requests_in_menu=sums.whole.get(CellKey(ALL, WHOLE_DAY, REQUESTS), Cell()).count,
        targets=targets,
        limits=judging.rules.limits,
        made_at=now,
        version=version,
        misses=_misses(sums.by_weekday, structure, scopes, judging.rules.limits),
    )


def _is_any_attempt_counted(whole: Parts) -> bool:
    """Retention deletes attempts; what they came to is in the parts of their days."""
    return any(key.code in ("C", ATTEMPTS) for key in whole)


def _misses(
    by_weekday: Mapping[int, Parts], structure: str, scopes: Sequence[ScopeFigures], limits: Limits
) -> list[Miss]:
    first, *structures = scopes
    if structure != ALL:
        by_weekday = {day: _of_structure(parts, structure) for day, parts in by_weekday.items()}
    return misses(first.kpis, {one.name: one.kpis for one in structures}, by_weekday, limits)


def _of_structure(parts: Parts, structure: str) -> Parts:
    return {key: cell for key, cell in parts.items() if key.structure == structure or key.code == MINUTES}


def _structures(configuration: Configuration | None, whole: Parts) -> list[str]:
    """Those of the configuration in its order, then those that only records know."""
    known = list(configuration.structures) if configuration else []
    seen = {key.structure for key in whole} - {ALL}
    return [*known, *sorted(seen.difference(known))]


def _titles(configuration: Configuration | None, names: Iterable[str]) -> dict[str, dict[str, str]]:
    known = configuration.structures if configuration else {}
    unknown = {name: dict.fromkeys(get_args(Language), name) for name in names if name not in known}
    return unknown | {name: structure.name.model_dump() for name, structure in known.items()}


def _parted(nodes: Mapping[str, int]) -> Iterator[tuple[tuple[str, str, str], int]]:
    return ((name.partition(" "), count) for name, count in nodes.items())


def _in_hours(parts: Parts, hours: Schedule, day: date) -> Parts:
    """What lies in half hours in which it is open on that day; sums of whole days stay on open days."""
    spans = hours.open_on(day)
    return {key: cell for key, cell in parts.items() if is_open(key.half_hour, spans)}


def is_open(half_hour: int, spans: Spans) -> bool:
    """Whether any of that half hour, or with WHOLE_DAY any of the day, is within the spans."""
    begins, ends = half_hour * 1800, (half_hour + 1) * 1800
    return bool(spans) and (
        half_hour == WHOLE_DAY or any(opens < ends and begins < closes for opens, closes in spans)
    )


def _quality(
    connection: Connection, period: Period, sums: PeriodSums, judging: Judging, first: ScopeFigures
) -> DataQuality:
    zone = judging.rules.hours.zone
    known = completeness(connection, judging.servers, period.first, period.last, zone)
    contacts = first.contacts + first.waiting
    return DataQuality(
        is_complete=bool(judging.servers) and all(map(known.is_complete, judging.servers)),
        unknown_minutes=sums.whole.get(CellKey(ALL, WHOLE_DAY, MINUTES), Cell()).tallies.get("unknown", 0),
        gaps=[KnownGap(server, gap.began_at, gap.ended_at, gap.rebuilt) for server, gap in known.gaps],
        rebuilt_percent=first.rebuilt / contacts * 100 if contacts else None,
        suspicious_hours=list(suspicious_hours(sums.contacts, judging.rules.hours)),
        deleted_days=len(known.deleted_days),
    )


def _last_year(
    connection: Connection, period: Period, names: Sequence[str], basis: Basis, judging: Judging
) -> dict[str, ScopeFigures]:
    """From parts that are kept; nothing if there are none of that period."""
    before = year_before(period)
    if before is None:
        return {}
    kept = stored_parts(connection, before.first, before.last, judging.made)
    days = ((day, from_text(text)) for day, text in kept)
    if before.working_hours_only:
        days = ((day, _in_hours(parts, judging.rules.hours, day)) for day, parts in days)
    whole = added((parts for _, parts in days), whole_day)
    if not whole:
        return {}
    sheets = dated_sheets(connection, before.first, before.last, ZoneInfo(period.time_zone))
    found = scopes_of(whole, before, names, replace(basis, sheets=sheets, is_running=False))
    return {one.name: one for one in found if one.contacts}


def _repeat_callers(
    connection: Connection, period: Period, whole: Parts, judging: Judging
) -> dict[int, int] | None:
    """Of one day from its parts; of more from calls, if retention has deleted none of them."""
    zone = judging.rules.hours.zone
    if period.first == period.last:
        cell = whole.get(CellKey(ALL, WHOLE_DAY, CALLERS), Cell())
        return {int(contacts): numbers for contacts, numbers in sorted(cell.tallies.items())}
    if any(one.calls_deleted for one in sealed(connection, period.first, period.last)):
        return None
    begin, end = begins(period.first, zone), begins(period.last + timedelta(days=1), zone)
    return callers_by_calls(connection, begin, end)
