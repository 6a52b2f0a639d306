"""The stored rows that records may be about: visits by their channels, calls by linkedid and by their visits.

`Stored` reads them once for a batch of `ivr.storage.records.visits`, which changes the rows as it goes on.
`open_records` is what a starting recorder takes over from the last one: calls and stays that are not over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, TextClause, or_, select, text

from ivr.storage.engine.statements import among, clock_of, unindexed
from ivr.storage.schema.columns import Told
from ivr.storage.schema.recorded import VISIT_EXCHANGED, calls, visits
from ivr.visits.facts import VARIABLES, Answered, Party
from ivr.visits.records import Call, Visit
from ivr.visits.state import Stay
from ivr.visits.steady import When

_CALL_FIELDS: Final = tuple(name for name in Call._fields if name in calls.c)
_VISIT_FIELDS: Final = tuple(name for name in Visit._fields if name in visits.c)


Columns = Mapping[Any, Any]
"""A row's columns by name."""


@dataclass(eq=False)
class CallRow:
    """A row of `calls` as it is to be, and as it is `stored`; a new one gets its `id` when it is written.

    `is_deleted`: retention has taken it, and queue_log tells it again; it is not written.
    """

    call: Call
    caller_e164: str
    caller_kind: str
    decided_at: datetime | None = None
    id: int = 0
    stored: Columns = field(default_factory=dict)
    is_deleted: bool = False

    def values(self) -> Columns:
        """Its columns."""
        told = {name: getattr(self.call, name) for name in _CALL_FIELDS}
        who = {"caller_e164": self.caller_e164, "caller_kind": self.caller_kind}
        return {**told, **who, "decided_at": self.decided_at, "id": self.id}


@dataclass(eq=False)
class VisitRow:
    """A row of `visits` as it is to be, under its call, and as it is `stored`; a new one has no `id` yet."""

    visit: Visit
    call: CallRow
    caller_e164: str
    id: int = 0
    stored: Columns = field(default_factory=dict)

    def values(self) -> Columns:
        """Its columns but for the id."""
        told = {name: getattr(self.visit, name) for name in _VISIT_FIELDS}
        return {**told, "call_id": self.call.id, "caller_e164": self.caller_e164}


def changes(table: Table, rows: Iterable[CallRow | VisitRow]) -> dict[int, Columns]:
    """By id, what is to be changed of stored rows; text is compared as its column keeps it."""
    changed = {
        row.id: {
            name: value
            for name, value in row.values().items()
            if value != row.stored[name] != _kept(table, name, value)
        }
        for row in rows
    }
    return {number: columns for number, columns in changed.items() if columns}


