"""One collection of tables, whose constraints are named by one rule: migrations name them again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def partial_index(name: str, where: str, *columns: Column[Any], unique: bool = False) -> None:
    """An index of the rows that meet `where`; queries are found by it if they say the same."""
    Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
