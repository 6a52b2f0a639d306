"""Retention: numbers become equal pseudonyms, then records go, and no total of any day changes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from errno import EACCES
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, func, select, update

from ivr.base.masking import is_pseudonym, pseudonym
from ivr.config.model import RecordRetention, Retention
from ivr.config.shapes import DAY
from ivr.reading.totals import Total, totals
from ivr.retention.purge import purge
from ivr.storage.engine.store import Store
from ivr.storage.owed.callbacks import close
from ivr.storage.records.sealed import begins
from ivr.storage.schema import metadata
from ivr.storage.schema.owed import callbacks
from ivr.storage.schema.recorded import calls
from ivr.storage.schema.running import audit
from tests.contracts.retaining import ANNA, BORIS, NOW, called, days_ago, hotline, house, recorded
from tests.contracts.test_callback_attempts import dialled
from tests.contracts.test_callback_decisions import decide_all
from tests.contracts.test_visits import CALL, FROM_LOG, OVER, put
from tests.stored_calls import store_call

__all__ = ["house"]

BAKU = ZoneInfo("Asia/Baku")
KEY = "the key"
LOG_CALL = CALL._replace(source="queue_log", ended_at=OVER.ended_at)
KEPT = RecordRetention(numbers=100 * DAY, records=200 * DAY)
RULES = Retention(calls=KEPT, callbacks=KEPT)


def purged(store: Store, key: str = KEY, now: datetime = NOW) -> dict[str, int]:
    return {f"{done.what} {done.action}": done.number for done in purge(store, key, RULES, BAKU, now)}


def callers(store: Store) -> Sequence[tuple[str, str]]:
    """What is stored of each call's number, the oldest call first."""
    query = select(calls.c.caller, calls.c.caller_e164).order_by(calls.c.began_at)
    return store.read(lambda connection: [(row[0], row[1]) for row in connection.execute(query)])


def every_total(store: Store) -> list[list[Total]]:
    return store.read(
        lambda c: [totals(c, days_ago(days).astimezone(BAKU).date(), BAKU) for days in range(301)]
    )


def dump(store: Store) -> str:
    return store.read(lambda c: repr([list(c.execute(table.select())) for table in metadata.sorted_tables]))


def test_numbers_become_pseudonyms_after_their_date_and_equal_callers_stay_equal(store: Store) -> None:
    def work(connection: Connection) -> None:
        for who, days in ((BORIS, 150), (ANNA, 149), (BORIS, 148), (BORIS, 5)):
            called(connection, who, days)

    store.write(work)
    assert purged(store)["calls made nameless"] == 3
    first, second, third, fresh = callers(store)
    assert first == third == (pseudonym(KEY, BORIS),) * 2
    assert second == (pseudonym(KEY, ANNA),) * 2
    assert fresh == ("0502222222", BORIS)


def test_who_ordered_a_callback_is_a_number_too_or_a_word_that_stays(store: Store) -> None:
    def work(connection: Connection) -> None:
        for who, orderer in ((ANNA, BORIS), (BORIS, "clerk7")):
            store_call(connection, who)
            decide_all(connection)
            mine = update(callbacks).where(callbacks.c.caller_e164 == who)
            connection.execute(mine.values(orderer=orderer, state="reached", closed_at=NOW))

    store.write(work)
    assert purged(store, now=NOW + timedelta(days=150))["callbacks made nameless"] == 2
    query = select(callbacks.c.caller_e164, callbacks.c.caller, callbacks.c.orderer)
    found = store.read(lambda connection: {tuple(row) for row in connection.execute(query)})
    anna, boris = pseudonym(KEY, ANNA), pseudonym(KEY, BORIS)
    assert found == {(anna, anna, boris), (boris, boris, "clerk7")}
    assert purged(store, now=NOW + timedelta(days=150))["callbacks made nameless"] == 0


def test_a_number_in_what_somebody_wrote_about_a_callback_goes_with_the_caller_s(store: Store) -> None:
    def work(connection: Connection) -> None:
        dialled(connection)
        [callback_id] = connection.scalars(select(callbacks.c.id))
        connection.execute(update(callbacks).values(reference="inquiry 17/2026, his wife has 055 123 45 67"))
        assert close(connection, callback_id, "cancelled", "answered at +994551234567 on 2026-11-23")

    store.write(work)
    assert "055 123 45 67" in dump(store)
    purged(store, now=NOW + timedelta(days=150))
    left = dump(store)
    assert "inquiry 17/2026, his wife has *****" in left
    assert "answered at +***** on 2026-11-23" in left


def test_a_word_in_place_of_a_number_stays_and_another_key_gives_another_pseudonym(store: Store) -> None:
    store.write(lambda connection: called(connection, "anonymous", 150, caller_e164=""))
    store.write(lambda connection: called(connection, "12345", 149, caller_e164=""))
    purged(store)
    assert callers(store) == [("anonymous", ""), (pseudonym(KEY, "12345"), "")]
    assert pseudonym(KEY, ANNA) != pseudonym("another", ANNA)
    assert len(pseudonym(KEY, ANNA)) == 20