def _kept(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    return kind.process_bind_param(value, None) if isinstance(kind, Told) else value


def stored_call(row: Columns, uniqueid: str = "") -> Call:
    """The call in that row, which has not kept its channel."""
    return Call(uniqueid=uniqueid, **{name: row[name] for name in _CALL_FIELDS})


class Stored:
    """The stored rows that a batch may be about, and the calls that begin in it."""

    def __init__(self, connection: Connection, told: Sequence[Call], visited: Sequence[Visit]) -> None:
        self._connection = connection
        links = {(call.server, call.linkedid) for call in told}
        links |= {(visit.server, visit.call_linkedid) for visit in visited}
        stays = self._read_stays(told, visited)
        self.visited = {stay["call_id"] for stay in stays}
        """Ids of the calls that have those stays, as far as stored."""
        known = {row.id: row for row in self._read_calls(links)}
        self.calls = list(known.values())
        self._by_linkedid: defaultdict[tuple[str, str], list[CallRow]] = defaultdict(list)
        for call in self.calls:
            self.begin(call)
        self.stays: dict[int, VisitRow] = {}
        self._by_channel: defaultdict[tuple[str, str], list[VisitRow]] = defaultdict(list)
        for stay in stays:
            row = self.stays[stay["id"]] = _visit_row(stay, known[stay["call_id"]])
            for channel in filter(None, (row.visit.uniqueid, row.visit.place)):
                self._by_channel[row.visit.server, channel].append(row)

    def stays_of(self, visit: Visit) -> dict[Visit, VisitRow]:
        """The rows of its queue that share a channel with it."""
        channels = (visit.server, visit.uniqueid), (visit.server, visit.place)
        rows = (row for channel in channels for row in self._by_channel.get(channel, ()))
        return {row.visit: row for row in rows if row.visit.queue == visit.queue}

    def forget_stay(self, forgotten: VisitRow) -> None:
        """The row is about to be deleted."""
        del self.stays[forgotten.id]
        for rows in self._by_channel.values():
            rows[:] = [row for row in rows if row is not forgotten]

    def begin(self, row: CallRow) -> None:
        """A call that visits may belong to."""
        self._by_linkedid[row.call.server, row.call.linkedid].append(row)

    def calls_of(self, call: Call) -> dict[Call, CallRow]:
        """Stored rows with its linkedid, or with a visit in which its channel stood last."""
        alike = self._by_linkedid.get((call.server, call.linkedid), ())
        stays = self._by_channel.get((call.server, call.uniqueid), ())
        its_own = [row.call for row in stays if call.uniqueid == (row.visit.place or row.visit.uniqueid)]
        return {row.call: row for row in (*alike, *its_own) if row.id}

    def calls_of_visit(self, visit: Visit) -> list[CallRow]:
        """Rows with its call's linkedid, or with a visit of its channel."""
        stays = self._by_channel.get((visit.server, visit.uniqueid), ())
        return [*self._by_linkedid.get((visit.server, visit.call_linkedid), ()), *(row.call for row in stays)]

    def _read_stays(self, told: Sequence[Call], visited: Sequence[Visit]) -> list[Columns]:
        channels = {(call.server, call.uniqueid) for call in told}
        channels |= {(visit.server, visit.uniqueid) for visit in visited}
        exchanged = {
            (one.server, one.place or one.uniqueid) for one in visited if one.place or one.is_rebuilt
        }
        found = {row["id"]: row for row in self._rows(visits, "uniqueid", channels | exchanged)}
        found |= {row["id"]: row for row in self._rows(visits, "place", exchanged, text(VISIT_EXCHANGED))}
        return list(found.values())

    def _read_calls(self, links: set[tuple[str, str]]) -> Iterator[CallRow]:
        found = {row["id"]: row for row in self._rows(calls, "linkedid", links)}
        others = select(calls).where(among(self._connection, calls.c.id, self.visited - found.keys()))
        for row in (*found.values(), *self._connection.execute(others).mappings()):
            own = row["caller_e164"], row["caller_kind"], row["decided_at"]
            yield CallRow(stored_call(row), *own, row["id"], row)

    def _rows(
        self, table: Table, name: str, keys: set[tuple[str, str]], *also: ColumnElement[bool] | TextClause
    ) -> Iterable[Columns]:
        for server in {server for server, _ in keys}:
            own = [key for of, key in keys if of == server]
            query = select(table).where(table.c.server == server, *also)
            among_own = among(self._connection, table.c[name], own)
            yield from self._connection.execute(query.where(among_own)).mappings()


def _visit_row(row: Columns, call: CallRow) -> VisitRow:
    told = {name: row[name] for name in _VISIT_FIELDS}
    visit = Visit(**told, call_linkedid=call.call.linkedid, call_began_at=call.call.began_at)
    return VisitRow(visit, call, row["caller_e164"], row["id"], row)


def open_records(
    connection: Connection, server: str
) -> tuple[tuple[Call, ...], tuple[tuple[Stay, Call], ...]]:
    """What is not over yet on that server: the calls, and each open stay with its call.

    A call that was received after now, by a clock that was wrong, is not newer than what is heard next.
    """
    open_stays = connection.execute(
        select(visits).where(
            unindexed(visits.c.server) == server,
            visits.c.ended_at.is_(None),
            visits.c.outcome.in_(("waiting", "answered")),
        )
    ).all()
    is_open = (unindexed(calls.c.server) == server) & calls.c.ended_at.is_(None)
    ids = {row.call_id for row in open_stays}
    rows = connection.execute(select(calls).where(or_(is_open, calls.c.id.in_(ids)))).all()
    channels = {row.call_id: row.place or row.uniqueid for row in open_stays}
    at = clock_of(connection)
    found = {row.id: stored_call(row._mapping, channels.get(row.id, row.linkedid)) for row in rows}
    found = {key: call._replace(received_at=min(call.received_at, at)) for key, call in found.items()}
    return tuple(found.values()), tuple((_stay(row), found[row.call_id]) for row in open_stays)


def _stay(row: Row[Any]) -> Stay:
    known = {**row._mapping, "origin": row.origin if row.language else ""}
    told = {variable: known[name] for name, variable in VARIABLES.items() if known.get(name)}
    party = Party(row.uniqueid, row.linkedid, "", row.caller, told)
    is_exact = row.precision == "ms"
    joined = When(row.joined_at, row.received_at, row.joined_at.timestamp(), is_exact)
    answered = None
    if row.answered_at is not None:
        when = When(row.answered_at, row.received_at, row.answered_at.timestamp(), is_exact)
        answered = Answered(when, party, row.queue, row.agent, row.agent_name, "", "", None, row.ring_seconds)
    place = row.place or row.uniqueid
    told = {"recorded": row.recorded, "is_handed_over": is_handed_over(row._mapping)}
    return Stay(party, row.queue, joined, place, 0, answered=answered, **told)


def is_handed_over(row: Columns) -> bool:
    """Whether a visit began with its answer, after a consultation: AMI alone tells that, queue_log never.

    No phone answers in the millisecond in which a caller joins.
    """
    return bool(row["source"] == "ami" and row["answered_at"] == row["joined_at"])
