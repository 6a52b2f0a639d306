"""The migrations make exactly the tables the code knows."""

import hashlib
import os
import subprocess
import sys
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, MetaData, create_mock_engine, inspect

from ivr.storage.engine.store import Store
from ivr.storage.migrations import NEWEST, migrate
from ivr.storage.schema import metadata


def _statements(kind: str) -> list[str]:
    """What makes all tables on that kind of database."""
    made: list[Any] = []
    engine = create_mock_engine(f"{kind}://", lambda statement, *_: made.append(statement))
    metadata.create_all(engine, checkfirst=False)
    return [str(statement.compile(dialect=engine.dialect)) for statement in made]


def test_each_change_of_the_schema_gives_it_another_name() -> None:
    """On both kinds, so that no store of an earlier state is taken for one of this."""
    statements = sorted([*_statements("sqlite"), *_statements("postgresql")])
    name = hashlib.sha256("".join(statements).encode()).hexdigest()[:12]
    assert f"first_{name}" == NEWEST, "write it into ivr/storage/migrations/__init__.py"


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


def emptied(store: Store) -> None:
    """The store as if nobody had ever used it."""

    def work(connection: Connection) -> None:
        there = MetaData()
        there.reflect(connection)
        there.drop_all(connection)

    store.write(work)


def test_of_processes_that_migrate_at_once_one_does_and_none_fails(store: Store) -> None:
    emptied(store)
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