def test_no_table_holds_an_old_number_after_the_purge(store: Store) -> None:
    """A missed call, its decision, its callback, the attempt: all of the same citizen still."""

    def work(connection: Connection) -> None:
        dialled(connection)
        connection.execute(update(callbacks).values(state="reached", closed_at=NOW))

    store.write(work)
    assert ANNA in dump(store)
    purged(store, now=NOW + timedelta(days=150))
    left = dump(store)
    assert ANNA.removeprefix("+994") not in left
    assert left.count(pseudonym(KEY, ANNA)) == 9


def test_records_go_on_a_second_later_date_and_every_total_stays(store: Store) -> None:
    def work(connection: Connection) -> None:
        for who, days, outcome in (
            (ANNA, 300, "answered"),
            (BORIS, 250, "abandoned"),
            (ANNA, 150, "timeout"),
        ):
            called(connection, who, days, outcome)
        called(connection, ANNA, 5)

    store.write(work)
    before = every_total(store)
    done = purged(store)
    assert (done["calls deleted"], done["calls made nameless"]) == (2, 3)
    assert len(callers(store)) == 2
    assert every_total(store) == before
    assert sum(total.number for day in before for total in day) == 4


def test_purging_again_finds_nothing_to_do(store: Store) -> None:
    store.write(lambda connection: [called(connection, ANNA, days) for days in (300, 150, 5)])
    purged(store)
    before = dump(store)
    assert set(purged(store).values()) == {0}
    assert dump(store) == before


def test_an_open_callback_and_all_since_it_was_missed_are_left_alone(store: Store) -> None:
    def work(connection: Connection) -> None:
        dialled(connection)
        connection.execute(update(callbacks).values(missed_at=days_ago(180)))
        called(connection, BORIS, 170)
        called(connection, BORIS, 190)

    store.write(work)
    purged(store)
    assert store.read(lambda c: c.scalar(select(callbacks.c.caller_e164))) == ANNA
    assert [is_pseudonym(who) for _, who in callers(store)[:2]] == [True, False]


def test_a_callback_goes_with_its_attempts_and_journals(store: Store) -> None:
    def work(connection: Connection) -> None:
        dialled(connection)
        then = days_ago(250)
        connection.execute(update(callbacks).values(state="reached", missed_at=then, closed_at=then))

    store.write(work)
    assert purged(store)["callbacks deleted"] == 1
    gone = ("callbacks", "attempts", "callback_journal", "attempt_journal")
    left = [select(func.count()).select_from(metadata.tables[name]) for name in gone]
    assert store.read(lambda connection: [connection.scalar(query) for query in left]) == [0] * 4


def test_the_command_makes_its_key_once_purges_and_says_so_in_the_audit(house: Path, store: Store) -> None:
    store.write(lambda connection: called(connection, ANNA, 400))
    old, young = recorded(house, "main-1.1.wav", 200), recorded(house, "main-1.2.wav", 91)
    others = recorded(house, "south-1.1.wav", 400)
    shown = hotline(house, "purge", "--secrets", str(house / "secrets.d"))
    assert shown.exit_code == 0, shown.output
    assert "1 calls made nameless" in shown.output
    assert [path.exists() for path in (old, young, others)] == [False, True, True]
    key = (house / "secrets.d" / "hotline-pseudonyms.conf").read_text()
    assert hotline(house, "purge", "--secrets", str(house / "secrets.d")).exit_code == 0
    assert (house / "secrets.d" / "hotline-pseudonyms.conf").read_text() == key
    noted = store.read(lambda c: c.scalars(select(audit.c.action).order_by(audit.c.id)).all())
    assert noted == ["key of pseudonyms", "purge", "purge"]
    assert key.split()[-1] not in dump(store)


def test_a_report_before_and_after_the_purge_differs_in_the_line_that_says_so_alone(
    house: Path, store: Store
) -> None:
    def work(connection: Connection) -> None:
        for who, days, outcome in ((ANNA, 300, "answered"), (BORIS, 250, "abandoned"), (ANNA, 5, "timeout")):
            called(connection, who, days, outcome)
        decide_all(connection)

    store.write(work)
    period = ("totals", "--from", f"{days_ago(310):%Y-%m-%d}", "--to", f"{days_ago(1):%Y-%m-%d}")
    before = hotline(house, *period).output
    assert "answered" in before
    assert "decisions" in before
    purged(store)
    *after, sealed = hotline(house, *period).output.splitlines(keepends=True)
    assert "".join(after) == before
    assert sealed.startswith("sealed: ")


