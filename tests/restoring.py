"""A database that goes back to an earlier state, as by its backup, while processes use it or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url


def copied(url: str) -> Callable[[], None]:
    """Copy the database as it is now; what is returned brings that state back.

    SQLite goes back under whoever has it open, PostgreSQL breaks every connection, as its restart does.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(Path(parsed.database or ""))
    return _postgresql(url.rpartition("/")[0], parsed.database or "")


def _sqlite(file: Path) -> Callable[[], None]:
    copy = file.with_suffix(".copy")

    def pour(source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)

    pour(file, copy)
    return lambda: pour(copy, file)


def _postgresql(server: str, name: str) -> Callable[[], None]:
    def as_copy(source: str, target: str) -> None:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            for database in (source, target):
                connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                    [database],
                )
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(target)))
            make = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
            connection.execute(make.format(sql.Identifier(target), sql.Identifier(source)))

    as_copy(name, f"{name}_copy")
    return lambda: as_copy(f"{name}_copy", name)
