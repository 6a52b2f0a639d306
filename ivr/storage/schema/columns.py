"""What tables are made of: moments, text from outside, names of constraints.

A moment is an aware UTC datetime in Python and epoch milliseconds in both databases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, text, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
MOST_AHEAD = timedelta(days=1)
"""A moment so long after now is one by a wrong clock."""


def to_millis(moment: datetime) -> int:
    """Epoch milliseconds of an aware datetime, rounded to the nearest; ValueError if it is naive."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return (moment - _EPOCH + _MILLISECOND / 2) // _MILLISECOND


def from_millis(millis: int) -> datetime:
    """Aware UTC datetime of epoch milliseconds."""
    return _EPOCH + timedelta(milliseconds=millis)


def in_millis(moment: datetime) -> datetime:
    """The moment as the store gives it back."""
    return from_millis(to_millis(moment))


class Moment(TypeDecorator[datetime]):
    """Column type: aware datetime ↔ BIGINT epoch milliseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else to_millis(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else from_millis(value)


class database_now(FunctionElement[datetime]):  # noqa: N801  # reads as an SQL function
    """The database's own clock as a Moment: the only clock that leases and `due_at` are compared with."""

    type = Moment()
    inherit_cache = True


def ago(time: timedelta) -> ColumnElement[datetime]:
    """The moment so long before now, by the database's clock; a negative time is one to come."""
    return type_coerce(type_coerce(database_now(), BigInteger) - time // timedelta(milliseconds=1), Moment)


@compiles(database_now, "sqlite")
def _sqlite_now(element: database_now, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(database_now, "postgresql")
def _postgresql_now(element: database_now, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Constraints are named by one rule: migrations name them again."""


class Told(TypeDecorator[str]):
    """Column type: VARCHAR of that length for text a caller, an agent or Asterisk chose.

    It is cut to its column, without what PostgreSQL refuses. SQLite keeps anything of any length; PostgreSQL
    would refuse the whole record for one character too many.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def keeps(self, values: Collection[str]) -> bool:
        """Whether all of them are stored as they are; asked of a thousand at once."""
        text = "".join(values)
        return text.isascii() and "\0" not in text and max(map(len, values), default=0) <= self.length

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        if value is None or (len(value) <= self.length and value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode(errors="replace").decode()[: self.length]


def keys(**lengths: int) -> Iterator[Column[str]]:
    """Columns for text that together find a row: the primary key."""
    return (Column(name, String(length), primary_key=True) for name, length in lengths.items())


def words(**lengths: int) -> Iterator[Column[str]]:
    """Columns for text of ours, each with its length: never NULL, empty where nothing is known."""
    return (Column(name, String(length), nullable=False, default="") for name, length in lengths.items())


def told(**lengths: int) -> Iterator[Column[str]]:
    """The same for text a caller, an agent or Asterisk chose."""
    return (Column(name, Told(length), nullable=False, default="") for name, length in lengths.items())


def texts(*names: str) -> Iterator[Column[str]]:
    """Columns for sentences of any length, such as why something was done."""
    return (Column(name, Text, nullable=False, default="") for name in names)


def moments(*names: str, nullable: bool = False, index: bool = False) -> Iterator[Column[datetime]]:
    """Columns for moments; `nullable` ones may not be known yet."""
    return (Column(name, Moment, nullable=nullable, index=index) for name in names)


def table(name: str, *columns: SchemaItem) -> Table:
    """A table of the store."""
    return Table(name, metadata, *columns)


def numbered_table(name: str, *columns: SchemaItem) -> Table:
    """Its rows have an `id`, in the order in which they were stored."""
    return table(name, Column("id", Integer, primary_key=True), *columns)


def index(name: str, *columns: Column[Any], where: str = "", unique: bool = False) -> None:
    """An index, perhaps only of the rows that meet `where`; queries are found by it if they say the same."""
    only = text(where) if where else None
    Index(name, *columns, unique=unique, sqlite_where=only, postgresql_where=only)


def is_one_of(states: Iterable[str]) -> str:
    """The condition that the column `state` holds one of these."""
    return f"state IN ({', '.join(map(repr, states))})"
