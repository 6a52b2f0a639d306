"""Parts of a final day are kept until something of it is stored; what retention has deleted keeps them."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from ivr.reading.day_figures import judging_of, parts_of_days
from ivr.storage.engine.store import Store
from ivr.storage.records.day_figures import Made, claim_days, forget_parts, keep_parts, stored_parts
from ivr.storage.records.sealed import mark_deleted, mark_sealed
from ivr.storage.records.visits import keep_surveys
from tests.contracts.retaining import ANNA, house
from tests.contracts.test_import_command import ATTEMPT, TOPIC, imported
from tests.contracts.test_purge import BAKU
from tests.contracts.test_surveys import RATED
from tests.contracts.test_visits import CALL, OVER, put
from tests.stored_calls import store_call
from tests.stores import postgresql_store

__all__ = ["house", "postgresql_store"]

FIRST, LAST = date(2024, 5, 1), date(2024, 5, 31)
NOON_30 = datetime(2024, 5, 30, 12, tzinfo=BAKU)


ONE, TWO = Made(1, "Asia/Baku"), Made(2, "Asia/Baku")


def keep(connection: Connection, day: date, made: Made, parts: str) -> None:
    """As somebody does who counted that day."""
    keep_parts(connection, day, made, parts, claim_days(connection, [day]))


def kept_days(store: Store) -> list[int]:
    """The days of May 2024 that have parts, of those that `with_parts` gave them."""
    return store.read(lambda c: [day.day for day, _ in stored_parts(c, FIRST, LAST, ONE)])


@pytest.fixture
def with_parts(store: Store) -> None:
    def work(connection: Connection) -> None:
        for day in range(1, 32):
            keep(connection, date(2024, 5, day), ONE, f"[{day}]")
        mark_sealed(connection, date(2024, 5, 12), BAKU)
        mark_deleted(connection, "calls", date(2024, 5, 13))

    store.write(work)


@pytest.mark.usefixtures("with_parts")
def test_attempts_make_the_days_anew_for_which_they_may_count(house: Path, store: Store) -> None:
    """But not the twelfth, whose calls retention has deleted."""
    imported(house, "attempts", f"{ATTEMPT}0501234567,2024-05-20T12:00,dvx,busy\n")
    assert kept_days(store) == [*range(1, 13), *range(22, 32)]
    for day in range(13, 22):
        store.write(partial(keep, day=date(2024, 5, day), made=ONE, parts="[]"))
    imported(house, "attempts", f"{ATTEMPT}0501234567,2024-05-30T12:00,dvx,busy\n")
    assert kept_days(store) == [*range(1, 13)], "the days of the rows that are gone, too"


@pytest.mark.usefixtures("with_parts")
def test_topics_make_the_days_of_their_calls_anew(house: Path, store: Store) -> None:
    noon = datetime(2024, 5, 20, 12, tzinfo=BAKU)
    store.write(lambda c: store_call(c, ANNA, linkedid="7.1", began_at=noon))
    imported(house, "topics", f"{TOPIC}7.1,dvx,other\n")
    assert kept_days(store) == [*range(1, 19), *range(22, 32)]


def a_visit_on_30_may(store: Store) -> None:
    call = CALL._replace(began_at=NOON_30)
    put(store, OVER._replace(joined_at=NOON_30, call_began_at=NOON_30), call=call)


@pytest.mark.usefixtures("with_parts")
def test_a_visit_makes_the_fifteen_days_before_it_anew(store: Store) -> None:
    a_visit_on_30_may(store)
    assert kept_days(store) == [*range(1, 15)]


def test_a_visit_told_again_makes_no_day_anew(store: Store) -> None:
    a_visit_on_30_may(store)
    store.write(lambda c: keep(c, date(2024, 5, 20), ONE, "[]"))
    a_visit_on_30_may(store)
    assert kept_days(store) == [20]


@pytest.mark.usefixtures("with_parts")
def test_a_survey_makes_its_day_anew_once(store: Store) -> None:
    rated = RATED._replace(asked_at=NOON_30)
    store.write(partial(keep_surveys, told=[rated]))
    assert kept_days(store) == [*range(1, 15)]
    store.write(lambda c: keep(c, date(2024, 5, 20), ONE, "[]"))
    store.write(partial(keep_surveys, told=[rated]))
    assert kept_days(store) == [*range(1, 15), 20]


def test_parts_are_those_of_their_version_and_the_latest_kept(store: Store) -> None:
    day = date(2024, 5, 20)

    def work(connection: Connection) -> None:
        for made, parts in ((ONE, "[1]"), (TWO, "[2]"), (TWO, "[3]")):
            keep(connection, day, made, parts)

    store.write(work)
    assert store.read(lambda c: list(stored_parts(c, day, day, TWO))) == [(day, "[3]")]
    assert store.read(lambda c: list(stored_parts(c, day, day, ONE))) == []


def test_what_was_counted_while_something_new_was_stored_is_not_kept(store: Store) -> None:
    day = date(2024, 5, 20)
    token = store.write(lambda c: claim_days(c, [day]))
    a_visit_on_30_may(store)
    store.write(lambda c: keep_parts(c, day, ONE, "[]", token))
    assert kept_days(store) == []


def test_of_two_who_count_a_day_the_later_one_keeps_it(store: Store) -> None:
    day = date(2024, 5, 20)
    first, second = (store.write(lambda c: claim_days(c, [day])) for _ in range(2))
    store.write(lambda c: keep_parts(c, day, ONE, "[1]", first))
    assert kept_days(store) == []
    store.write(lambda c: keep_parts(c, day, ONE, "[2]", second))
    assert kept_days(store) == [20]


@pytest.mark.usefixtures("with_parts")
def test_a_day_whose_calls_are_deleted_is_never_forgotten(store: Store) -> None:
    store.write(lambda c: forget_parts(c, FIRST, LAST))
    assert kept_days(store) == [12]


@pytest.mark.usefixtures("with_parts")
def test_a_day_of_another_time_zone_is_another_day_unless_its_calls_are_deleted(store: Store) -> None:
    elsewhere = Made(1, "Europe/Berlin")
    found = store.read(lambda c: list(stored_parts(c, FIRST, LAST, elsewhere)))
    assert found == [(date(2024, 5, 12), "[12]")]


def test_a_report_may_compute_for_longer_than_a_connection_may_be_idle(postgresql_store: Store) -> None:
    """PostgreSQL ends a transaction that is silent for seconds, and the sums of years take some."""

    def work(connection: Connection) -> Any:
        judging = judging_of(connection, None, ZoneInfo("Asia/Baku"))
        list(parts_of_days(connection, FIRST, FIRST, judging, NOON_30))
        return connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()

    assert postgresql_store.read(work) == "0"
