"""When a commit is on the disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from ivr.storage.engine.store import Store
from tests.stores import empty_store


@pytest.mark.parametrize(("waits", "as_told"), [(True, {"2", "on"}), (False, {"1", "off"})])
def test_a_commit_is_on_the_disk_unless_what_a_power_cut_takes_back_is_read_again(
    url: str, waits: bool, as_told: set[str]
) -> None:
    """An attempt is on the disk before its Originate is sent; backfill's bookmark goes back with its rows."""
    store = Store(url, waits_for_disk=waits)
    ask = "PRAGMA synchronous" if store.is_sqlite else "SHOW synchronous_commit"
    assert str(store.write(lambda connection: connection.exec_driver_sql(ask).scalar())) in as_told
    store.close()


def test_another_connection_of_this_process_leaves_the_file_s_locks_alone(tmp_path: Path) -> None:
    """Whoever closes a file drops every lock its process has on it. Another process that ends would then
    think that it was the last, and delete the WAL with all that was committed since.
    """
    store = empty_store(tmp_path)
    file = tmp_path / "hotline.db"
    with store.engine.connect() as first, store.engine.connect():
        first.execute(text("SELECT 1"))
        writes = (
            "import sqlite3; c = sqlite3.connect('hotline.db'); c.execute('CREATE TABLE x (y)'); c.close()"
        )
        subprocess.run([sys.executable, "-c", writes], cwd=tmp_path, check=True)
        assert file.with_name("hotline.db-wal").exists()
    store.close()