def test_a_lost_key_is_not_replaced_by_another(house: Path, store: Store) -> None:
    store.write(lambda connection: called(connection, ANNA, 400))
    hotline(house, "purge", "--secrets", str(house / "secrets.d"))
    (house / "secrets.d" / "hotline-pseudonyms.conf").unlink()
    again = hotline(house, "purge", "--secrets", str(house / "secrets.d"))
    assert again.exit_code == 1
    assert "restore it from a backup" in again.output
    assert not (house / "secrets.d" / "hotline-pseudonyms.conf").exists()


def test_another_key_is_refused_before_any_number_is_hashed_with_it(house: Path, store: Store) -> None:
    """Such as a second machine's own, or one that was made anew: equal callers would differ."""
    file = house / "secrets.d" / "hotline-pseudonyms.conf"
    store.write(lambda connection: called(connection, ANNA, 400))
    assert hotline(house, "purge", "--secrets", str(house / "secrets.d")).exit_code == 0
    store.write(lambda connection: called(connection, BORIS, 400))
    kept = file.read_text()
    file.write_text("secret = another\n")
    before = dump(store)
    again = hotline(house, "purge", "--secrets", str(house / "secrets.d"))
    assert again.exit_code == 1
    assert "is another than the one numbers were hashed with" in again.output
    assert dump(store) == before
    file.write_text(kept)
    assert hotline(house, "purge", "--secrets", str(house / "secrets.d")).exit_code == 0


def test_recordings_that_may_not_be_deleted_are_told_and_the_rest_is_purged(
    house: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their folder is Asterisk's, not this user's."""

    def refused(path: Path, **_: bool) -> None:
        raise PermissionError(EACCES, "Permission denied", path)

    store.write(lambda connection: called(connection, ANNA, 400))
    assert hotline(house, "purge", "--secrets", str(house / "secrets.d")).exit_code == 0
    store.write(lambda connection: called(connection, BORIS, 400))
    kept = recorded(house, "main-1.1.wav", 200)
    monkeypatch.setattr(Path, "unlink", refused)
    shown = hotline(house, "purge", "--secrets", str(house / "secrets.d"))
    assert shown.exit_code == 1
    assert "1 calls made nameless" in shown.output
    assert f"recordings in {kept.parent} cannot be deleted: Permission denied" in shown.output
    noted = store.read(lambda c: c.scalars(select(audit.c.action).order_by(audit.c.id)).all())
    assert noted == ["key of pseudonyms", "purge", "purge"]


def test_who_purges_is_noted_by_number_where_the_machine_has_no_name_for_them(
    house: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as in a container."""
    for name in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert hotline(house, "purge", "--secrets", str(house / "secrets.d")).exit_code == 0
    assert set(store.read(lambda c: c.scalars(select(audit.c.who)).all())) == {f"uid {os.getuid()}"}


def test_a_purged_call_that_is_read_again_stays_nameless(store: Store) -> None:
    """Old lines of queue_log that are read once more do not bring the number back."""
    put(store, OVER)
    purged(store, now=OVER.joined_at + timedelta(days=150))
    (again,) = put(store, FROM_LOG)
    assert is_pseudonym(again["caller"])
    assert again["source"] == "both"
    assert "0501112233" not in dump(store)


def test_a_deleted_visit_does_not_return_when_its_queue_log_is_read_again(store: Store) -> None:
    put(store, FROM_LOG, call=LOG_CALL)
    long_after = OVER.joined_at + timedelta(days=250)
    assert purged(store, now=long_after)["calls deleted"] == 1
    before = dump(store)
    assert put(store, FROM_LOG, call=LOG_CALL) == []
    assert dump(store) == before


def test_a_day_that_is_not_sealed_takes_what_an_old_file_tells(store: Store) -> None:
    put(store, FROM_LOG, call=LOG_CALL)
    purged(store, now=OVER.joined_at + timedelta(days=250))
    later = timedelta(days=200)
    told = FROM_LOG._replace(
        uniqueid="c.9", joined_at=FROM_LOG.joined_at + later, call_began_at=CALL.began_at + later
    )
    call = LOG_CALL._replace(uniqueid="c.9", began_at=CALL.began_at + later)
    assert len(put(store, told, call=call)) == 1


def test_a_call_over_the_midnight_of_a_deleted_day_stays_away_with_its_visit(store: Store) -> None:
    put(store, FROM_LOG, call=LOG_CALL)
    purged(store, now=OVER.joined_at + timedelta(days=250))
    first_open = begins((OVER.joined_at + timedelta(days=1)).astimezone(BAKU).date(), BAKU)
    call = LOG_CALL._replace(uniqueid="c.9", began_at=first_open - timedelta(seconds=5))
    told = FROM_LOG._replace(
        uniqueid="c.9", joined_at=first_open + timedelta(seconds=5), call_began_at=call.began_at
    )
    assert put(store, told, call=call) == []
