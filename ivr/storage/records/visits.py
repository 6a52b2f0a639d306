"""Calls and queue visits into the store, each exactly once, whoever tells of them and how often.

`save` finds the rows of the records, has `ivr.visits.merge` decide what they become, and writes what is
new or changed: a few statements for a batch, whether that is one call or a thousand. `keep_surveys` stores
each survey of a talk once, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)

from ivr.base.masking import is_pseudonym
from ivr.calls.numbers import ReadNumber
from ivr.storage.engine.statements import advisory_lock, among, insert_all, new_ids
from ivr.storage.people.audit import HEARD_FOR_SEALED, note
from ivr.storage.records.day_figures import forget_parts
from ivr.storage.records.sealed import open_again, sealed_between
from ivr.storage.records.stored import CallRow, Columns, Stored, VisitRow, changes
from ivr.storage.schema.columns import in_millis
from ivr.storage.schema.imported import inquiries, topics
from ivr.storage.schema.owed import decisions
from ivr.storage.schema.recorded import calls, surveys, visits
from ivr.visits.identity import same_call, same_stay
from ivr.visits.merge import call_merged, first_told, tells_who, visit_merged
from ivr.visits.records import Call, Survey, Visit

log = structlog.get_logger(__name__)

_Record = TypeVar("_Record", Call, Visit)

_NO_NEWS: Final = frozenset(
    {"source", "precision", "received_at", "log_joined_at", "log_outcome", "uncertain"}
)
"""Columns whose change is nothing the dialer would decide otherwise for."""
_IS_OF_NOTHING: Final = (
    ~exists().where(visits.c.call_id == calls.c.id),
    *(~exists().where(table.c.call_id == calls.c.id) for table in (decisions, topics, inquiries)),
)
_LOOKS_BACK: Final = timedelta(days=15)
"""So long before a visit it may decide what became of other contacts."""


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
    told, visited = tuple(map(_as_stored, new_calls)), tuple(map(_as_stored, new_visits))
    batch = _Batch(connection, told, visited, read_number)
    for call in told:
        batch.put_call(call, is_listened)
    for visit in visited:
        batch.put_visit(visit)
    return batch.write()


class _Batch:
    """Records put on the rows they are about: first every call, then every visit under its call."""

    def __init__(
        self, connection: Connection, told: Sequence[Call], visited: Sequence[Visit], read_number: ReadNumber
    ) -> None:
        self._connection, self._read_number = connection, read_number
        self._stored = Stored(connection, told, visited)
        self._calls: dict[tuple[str, str, datetime], CallRow] = {}
        """(server, linkedid, began_at) as told → the call's row."""
        self._new_calls: list[CallRow] = []
        self._new_visits: list[VisitRow] = []
        self._doubles: list[int] = []
        """Ids of visits that turned out to be parts of others."""
        self._moments = [call.began_at for call in told] + [visit.joined_at for visit in visited]
        moments = self._moments
        self._sealed = sealed_between(connection, min(moments), max(moments)) if moments else []
        self._opened: dict[Row[Any], str] = {}
        """Sealed days for which something new arrived, and its source."""
        self._refused = 0

    def _is_deleted(self, moment: datetime, source: str) -> bool:
        """Whether a record may be gone on purpose, and queue_log tells it again; a live one is new."""
        for day in self._sealed:
            if day.begins_at <= moment < day.ends_at:
                if day.calls_deleted and source == "queue_log":
                    return True
                self._opened[day] = source
        return False

    def put_call(self, call: Call, is_listened: bool) -> None:
        """Put the call on the row it has or gets."""
        rows = self._stored.calls_of(call)
        if (known := same_call(call, rows)) is not None:
            row = rows[known]
            row.call = _who_kept(known, call_merged(known, call, is_listened=is_listened))
            if row.call.caller != known.caller:
                row.caller_e164, row.caller_kind = self._who_called(row.call)
            if known.ended_at is not None and row.call.ended_at is None:
                row.decided_at = None  # it was not over after all
        else:
            is_deleted = self._is_deleted(call.began_at, call.source)
            row = CallRow(call, *self._who_called(call), is_deleted=is_deleted)
            self._new_calls.append(row)
            self._stored.begin(row)
        self._calls[call.server, call.linkedid, call.began_at] = row

    def _who_called(self, call: Call) -> tuple[str, str]:
        number = self._read_number(call.caller, call.trunk, call.presentation)
        return number.e164, "internal" if call.origin == "internal" else number.kind

    def put_visit(self, visit: Visit) -> None:
        """Put the visit on the row it has or gets."""
        call = self._call_of(visit)
        rows = self._stored.stays_of(visit)
        match [rows[known] for known in same_stay(visit, rows)]:
            case [row]:
                self._merge(row, visit, call)
            case [row, double]:
                self._merge(self._joined(row, double), visit, call)
            case _ if call.is_deleted or self._is_deleted(visit.joined_at, visit.source):
                self._refused += 1
            case _:
                e164 = self._read_number(visit.caller, call.call.trunk, visit.presentation).e164
                self._new_visits.append(VisitRow(first_told(visit), call, e164))

    def _merge(self, row: VisitRow, visit: Visit, call: CallRow) -> None:
        known, row.visit = row.visit, _who_kept(row.visit, visit_merged(row.visit, visit))
        if row.visit.caller != known.caller:
            row.caller_e164 = self._read_number(row.visit.caller, call.call.trunk, visit.presentation).e164
        if (visit.source == "ami" or visit.place) and tells_who(visit, known) and not call.is_deleted:
            row.call = call

    def _joined(self, row: VisitRow, double: VisitRow) -> VisitRow:
        """One row of two: parts of one stay were told before anybody knew that they were of one."""
        if double.visit.place:
            row, double = double, row
        source = "queue_log" if double.visit.source == "queue_log" else "ami"
        self._merge(row, double.visit._replace(source=source, is_rebuilt=True), double.call)
        self._stored.forget_stay(double)
        self._doubles.append(double.id)
        return row

    def _call_of(self, visit: Visit) -> CallRow:
        told = visit.server, visit.call_linkedid, visit.call_began_at
        if told in self._calls:
            return self._calls[told]
        rows = self._stored.calls_of_visit(visit)
        assert rows, "the fold tells a call before its visits"
        return min(rows, key=lambda row: abs(row.call.began_at - visit.call_began_at))

    def write(self) -> Saved:
        """First the calls, then their visits: one statement for what is new, one for what changed alike."""
        begun, stays = self._begun(), self._stored.stays
        for call, number in zip(begun, new_ids(self._connection, calls, len(begun)), strict=True):
            call.id = number
        changed = changes(visits, stays.values())
        news = [stays[number] for number, columns in changed.items() if columns.keys() - _NO_NEWS]
        for visit in (*self._new_visits, *news):
            visit.call.decided_at = None  # the dialer has looked at it without knowing of this
        changed_calls = changes(calls, self._stored.calls)
        self._update(calls, changed_calls)
        insert_all(self._connection, calls, [call.values() for call in begun])
        self._delete(visits, self._doubles)
        self._update(visits, changed)
        insert_all(self._connection, visits, [visit.values() for visit in self._new_visits])
        left = self._stored.visited - {visit.call.id for visit in stays.values()}
        self._delete(calls, left, calls.c.source == "queue_log", *_IS_OF_NOTHING)
        self._open_days()
        if begun or changed_calls or self._new_visits or changed:
            _forget_parts(self._connection, self._moments)
        return Saved(len(self._new_visits), len(changed), self._refused)

    def _begun(self) -> list[CallRow]:
        """The new calls; queue_log knows one by a visit alone, and that may be another call's by now."""
        visited = {row.call for row in (*self._new_visits, *self._stored.stays.values())}
        return [
            row
            for row in self._new_calls
            if not row.is_deleted and (row.call.source != "queue_log" or row in visited)
        ]

    def _open_days(self) -> None:
        for day, source in self._opened.items():
            open_again(self._connection, day)
            if source == "ami":
                note(self._connection, "recorder", HEARD_FOR_SEALED, day.day)
                log.error(f"{HEARD_FOR_SEALED}: is the machine's clock right?", day=day.day)

    def _delete(self, table: Table, ids: Collection[int], *also: ColumnElement[bool]) -> None:
        if ids:
            self._connection.execute(delete(table).where(among(self._connection, table.c.id, ids), *also))

    def _update(self, table: Table, changed: Mapping[int, Columns]) -> None:
        alike: defaultdict[tuple[str, ...], list[Columns]] = defaultdict(list)
        for number, columns in changed.items():
            alike[tuple(columns)].append({"row": number, **columns})
        for rows in alike.values():
            self._connection.execute(update(table).where(table.c.id == bindparam("row")), rows)


