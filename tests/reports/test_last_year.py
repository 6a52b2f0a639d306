"""The figures of the period a year before, from the days that are kept."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ivr.config.loading import configuration_of
from ivr.figures.parts import VERSION, Cell, CellKey, Parts, to_text
from ivr.reports.assembly import make_report
from ivr.reports.period import period_of
from ivr.storage.records.day_figures import Made, claim_days, keep_parts
from tests.lab.house import REPOSITORY
from tests.loading import load_or_fail
from tests.stores import empty_store

BAKU = ZoneInfo("Asia/Baku")
TUESDAY = date(2023, 5, 16)
PARTS: Parts = {CellKey("dvx", 20, "A"): Cell(count=5), CellKey("dvx", 2, "A"): Cell(count=3)}
"""At ten in the morning and at one at night."""
CONFIGURATION = configuration_of(load_or_fail(REPOSITORY / "config"))


def contacts(connection: Connection, *, working_hours_only: bool) -> int:
    """Of May a year before."""
    period = period_of("month", "2024-05", BAKU.key, working_hours_only=working_hours_only)
    now = datetime(2024, 7, 1, tzinfo=UTC)
    return make_report(connection, period, CONFIGURATION, BAKU, now, "1").last_year["all"].contacts


def test_the_year_before_is_counted_in_the_same_hours_as_the_period(tmp_path: Path) -> None:
    def keep(connection: Connection) -> None:
        token = claim_days(connection, [TUESDAY])
        keep_parts(connection, TUESDAY, Made(VERSION, BAKU.key), to_text(PARTS), token)

    with closing(empty_store(tmp_path)) as store:
        store.write(keep)
        assert store.read(lambda connection: contacts(connection, working_hours_only=False)) == 8
        assert store.read(lambda connection: contacts(connection, working_hours_only=True)) == 5
