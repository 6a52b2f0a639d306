"""How the hotline runs: agents, processes, switches, gaps; what its past days added up to; its reports."""

from __future__ import annotations

from typing import get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    Text,
    UniqueConstraint,
)

from ivr.config.reports import RunState
from ivr.storage.schema.columns import (
    Moment,
    index,
    is_one_of,
    keys,
    moments,
    numbered_table,
    table,
    texts,
    told,
    words,
)

agent_states = numbered_table(
    "agent_states",
    *words(server=64),
    *told(agent=128),
    *words(state=16),
    *told(reason=128),
    *moments("at"),
)
index("ix_agent_states_agent", agent_states.c.server, agent_states.c.agent, agent_states.c.at)

leases = table(
    "leases",
    *keys(server=64, role=16),
    *words(holder=160),
    *moments("expires_at"),
)
"""Which process fills a role (`recorder`, `dialer`) at a server until `expires_at`."""

switches = table(
    "switches",
    *keys(name=80),
    *moments("since"),
    *texts("why"),
)
"""What is switched off, a row each: `accept`, `dial`, `held:TRUNK` after a burst of short abandons, and
`dial:SERVER` while attempts of that server may be unknown here.
"""

processes = table(
    "processes",
    *keys(server=64, part=16, process=80),
    *moments("started_at", "seen_at"),
    Column("is_connected", Boolean, nullable=False),
    Column("report", Text, nullable=False, default="{}"),
)
"""Last sign of life of each part (recorder, dialer) by `host/pid`; `is_connected`: to the AMI.

`report`: what the part says of its own work since it started, as a JSON object: of its AGI scripts
(`ivr.asterisk.fastagi`), of hours closed by hand, of phones, of queue_log lines it put aside.
"""

minutes = table(
    "minutes",
    *keys(server=64),
    Column("minute_at", Moment, primary_key=True),
    Column("checks", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    *texts("why"),
    Column("import_id", ForeignKey("imports.id"), index=True),
)
"""Whether calls would have been answered and queued: up if no check failed; without a row: unknown.

`import_id`: of the file that said so; none: this software looked.
"""

audit = numbered_table(
    "audit",
    *moments("at"),
    *words(who=64, action=32, subject=150),
    *texts("note"),
)
"""What people did with private data. Only ever appended to."""

sealed_days = table(
    "sealed_days",
    *keys(day=10),
    *moments("begins_at", "ends_at"),
    Column("calls_deleted", Boolean, nullable=False, default=False),
    Column("callbacks_deleted", Boolean, nullable=False, default=False),
)
"""Local days whose totals are kept: nothing new is stored of them, whatever old file is read again.

What is deleted, or about to be, is no more there to be looked at.
"""

sealed_totals = numbered_table(
    "sealed_totals",
    Column("day", ForeignKey("sealed_days.day"), nullable=False, index=True),
    *words(record=16, server=64, structure=64, queue=128, origin=16, result=32),
    Column("number", Integer, nullable=False),
    Column("wait_seconds", Float, nullable=False),
    Column("talk_seconds", Float, nullable=False),
)
"""Totals of a local day, kept when its records are made nameless or deleted (`ivr.reading.totals`)."""

sealed_nodes = table(
    "sealed_nodes",
    Column("day", ForeignKey("sealed_days.day"), primary_key=True),
    *keys(node=255, left_by=16),
    Column("number", Integer, nullable=False),
)
"""How callers left each node of the menu on a sealed day (`ivr.reading.totals`)."""

day_figures = table(
    "day_figures",
    *keys(day=10),
    Column("version", Integer, nullable=False),
    *words(time_zone=64),
    *texts("parts"),
    *moments("made_at"),
)
"""Parts of a final local day, which the report sums instead of reading its records.

`version`: of the function that made them; `time_zone`: whose day it is. Whoever stores something of a day
deletes its row (`ivr.storage.records.day_figures`).
"""

issued_reports = numbered_table(
    "issued_reports",
    *told(number=80),
    *words(kind=16, label=16),
    *moments("issued_at"),
    *told(issued_by=80),
    *words(version=32, digest=64),
    *texts("document"),
    UniqueConstraint("number"),
)
"""Reports as they were issued; a row never changes. `digest`: of `document` (`ivr.reports.frozen`)."""

report_runs = table(
    "report_runs",
    *keys(schedule=255, period=16),
    *words(state=16),
    *moments("at"),
    *texts("why"),
    CheckConstraint(is_one_of(get_args(RunState)), name="state"),
)
"""What was made of `reports.schedule` (`ivr.reports.schedule` has its keys), since when, and why.

`mailing` is committed before the mail server may accept anything; who finds it later does not know whether it
has, and makes it `mail_unknown`, which is never sent again.
"""

log_positions = table(
    "log_positions",
    *keys(server=64, scope=64, first_line=64),
    Column("position", BigInteger, nullable=False),
    *words(token=32),
)
"""How far each queue_log file was read, known by a hash of its first line whatever it is called by now.

`position`: bytes of the unpacked file before which everything is settled. `scope`: which queues are recorded.
`token`: another one each time, by which the reader knows its own bookmark again.
"""

recorder_signs = table(
    "recorder_signs",
    *keys(server=64),
    *moments("heard_at"),
    *words(state=64),
)
"""When a recorder last heard that server's AMI.

`state`: a hash of what went on there when a recorder ended by plan; empty while one runs.
"""

gaps = numbered_table(
    "gaps",
    *words(server=64, reason=16),
    *moments("began_at", "ended_at"),
    Column("rebuilt", Integer),
)
"""When nobody listened (`reason`: `start`, `reconnect`) or what was heard could not be kept (`spool full`).

`rebuilt`: visits told by queue_log alone or in part; None until queue_log was read past the gap.
"""
index("ix_gaps_server_began_at", gaps.c.server, gaps.c.began_at)
