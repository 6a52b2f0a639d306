"""Tables of the store, the same on SQLite and PostgreSQL, with the guards that make double work impossible.

First what happened (calls, visits, ratings), then what is owed (decisions, orders, callbacks, attempts), then
how the hotline runs and what its past days added up to. Moments are epoch milliseconds UTC
(`ivr.storage.moments.Moment` turns them into aware datetimes and back), so that both databases compare them
alike. Every change of state of a callback or an attempt also appends a row to its journal; nothing is
overwritten there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator

from ivr.calls.callback_states import ATTEMPT_STATES, CALLBACK_STATES, OPEN_STATES
from ivr.storage.moments import Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Constraints are named by one rule: migrations name them again."""


class Told(TypeDecorator[str]):
    """Column type: VARCHAR of that length for text a caller, an agent or Asterisk chose.

    It is cut to its column, without what PostgreSQL refuses. SQLite keeps anything of any length; PostgreSQL
    would refuse the whole record for one character too many.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def keeps(self, values: Collection[str]) -> bool:
        """Whether all of them are stored as they are; asked of a thousand at once."""
        text = "".join(values)
        return text.isascii() and "\0" not in text and max(map(len, values), default=0) <= self.length

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        if value is None or (len(value) <= self.length and value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode(errors="replace").decode()[: self.length]


def _table(name: str, *columns: SchemaItem) -> Table:
    return Table(name, metadata, *columns)


def _numbered_table(name: str, *columns: SchemaItem) -> Table:
    """Its rows have an `id`, in the order in which they were stored."""
    return _table(name, Column("id", Integer, primary_key=True), *columns)


def _partial_index(name: str, where: str, *columns: Column[Any], unique: bool = False) -> None:
    """An index of the rows that meet `where`; queries are found by it if they say the same."""
    Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def _is_one_of(states: Iterable[str]) -> str:
    return f"state IN ({', '.join(map(repr, states))})"


calls = _numbered_table(
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
_partial_index("ix_calls_open", "ended_at IS NULL", calls.c.caller_e164)
Index("ix_calls_caller", calls.c.caller_e164, calls.c.began_at)
_partial_index("ix_calls_undecided", CALL_UNDECIDED, calls.c.id)

visits = _numbered_table(
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
_partial_index("ix_visits_open", "ended_at IS NULL", visits.c.server)
VISIT_OF_ATTEMPT = "attempt_id <> ''"
_partial_index("ix_visits_attempt", VISIT_OF_ATTEMPT, visits.c.attempt_id)
VISIT_EXCHANGED = "place <> ''"
_partial_index("ix_visits_place", VISIT_EXCHANGED, visits.c.server, visits.c.place)

surveys = _numbered_table(
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

CALLBACK_OPEN = _is_one_of(OPEN_STATES)
ATTEMPT_LIVE = "state <> 'ended'"

callbacks = _numbered_table(
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
    CheckConstraint(_is_one_of(CALLBACK_STATES), name="state"),
)
_partial_index("uq_callbacks_one_open_per_number", CALLBACK_OPEN, callbacks.c.caller_e164, unique=True)
Index("ix_callbacks_due", callbacks.c.state, callbacks.c.due_at)
Index("ix_callbacks_caller", callbacks.c.caller_e164, callbacks.c.created_at)
"""`orderer`: the caller id, or who gave the command, that asked for it; `arrived_over`: by which trunk.

