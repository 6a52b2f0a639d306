"""The migrations make exactly the tables the code knows."""

import os
import subprocess
import sys
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Column, Connection, MetaData, String, inspect, text

from ivr.storage.engine import Store
from ivr.storage.migrations import NEWEST, migrate
from ivr.storage.migrations.upgrade import configuration
from ivr.storage.schema import metadata

_SCRIPTS = ScriptDirectory("ivr/storage/migrations")
EARLIER = sorted(script.revision for script in _SCRIPTS.walk_revisions())[:-1]


def test_a_store_is_up_to_date_after_the_last_migration() -> None:
    assert _SCRIPTS.get_current_head() == NEWEST


def test_a_migrated_store_has_the_schema_of_the_code(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert store.read(differences) == []


def test_a_migrated_store_has_every_guard_of_the_schema(store: Store) -> None:
    """Checks and partial indexes are what makes double work impossible; Alembic does not compare them."""
    found = inspect(store.engine)
    for table in metadata.sorted_tables:
        checks = {check["name"] for check in found.get_check_constraints(table.name)}
        assert {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)} <= checks
        told = {
            index["name"]: (index["unique"], f"{found.dialect.name}_where" in index["dialect_options"])
            for index in found.get_indexes(table.name)
        }
        wanted = {
            index.name: (bool(index.unique), index.dialect_options["sqlite"]["where"] is not None)
            for index in table.indexes
        }
        assert {name: told.get(name) for name in wanted} == wanted


def emptied(store: Store, revision: str | None) -> None:
    """The store as that version made it, without a record; with no revision as nobody ever used it."""

    def work(connection: Connection) -> None:
        there = MetaData()
        there.reflect(connection)
        there.drop_all(connection)
        if revision is not None:
            command.upgrade(configuration(connection), revision)

    store.write(work)


def a_row_in_every_table(connection: Connection) -> dict[str, dict[str, Any]]:
    """As far as the tables that are there want it, by table."""
    there = MetaData()
    there.reflect(connection)
    rows = {}
    for table in there.sorted_tables:
        if table.name != "alembic_version":
            values = {column.name: a_value(column) for column in table.columns}
            connection.execute(table.insert().values(values))
            rows[table.name] = values
    return rows


def a_value(column: Column[Any]) -> Any:
    if column.name == "state":
        return "owed" if "callback" in column.table.name else "planned"
    if column.foreign_keys or column.primary_key:
        return "1" if isinstance(column.type, String) else 1
    kinds = {bool: True, int: 7, float: 1.5, str: "7"}
    return kinds[column.type.python_type]


@pytest.mark.parametrize("revision", EARLIER)
def test_a_store_of_any_earlier_version_is_brought_to_this_one_with_its_records(
    revision: str, store: Store
) -> None:
    emptied(store, revision)
    before = store.write(a_row_in_every_table)
    migrate(store)
    kept = {name: text(f"SELECT {', '.join(values)} FROM {name}") for name, values in before.items()}
    after = store.read(
        lambda c: {name: [dict(row) for row in c.execute(q).mappings()] for name, q in kept.items()}
    )
    assert after == {name: [values] for name, values in before.items()}
    test_a_migrated_store_has_the_schema_of_the_code(store)
    test_a_migrated_store_has_every_guard_of_the_schema(store)


def test_of_processes_that_migrate_at_once_one_does_and_none_fails(store: Store) -> None:
    emptied(store, None)
    url = store.engine.url.render_as_string(hide_password=False)
    words = [sys.executable, "-c", "from ivr.command.root import app; app()", "data", "migrate"]
    env = os.environ | {"HOTLINE_DATABASE_URL": url}
    at_once = [subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [one.wait(60) for one in at_once] == [0, 0, 0]
    test_a_migrated_store_has_the_schema_of_the_code(store)


def test_migrating_again_changes_nothing_and_keeps_the_records(store: Store) -> None:
    migrate(store)
    migrate(store)
    assert set(inspect(store.engine).get_table_names()) == {*metadata.tables, "alembic_version"}
