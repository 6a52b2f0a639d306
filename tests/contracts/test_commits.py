"""When a commit is on the disk."""

from __future__ import annotations

import pytest

from ivr.storage.engine import Store


@pytest.mark.parametrize(("waits", "as_told"), [(True, {"2", "on"}), (False, {"1", "off"})])
def test_a_commit_is_on_the_disk_unless_what_a_power_cut_takes_back_is_read_again(
    url: str, waits: bool, as_told: set[str]
) -> None:
    """An attempt is on the disk before its Originate is sent; backfill's bookmark goes back with its rows."""
    store = Store(url, waits_for_disk=waits)
    ask = "PRAGMA synchronous" if store.is_sqlite else "SHOW synchronous_commit"
    assert str(store.write(lambda connection: connection.exec_driver_sql(ask).scalar())) in as_told
    store.close()
