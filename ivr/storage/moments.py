"""Moments in the store: aware UTC datetimes in Python, epoch milliseconds in both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
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
