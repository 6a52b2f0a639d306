"""What happened: calls, their visits to queues, ratings of talks."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, UniqueConstraint

from ivr.storage.schema.columns import index, moments, numbered_table, told, words

calls = numbered_table(
    "calls",
    *words(server=64),
    *told(linkedid=150),
    *words(origin=16),
    *told(caller=80),
    *words(caller_e164=20, caller_kind=16),
    *told(presentation=40, delivered=20, trunk=64, language=8, menu_path=80, left_menu=64, steps=255),
    *moments("began_at", "received_at", "last_seen_at"),
    *moments("ended_at", nullable=True, index=True),
    *words(ended_by=16),
    Column("is_interrupted", Boolean, nullable=False, default=False),
    *moments("decided_at", nullable=True),
    Column("source", String(12), nullable=False, default="ami"),
    UniqueConstraint("server", "linkedid", "began_at"),
)
"""One call of a citizen (or of ours), open until `ended_at`. `is_interrupted`: an unclean stop left it open.

`decided_at`: the dialer has looked at it once it had ended; who adds a visit to such a call later clears it.
"""
CALL_UNDECIDED = "ended_at IS NOT NULL AND decided_at IS NULL"
index("ix_calls_open", calls.c.caller_e164, where="ended_at IS NULL")
index("ix_calls_caller", calls.c.caller_e164, calls.c.began_at, calls.c.origin)
index("ix_calls_undecided", calls.c.id, where=CALL_UNDECIDED)

visits = numbered_table(
    "visits",
    Column("call_id", ForeignKey("calls.id"), nullable=False, index=True),
    *words(server=64),
    *told(uniqueid=150, linkedid=150, queue=128, structure=64),
    *words(origin=16),
    *told(attempt_id=64, caller=80),
    *words(caller_e164=20),
    *moments("joined_at", index=True),
    *moments("left_at", "answered_at", "ended_at", nullable=True),
    *words(outcome=16, ended_by=16),
    Column("wait_seconds", Float),
    *told(agent=128, agent_name=128),
    Column("ring_seconds", Float),
    Column("talk_seconds", Float),
    Column("wrapup_seconds", Float),
    *told(menu_path=80, language=8),
    Column("recorded", Boolean, nullable=False, default=False),
    *words(source=12, precision=4),
    Column("clock_stepped", Boolean, nullable=False, default=False),
    Column("uncertain", Boolean, nullable=False, default=False),
    *moments("received_at"),
    *moments("log_joined_at", nullable=True),
    *words(log_outcome=16),
    *told(place=150),
    UniqueConstraint("server", "uniqueid", "queue", "joined_at"),
)
"""One stay of one call in one queue. Which stay it is, is counted over `joined_at` when read, never stored.

`clock_stepped`: Asterisk's clock stepped during it; its durations come from our receipts.
`uncertain`: nothing named its outcome, or what queue_log says of it can be read in another way.
`log_joined_at`, `log_outcome`: what queue_log itself said of it, whatever else is known (`ivr.visits.merge`).
`place`: the channel that stood there in the end, if that was another one than at its join (`uniqueid`).
"""
index("ix_visits_caller", visits.c.caller_e164, visits.c.joined_at)
index("ix_visits_open", visits.c.server, where="ended_at IS NULL")
VISIT_OF_ATTEMPT = "attempt_id <> ''"
index("ix_visits_attempt", visits.c.attempt_id, where=VISIT_OF_ATTEMPT)
VISIT_EXCHANGED = "place <> ''"
index("ix_visits_place", visits.c.server, visits.c.place, where=VISIT_EXCHANGED)

surveys = numbered_table(
    "surveys",
    *words(server=64),
    *told(uniqueid=150, queue=128, agent=128),
    *moments("asked_at", index=True),
    Column("rating", Integer),
    UniqueConstraint("server", "uniqueid"),
)
"""Who was asked to rate a talk, and the rating, 1-5; none: not rated. The visit has the same uniqueid."""
