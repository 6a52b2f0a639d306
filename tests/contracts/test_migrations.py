"""The migrations make exactly the tables the code knows."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect

from ivr.storage.engine import Store
from ivr.storage.migrations import migrate
from ivr.storage.schema import metadata


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


def test_migrating_again_changes_nothing_and_keeps_the_records(store: Store) -> None:
    migrate(store)
    migrate(store)
    assert set(inspect(store.engine).get_table_names()) == {*metadata.tables, "alembic_version"}
