"""A column that no index is to be used for, where SQLite would choose one that finds next to all rows."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement


def unindexed(column: Column[str]) -> ColumnElement[str]:
    """The text of the column, for a condition that another one's index leaves few rows for."""
    return column.concat("")
