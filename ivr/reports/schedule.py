"""Which scheduled reports are to be made now: those of periods that have ended, and what was missed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from ivr.config.reports import ScheduledReport
from ivr.storage.records.report_runs import ReportRun

_MADE_UP_FOR: Final = {"day": 7, "week": 4, "month": 3}
"""So many periods back a report is still made if nobody was there to make it."""
_AGAIN_AFTER: Final = timedelta(minutes=15)
"""What failed, or whose process ended, is tried again."""


class Due(NamedTuple):
    """The report of the period with that label; `known`: what became of it before, if anybody made it."""

    entry: ScheduledReport
    label: str
    known: ReportRun | None


def due(
    schedule: Sequence[ScheduledReport], runs: Iterable[ReportRun], now: datetime, zone: ZoneInfo
) -> list[Due]:
    """What is to be made now, the oldest of each entry first.

    Nothing before the first report of an entry was missed, and a new entry begins with the latest period.
    """
    known = {(run.schedule, run.period): run for run in runs}
    found = []
    for entry in schedule:
        opens = time.fromisoformat(entry.at)
        first = min((label for key, label in known if key == entry.key), default="")
        back = _MADE_UP_FOR[entry.period] if first else 1
        ended = (day for day in _first_days(entry, now.astimezone(zone).date()))
        past = [day for day in ended if datetime.combine(day, opens, zone) <= now][:back]
        labels = [_label(entry, day - timedelta(days=1)) for day in reversed(past)]
        made = [Due(entry, label, known.get((entry.key, label))) for label in labels if label >= first]
        found += [one for one in made if _is_open(one.known, entry, now)]
    return found


def _first_days(entry: ScheduledReport, today: date) -> Iterator[date]:
    """The first days after periods, the latest first, one more than are made up for."""
    day = today
    if entry.period == "week":
        day -= timedelta(days=today.weekday())
    elif entry.period == "month":
        day = day.replace(day=1)
    for _ in range(_MADE_UP_FOR[entry.period] + 1):
        yield day
        if entry.period == "month":
            day = (day - timedelta(days=1)).replace(day=1)
        else:
            day -= timedelta(days=7 if entry.period == "week" else 1)


def _label(entry: ScheduledReport, last: date) -> str:
    return last.strftime({"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}[entry.period])


def _is_open(run: ReportRun | None, entry: ScheduledReport, now: datetime) -> bool:
    if run is None:
        return True
    is_unfinished = run.state in ("planned", "failed") or (run.state == "written" and bool(entry.recipients))
    return is_unfinished and now - run.at >= _AGAIN_AFTER
