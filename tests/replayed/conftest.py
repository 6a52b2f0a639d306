"""Replays are stored in SQLite, and once each in PostgreSQL."""

from tests.stores import postgresql

__all__ = ["postgresql"]
