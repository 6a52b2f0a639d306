"""Which faults of a database pass by themselves, and which are told to the operator with what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from ivr.storage.engine.store import Store, StoreAway, StoreUnfit
from ivr.storage.migrations import migrate
from ivr.storage.schema.owed import denied_numbers
from tests.lab.house import LOOPBACK, free_ports
from tests.stores import empty_store


def test_a_missing_table_is_no_outage_but_says_how_to_get_it(store: Store) -> None:
    store.write(lambda c: c.execute(text("ALTER TABLE denied_numbers RENAME TO gone")))
    with pytest.raises(StoreUnfit, match="denied_numbers") as unfit:
        store.read(lambda c: c.execute(denied_numbers.select()))
    assert "hotline data migrate" in unfit.value.hint


def test_a_missing_column_is_no_outage_but_says_how_to_get_it(store: Store) -> None:
    store.write(lambda c: c.execute(text("ALTER TABLE denied_numbers RENAME COLUMN why TO because")))
    with pytest.raises(StoreUnfit, match="why") as unfit:
        store.read(lambda c: c.execute(denied_numbers.select()))
    assert "hotline data migrate" in unfit.value.hint


def test_tables_of_another_version_are_left_alone_with_what_to_do(store: Store) -> None:
    store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StoreUnfit, match="another version") as unfit:
        migrate(store)
    assert "start with an empty database" in unfit.value.hint


def test_a_record_the_schema_refuses_says_nothing_about_the_store(store: Store) -> None:
    with pytest.raises(IntegrityError):
        store.write(lambda c: c.execute(denied_numbers.insert().values(caller_e164="+994501234567")))


def _fault(connection: Connection, code: str) -> None:
    connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{code}'; END $$"))


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("08006", id="connection failure"),
        pytest.param("25006", id="read-only"),
        pytest.param("40001", id="serialization failure"),
        pytest.param("40P01", id="deadlock"),
        pytest.param("53100", id="disk full"),
        pytest.param("53200", id="out of memory"),
        pytest.param("53300", id="too many connections"),
        pytest.param("55P03", id="lock not available"),
        pytest.param("57014", id="cancelled"),
        pytest.param("57P01", id="shutting down"),
        pytest.param("57P03", id="starting up"),
        pytest.param("58030", id="input or output"),
    ],
)
def test_what_passes_by_itself_on_postgresql_is_told_as_away(postgresql_store: Store, code: str) -> None:
    with pytest.raises(StoreAway, match="as told"):
        postgresql_store.write(lambda c: _fault(c, code))


def test_a_fault_is_told_the_same_where_a_driver_is_used_without_sqlalchemy(
    postgresql_store: Store,
) -> None:
    def copy(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '53100'; END $$")

    with pytest.raises(StoreAway, match="as told"):
        postgresql_store.write(copy)
    with pytest.raises(ValueError, match="ours"):
        postgresql_store.write(lambda _: int("ours"))


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        pytest.param("42501", "rights", id="no privilege"),
        pytest.param("3F000", "data migrate", id="no schema"),
        pytest.param("3D000", "HOTLINE_DATABASE_URL", id="database dropped"),
        pytest.param("28000", "HOTLINE_DATABASE_URL", id="login refused"),
        pytest.param("XX001", "last good copy", id="damaged table"),
        pytest.param("XX002", "last good copy", id="damaged index"),
    ],
)
def test_what_somebody_must_mend_on_postgresql_is_told_with_what_to_do(
    postgresql_store: Store, code: str, hint: str
) -> None:
    with pytest.raises(StoreUnfit, match="as told") as unfit:
        postgresql_store.write(lambda c: _fault(c, code))
    assert hint in unfit.value.hint


def test_a_mistake_of_ours_is_neither(postgresql_store: Store) -> None:
    with pytest.raises(ProgrammingError):
        postgresql_store.read(lambda c: c.execute(text("SELECT 1 FROM")))
    with pytest.raises(DBAPIError):
        postgresql_store.read(lambda c: c.execute(text("SELECT 1/0")))


def test_a_login_that_is_refused_and_a_database_that_is_not_there_are_told_with_what_to_do(
    postgresql: str,
) -> None:
    right = make_url(postgresql)
    for wrong in (right.set(password="guessed"), right.set(database="nowhere")):
        store = Store(wrong.render_as_string(hide_password=False))
        with pytest.raises(StoreUnfit) as unfit:
            store.read(lambda c: c.execute(text("SELECT 1")))
        assert "HOTLINE_DATABASE_URL" in unfit.value.hint
        assert "guessed" not in f"{unfit.value}"
        store.close()


@pytest.fixture
def guest(postgresql_store: Store) -> Iterator[Store]:
    """The store as a role that may not do anything, and has one connection only."""
    name = f"guest_{postgresql_store.engine.url.database}"
    postgresql_store.write(
        lambda c: c.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'guest' CONNECTION LIMIT 1"))
    )
    url = postgresql_store.engine.url.set(username=name, password="guest")
    opened = Store(url.render_as_string(hide_password=False))
    yield opened
    opened.close()
    postgresql_store.write(lambda c: c.execute(text(f"DROP ROLE {name}")))


def test_a_role_without_rights_is_told_with_what_to_do_and_one_connection_too_many_as_away(
    guest: Store,
) -> None:
    with pytest.raises(StoreUnfit, match="permission denied for table denied_numbers") as unfit:
        guest.read(lambda c: c.execute(denied_numbers.select()))
    assert "rights" in unfit.value.hint
    second = Store(guest.engine.url.render_as_string(hide_password=False))
    with pytest.raises(StoreAway, match="too many connections"):
        guest.read(lambda _: second.read(lambda c: c.execute(text("SELECT 1"))))
    second.close()


def test_a_server_nobody_started_and_a_name_nobody_knows_are_told_as_away() -> None:
    for host, port in ((LOOPBACK, free_ports(1)[0]), ("nowhere.invalid", 5432)):
        store = Store(f"postgresql://hotline@{host}:{port}/hotline")
        with pytest.raises(StoreAway):
            store.read(lambda c: c.execute(text("SELECT 1")))
        store.close()


def test_a_sqlite_file_that_is_locked_read_only_or_behind_a_folder_that_is_away_is_told_as_away(
    tmp_path: Path,
) -> None:
    store = empty_store(tmp_path)
    with pytest.raises(StoreAway, match="readonly"):
        store.read(lambda c: (c.execute(text("PRAGMA query_only = 1")), c.execute(denied_numbers.delete())))
    other = sqlite3.connect(tmp_path / "hotline.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.read(
        lambda c: (c.execute(text("PRAGMA query_only = 0")), c.execute(text("PRAGMA busy_timeout = 0")))
    )
    with pytest.raises(StoreAway, match="locked"):
        store.write(lambda _: None)
    other.close()
    store.close()
    away = Store(f"sqlite:///{tmp_path / 'not mounted' / 'hotline.db'}")
    with pytest.raises(StoreAway, match="unable to open"):
        away.check()
