"""What happened: calls, their visits to queues, ratings of talks."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
)

from ivr.storage.schema.columns import Moment, Told, numbered_table, partial_index

calls = numbered_table(
    "calls",
    Column("server", String(64), nullable=False),
    Column("linkedid", Told(150), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("caller", Told(80), nullable=False, default=""),
    Column("caller_e164", String(20), nullable=False, default=""),
    Column("caller_kind", String(16), nullable=False, default=""),
    Column("presentation", Told(40), nullable=False, default=""),
    Column("delivered", Told(20), nullable=False, default=""),
    Column("trunk", Told(64), nullable=False, default=""),
    Column("language", Told(8), nullable=False, default=""),
    Column("menu_path", Told(80), nullable=False, default=""),
    Column("left_menu", Told(64), nullable=False, default=""),
    Column("steps", Told(255), nullable=False, default=""),
    Column("began_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("ended_at", Moment, index=True),
    Column("ended_by", String(16), nullable=False, default=""),
    Column("is_interrupted", Boolean, nullable=False, default=False),
    Column("decided_at", Moment),
    Column("source", String(12), nullable=False, default="ami"),
    UniqueConstraint("server", "linkedid", "began_at"),
)
"""One call of a citizen (or of ours), open until `ended_at`. `is_interrupted`: an unclean stop left it open.

`decided_at`: the dialer has looked at it once it had ended; who adds a visit to such a call later clears it.
"""
CALL_UNDECIDED = "ended_at IS NOT NULL AND decided_at IS NULL"
partial_index("ix_calls_open", "ended_at IS NULL", calls.c.caller_e164)
Index("ix_calls_caller", calls.c.caller_e164, calls.c.began_at)
partial_index("ix_calls_undecided", CALL_UNDECIDED, calls.c.id)

visits = numbered_table(
    "visits",
    Column("call_id", ForeignKey("calls.id"), nullable=False, index=True),
    Column("server", String(64), nullable=False),
    Column("uniqueid", Told(150), nullable=False),
    Column("linkedid", Told(150), nullable=False, default=""),
    Column("queue", Told(128), nullable=False),
    Column("structure", Told(64), nullable=False, default=""),
    Column("origin", String(16), nullable=False),
    Column("attempt_id", Told(64), nullable=False, default=""),
    Column("caller", Told(80), nullable=False, default=""),
    Column("caller_e164", String(20), nullable=False, default=""),
    Column("joined_at", Moment, nullable=False, index=True),
    Column("left_at", Moment),
    Column("answered_at", Moment),
    Column("ended_at", Moment),
    Column("outcome", String(16), nullable=False),
    Column("ended_by", String(16), nullable=False, default=""),
    Column("wait_seconds", Float),
    Column("agent", Told(128), nullable=False, default=""),
    Column("agent_name", Told(128), nullable=False, default=""),
    Column("ring_seconds", Float),
    Column("talk_seconds", Float),
    Column("wrapup_seconds", Float),
    Column("menu_path", Told(80), nullable=False, default=""),
    Column("language", Told(8), nullable=False, default=""),
    Column("recorded", Boolean, nullable=False, default=False),
    Column("source", String(12), nullable=False),
    Column("precision", String(4), nullable=False),
    Column("clock_stepped", Boolean, nullable=False, default=False),
    Column("received_at", Moment, nullable=False),
    Column("log_joined_at", Moment),
    Column("log_outcome", String(16), nullable=False, default=""),
    Column("place", Told(150), nullable=False, default=""),
    UniqueConstraint("server", "uniqueid", "queue", "joined_at"),
)
"""One stay of one call in one queue. Which stay it is, is counted over `joined_at` when read, never stored.

`clock_stepped`: Asterisk's clock stepped during it; its durations come from our receipts.
`log_joined_at`, `log_outcome`: what queue_log itself said of it, whatever else is known (`ivr.visits.merge`).
`place`: the channel that stood there in the end, if that was another one than at its join (`uniqueid`).
"""
Index("ix_visits_caller", visits.c.caller_e164, visits.c.joined_at)
partial_index("ix_visits_open", "ended_at IS NULL", visits.c.server)
VISIT_OF_ATTEMPT = "attempt_id <> ''"
partial_index("ix_visits_attempt", VISIT_OF_ATTEMPT, visits.c.attempt_id)
VISIT_EXCHANGED = "place <> ''"
partial_index("ix_visits_place", VISIT_EXCHANGED, visits.c.server, visits.c.place)

surveys = numbered_table(
    "surveys",
    Column("server", String(64), nullable=False),
    Column("uniqueid", Told(150), nullable=False),
    Column("queue", Told(128), nullable=False),
    Column("agent", Told(128), nullable=False),
    Column("asked_at", Moment, nullable=False, index=True),
    Column("rating", Integer),
    UniqueConstraint("server", "uniqueid"),
)
"""Who was asked to rate a talk, and the rating, 1-5; none: not rated. The visit has the same uniqueid."""