def _who_kept(known: _Record, merged: _Record) -> _Record:
    """What the purge has made nameless stays it, whichever old lines are read again."""
    return merged._replace(caller=known.caller) if is_pseudonym(known.caller) else merged


def _as_stored(record: _Record) -> _Record:
    """With moments of whole milliseconds, as they come back; queue_log's are whole seconds anyway."""
    if record.source == "queue_log":
        return record
    stored = [in_millis(one) if isinstance(one, datetime) else one for one in record]
    return type(record)(*stored)  # type: ignore[arg-type]  # the columns in their order


def take_statistics(connection: Connection) -> None:
    """Let PostgreSQL plan by what calls and visits are stored now; autovacuum looks up to a minute later.

    Without any it reads a whole index for every batch, and a year takes hours. SQLite plans by the indexes.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {calls.name}, {visits.name}")


def keep_surveys(connection: Connection, told: Iterable[Survey]) -> None:
    """Store that somebody was asked, or what they answered; told again, by either source, it is the same."""
    changed = []
    for survey in told:
        advisory_lock(connection, f"visits {survey.server}")
        is_this = (surveys.c.server == survey.server) & (surveys.c.uniqueid == survey.uniqueid)
        known = connection.execute(select(surveys).where(is_this)).one_or_none()
        if known is not None:
            asked_at = min(known.asked_at, survey.asked_at)
            rating = survey.rating if known.rating is None else known.rating
            if (asked_at, rating) != (known.asked_at, known.rating):
                connection.execute(update(surveys).where(is_this).values(asked_at=asked_at, rating=rating))
                changed.append(asked_at)
        elif not sealed_between(connection, survey.asked_at, survey.asked_at, only_deleted=True):
            connection.execute(insert(surveys).values(survey._asdict()))
            changed.append(survey.asked_at)
    _forget_parts(connection, changed)


def _forget_parts(connection: Connection, moments: Collection[datetime]) -> None:
    """Of every day that records of these moments may change; a local day is at most one off that of UTC."""
    if moments:
        first, last = min(moments) - _LOOKS_BACK, max(moments) + timedelta(days=1)
        forget_parts(connection, first.date(), last.date())


def was_asked_since(connection: Connection, server: str, uniqueid: str, since: datetime) -> bool:
    """Whether the caller of that visit was asked in any call since then; unknown callers were not."""
    same_channel = (visits.c.server == server) & (visits.c.uniqueid == uniqueid)
    caller = connection.scalar(select(visits.c.caller_e164).where(same_channel).limit(1))
    asked = (
        select(surveys.c.id)
        .join(visits, (visits.c.server == surveys.c.server) & (visits.c.uniqueid == surveys.c.uniqueid))
        .where(visits.c.caller_e164 == caller, surveys.c.asked_at >= since)
    )
    return bool(caller) and connection.scalar(asked.limit(1)) is not None
