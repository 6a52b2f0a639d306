"""What is owed: decisions on missed calls, callbacks, and every attempt, with the guards of each."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

from ivr.calls.callbacks import ATTEMPT_STATES, CALLBACK_STATES, OPEN_STATES
from ivr.storage.schema.columns import Moment, Told, is_one_of, numbered_table, partial_index, table

CALLBACK_OPEN = is_one_of(OPEN_STATES)
ATTEMPT_LIVE = "state <> 'ended'"

callbacks = numbered_table(
    "callbacks",
    Column("caller_e164", String(20), nullable=False),
    Column("caller", Told(80), nullable=False),
    Column("server", String(64), nullable=False),
    Column("queue", String(128), nullable=False),
    Column("structure", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("reason", String(16), nullable=False, default="missed"),
    Column("state", String(16), nullable=False),
    Column("credit_seconds", Float, nullable=False, default=0),
    Column("attempts_used", Integer, nullable=False, default=0),
    Column("created_at", Moment, nullable=False, index=True),
    Column("missed_at", Moment, nullable=False),
    Column("waits_since", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("reference", String(120), nullable=False, default=""),
    Column("priority", String(8), nullable=False, default="normal"),
    Column("due_by", Moment),
    Column("agent", String(128), nullable=False, default=""),
    Column("skill", String(64), nullable=False, default=""),
    Column("orderer", String(80), nullable=False, default=""),
    Column("arrived_over", String(64), nullable=False, default=""),
    Column("keeps_place", Boolean, nullable=False, default=False),
    Column("owed_at", Moment, index=True),
    Column("held_for", String(16), nullable=False, default=""),
    CheckConstraint(is_one_of(CALLBACK_STATES), name="state"),
)
partial_index("uq_callbacks_one_open_per_number", CALLBACK_OPEN, callbacks.c.caller_e164, unique=True)
Index("ix_callbacks_due", callbacks.c.state, callbacks.c.due_at)
Index("ix_callbacks_caller", callbacks.c.caller_e164, callbacks.c.created_at)
"""`orderer`: the caller id, or who gave the command, that asked for it; `arrived_over`: by which trunk.

`owed_at`: when it became owed, empty before; `held_for`: what it waits for while it is held, or waited for.
"""

callback_journal = numbered_table(
    "callback_journal",
    Column("callback_id", ForeignKey("callbacks.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False, default=""),
)

decisions = numbered_table(
    "decisions",
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("structure", String(64), nullable=False),
    Column("decision", String(24), nullable=False),
    Column("why", Text, nullable=False),
    Column("caller_e164", String(20), nullable=False, default=""),
    Column("wait_seconds", Float, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("callback_id", ForeignKey("callbacks.id"), index=True),
    UniqueConstraint("call_id", "structure"),
)
"""Exactly one row per missed call (one call in one structure)."""

ORDER_UNDECIDED = "decided_at IS NULL"

orders = numbered_table(
    "orders",
    Column("server", String(64), nullable=False),
    Column("uniqueid", Told(150), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("queue", Told(128), nullable=False),
    Column("number", Told(40), nullable=False),
    Column("orderer", Told(40), nullable=False),
    Column("trunk", Told(64), nullable=False),
    Column("language", Told(8), nullable=False),
    Column("choice", Integer, nullable=False),
    Column("credit_seconds", Float, nullable=False),
    Column("decision", String(24), nullable=False, default=""),
    Column("why", Text, nullable=False, default=""),
    Column("decided_at", Moment),
    Column("callback_id", ForeignKey("callbacks.id"), index=True),
    UniqueConstraint("server", "uniqueid", "asked_at"),
)
"""One row per call order a citizen confirmed by key, whichever way it was told; decided exactly once.

`uniqueid`: the call's channel, and so the visit that was left for it. Both numbers are forgotten once it is
decided: the callback has the one to dial.
"""
partial_index("ix_orders_undecided", ORDER_UNDECIDED, orders.c.id)

attempts = table(
    "attempts",
    Column("id", String(64), primary_key=True),
    Column("callback_id", ForeignKey("callbacks.id"), nullable=False, index=True),
    Column("server", String(64), nullable=False),
    Column("queue", String(128), nullable=False),
    Column("trunk", String(64), nullable=False),
    Column("dial_string", String(40), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("disposition", String(32), nullable=False, default=""),
    Column("cause", Integer),
    Column("planned_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("confirmed_at", Moment),
    Column("connected_at", Moment),
    Column("ended_at", Moment),
    Column("deadline_at", Moment, nullable=False),
    Column("agent", String(128), nullable=False, default=""),
    Column("talk_seconds", Float),
    CheckConstraint(is_one_of(ATTEMPT_STATES), name="state"),
)
"""`id` is the channel id given to Originate. `deadline_at`: then an attempt nobody heard of is resolved."""
partial_index("uq_attempts_one_live_per_callback", ATTEMPT_LIVE, attempts.c.callback_id, unique=True)

Index("ix_attempts_trunk", attempts.c.trunk, attempts.c.planned_at)

attempt_journal = numbered_table(
    "attempt_journal",
    Column("attempt_id", ForeignKey("attempts.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False, default=""),
)

denied_numbers = table(
    "denied_numbers",
    Column("caller_e164", String(20), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("why", Text, nullable=False),
)
