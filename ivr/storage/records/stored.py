"""The rows that what is told may be about: visits by their channels, calls by linkedid and by their visits.

Read once for a batch by `ivr.storage.records.visits`, which changes the rows as it goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, TextClause, select, text

from ivr.storage.engine.statements import among
from ivr.storage.schema.recorded import VISIT_EXCHANGED, calls, visits
from ivr.visits.records import Call, Visit

StoredRow = dict[str, Any]


class Stored:
    """Rows of visits and calls; a call that is begun in this batch has no id yet."""

    def __init__(self, connection: Connection, told: Sequence[Call], visited: Sequence[Visit]) -> None:
        self._connection = connection
        self._stays: defaultdict[tuple[str, str], list[StoredRow]] = defaultdict(list)
        self._calls: dict[int, StoredRow] = {}
        self._by_linkedid: defaultdict[tuple[str, str], list[StoredRow]] = defaultdict(list)
        self._find_stays(told, visited)
        links = {(call.server, call.linkedid) for call in told}
        links |= {(visit.server, visit.call_linkedid) for visit in visited}
        self._find_calls(links)

    def stays_of(self, visit: Visit) -> list[StoredRow]:
        """The rows of its queue that share a channel with it."""
        rows = self._stays.get((visit.server, visit.uniqueid), [])
        if visit.place:
            others = self._stays.get((visit.server, visit.place), ())
            rows = rows + [row for row in others if row not in rows]
        return [row for row in rows if row["queue"] == visit.queue]

    def forget_stay(self, row: Mapping[str, Any]) -> None:
        """The row is about to be deleted."""
        for rows in self._stays.values():
            rows[:] = [stay for stay in rows if stay is not row]

    def call(self, number: int) -> StoredRow:
        """The row of a call that has one of the visits."""
        return self._calls[number]

    def begin(self, row: StoredRow) -> None:
        """A call that had no row."""
        self._by_linkedid[row["server"], row["linkedid"]].append(row)

    def calls_of(self, call: Call) -> list[StoredRow]:
        """Rows with its linkedid, or with a visit in which its channel stood last."""
        found = [row for row in self._by_linkedid.get((call.server, call.linkedid), ()) if "id" in row]
        for stay in self._stays.get((call.server, call.uniqueid), ()):
            if call.uniqueid == (stay["place"] or stay["uniqueid"]):
                found.append(self._calls[stay["call_id"]])
        return found

    def calls_of_visit(self, visit: Visit) -> list[StoredRow]:
        """Rows with its call's linkedid, or with a visit of its channel."""
        found = list(self._by_linkedid.get((visit.server, visit.call_linkedid), ()))
        stays = self._stays.get((visit.server, visit.uniqueid), ())
        return found + [self._calls[stay["call_id"]] for stay in stays]

    def _find_stays(self, told: Sequence[Call], visited: Sequence[Visit]) -> None:
        channels = {(call.server, call.uniqueid) for call in told}
        channels |= {(visit.server, visit.uniqueid) for visit in visited}
        exchanged = {
            (visit.server, visit.place or visit.uniqueid)
            for visit in visited
            if visit.place or visit.is_rebuilt
        }
        found = {row["id"]: row for row in self._rows(visits, "uniqueid", channels | exchanged)}
        for row in self._rows(visits, "place", exchanged, text(VISIT_EXCHANGED)):
            found.setdefault(row["id"], row)
        for row in found.values():
            self._stays[row["server"], row["uniqueid"]].append(row)
            if row["place"]:
                self._stays[row["server"], row["place"]].append(row)

    def _find_calls(self, links: set[tuple[str, str]]) -> None:
        for row in self._rows(calls, "linkedid", links):
            self._remember(row)
        ids = {row["call_id"] for rows in self._stays.values() for row in rows} - self._calls.keys()
        for row in self._found(select(calls).where(among(self._connection, calls.c.id, ids))):
            self._remember(row)

    def _remember(self, row: StoredRow) -> None:
        self._calls[row["id"]] = row
        self._by_linkedid[row["server"], row["linkedid"]].append(row)

    def _rows(
        self, table: Any, name: str, keys: set[tuple[str, str]], *also: ColumnElement[bool] | TextClause
    ) -> Iterable[StoredRow]:
        for server in {server for server, _ in keys}:
            own = [key for of, key in keys if of == server]
            query = select(table).where(table.c.server == server, *also)
            yield from self._found(query.where(among(self._connection, table.c[name], own)))

    def _found(self, query: Select[Any]) -> Iterable[StoredRow]:
        return map(dict, self._connection.execute(query).mappings())
