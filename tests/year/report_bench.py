"""What reports of a made year cost, run as a user runs them: in a process of its own, from start to end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select

from ivr.asterisk.connection import utc_now
from ivr.command.printing import json_text
from ivr.reports.assembly import make_report
from ivr.reports.document import document
from ivr.reports.period import period_of
from ivr.reports.report import Kind
from ivr.storage.engine.store import Store
from ivr.storage.schema.recorded import calls
from ivr.storage.schema.running import day_figures
from tests.year.backfilling import Cost, measured

YEAR: Final = 2025
"""Of the lines that `tests.year.generator` makes."""
TOPICS: Final = 500_000
_YEARS: Final = 10
_SAME: Final = "the same within a running process"
_ZONE: Final = ZoneInfo("Asia/Baku")


def report_steps(store: Store, folder: Path) -> Iterator[tuple[str, Cost]]:
    """What was done with the year in that store, and what it cost; files are written into the folder."""
    url, year = store.engine.url.render_as_string(hide_password=False), str(YEAR)
    zone = ("--time-zone", _ZONE.key)
    yield "days counted and kept", measured(url, "data", "figures", *zone)
    to_json = ("--format", "json", "--output", str(folder / "report.json"), *zone)
    yield "a year to JSON", measured(url, "report", "year", year, *to_json)
    yield _SAME, _within_a_process(store, "year", year)
    paper = ("--format", "pdf", "--output", str(folder / "report.pdf"), *zone)
    yield "a year to PDF", measured(url, "report", "year", year, *paper)
    day = store.write(_open_again)
    yield "an open day to JSON", measured(url, "report", "day", day, *to_json)
    yield _SAME, _within_a_process(store, "day", day)
    store.write(_copy_to_ten_years)
    ten = (f"{YEAR - _YEARS + 1}-01-01", f"{YEAR}-12-31")
    yield "ten years to JSON", measured(url, "report", "range", *ten, *to_json)
    topics = folder / "topics.csv"
    number = _write_topics(store, topics)
    yield f"{number:,} topics imported", measured(url, "data", "import", "topics", str(topics), *zone)


def _within_a_process(store: Store, kind: Kind, label: str) -> Cost:
    """The quickest of three reports that a process makes which runs already."""
    period, spent = period_of(kind, label, _ZONE.key), []
    for _ in range(3):
        began = time.perf_counter()
        report = store.read(lambda connection: make_report(connection, period, None, _ZONE, utc_now(), ""))
        json_text(document(report, report.misses))
        spent.append(time.perf_counter() - began)
    return Cost(min(spent), 0.0, "")


def _open_again(connection: Connection) -> str:
    """Take away what is kept of the busiest day."""
    size = func.length(day_figures.c.parts)
    day: str = connection.scalars(select(day_figures.c.day).order_by(size.desc()).limit(1)).one()
    connection.execute(delete(day_figures).where(day_figures.c.day == day))
    return day


def _copy_to_ten_years(connection: Connection) -> None:
    """Every kept day of the year to the same day of the years before it."""
    rows = connection.execute(select(day_figures).where(day_figures.c.day.startswith(str(YEAR)))).mappings()
    kept = [dict(row) for row in rows]
    for year in range(YEAR - _YEARS + 1, YEAR):
        connection.execute(delete(day_figures).where(day_figures.c.day.startswith(str(year))))
        its = [row | {"day": f"{year}{row['day'][4:]}"} for row in kept]
        connection.execute(insert(day_figures), [row for row in its if _is_a_day(row["day"])])


def _is_a_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _write_topics(store: Store, path: Path) -> int:
    """One for each call, at most `TOPICS`; how many."""
    with store.engine.connect() as reading, path.open("w", encoding="utf-8") as file:
        file.write("call,structure,topic\n")
        found = reading.execution_options(yield_per=10_000).execute(select(calls.c.linkedid))
        return sum(1 for (call,) in islice(found, TOPICS) if file.write(f"{call},dvx,other\n"))
