"""Rows of the store as values: which columns a dataclass names, and the values made of what is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Select, Table

T = TypeVar("T")


def columns(kind: type, *tables: Table) -> list[Column[Any]]:
    """For each field of a dataclass the column of its name, in the first of the tables that has one."""
    return [next(table.c[field.name] for table in tables if field.name in table.c) for field in fields(kind)]


def all_as(connection: Connection, kind: Callable[..., T], query: Select[Any]) -> list[T]:
    """Every row that is found as a value of that dataclass."""
    return [kind(**row._mapping) for row in connection.execute(query)]


def one_as(connection: Connection, kind: Callable[..., T], query: Select[Any]) -> T | None:
    """The only row that may be found as a value of that dataclass."""
    found = all_as(connection, kind, query)
    return found[0] if found else None
