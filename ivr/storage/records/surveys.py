"""Surveys in the store: each talk asked about once, whoever tells of it and how often."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from ivr.storage.engine.statements import advisory_lock
from ivr.storage.records.sealed import sealed_between
from ivr.storage.schema.recorded import surveys, visits
from ivr.visits.records import Survey


def keep(connection: Connection, told: Iterable[Survey]) -> None:
    """Store that somebody was asked, or what they answered; told again, by either source, it is the same."""
    for survey in told:
        advisory_lock(connection, f"visits {survey.server}")
        is_this = (surveys.c.server == survey.server) & (surveys.c.uniqueid == survey.uniqueid)
        known = connection.execute(select(surveys).where(is_this)).one_or_none()
        if known is not None:
            asked_at = min(known.asked_at, survey.asked_at)
            rating = survey.rating if known.rating is None else known.rating
            if (asked_at, rating) != (known.asked_at, known.rating):
                connection.execute(update(surveys).where(is_this).values(asked_at=asked_at, rating=rating))
        elif not sealed_between(connection, survey.asked_at, survey.asked_at, only_deleted=True):
            connection.execute(insert(surveys).values(survey._asdict()))


def was_asked_since(connection: Connection, server: str, uniqueid: str, since: datetime) -> bool:
    """Whether the caller of that visit was asked in any call since then; unknown callers were not."""
    same_channel = (visits.c.server == server) & (visits.c.uniqueid == uniqueid)
    caller = connection.scalar(select(visits.c.caller_e164).where(same_channel).limit(1))
    asked = (
        select(surveys.c.id)
        .join(visits, (visits.c.server == surveys.c.server) & (visits.c.uniqueid == surveys.c.uniqueid))
        .where(visits.c.caller_e164 == caller, surveys.c.asked_at >= since)
    )
    return bool(caller) and connection.scalar(asked.limit(1)) is not None
