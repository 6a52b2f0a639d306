"""Calls as the recorder would have stored them, for tests of what is made of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

from ivr.storage.schema.recorded import calls, visits

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Queued:
    """One stay: `wait` seconds in `queue`, then `outcome`."""

    outcome: str = "abandoned"
    wait: float = 12.0
    queue: str = "dvx"
    structure: str = "dvx"


def store_call(
    connection: Connection,
    caller: str = "+994501234567",
    stays: Sequence[Queued] = (Queued(),),
    *,
    ended_at: datetime | None = None,
    is_over: bool = True,
    origin: str = "inbound",
    attempt_id: str = "",
    **facts: Any,
) -> int:
    """Store a call and its stays, one right after the other, the last ending at `ended_at` (default: now)."""
    uniqueid = f"1795363896.{next(_numbers)}"
    end = ended_at or datetime.now(UTC)
    joined = end - timedelta(seconds=sum(stay.wait for stay in stays))
    known = {
        "server": "main",
        "linkedid": uniqueid,
        "origin": origin,
        "caller": caller.replace("+994", "0"),
        "caller_e164": caller,
        "caller_kind": "mobile",
        "language": "ru",
        "began_at": joined - timedelta(seconds=5),
        "received_at": joined,
        "last_seen_at": end,
        "ended_at": end if is_over else None,
    }
    call_id = int(
        connection.execute(insert(calls).values({**known, **facts}).returning(calls.c.id)).scalar_one()
    )
    for stay in stays:
        left = joined + timedelta(seconds=stay.wait)
        connection.execute(
            insert(visits).values(
                call_id=call_id,
                server="main",
                uniqueid=uniqueid,
                linkedid=uniqueid,
                queue=stay.queue,
                structure=stay.structure,
                origin=origin,
                attempt_id=attempt_id,
                caller=known["caller"],
                caller_e164=caller,
                joined_at=joined,
                left_at=left,
                answered_at=left if stay.outcome == "answered" else None,
                outcome=stay.outcome,
                wait_seconds=stay.wait,
                language="ru",
                source="ami",
                precision="ms",
                received_at=joined,
            )
        )
        joined = left
    return call_id


def end_call(connection: Connection, call_id: int) -> None:
    """The call is over now."""
    connection.execute(update(calls).where(calls.c.id == call_id).values(ended_at=datetime.now(UTC)))
