"""A purge under a wrong clock: what speaks against the clock refuses it, and nothing real is lost by it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select, update
from structlog.testing import capture_logs
from typer.testing import CliRunner

from ivr.command.root import app
from ivr.reading.totals import totals
from ivr.retention.purge import why_doubtful
from ivr.storage.engine.store import Store
from ivr.storage.owed import waiting
from ivr.storage.people import audit
from ivr.storage.records.sealed import mark_sealed, sealed
from ivr.storage.records.visits import save
from ivr.storage.running import listening
from ivr.storage.running.liveness import begin
from ivr.storage.schema.columns import ago
from ivr.storage.schema.owed import callbacks as callbacks_table
from ivr.storage.schema.running import audit as audit_table
from ivr.storage.schema.running import minutes, recorder_signs
from tests.contracts.retaining import ANNA, NOW, alive, called, days_ago, hotline, house
from tests.contracts.test_callback_decisions import decide_all
from tests.contracts.test_purge import BAKU, LOG_CALL, RULES, dump, purged
from tests.contracts.test_visits import CALL, FROM_LOG, OVER, READ, put
from tests.stored_calls import store_call

__all__ = ["house"]

DAY = OVER.joined_at.astimezone(BAKU).date()
YEAR = timedelta(days=365)


def doubt(store: Store, now: datetime = NOW) -> str:
    return store.read(partial(why_doubtful, retention=RULES, zone=BAKU, now=now))


def lived(store: Store, *spans: tuple[int, int]) -> None:
    """A call 300 days ago; the hotline ran in those spans of days ago."""
    store.write(lambda connection: called(connection, ANNA, 300))
    for first, last in spans:
        store.write(partial(alive, first=first, last=last))


def test_a_purge_a_day_after_the_newest_record_is_refused_until_the_clock_is_confirmed_each_time(
    house: Path, store: Store
) -> None:
    def stopped(connection: Connection) -> None:
        called(connection, ANNA, 400)
        connection.execute(delete(minutes).where(minutes.c.minute_at > days_ago(2)))

    store.write(stopped)
    before, purge = dump(store), ("purge", "--secrets", str(house / "secrets.d"))
    for _ in range(2):
        refused = hotline(house, *purge)
        assert (refused.exit_code, dump(store) == before) == (1, True)
        assert refused.output.startswith("nothing is purged: this machine's clock shows ")
        assert "the newest record is of " in refused.output
        assert "hotline data purge --clock-is-right" in refused.output
        assert "1 calls made nameless" in hotline(house, *purge, "--clock-is-right").output
        store.write(lambda connection: called(connection, ANNA, 400))
        before = dump(store)
    notes = store.read(
        lambda c: c.scalars(select(audit_table.c.note).where(audit_table.c.action == "purge")).all()
    )
    assert [note.startswith("this machine's clock shows ") for note in notes] == [True, True]


def test_a_clock_a_day_ahead_of_the_database_s_is_doubtful_whatever_was_recorded_by_it(store: Store) -> None:
    lived(store, (310, 0), (-2, -2))
    assert doubt(store, NOW + timedelta(hours=23)) == ""
    assert "the database's clock shows" in doubt(store, NOW + timedelta(days=2))


def test_a_part_that_says_it_runs_now_vouches_for_no_silence_before(store: Store) -> None:
    """The clock was set ahead while the service ran: it may say so before the next minute is stored."""
    lived(store, (310, 250))
    store.write(partial(begin, server="main", part="recorder", process="host/1"))
    assert "nothing was recorded from " in doubt(store)


@pytest.mark.parametrize(
    ("spans", "is_doubtful"),
    [
        ([(310, 0)], False),
        ([(310, 21), (0, 0)], True),
        ([(310, 21), (6, 0)], True),
        ([(310, 28), (8, 0)], False),
        ([(310, 9), (1, 0)], True),
        ([(310, 8), (1, 0)], False),
        ([(310, 200), (179, 0)], True),
        ([(310, 200), (193, 0)], False),
        ([(310, 99), (79, 0)], False),
        ([(310, 250), (0, 0)], True),
        ([(310, 250), (10, 0)], True),
    ],
    ids=[
        "a hotline that runs",
        "off for three weeks, on since today",
        "on since six days",
        "on for more than a week again",
        "off for over a week",
        "off for a week",
        "a silence that would be sealed",
        "one of a week",
        "one not yet to be sealed",
        "a clock 250 days ahead, since today",
        "since ten days",
    ],
)
def test_a_silence_of_over_a_week_that_just_ended_or_would_be_sealed_makes_the_clock_doubtful(
    spans: list[tuple[int, int]], is_doubtful: bool, store: Store
) -> None:
    lived(store, *spans)
    assert doubt(store).startswith("nothing was recorded from 20") == is_doubtful
    assert bool(doubt(store)) == is_doubtful


def test_a_silence_that_was_confirmed_is_not_asked_for_again_as_the_days_go_by(store: Store) -> None:
    lived(store, (310, 120), (99, 0))
    store.write(lambda connection: called(connection, ANNA, 130))
    assert doubt(store, NOW - timedelta(days=21)) == ""
    purged(store, now=NOW - timedelta(days=21))
    assert "nothing was recorded from" in doubt(store, NOW - timedelta(days=19))
    purged(store, now=NOW - timedelta(days=19))
    assert [doubt(store, NOW - timedelta(days=more)) for more in range(18, -1, -1)] == [""] * 19
    assert purged(store)["days sealed"] == 19


@pytest.mark.parametrize("runs", [True, False])
def test_an_empty_store_and_a_fresh_one_are_not_doubtful(runs: bool, store: Store) -> None:
    if runs:
        store.write(partial(alive, first=0, last=0))
        store.write(lambda connection: begin(connection, "main", "recorder", "a/1"))
    assert doubt(store) == ""


def test_nothing_later_than_the_newest_record_is_sealed_and_the_calls_of_the_next_days_are_stored(
    store: Store,
) -> None:
    put(store, OVER)
    purged(store, now=OVER.joined_at + 2 * YEAR)
    assert [one.day for one in store.read(sealed)] == [DAY]
    tomorrow = timedelta(days=1)
    call = CALL._replace(began_at=CALL.began_at + tomorrow, uniqueid="c.2", linkedid="c.2")
    visit = OVER._replace(joined_at=OVER.joined_at + tomorrow, uniqueid="c.2", linkedid="c.2")
    visit = visit._replace(call_linkedid="c.2", call_began_at=call.began_at)
    assert [row["uniqueid"] for row in put(store, visit, call=call)] == ["c.2"]


def is_sealed(store: Store) -> bool:
    return bool(store.read(partial(sealed, first=DAY, last=DAY)))


def counted(store: Store, day: date = DAY) -> list[int]:
    return [one.number for one in store.read(partial(totals, day=day, zone=BAKU)) if one.record == "visits"]


@pytest.mark.parametrize("is_live", [True, False], ids=["AMI", "queue_log"])
def test_what_is_new_of_a_sealed_day_is_stored_and_the_day_sealed_again(is_live: bool, store: Store) -> None:
    """Such as one that a purge under a wrong clock had sealed before it came."""
    store.write(partial(mark_sealed, day=DAY, zone=BAKU))
    with capture_logs() as logged:
        assert len(put(store, OVER if is_live else FROM_LOG, call=CALL if is_live else LOG_CALL)) == 1
    assert [(line["log_level"], line["day"]) for line in logged] == [("error", f"{DAY}")] * is_live
    alarms = store.read(lambda c: audit.lately(c, audit.HEARD_FOR_SEALED, timedelta(days=1)))
    assert alarms == [f"{DAY}"] * is_live
    assert (is_sealed(store), counted(store)) == (False, [1])
    purged(store, now=OVER.joined_at + timedelta(days=150))
    assert (is_sealed(store), counted(store)) == (True, [1])


def test_what_is_heard_live_of_a_day_whose_records_are_deleted_is_stored_and_its_totals_stay(
    store: Store,
) -> None:
    put(store, FROM_LOG, call=LOG_CALL)
    assert purged(store, now=OVER.joined_at + timedelta(days=250))["calls deleted"] == 1
    call = CALL._replace(uniqueid="c.2", linkedid="c.2")
    with capture_logs() as logged:
        assert len(put(store, OVER._replace(uniqueid="c.2", call_linkedid="c.2"), call=call)) == 1
    assert (is_sealed(store), counted(store)) == (True, [1])
    assert [line["day"] for line in logged] == [f"{DAY}"]


def test_what_is_read_again_of_a_day_whose_records_are_deleted_is_refused_and_counted(store: Store) -> None:
    put(store, FROM_LOG, call=LOG_CALL)
    purged(store, now=OVER.joined_at + timedelta(days=250))
    saved = store.write(partial(save, new_calls=(LOG_CALL,), new_visits=(FROM_LOG,), read_number=READ))
    assert (saved.new, saved.refused) == (0, 1)


def test_what_a_wrong_clock_left_in_the_store_holds_up_nothing(store: Store) -> None:
    """A purge was noted, a recorder heard, a call was missed and is owed: all of it in 400 days."""
    ahead = ago(-timedelta(days=400))

    def of_the_night(connection: Connection) -> None:
        store_call(connection, ended_at=days_ago(-400))
        decide_all(connection)
        connection.execute(update(callbacks_table).values(due_at=ahead))
        connection.execute(insert(recorder_signs).values(server="main", heard_at=ahead))
        connection.execute(insert(audit_table).values(at=ahead, who="a", action="purge", subject="retention"))

    store.write(of_the_night)
    assert not store.read(lambda c: audit.lately(c, "purge", timedelta(hours=12)))
    assert store.read(lambda c: listening.is_silent(c, "main"))
    assert store.read(lambda c: waiting.is_any_due(c, ["dvx"]))


def test_status_says_that_records_go_on_beyond_now_and_which_sealed_days_were_heard_of(
    house: Path, store: Store
) -> None:
    def status() -> str:
        return CliRunner().invoke(app, ["--config", str(house / "config"), "status"]).output

    store.write(lambda connection: called(connection, ANNA, 0))
    assert "clock" not in status()
    store.write(lambda connection: called(connection, ANNA, -400))
    store.write(lambda c: audit.note(c, "recorder", audit.HEARD_FOR_SEALED, "2026-11-03"))
    assert "a call was heard live for 2026-11-03, which was sealed" in status()
    assert f"clock         the newest visit is of {days_ago(-400).astimezone(BAKU):%Y-%m-%d}" in status()
