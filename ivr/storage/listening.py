"""When recorders heard AMI and when nobody did; how much of that queue_log told afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)

from ivr.storage.moments import database_now
from ivr.storage.schema import gaps, recorder_signs, visits

SIGN_EVERY: Final = 5.0
"""Seconds between two signs of life of a recorder."""
_SILENT_AFTER: Final = timedelta(seconds=4 * SIGN_EVERY)


def heard(connection: Connection, server: str, at: datetime) -> None:
    """A recorder hears that server's AMI at that moment."""
    known = update(recorder_signs).where(recorder_signs.c.server == server).values(heard_at=at)
    if not connection.execute(known).rowcount:
        connection.execute(insert(recorder_signs).values(server=server, heard_at=at))


def last_heard(connection: Connection, server: str) -> datetime | None:
    """The last sign of life of that server's recorder; None if it never had one."""
    query = select(recorder_signs.c.heard_at).where(recorder_signs.c.server == server)
    return connection.scalar(query)


def is_listened(connection: Connection, server: str) -> bool:
    """Whether a recorder hears that server's AMI now."""
    since = type_coerce(database_now(), BigInteger) - _SILENT_AFTER // timedelta(milliseconds=1)
    is_alive = exists().where(
        recorder_signs.c.server == server, type_coerce(recorder_signs.c.heard_at, BigInteger) > since
    )
    return bool(connection.scalar(select(is_alive)))


def add_gap(connection: Connection, server: str, reason: str, began_at: datetime, ended_at: datetime) -> None:
    """Nobody listened between those moments."""
    connection.execute(
        insert(gaps).values(server=server, reason=reason, began_at=began_at, ended_at=ended_at, rebuilt=None)
    )


def count_rebuilt(connection: Connection, server: str, read_to: datetime) -> None:
    """Close the gaps that queue_log has been read past: how many visits in them it told, alone or in part."""
    open_gaps = select(gaps).where(
        gaps.c.server == server, gaps.c.rebuilt.is_(None), gaps.c.ended_at < read_to
    )
    for gap in connection.execute(open_gaps).all():
        from_log = or_(
            visits.c.source == "queue_log", and_(visits.c.source == "both", visits.c.precision == "s")
        )
        rebuilt = connection.scalar(
            select(func.count())
            .select_from(visits)
            .where(
                visits.c.server == server,
                from_log,
                visits.c.joined_at <= gap.ended_at,
                func.coalesce(visits.c.ended_at, gap.ended_at) >= gap.began_at,
            )
        )
        connection.execute(update(gaps).where(gaps.c.id == gap.id).values(rebuilt=rebuilt))


def gaps_between(connection: Connection, begin: datetime, end: datetime) -> Sequence[Row[Any]]:
    """Gaps that touch a period, the oldest first: server, reason, began_at, ended_at, rebuilt."""
    query = select(gaps).where(gaps.c.began_at < end, gaps.c.ended_at > begin).order_by(gaps.c.began_at)
    return connection.execute(query).all()
