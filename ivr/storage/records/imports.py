"""Rows of imported files into the store: a file's name owns its rows, and importing it again replaces them.

`Preparation` finds the calls, and what is known already, while others may write; `replace` then stores all
rows in one transaction. Parts of the days that the old or the new rows are about are forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Table, delete, insert, select, type_coerce
from sqlalchemy.exc import IntegrityError

from ivr.imports.columns import Kind, Values
from ivr.storage.engine.statements import StoredRows, advisory_lock, among, as_stored, insert_stored
from ivr.storage.records.day_figures import forget_parts
from ivr.storage.records.servers import known_servers
from ivr.storage.schema.columns import database_now, from_millis, to_millis
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
_MOMENTS: Final[dict[Kind, Sequence[str]]] = {
    "attempts": ("at",),
    "inquiries": ("opened_at", "closed_at"),
    "minutes": ("minute_at",),
}
"""When what a row is about was, beside its call: a contact joins at most a day after that began."""
_OF_CALLS: Final = (topics, inquiries)
_NEW_BY: Final[dict[Kind, str]] = {"inquiries": "id", "minutes": "minute", "published": "figure"}
"""Kinds whose rows nobody else may have, and the column of the file that says so."""
_COUNTS_FOR: Final = timedelta(days=8)
"""An attempt counts for contacts lost in the week before it, and a local day is at most one off UTC's."""
_DAY: Final = timedelta(days=1)
_Rows = list[tuple[int, Values]]


class LeftOut(NamedTuple):
    """A row that is not stored: its line, the file's column that is the reason, and a sentence."""

    line: int
    column: str
    says: str


class Overtaken(Exception):
    """Since a row was prepared its call was deleted, or somebody else stored the one there may be of it."""


class Preparation:
    """The rows of one file as the store takes them; `number` of them."""

    def __init__(self, connection: Connection, kind: Kind, name: str) -> None:
        self.kind, self.name, self.number = kind, name, 0
        self.portions: list[StoredRows] = []
        self.ends: list[datetime] = []
        """The first and the last moment of all rows."""
        self._table = _TABLES[kind]
        self._servers = tuple(known_servers(connection)) if self._table in _OF_CALLS else ()
        self._old = connection.scalar(select(imports.c.id).filter_by(kind=kind, name=name)) or 0
        self._keys: set[tuple[Any, ...]] = set()
        self._defaults = {"why": ""} if kind == "minutes" else {}

    def add(self, connection: Connection, rows: _Rows) -> list[LeftOut]:
        """Prepare a portion, each row with its line, but for rows of calls nobody knows and known ones.

        The values are the caller's no more: they get the columns that the store adds.
        """
        left_out: list[LeftOut] = []
        if self._table in _OF_CALLS:
            rows, left_out, began = _with_calls(connection, self._servers, rows)
            self._extend(map(from_millis, (min(began), max(began)) if began else ()))
        if (new_by := _NEW_BY.get(self.kind)) is not None:
            rows = list(self._new(connection, rows, new_by, left_out))
        for name in _MOMENTS.get(self.kind, ()):
            self._extend(at for _, values in rows if (at := values[name]) is not None)
        for line, values in rows:
            values |= {"line": line} if new_by is None else self._defaults
        self.portions.append(as_stored(self._table, [values for _, values in rows]))
        self.number += len(rows)
        return left_out

    def _extend(self, moments: Iterable[datetime]) -> None:
        if known := [*self.ends, *moments]:
            self.ends = [min(known), max(known)]

    def _new(
        self, connection: Connection, rows: _Rows, column: str, left_out: list[LeftOut]
    ) -> Iterator[tuple[int, Values]]:
        """Rows whose primary key nobody else has; the first of several in a file."""
        key = list(self._table.primary_key)
        others = self._table.c.import_id.is_distinct_from(self._old)
        mine = (among(connection, part, {values[part.name] for _, values in rows}) for part in key)
        self._keys.update(tuple(row) for row in connection.execute(select(*key).where(others, *mine)))
        for line, values in rows:
            its = tuple(values[part.name] for part in key)
            if its in self._keys:
                says = f"this {column} is known already, from another row or source"
                left_out.append(LeftOut(line, column, says))
            else:
                self._keys.add(its)
                yield line, values


