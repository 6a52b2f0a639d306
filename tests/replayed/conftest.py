"""Replays are stored in SQLite, and once each in PostgreSQL."""

from tests.stores import postgresql, store, url

__all__ = ["postgresql", "store", "url"]