`owed_at`: when it became owed, empty before; `held_for`: what it waits for while it is held, or waited for.
"""

callback_journal = _numbered_table(
    "callback_journal",
    Column("callback_id", ForeignKey("callbacks.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False, default=""),
)

decisions = _numbered_table(
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

orders = _numbered_table(
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
_partial_index("ix_orders_undecided", ORDER_UNDECIDED, orders.c.id)

attempts = _table(
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
    CheckConstraint(_is_one_of(ATTEMPT_STATES), name="state"),
)
"""`id` is the channel id given to Originate. `deadline_at`: then an attempt nobody heard of is resolved."""
_partial_index("uq_attempts_one_live_per_callback", ATTEMPT_LIVE, attempts.c.callback_id, unique=True)

Index("ix_attempts_trunk", attempts.c.trunk, attempts.c.planned_at)

attempt_journal = _numbered_table(
    "attempt_journal",
    Column("attempt_id", ForeignKey("attempts.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False, default=""),
)

denied_numbers = _table(
    "denied_numbers",
    Column("caller_e164", String(20), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("why", Text, nullable=False),
)

agent_states = _numbered_table(
    "agent_states",
    Column("server", String(64), nullable=False),
    Column("agent", Told(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Told(128), nullable=False, default=""),
    Column("at", Moment, nullable=False),
)
Index("ix_agent_states_agent", agent_states.c.server, agent_states.c.agent, agent_states.c.at)

leases = _table(
    "leases",
    Column("server", String(64), primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("holder", String(160), nullable=False),
    Column("expires_at", Moment, nullable=False),
)
"""Which process fills a role (`recorder`, `dialer`) at a server until `expires_at`."""

switches = _table(
    "switches",
    Column("name", String(80), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("why", Text, nullable=False),
)
"""What is switched off, a row each: `accept`, `dial`, `held:TRUNK` after a burst of short abandons, and
`dial:SERVER` while attempts of that server may be unknown here.
"""

processes = _table(
    "processes",
    Column("server", String(64), primary_key=True),
    Column("part", String(16), primary_key=True),
    Column("process", String(80), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("is_connected", Boolean, nullable=False),
    Column("scripts", Text, nullable=False, default="{}"),
)
"""Last sign of life of each part (recorder, dialer) by `host/pid`; `is_connected`: to the AMI.

`scripts`: what its AGI scripts did since it started, as JSON (`ivr.asterisk.fastagi`), or which hours are
closed by hand.
"""

minutes = _table(
    "minutes",
    Column("server", String(64), primary_key=True),
    Column("minute_at", Moment, primary_key=True),
    Column("checks", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("why", Text, nullable=False, default=""),
)
"""Whether calls would have been answered and queued: up if no check failed; without a row: unknown."""

audit = _numbered_table(
    "audit",
    Column("at", Moment, nullable=False),
    Column("who", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(150), nullable=False),
    Column("note", Text, nullable=False, default=""),
)
"""What people did with private data. Only ever appended to."""

sealed_days = _table(
    "sealed_days",
    Column("day", String(10), primary_key=True),
    Column("sealed_at", Moment, nullable=False),
    Column("begins_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("calls_deleted", Boolean, nullable=False, default=False),
    Column("callbacks_deleted", Boolean, nullable=False, default=False),
)
"""Local days whose totals are kept: nothing new is stored of them, whatever old file is read again.

What is deleted, or about to be, is no more there to be looked at.
"""

sealed_totals = _numbered_table(
    "sealed_totals",
    Column("day", ForeignKey("sealed_days.day"), nullable=False, index=True),
    Column("record", String(16), nullable=False),
    Column("server", String(64), nullable=False),
    Column("structure", String(64), nullable=False),
    Column("queue", String(128), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("result", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("wait_seconds", Float, nullable=False),
    Column("talk_seconds", Float, nullable=False),
)
"""Totals of a local day, kept when its records are made nameless or deleted (`ivr.storage.totals`)."""

sealed_nodes = _table(
    "sealed_nodes",
    Column("day", ForeignKey("sealed_days.day"), primary_key=True),
    Column("node", String(255), primary_key=True),
    Column("left_by", String(16), primary_key=True),
    Column("number", Integer, nullable=False),
)
"""How callers left each node of the menu on a sealed day (`ivr.storage.totals`)."""

log_positions = _table(
    "log_positions",
    Column("server", String(64), primary_key=True),
    Column("scope", String(64), primary_key=True),
    Column("first_line", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("read_to_at", Moment, nullable=False),
    Column("token", String(32), nullable=False, default=""),
)
"""How far each queue_log file was read, known by a hash of its first line whatever it is called by now.

`position`: bytes of the unpacked file before which everything is settled. `scope`: which queues are recorded.
`token`: another one each time, by which the reader knows its own bookmark again.
"""

recorder_signs = _table(
    "recorder_signs",
    Column("server", String(64), primary_key=True),
    Column("heard_at", Moment, nullable=False),
)
"""When a recorder last heard that server's AMI."""

gaps = _numbered_table(
    "gaps",
    Column("server", String(64), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("rebuilt", Integer),
)
"""When nobody listened (`reason`: `start`, `reconnect`) or what was heard could not be kept (`spool full`).

`rebuilt`: visits told by queue_log alone or in part; None until queue_log was read past the gap.
"""
Index("ix_gaps_server_began_at", gaps.c.server, gaps.c.began_at)
