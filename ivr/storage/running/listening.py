"""When recorders heard AMI and when nobody did; how much of that queue_log told afterwards.

And how far each queue_log file was read: the bookmarks of backfill and of the recorder.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import uuid4

from sqlalchemy import BigInteger, Connection, and_, exists, func, insert, or_, select, type_coerce, update
from sqlalchemy.sql.elements import ColumnElement

from ivr.storage.engine.statements import all_as, columns, put, unindexed
from ivr.storage.schema.columns import ago, database_now
from ivr.storage.schema.recorded import visits
from ivr.storage.schema.running import gaps, log_positions, recorder_signs
from ivr.visits.records import LONGEST_CALL

Reason = Literal["start", "reconnect", "spool full", "still"]

SIGN_EVERY: Final = 5.0
"""Seconds between two signs of life of a recorder."""
SILENT_AFTER: Final = timedelta(seconds=20)
"""Four beats: who has not been seen for longer does not run, or cannot reach the database."""
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_LONGEST: Final = LONGEST_CALL // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody listened, or nothing more could be kept.

    `rebuilt`: visits queue_log told, alone or in part; None until it was read past it.
    """

    reason: Reason
    began_at: datetime
    ended_at: datetime
    rebuilt: int | None = None


_GAP: Final = columns(Gap, gaps)


def heard(connection: Connection, server: str) -> None:
    """A recorder hears that server's AMI now."""
    put(connection, recorder_signs, {"server": server}, {"heard_at": database_now(), "state": ""})


def leave(connection: Connection, server: str, state: str) -> None:
    """The recorder ends by plan; `state`: a hash of what goes on there, empty if Asterisk did not say."""
    connection.execute(update(recorder_signs).filter_by(server=server).values(state=state))


def last_heard(connection: Connection, server: str) -> tuple[datetime | None, str]:
    """The last sign of life of that server's recorder, None if it never had one, and the state it left."""
    query = select(recorder_signs.c.heard_at, recorder_signs.c.state).filter_by(server=server)
    row = connection.execute(query).first()
    return (row.heard_at, row.state) if row else (None, "")


def is_silent(connection: Connection, server: str) -> bool:
    """Whether a recorder that heard that server hears it no more: who calls there now is not known.

    A sign of life that is to come was given by a wrong clock.
    """
    lately = recorder_signs.c.heard_at.between(ago(SILENT_AFTER), ago(-SILENT_AFTER))
    return bool(connection.scalar(select(exists().where(recorder_signs.c.server == server, ~lately))))


def add_gap(connection: Connection, server: str, gap: Gap) -> None:
    """Nobody listened between those moments."""
    connection.execute(insert(gaps).values(server=server, **asdict(gap)))


def is_open_gap(connection: Connection, server: str, read_from: datetime) -> bool:
    """Whether there is a gap since then that queue_log was not read past yet."""
    return bool(connection.scalar(select(exists().where(*_is_open(server, read_from)))))


def count_rebuilt(connection: Connection, server: str, read_from: datetime, read_to: datetime) -> None:
    """Close the gaps in the time that queue_log was read of: how many of their visits it told, or a part of.

    A gap that began before is open still: what was written then may stand in a file nobody has read.
    """
    from_log = or_(visits.c.source == "queue_log", and_(visits.c.source == "both", visits.c.precision == "s"))
    was_there = and_(
        unindexed(visits.c.server) == server,
        # Nothing earlier can reach into the gap; without this every visit there ever was would be looked at.
        type_coerce(visits.c.joined_at, BigInteger) >= type_coerce(gaps.c.began_at, BigInteger) - _LONGEST,
        visits.c.joined_at <= gaps.c.ended_at,
        func.coalesce(visits.c.ended_at, gaps.c.ended_at) >= gaps.c.began_at,
    )
    rebuilt = select(func.count()).select_from(visits).where(from_log, was_there).scalar_subquery()
    is_read = (*_is_open(server, read_from), gaps.c.ended_at < read_to)
    connection.execute(update(gaps).where(*is_read).values(rebuilt=rebuilt))


def _is_open(server: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return gaps.c.server == server, gaps.c.rebuilt.is_(None), gaps.c.began_at >= since


def gaps_between(connection: Connection, server: str, begin: datetime, end: datetime) -> tuple[Gap, ...]:
    """Gaps of that server that touch a period, the oldest first."""
    touching = (gaps.c.server == server, gaps.c.began_at < end, gaps.c.ended_at > begin)
    return tuple(all_as(connection, Gap, select(*_GAP).where(*touching).order_by(gaps.c.began_at)))


def every_gap(
    connection: Connection, begin: datetime = _FIRST, end: datetime = _LAST
) -> list[tuple[str, Gap]]:
    """All that touch the period, each behind its server's name, the oldest first, then what is not over yet.

    Before somebody listened to a server for the first time there is no gap.
    """
    query = select(gaps.c.server, *_GAP).where(gaps.c.ended_at > begin, gaps.c.began_at < end)
    found = [(server, Gap(*gap)) for server, *gap in connection.execute(query.order_by(gaps.c.began_at))]
    signs = select(recorder_signs.c.server, recorder_signs.c.heard_at, database_now())
    for server, heard_at, now in connection.execute(signs.order_by(recorder_signs.c.server)):
        if now - heard_at > SILENT_AFTER and heard_at < end and now > begin:
            found.append((server, Gap("still", heard_at, now)))
    return found


def note_position(connection: Connection, server: str, scope: str, first_line: str, position: int) -> None:
    """Everything before `position` of that file is stored."""
    key = {"server": server, "scope": scope, "first_line": first_line}
    put(connection, log_positions, key, {"position": position, "token": uuid4().hex})


def position_token(connection: Connection, server: str, scope: str, first_line: str) -> str | None:
    """The bookmark's own token; None if that file has no bookmark."""
    key = {"server": server, "scope": scope, "first_line": first_line}
    return connection.scalar(select(log_positions.c.token).filter_by(**key))


def is_any_log_known(connection: Connection, server: str) -> bool:
    """Whether queue_log of that server was ever read."""
    return bool(connection.scalar(select(exists().where(log_positions.c.server == server))))


def positions(connection: Connection, server: str, scope: str) -> dict[str, int]:
    """Positions by the hash of the file's first line."""
    query = select(log_positions.c.first_line, log_positions.c.position)
    return dict(connection.execute(query.filter_by(server=server, scope=scope)).all())
