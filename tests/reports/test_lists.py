"""The lists behind missed targets: of each KPI exactly the contacts that count against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert, select

from ivr.config.model import Targets
from ivr.figures.kpis import AT_MOST, KpiName
from ivr.figures.parts import ALL
from ivr.reading.day_figures import judging_of
from ivr.reports.assembly import make_report
from ivr.reports.lists import AGAINST, LISTABLE, ListedContact, listed
from ivr.reports.period import period_of
from ivr.reports.report import Report
from ivr.storage.engine.store import Store
from ivr.storage.schema.recorded import surveys, visits
from tests.stored_calls import Queued, store_call
from tests.stores import empty_store

BAKU = ZoneInfo("Asia/Baku")
MORNING = datetime(2024, 5, 14, 6, tzinfo=UTC)
NOW = datetime(2024, 6, 20, tzinfo=UTC)
DAY = period_of("day", "2024-05-14", "Asia/Baku")
OF_NO_CONTACT: set[KpiName] = {"availability", "inquiry_share", "inquiry_answer_days"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A day on which every target that is of contacts is missed."""
    folder = tmp_path_factory.mktemp("lists")
    empty_store(folder).close()
    with closing(Store(f"sqlite:///{folder / 'hotline.db'}")) as found:
        found.write(_day)
        yield found


def _day(connection: Connection) -> None:
    waits = (4.0, 30.0, 30.0004, 30.2, 31.0, 90.0)
    for number, wait in enumerate(waits):
        queued(connection, number, "answered", wait)
        queued(connection, 20 + number, "abandoned", 2.0 + 8.0 * number)
    queued(connection, 40, "withdrawn", 40.0)
    queued(connection, 41, "waiting", 5.0, is_over=False)
    queued(connection, 0, "answered", 8.0, days=6)
    queued(connection, 1, "answered", 8.0, days=8)
    queued(connection, 20, "answered", 8.0, hours=1)
    queued(connection, 22, "answered", 8.0, hours=1)
    store_call(connection, "", [Queued("answered", 3.0)], ended_at=MORNING, caller_kind="anonymous")
    rate(connection, 2, 3)
    rate(connection, 3, 4)
    rate(connection, 4, None)


def queued(
    connection: Connection,
    caller: int,
    outcome: str,
    wait: float,
    *,
    days: int = 0,
    hours: int = 0,
    is_over: bool = True,
) -> None:
    ended_at = MORNING + timedelta(days=days, hours=hours, minutes=caller)
    stay = Queued(outcome, wait)
    store_call(connection, f"+9945012345{caller:02}", [stay], ended_at=ended_at, is_over=is_over)


def rate(connection: Connection, caller: int, rating: int | None) -> None:
    number = f"+9945012345{caller:02}"
    uniqueid = connection.scalar(select(visits.c.uniqueid).where(visits.c.caller_e164 == number))
    survey = {"server": "main", "uniqueid": uniqueid, "queue": "dvx", "rating": rating}
    connection.execute(insert(surveys).values(**survey, asked_at=MORNING))


def report_of(store: Store) -> Report:
    return store.read(lambda c: make_report(c, DAY, None, BAKU, NOW, "1.0"))


def contacts(store: Store, what: str) -> list[ListedContact]:
    def read(connection: Connection) -> list[ListedContact]:
        return list(listed(connection, DAY, judging_of(connection, None, BAKU), what, ALL, NOW))

    return store.read(read)


@pytest.mark.parametrize("name", AGAINST)
def test_a_list_has_as_many_contacts_as_count_against_its_kpi(store: Store, name: KpiName) -> None:
    kpi = report_of(store).all.kpis[name]
    against = kpi.part if name in AT_MOST else kpi.whole - kpi.part
    assert against > 0
    assert len(contacts(store, AGAINST[name])) == against


def test_every_kpi_with_a_target_has_a_list_or_is_of_no_contact() -> None:
    with_target = {name for name in get_args(KpiName) if hasattr(Targets(), name)}
    assert set(AGAINST) == with_target - OF_NO_CONTACT
    assert set(AGAINST.values()) <= set(LISTABLE)


def test_a_list_of_the_working_hours_has_no_contact_of_other_hours(store: Store) -> None:
    sunday = period_of("day", "2024-05-19", "Asia/Baku", working_hours_only=True)

    def read(connection: Connection) -> list[ListedContact]:
        queued(connection, 50, "answered", 4.0, days=5)
        judging = judging_of(connection, None, BAKU)
        return list(listed(connection, sunday, judging, "contacts", ALL, NOW))

    assert store.write(read) == []
