"""Calls and queue visits into the store, each exactly once, whoever tells of them and how often.

`save` finds the rows that are told of, has `ivr.visits.merge` decide what they become, and writes what is
new or changed: a few statements for a batch, whether that is one call or a thousand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import ColumnElement, Connection, Row, Table, bindparam, delete, exists, update

from ivr.base.masking import is_pseudonym
from ivr.calls.numbers import ReadNumber
from ivr.storage.engine.statements import advisory_lock, among, insert_all, new_ids
from ivr.storage.people.audit import HEARD_FOR_SEALED, note
from ivr.storage.records.sealed import open_again, sealed_between
from ivr.storage.records.stored import Stored, StoredRow
from ivr.storage.schema.columns import Told, in_millis
from ivr.storage.schema.owed import decisions
from ivr.storage.schema.recorded import calls, visits
from ivr.visits.merge import (
    call_merged,
    exchanged_stay,
    log_columns,
    same_call,
    same_stay,
    tells_who,
    visit_merged,
)
from ivr.visits.records import Call, Visit

log = structlog.get_logger(__name__)

_Record = TypeVar("_Record", Call, Visit)

_NOT_STORED_OF_VISIT: Final = ("call_linkedid", "call_began_at", "presentation", "is_rebuilt")
_NO_NEWS: Final = frozenset({"source", "precision", "received_at", "log_joined_at", "log_outcome"})
"""Columns whose change is nothing the dialer would decide otherwise for."""
_IS_OF_NOTHING: Final = (
    ~exists().where(visits.c.call_id == calls.c.id),
    ~exists().where(decisions.c.call_id == calls.c.id),
)
_WHO: Final = frozenset({"caller", "caller_e164", "caller_kind"})


@dataclass(frozen=True)
class Saved:
    """How many visits were new, how many changed, and how many queue_log told that retention has deleted."""

    new: int
    changed: int
    refused: int = 0


def save(
    connection: Connection,
    new_calls: Collection[Call],
    new_visits: Collection[Visit],
    read_number: ReadNumber,
    *,
    is_listened: bool = True,
) -> Saved:
    """Store each call and visit as it is known now; safe to repeat.

    `is_listened`: a recorder hears AMI now, so that the end of a call it knows is not queue_log's to tell.
    """
    servers = {call.server for call in new_calls} | {visit.server for visit in new_visits}
    for server in sorted(servers):
        advisory_lock(connection, f"visits {server}")  # else two sources would tell one stay in two rows
    told, visited = map(_as_stored, new_calls), map(_as_stored, new_visits)
    batch = _Batch(connection, tuple(told), tuple(visited), read_number)
    for call in batch.calls:
        batch.put_call(call, is_listened)
    for visit in batch.visits:
        batch.put_visit(visit)
    return batch.write()


class _Batch:
    """What is told, beside the rows it may be about."""

    def __init__(
        self, connection: Connection, told: Sequence[Call], visited: Sequence[Visit], read_number: ReadNumber
    ) -> None:
        self.calls, self.visits = told, visited
        self._connection, self._read_number = connection, read_number
        self._new_calls: list[dict[str, Any]] = []
        self._new_visits: list[tuple[dict[str, Any], dict[str, Any]]] = []
        """Each behind its call's row."""
        self._changed_visits: dict[int, dict[str, Any]] = {}
        self._doubles: dict[int, dict[str, Any]] = {}
        """Rows of visits that turned out to be parts of others."""
        self._moved: list[tuple[dict[str, Any], dict[str, Any]]] = []
        """Rows of visits, each behind the row of the call it belongs to."""
        self._changed_calls: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        self._stored_as: dict[tuple[str, str, Any], dict[str, Any]] = {}
        """(server, linkedid, began_at) as told → the call's row."""
        moments = [call.began_at for call in told] + [visit.joined_at for visit in visited]
        self._sealed = sealed_between(connection, min(moments), max(moments)) if moments else []
        self._opened: dict[Row[Any], str] = {}
        """Sealed days for which something new arrived, and its source."""
        self._refused = 0
        self._stored = Stored(connection, told, visited)

    def _is_deleted(self, moment: datetime, source: str) -> bool:
        """Whether a record may be gone on purpose, and queue_log tells it again; a live one is new."""
        for day in self._sealed:
            if day.begins_at <= moment < day.ends_at:
                if day.calls_deleted and source == "queue_log":
                    return True
                self._opened[day] = source
        return False

    def put_call(self, call: Call, is_listened: bool) -> None:
        row: Any = same_call(call, self._stored.calls_of(call))
        if row is None:
            row = call._asdict()
            del row["uniqueid"]
            row |= self._who_called(row)
            if not self._is_deleted(call.began_at, call.source):
                self._new_calls.append(row)
            self._stored.begin(row)
        else:
            merged = call_merged(row, call, is_listened=is_listened)
            if merged["caller"] != row["caller"]:
                merged |= self._who_called(merged)
            if row["ended_at"] is not None and merged["ended_at"] is None:
                merged["decided_at"] = None  # it was not over after all
            self._change(row, merged, self._changed_calls)
        self._stored_as[call.server, call.linkedid, call.began_at] = row

    def _who_called(self, call: Mapping[str, Any]) -> dict[str, str]:
        number = self._read_number(call["caller"], call["trunk"], call["presentation"])
        kind = "internal" if call["origin"] == "internal" else number.kind
        return {"caller_e164": number.e164, "caller_kind": kind}

    def put_visit(self, visit: Visit) -> None:
        call = self._call_of(visit)
        stays = self._stored.stays_of(visit)
        row: Any = same_stay(visit, stays) if stays else None
        is_old_call = "id" not in call and self._is_deleted(call["began_at"], call["source"])
        if row is None and (is_old_call or self._is_deleted(visit.joined_at, visit.source)):
            self._refused += 1
            return
        if row is None:
            row = visit._asdict()
            row |= log_columns(visit)
            for name in _NOT_STORED_OF_VISIT:
                del row[name]
            row["caller_e164"] = self._read_number(visit.caller, call["trunk"], visit.presentation).e164
            self._new_visits.append((call, row))
            self._news_of(call)
            return
        double: Any = exchanged_stay(visit, [stay for stay in stays if stay is not row])
        if double is not None:
            row = self._joined(row, double)
        self._merge(row, visit, call)

    def _merge(self, row: dict[str, Any], visit: Visit, call: dict[str, Any]) -> None:
        merged = visit_merged(row, visit)
        if merged["caller"] != row["caller"]:
            number = self._read_number(merged["caller"], call["trunk"], visit.presentation)
            merged["caller_e164"] = number.e164
        if (visit.source == "ami" or visit.place) and tells_who(visit, row):
            self._moved.append((call, row))
        if self._change(row, merged, self._changed_visits) - _NO_NEWS:
            self._news_of(call)

    def _joined(self, row: dict[str, Any], double: dict[str, Any]) -> dict[str, Any]:
        """One row of two: parts of one stay were told before anybody knew that they were of one."""
        if double["place"]:
            row, double = double, row
        call = self._stored.call(double["call_id"])
        told = {name: double[name] for name in Visit._fields if name not in _NOT_STORED_OF_VISIT}
        told["source"] = "queue_log" if double["source"] == "queue_log" else "ami"
        of = {"call_linkedid": call["linkedid"], "call_began_at": call["began_at"]}
        self._merge(row, Visit(**told, **of, is_rebuilt=True), call)
        self._doubles[double["id"]] = double
        self._stored.forget_stay(double)
        return row

    def _call_of(self, visit: Visit) -> StoredRow:
        told = visit.server, visit.call_linkedid, visit.call_began_at
        if told in self._stored_as:
            return self._stored_as[told]
        rows = self._stored.calls_of_visit(visit)
        assert rows, "the fold tells a call before its visits"
        return min(rows, key=lambda one: abs(one["began_at"] - visit.call_began_at))

    def _news_of(self, call: dict[str, Any]) -> None:
        """The dialer has looked at this call without knowing of this."""
        if call.get("decided_at") is not None:
            self._change(call, {"decided_at": None}, self._changed_calls)

    def _change(self, row: Any, merged: dict[str, Any], changed: dict[int, dict[str, Any]]) -> set[str]:
        if is_pseudonym(row["caller"]):
            # The purge has made it nameless; old lines read again do not undo that.
            merged = {name: value for name, value in merged.items() if name not in _WHO}
        changes = {name: value for name, value in merged.items() if value != row[name] != _cut(name, value)}
        if changes:
            row.update(changes)
            changed.setdefault(row["id"], {}).update(changes)
        return set(changes)

    def write(self) -> Saved:
        """One statement for all that is new, one for all that changed in the same columns."""
        begun = self._begun()
        ids = new_ids(self._connection, calls, len(begun))
        for row, number in zip(begun, ids, strict=True):
            row["id"] = number
        left = self._move()
        self._update(calls, self._changed_calls)
        insert_all(self._connection, calls, begun)
        self._delete(visits, self._doubles)
        self._update(visits, self._changed_visits)
        for call, row in self._new_visits:
            row["call_id"] = call["id"]
        insert_all(self._connection, visits, [row for _, row in self._new_visits])
        self._delete(calls, left, calls.c.source == "queue_log", *_IS_OF_NOTHING)
        for day, source in self._opened.items():
            open_again(self._connection, day)
            if source == "ami":
                note(self._connection, "recorder", HEARD_FOR_SEALED, day.day)
                log.error(f"{HEARD_FOR_SEALED}: is the machine's clock right?", day=day.day)
        return Saved(len(self._new_visits), len(self._changed_visits), self._refused)

    def _begun(self) -> list[dict[str, Any]]:
        """The new calls; queue_log knows one by a visit alone, and that may be another call's by now."""
        visited = {id(call) for call, _ in (*self._new_visits, *self._moved)}
        return [call for call in self._new_calls if call["source"] != "queue_log" or id(call) in visited]

    def _move(self) -> set[int]:
        """Put visits under the calls they belong to; the ids of those they were under."""
        left = {double["call_id"] for double in self._doubles.values()}
        for call, row in self._moved:
            if "id" in call and row["call_id"] != call["id"]:
                left.add(row["call_id"])
                self._change(row, {"call_id": call["id"]}, self._changed_visits)
                self._news_of(call)
        for number in self._doubles:
            self._changed_visits.pop(number, None)
        return left

    def _delete(self, table: Table, ids: Collection[int], *also: ColumnElement[bool]) -> None:
        if ids:
            self._connection.execute(delete(table).where(among(self._connection, table.c.id, ids), *also))

    def _update(self, table: Table, changed: Mapping[int, Mapping[str, Any]]) -> None:
        alike: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for number, changes in changed.items():
            alike[tuple(sorted(changes))].append({"row": number, **changes})
        for rows in alike.values():
            self._connection.execute(update(table).where(table.c.id == bindparam("row")), rows)


def _as_stored(record: _Record) -> _Record:
    """With moments of whole milliseconds, as they come back; queue_log's are whole seconds anyway."""
    if record.source == "queue_log":
        return record
    stored = [in_millis(one) if isinstance(one, datetime) else one for one in record]
    return type(record)(*stored)  # type: ignore[arg-type]  # the columns in their order


def _cut(column: str, value: Any) -> Any:
    """Text as its column keeps it."""
    kind = (visits.c if column in visits.c else calls.c)[column].type
    return kind.process_bind_param(value, None) if isinstance(kind, Told) else value
