"""Tables of the store, the same on SQLite and PostgreSQL, with the guards that make double work impossible.

Moments are epoch milliseconds UTC, so that both databases compare them alike. Every change of state of a
callback or an attempt also appends a row to its journal; nothing is overwritten there.
"""

from ivr.storage.schema import imported, owed, recorded, running
from ivr.storage.schema.columns import metadata

__all__ = ["imported", "metadata", "owed", "recorded", "running"]
