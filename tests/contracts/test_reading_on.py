"""Wherever a reader of queue_log stops and the next one goes on, all is stored as by one who read it all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import combinations_with_replacement
from operator import itemgetter
from pathlib import Path
from threading import Barrier
from typing import Any

from sqlalchemy import Connection, delete, select

from ivr.asterisk.queue_log import LogFile, blocks, identify
from ivr.reading.export import rows
from ivr.recording.queue_log import QueueLog, Told, keep, known
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store
from ivr.storage.schema.recorded import calls, visits
from ivr.storage.schema.running import log_positions
from ivr.visits.fold import Changes
from tests.callback_policy import shipped

AGENT = "1101"
LINES = f"""\
1795723900|NONE|NONE|NONE|QUEUESTART|
1795723918|cb-1|dvx|NONE|CBSTART|provider
1795723918|1795723918.14|dvx|NONE|ENTERQUEUE||0502100138|1
1795723918|1795723918.14|dvx|Rəşad Quliyev|CONNECT|0|1795723918.15|0
1795723919|cb-1|dvx|NONE|CBCONFIRMED|
1795723919|cb-1|dvx|NONE|ENTERQUEUE||0502100126|1
1795723919|cb-1|dvx|Aygün Məmmədova|CONNECT|0|1795723919.16|0
1795723919|1795723919.17|emdx|NONE|ENTERQUEUE||{AGENT}|1
1795723920|1795723920.18|dvx|NONE|ENTERQUEUE||0502100139|1
1795723921|cb-1|dvx|NONE|CBEND|ANSWER 16
1795723921|cb-1|dvx|Aygün Məmmədova|COMPLETECALLER|0|2|1
1795723922|1795723919.17|emdx|NONE|ABANDON|1|1|3
1795723924|1795723918.14|dvx|Rəşad Quliyev|COMPLETEAGENT|0|6|1
"""


class Reading:
    """A growing file, and what readers of it have stored."""

    def __init__(self, store: Store, path: Path) -> None:
        self._store, self._path = store, path
        self._watched = Watched.of(shipped())

    def begin(self) -> None:
        """Nothing is stored or read."""

        def wipe(connection: Connection) -> None:
            for table in (visits, calls, log_positions):
                connection.execute(delete(table))

        self._store.write(wipe)
        self._reader: QueueLog | None = None

    def grow(self, lines: list[str]) -> None:
        """The file has these lines; the reader reads on."""
        self._path.write_text("".join(lines))
        file = identify(self._path)
        assert file is not None
        if self._reader is None:
            before = self._store.read(lambda connection: known(connection, "main", self._watched))
            self._reader, self._positions = (
                QueueLog("main", self._watched, before.interfaces),
                before.positions,
            )
        reader = self._reader
        for block in blocks(file, self._positions.get(file.first_line, 0)):
            told = reader.read(file, block)
            self._store.write(partial(keep, server="main", watched=self._watched, told=told))
            self._positions = {file.first_line: block.end}

    def dies(self) -> None:
        """The next one goes on from what is stored."""
        self._reader = None

    @property
    def told(self) -> list[dict[str, Any]]:
        """Visits and calls, without their own numbers."""
        found = self._store.read(lambda connection: list(rows(connection, "visits")))
        all_calls = select(calls.c.linkedid, calls.c.origin, calls.c.caller, calls.c.ended_at)
        begun = self._store.read(lambda connection: connection.execute(all_calls).mappings().all())
        told = [{name: row[name] for name in row if name != "call_id"} for row in found]
        return [*told, *sorted(map(dict, begun), key=itemgetter("linkedid"))]


def test_two_who_read_a_file_without_calls_at_once_both_read_it(store: Store) -> None:
    """Such as two backfills of a quiet night; each puts the same bookmark."""
    each, file = Barrier(4), LogFile(Path("queue_log"), "line", 1795723900)

    def read(number: int) -> None:
        told = Told(file, 9, 1, Changes((), (), ()), {f"line {number // 4}": 9}, file.began_at, {})
        each.wait()
        store.write(partial(keep, server="main", watched=Watched(), told=told))

    with ThreadPoolExecutor(4) as readers:
        list(readers.map(read, range(40)))
    assert len(store.read(partial(known, server="main", watched=Watched())).positions) == 10


def test_wherever_readers_stop_and_go_on_the_same_is_stored(store: Store, tmp_path: Path) -> None:
    lines = LINES.splitlines(keepends=True)
    reading = Reading(store, tmp_path / "queue_log")
    reading.begin()
    reading.grow(lines)
    whole = reading.told
    assert [(row["origin"], row["outcome"]) for row in whole if "outcome" in row] == [
        ("inbound", "answered"),
        ("callback", "answered"),
        ("internal", "abandoned"),
        ("inbound", "waiting"),
    ]
    for first, second in combinations_with_replacement(range(1, len(lines) + 1), 2):
        reading.begin()
        reading.grow(lines[:first])
        reading.grow(lines[:second])
        reading.dies()
        reading.grow(lines)
        assert reading.told == whole, (lines[first - 1], lines[second - 1])
