"""Signs of life in the store: which processes run, and minute by minute whether calls would have been queued.

Written by `ivr.recording.availability`; `hotline status` and the availability of the reports read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, case, delete, func, insert, select, update

from ivr.storage.engine.statements import insert_into, one_as
from ivr.storage.schema.columns import ago, database_now
from ivr.storage.schema.running import minutes, processes

RECORD: Final = "record"
"""The part that is `hotline record`: where it is alone, no other is missing."""
FORGOTTEN_AFTER = timedelta(days=1)
"""A process that has been silent this long is dropped once its successor starts."""


@dataclass(frozen=True, slots=True)
class Process:
    """One part in one process; `process` is `host/pid`, the moments are the database's.

    `scripts`: what its AGI scripts did since it started, as `ivr.asterisk.fastagi` tells; of the recorder,
    which hours are `closed` by hand, and until when.
    """

    server: str
    part: str
    process: str
    started_at: datetime
    seen_at: datetime
    is_connected: bool
    scripts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Minute:
    """Checks of one minute of one server; `why` says what the latest failed one found."""

    server: str
    minute_at: datetime
    checks: int
    failed: int
    why: str = ""


def begin(connection: Connection, server: str, part: str, process: str) -> None:
    """That part starts in that process; an earlier one of the same name is replaced."""
    is_gone = (processes.c.process == process) | (processes.c.seen_at < ago(FORGOTTEN_AFTER))
    connection.execute(
        delete(processes).where(processes.c.server == server, processes.c.part == part, is_gone)
    )
    now = database_now()
    connection.execute(
        insert(processes).values(
            server=server, part=part, process=process, started_at=now, seen_at=now, is_connected=False
        )
    )


def note_alive(
    connection: Connection, server: str, part: str, process: str, is_connected: bool, scripts: str = "{}"
) -> None:
    """That part still runs."""
    connection.execute(
        update(processes)
        .where(processes.c.server == server, processes.c.part == part, processes.c.process == process)
        .values(seen_at=database_now(), is_connected=is_connected, scripts=scripts)
    )


def running(connection: Connection) -> list[Process]:
    """Every process that is known, by server and part, the latest seen first."""
    order = (processes.c.server, processes.c.part.desc(), processes.c.seen_at.desc())
    rows = connection.execute(select(processes).order_by(*order)).mappings()
    return [Process(**{**row, "scripts": json.loads(row["scripts"])}) for row in rows]


def note_minutes(connection: Connection, observed: Iterable[Minute]) -> None:
    """Add the checks to those the store has of the same minutes, another recorder's included."""
    for minute in observed:
        more = {
            "checks": minutes.c.checks + minute.checks,
            "failed": minutes.c.failed + minute.failed,
            "why": minute.why or minutes.c.why,
        }
        row = insert_into(connection, minutes).values(asdict(minute))
        connection.execute(row.on_conflict_do_update(index_elements=["server", "minute_at"], set_=more))


@dataclass(frozen=True, slots=True)
class Availability:
    """Minutes of a period: `unknown` are those without a row, which count as neither up nor down."""

    up: int
    down: int
    unknown: int
    last_down: Minute | None


def availability(connection: Connection, server: str, since: datetime, until: datetime) -> Availability:
    """How many of the whole minutes from `since` to before `until` were up, down and unknown."""
    during = (minutes.c.server == server, minutes.c.minute_at >= since, minutes.c.minute_at < until)
    known, down = connection.execute(
        select(func.count(), func.coalesce(func.sum(case((minutes.c.failed > 0, 1), else_=0)), 0)).where(
            *during
        )
    ).one()
    failed = select(minutes).where(*during, minutes.c.failed > 0)
    last = one_as(connection, Minute, failed.order_by(minutes.c.minute_at.desc()).limit(1))
    whole = (until - since) // timedelta(minutes=1)
    return Availability(known - down, int(down), whole - known, last)
