"""Which tables a statement reads as a whole, by the database's own plan of it.

`watched(store)` looks at every statement that `store` executes and asks how it is carried out: what is done
for each call or each turn of a daemon must find its rows by an index, or a year of calls makes it slow. And
whatever writes has to be in a transaction that began as a writing one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import FrameType
from typing import Any, Final

from sqlalchemy import event

from ivr.storage.engine.store import Store

GROWING: Final = frozenset(
    {
        "calls", "visits", "decisions", "orders", "surveys", "callbacks", "callback_journal", "attempts",
        "attempt_journal", "agent_states", "minutes", "outside_attempts", "topics", "inquiries",
    }
)  # fmt: skip
"""Tables with rows for every call, or every minute."""
ASKERS: Final = ("ivr.storage.", "ivr.reading.", "ivr.retention.", "callback_dialer.")
WHOLE: Final = frozenset({"export", "inquiries", "purge", "totals", "upgrade"})
"""Modules of these rooms that read a period, or everything: for a person who asked, at night, or once."""
_READS: Final = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_WRITES: Final = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP)\b", re.IGNORECASE)
_SCAN: Final = re.compile(r"SCAN (\w+)|SEARCH (\w+) .*\(server=\?\)$")
"""As SQLite tells it; all rows of one server are as good as all."""
_PARTIAL: Final = re.compile(r"uq_callbacks_one_open|uq_attempts_one_live|ix_(calls|visits)_open|_undecided")
"""Indices of few rows: what is open, alive, or not decided yet."""


@contextmanager
def watched(store: Store) -> Iterator[list[str]]:
    """Statements that read a growing table as a whole, each behind its asker and plan, and those that write
    where only reading was announced; filled as they run."""
    found: list[str] = []
    seen: set[str] = set()
    asking, one_at_a_time = store.engine.raw_connection(), Lock()

    def look(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if _WRITES.match(statement) and not connection.get_execution_options().get("writes"):
            found.append(f"writes in a reading transaction:\n{statement}")
        if many or statement in seen or not _READS.match(statement) or (asker := _asker()) is None:
            return
        seen.add(statement)
        explain = _sqlite_scans if store.is_sqlite else _postgresql_scans
        with one_at_a_time:
            scans = list(explain(asking.cursor(), statement, parameters))
        found.extend(f"{asker}: {scan}\n{statement}" for scan in scans)

    event.listen(store.engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(store.engine, "before_cursor_execute", look)
        asking.close()


def _asker() -> str | None:
    """The function of the product that executes; None for a test's own query or one that may read all."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("tests."):
            return None
        if module.startswith(ASKERS) and not module.startswith("ivr.storage.engine."):
            return None if module.rpartition(".")[2] in WHOLE else f"{module}.{frame.f_code.co_name}"
        frame = frame.f_back
    return None


def _sqlite_scans(cursor: Any, statement: str, parameters: Any) -> Iterator[str]:
    cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    for *_, detail in cursor.fetchall():
        scanned = _SCAN.match(detail)
        if scanned and (scanned[1] or scanned[2]) in GROWING and not _PARTIAL.search(detail):
            yield detail


def _postgresql_scans(cursor: Any, statement: str, parameters: Any) -> Iterator[str]:
    """Empty tables are read as a whole whatever there is; without that way out the plan shows the index."""
    cursor.execute("SET enable_seqscan = off")
    cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    nodes = [cursor.fetchone()[0][0]["Plan"]]
    cursor.connection.rollback()
    for node in nodes:
        nodes += node.get("Plans", ())
        table, kind = node.get("Relation Name"), node["Node Type"]
        is_found = "Index Cond" in node or _PARTIAL.search(node.get("Index Name", ""))
        if table in GROWING and kind not in ("ModifyTable", "Bitmap Heap Scan") and not is_found:
            yield f"{kind} on {table}"
