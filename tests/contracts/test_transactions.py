"""A transaction that writes says so at its start, in every statement of every contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import event, text

from ivr.storage.engine.store import Store
from tests.plans import watched
from tests.stores import empty_store

DELETE = text("DELETE FROM denied_numbers")


def test_on_sqlite_a_writing_transaction_begins_immediate_and_a_reading_one_does_not(tmp_path: Path) -> None:
    """Else a reader that turns writer fails at once while another writes, whatever the busy timeout."""
    empty_store(tmp_path).close()
    store, told = Store(f"sqlite:///{tmp_path / 'hotline.db'}"), list[str]()

    def trace(connection: Any, record: object) -> None:
        connection.set_trace_callback(told.append)

    event.listen(store.engine, "connect", trace)
    store.write(lambda connection: connection.execute(DELETE))
    store.read(lambda connection: connection.execute(text("SELECT 1")))
    store.close()
    of_ours = [line.strip() for line in told if not line.startswith("PRAGMA")]
    assert of_ours == [
        "BEGIN IMMEDIATE",
        "DELETE FROM denied_numbers",
        "COMMIT",
        "BEGIN",
        "SELECT 1",
        "COMMIT",
    ]


def test_a_statement_that_writes_where_only_reading_was_announced_is_seen(url: str) -> None:
    """So the fixture `store` fails every test in which the product does that."""
    store = Store(url)
    with watched(store) as found:
        store.write(lambda connection: connection.execute(DELETE))
        assert found == []
        store.read(lambda connection: connection.execute(DELETE))
    store.close()
    assert found == ["writes in a reading transaction:\nDELETE FROM denied_numbers"]
