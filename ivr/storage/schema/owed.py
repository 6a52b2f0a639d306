"""What is owed: decisions on missed calls, callbacks, and every attempt, with the guards of each."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Float, ForeignKey, Integer, String, UniqueConstraint

from ivr.calls.callbacks import ATTEMPT_STATES, CALLBACK_STATES, OPEN_STATES
from ivr.storage.schema.columns import index, is_one_of, moments, numbered_table, table, texts, told, words

ATTEMPT_LIVE = "state <> 'ended'"

callbacks = numbered_table(
    "callbacks",
    *words(caller_e164=20),
    *told(caller=80),
    *words(server=64, queue=128, structure=64, language=8),
    Column("reason", String(16), nullable=False, default="missed"),
    *words(state=16),
    Column("credit_seconds", Float, nullable=False, default=0),
    Column("attempts_used", Integer, nullable=False, default=0),
    *moments("created_at", index=True),
    *moments("missed_at", "waits_since", "due_at", "expires_at"),
    *moments("closed_at", nullable=True),
    *words(reference=120),
    Column("priority", String(8), nullable=False, default="normal"),
    *moments("due_by", nullable=True),
    *words(agent=128, skill=64, orderer=80, arrived_over=64),
    Column("keeps_place", Boolean, nullable=False, default=False),
    *moments("owed_at", nullable=True, index=True),
    *words(held_for=16),
    CheckConstraint(is_one_of(CALLBACK_STATES), name="state"),
)
index("uq_callbacks_one_open_per_number", callbacks.c.caller_e164, where=is_one_of(OPEN_STATES), unique=True)
index("ix_callbacks_due", callbacks.c.state, callbacks.c.due_at)
index("ix_callbacks_caller", callbacks.c.caller_e164, callbacks.c.created_at)
"""`orderer`: the caller id, or who gave the command, that asked for it; `arrived_over`: by which trunk.

`owed_at`: when it became owed, empty before; `held_for`: what it waits for while it is held, or waited for.
"""

callback_journal = numbered_table(
    "callback_journal",
    Column("callback_id", ForeignKey("callbacks.id"), nullable=False, index=True),
    *words(state=16),
    *moments("at"),
    *texts("note"),
)

decisions = numbered_table(
    "decisions",
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    *words(structure=64, decision=24),
    *texts("why"),
    *words(caller_e164=20),
    Column("wait_seconds", Float, nullable=False),
    *moments("decided_at"),
    Column("callback_id", ForeignKey("callbacks.id"), index=True),
    UniqueConstraint("call_id", "structure"),
)
"""Exactly one row per missed call (one call in one structure)."""

ORDER_UNDECIDED = "decided_at IS NULL"

orders = numbered_table(
    "orders",
    *words(server=64),
    *told(uniqueid=150),
    *moments("asked_at"),
    *told(queue=128, number=40, orderer=40, trunk=64, language=8),
    Column("choice", Integer, nullable=False),
    Column("credit_seconds", Float, nullable=False),
    *words(decision=24),
    *texts("why"),
    *moments("decided_at", nullable=True),
    Column("callback_id", ForeignKey("callbacks.id"), index=True),
    UniqueConstraint("server", "uniqueid", "asked_at"),
)
"""One row per call order a citizen confirmed by key, whichever way it was told; decided exactly once.

`uniqueid`: the call's channel, and so the visit that was left for it. Both numbers are forgotten once it is
decided: the callback has the one to dial.
"""
index("ix_orders_undecided", orders.c.id, where=ORDER_UNDECIDED)
index("ix_orders_asked_at", orders.c.asked_at)

attempts = table(
    "attempts",
    Column("id", String(64), primary_key=True),
    Column("callback_id", ForeignKey("callbacks.id"), nullable=False, index=True),
    *words(server=64, queue=128, trunk=64, dial_string=40),
    Column("number", Integer, nullable=False),
    *words(state=20, disposition=32),
    Column("cause", Integer),
    *moments("planned_at"),
    *moments("answered_at", "confirmed_at", "connected_at", "ended_at", nullable=True),
    *moments("deadline_at"),
    *words(agent=128),
    Column("talk_seconds", Float),
    CheckConstraint(is_one_of(ATTEMPT_STATES), name="state"),
)
"""`id` is the channel id given to Originate. `deadline_at`: then an attempt nobody heard of is resolved."""
index("uq_attempts_one_live_per_callback", attempts.c.callback_id, where=ATTEMPT_LIVE, unique=True)

index("ix_attempts_trunk", attempts.c.trunk, attempts.c.planned_at)
index("ix_attempts_planned_at", attempts.c.planned_at)

attempt_journal = numbered_table(
    "attempt_journal",
    Column("attempt_id", ForeignKey("attempts.id"), nullable=False, index=True),
    *words(state=20),
    *moments("at"),
    *texts("note"),
)

denied_numbers = table(
    "denied_numbers",
    Column("caller_e164", String(20), primary_key=True),
    *moments("since"),
    *texts("why"),
)
