"""Rows of imported files into the store: a file's name owns its rows, and importing it again replaces them.

`begin` deletes what the name owns, `store` is called with the rows in portions, `end` counts them; all in one
transaction of the caller's. Parts of the days that the old or the new rows are about are forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, Table, delete, func, insert, select, update

from ivr.imports.columns import Kind, Values
from ivr.storage.engine.statements import advisory_lock, among, insert_all, insert_into
from ivr.storage.records.day_figures import forget_parts
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.imported import imports, inquiries, outside_attempts, published, topics
from ivr.storage.schema.recorded import calls, visits
from ivr.storage.schema.running import minutes

_TABLES: Final[dict[Kind, Table]] = {
    "attempts": outside_attempts,
    "topics": topics,
    "inquiries": inquiries,
    "minutes": minutes,
    "published": published,
}
_MOMENTS: Final[dict[Kind, tuple[Column[Any], ...]]] = {
    "attempts": (outside_attempts.c.at,),
    "topics": (calls.c.began_at,),
    "inquiries": (inquiries.c.opened_at, inquiries.c.closed_at, calls.c.began_at),
    "minutes": (minutes.c.minute_at,),
    "published": (),
}
"""When what a row is about was; a contact joins a queue after its call began, at most a day later."""
_OF_CALLS: Final = (topics, inquiries)
_NEW_BY: Final[dict[Kind, str]] = {"inquiries": "id", "minutes": "minute", "published": "figure"}
"""Kinds whose rows nobody else may have, and the column of the file that says so."""
_COUNTS_FOR: Final = timedelta(days=8)
"""An attempt counts for contacts lost in the week before it, and a local day is at most one off UTC's."""
_DAY: Final = timedelta(days=1)


class LeftOut(NamedTuple):
    """A row that is not stored: its line, the file's column that is the reason, and a sentence."""

    line: int
    column: str
    says: str


@dataclass(frozen=True, slots=True)
class Begun:
    """An import that goes on.

    `servers`: of all calls, where a row names none. `before`: the first and last moment of the deleted rows.
    """

    kind: Kind
    id: int
    servers: Sequence[str]
    before: Sequence[datetime]


def begin(connection: Connection, kind: Kind, name: str) -> Begun:
    """The import of a file of that name: the rows it owns are deleted, at most 80 characters name it."""
    advisory_lock(connection, f"import {kind} {name}")
    table, mine = _TABLES[kind], (imports.c.kind == kind) & (imports.c.name == name)
    before: Sequence[datetime] = ()
    if (old := connection.scalar(select(imports.c.id).where(mine))) is not None:
        before = _ends(connection, kind, old)
        connection.execute(delete(table).where(table.c.import_id == old))
        connection.execute(delete(imports).where(imports.c.id == old))
    row = {"kind": kind, "name": name, "imported_at": database_now(), "rows": 0}
    new = connection.execute(insert(imports).values(row).returning(imports.c.id)).scalar_one()
    return Begun(kind, new, tuple(_all_servers(connection)) if table in _OF_CALLS else (), before)


def store(connection: Connection, begun: Begun, rows: Iterable[tuple[int, Values]]) -> list[LeftOut]:
    """Store the rows, each with its line, but for those of calls nobody knows and those known already.

    The values are the caller's no more: they get the columns that the store adds.
    """
    table = _TABLES[begun.kind]
    left_out: list[LeftOut] = []
    mine = list(rows)
    for _, values in mine:
        values["import_id"] = begun.id
    if table in _OF_CALLS:
        mine, left_out = _with_calls(connection, begun, mine)
    if (new_by := _NEW_BY.get(begun.kind)) is not None:
        left_out += _store_new(connection, table, mine, new_by)
    else:
        for line, values in mine:
            values["line"] = line
        insert_all(connection, table, [values for _, values in mine])
    return left_out