def replace(connection: Connection, prepared: Preparation, portions: Iterable[StoredRows]) -> None:
    """Store the portions instead of what the name owns. Raises Overtaken."""
    kind, name, table = prepared.kind, prepared.name, _TABLES[prepared.kind]
    advisory_lock(connection, f"import {kind} {name}")
    ends = list(prepared.ends)
    owned = select(imports.c.id, imports.c.first_at, imports.c.last_at).filter_by(kind=kind, name=name)
    for old, *before in connection.execute(owned):
        connection.execute(delete(table).where(table.c.import_id == old))
        connection.execute(delete(imports).where(imports.c.id == old))
        ends += [at for at in before if at is not None]
    first_at, last_at = prepared.ends or (None, None)
    row = {"kind": kind, "name": name, "imported_at": database_now(), "rows": prepared.number}
    row |= {"first_at": first_at, "last_at": last_at}
    new = connection.execute(insert(imports).values(row).returning(imports.c.id)).scalar_one()
    try:
        for some in portions:
            insert_stored(connection, table, some, import_id=new)
    except IntegrityError as problem:
        raise Overtaken from problem
    # Last of all: from here to the commit no recorder can store a visit.
    if ends:
        back = _COUNTS_FOR if kind == "attempts" else _DAY
        forget_parts(connection, (min(ends) - back).date(), (max(ends) + _DAY).date())


def _with_calls(
    connection: Connection, all_servers: Sequence[str], rows: _Rows
) -> tuple[_Rows, list[LeftOut], list[int]]:
    """The rows with their call's id; those whose call is not known, or could be several; when calls began."""
    asked = [(line, values, values.pop("call"), values.pop("server", "")) for line, values in rows]
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for _, _, call, server in asked:
        for at in (server,) if server else all_servers:
            wanted[at].add(call)
    found = _calls_of(connection, wanted)
    known, left_out, began = [], [], []
    for line, values, call, server in asked:
        near = values.get("at") or values.get("opened_at")
        several = [one for at in ((server,) if server else all_servers) for one in found.get((at, call), ())]
        if len(several) > 1 and near is not None:
            several = [min(several, key=lambda one: abs(one.began_at - to_millis(near)))]
        if not call:
            values["call_id"] = None
        elif len(several) == 1:
            values["call_id"] = several[0].id
            began.append(several[0].began_at)
        else:
            what = f"several calls have the id {call!r}: give server or at"
            says = what if several else f"no call with the id {call!r} is known"
            left_out.append(LeftOut(line, "call", says))
            continue
        known.append((line, values))
    return known, left_out, began


class _KnownCall(NamedTuple):
    """`began_at`: in epoch milliseconds; most are compared with nothing."""

    id: int
    began_at: int


def _calls_of(
    connection: Connection, wanted: Mapping[str, set[str]]
) -> dict[tuple[str, str], list[_KnownCall]]:
    """By server and id, the calls with that linkedid, else those with a visit of that uniqueid."""
    found: defaultdict[tuple[str, str], list[_KnownCall]] = defaultdict(list)
    for server, ids in wanted.items():
        call = calls.c.id, type_coerce(calls.c.began_at, BigInteger)
        by_linkedid = select(calls.c.linkedid, *call)
        by_uniqueid = select(visits.c.uniqueid, *call).join(calls).distinct()
        for query, column in ((by_linkedid, calls.c.linkedid), (by_uniqueid, visits.c.uniqueid)):
            left = [one for one in ids if one and (server, one) not in found]
            mine = query.where(column.table.c.server == server, among(connection, column, left))
            for its_id, *known in connection.execute(mine).all():
                found[server, its_id].append(_KnownCall(*known))
    return found
