"""What `hotline data import` brought in from other systems, each row owned by the file it came from."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, UniqueConstraint

from ivr.storage.schema.columns import index, keys, moments, numbered_table, table, told, words

imports = numbered_table(
    "imports",
    *words(kind=16),
    *told(name=80),
    *moments("imported_at"),
    Column("rows", Integer, nullable=False),
    *moments("first_at", "last_at", nullable=True),
    UniqueConstraint("kind", "name"),
)
"""One row per file. Importing its name again replaces it and the rows it owns in one transaction.

`first_at`, `last_at`: between them lies what its rows are about; none for published figures.
"""

outside_attempts = numbered_table(
    "outside_attempts",
    Column("import_id", ForeignKey("imports.id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    *words(caller_e164=20, server=64),
    *moments("at", index=True),
    *told(structure=64),
    *words(outcome=32),
    *told(agent=128),
)
"""Calls to citizens made by hand or by another system. `outcome`: a disposition; `line`: of the file."""
index("ix_outside_attempts_caller", outside_attempts.c.caller_e164, outside_attempts.c.at)

topics = table(
    "topics",
    Column("import_id", ForeignKey("imports.id"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False, index=True),
    *told(structure=64),
    *words(topic=31),
    *moments("at", nullable=True),
)
"""What a call was about; several topics of one call are several rows."""

inquiries = table(
    "inquiries",
    *keys(reference=120),
    Column("import_id", ForeignKey("imports.id"), nullable=False, index=True),
    *words(kind=32),
    *told(structure=64),
    *moments("opened_at"),
    *moments("closed_at", nullable=True),
    *words(outcome=24),
    Column("call_id", ForeignKey("calls.id"), index=True),
    *moments("due_at", nullable=True),
    Column("extended", Boolean, nullable=False, default=False),
)
"""Inquiry sheets as their file has them; `ivr.reading.inquiries` says which a callback has closed since."""
published = table(
    "published",
    Column("year", Integer, primary_key=True),
    *keys(figure=64, scope=64),
    Column("import_id", ForeignKey("imports.id"), nullable=False, index=True),
    Column("value", Float, nullable=False),
)
"""Figures of earlier years as they were published."""