def end(connection: Connection, begun: Begun, number: int) -> None:
    """That many rows were stored, and there are no more."""
    connection.execute(update(imports).where(imports.c.id == begun.id).values(rows=number))
    # Last of all: from here to the commit no recorder can store a visit.
    if known := [*begun.before, *_ends(connection, begun.kind, begun.id)]:
        back = _COUNTS_FOR if begun.kind == "attempts" else _DAY
        forget_parts(connection, (min(known) - back).date(), (max(known) + _DAY).date())


_Rows = list[tuple[int, Values]]


def _all_servers(connection: Connection) -> Iterator[str]:
    """Of all calls; each is found by the index, where DISTINCT would read every call."""
    server: str | None = ""
    while server := connection.scalar(select(func.min(calls.c.server)).where(calls.c.server > server)):
        yield server


def _store_new(connection: Connection, table: Table, rows: _Rows, column: str) -> Iterator[LeftOut]:
    """Insert rows whose primary key nobody has; the first of several in a file is stored."""
    if not rows:
        return
    key = list(table.primary_key)
    new = insert_into(connection, table).on_conflict_do_nothing().returning(*key)
    stored = {tuple(found) for found in connection.execute(new, [values for _, values in rows])}
    for line, values in rows:
        its = tuple(values[part.name] for part in key)
        if its not in stored:
            yield LeftOut(line, column, f"this {column} is known already, from another row or source")
        stored.discard(its)


def _with_calls(connection: Connection, begun: Begun, rows: _Rows) -> tuple[_Rows, list[LeftOut]]:
    """The rows with the id of their call, and those whose call is not known or could be several."""
    found = _calls_of(connection, begun, rows)
    known, left_out = [], []
    for line, values in rows:
        call, server = values.pop("call"), values.pop("server", "")
        near = values.get("at") or values.get("opened_at")
        several = [one for at in _servers(begun, server) for one in found.get((at, call), ())]
        if len(several) > 1 and near is not None:
            several = [min(several, key=lambda one: abs(one.began_at - near))]
        if not call:
            values["call_id"] = None
        elif len(several) == 1:
            values["call_id"] = several[0].id
        else:
            what = f"several calls have the id {call!r}: give server or at"
            says = what if several else f"no call with the id {call!r} is known"
            left_out.append(LeftOut(line, "call", says))
            continue
        known.append((line, values))
    return known, left_out


class _KnownCall(NamedTuple):
    id: int
    began_at: datetime


def _servers(begun: Begun, server: str) -> Sequence[str]:
    return (server,) if server else begun.servers


def _calls_of(connection: Connection, begun: Begun, rows: _Rows) -> dict[tuple[str, str], list[_KnownCall]]:
    """By server and id, the calls with that linkedid, else those with a visit of that uniqueid."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for _, values in rows:
        for server in _servers(begun, values.get("server", "")):
            wanted[server].add(values["call"])
    found: defaultdict[tuple[str, str], list[_KnownCall]] = defaultdict(list)
    for server, ids in wanted.items():
        by_linkedid = select(calls.c.linkedid, calls.c.id, calls.c.began_at)
        by_uniqueid = select(visits.c.uniqueid, calls.c.id, calls.c.began_at).join(calls).distinct()
        for query, column in ((by_linkedid, calls.c.linkedid), (by_uniqueid, visits.c.uniqueid)):
            left = [one for one in ids if one and (server, one) not in found]
            mine = query.where(column.table.c.server == server, among(connection, column, left))
            for its_id, *known in connection.execute(mine).all():
                found[server, its_id].append(_KnownCall(*known))
    return found


def _ends(connection: Connection, kind: Kind, import_id: int) -> list[datetime]:
    """The first and last moments that the rows of an import are about."""
    table, moments = _TABLES[kind], _MOMENTS[kind]
    if not moments:
        return []
    about = table.outerjoin(calls, calls.c.id == table.c.call_id) if table in _OF_CALLS else table
    ends = [which(moment) for which in (func.min, func.max) for moment in moments]
    row = connection.execute(select(*ends).select_from(about).where(table.c.import_id == import_id)).one()
    return [moment for moment in row if moment is not None]
