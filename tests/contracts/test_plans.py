"""What is done for each call and each turn finds its rows by an index.

The fixture `store` looks at every statement; here is that it would see one that does not.
"""

from __future__ import annotations

from sqlalchemy import text

from ivr.recording.queue_log import known
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store
from ivr.storage.owed import attempts
from tests.plans import watched


def scans(url: str) -> list[str]:
    """What is seen of one statement."""
    store = Store(url)
    with watched(store) as found:
        store.read(lambda connection: attempts.dispositions(connection, 1))
    store.close()
    return found


def test_a_statement_without_its_index_is_seen(url: str, store: Store) -> None:
    assert scans(url) == []
    store.write(lambda connection: connection.execute(text("DROP INDEX ix_attempts_callback_id")))
    (scan,) = scans(url)
    assert scan.startswith("ivr.storage.owed.attempts.dispositions: S")


def test_what_is_known_before_a_queue_log_is_followed_is_found_by_indices(store: Store) -> None:
    """And so, however many visits there are, within the deadline that the database has."""
    assert store.read(lambda connection: known(connection, "main", Watched())).interfaces == {}
