"""The records some local days' figures rest on, as `ivr.figures.evidence` wants them.

One load for a few days at a time: their contacts, and for a week and a deadline after them who called again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, case, exists, func, select, type_coerce

from ivr.calls.opening_hours import Schedule
from ivr.figures.classes import RETURN_WITHIN, AttemptMade, Never
from ivr.figures.contacts import Contact, CountedVisit, contacts
from ivr.figures.day import OtherCounts, Rules
from ivr.figures.evidence import (
    Channel,
    Evidence,
    Joined,
    OtherMissedCall,
    PlannedAttempt,
    RequestMade,
    caller_key,
)
from ivr.figures.parts import ALL
from ivr.reading.totals import ways_out
from ivr.storage.engine.statements import among
from ivr.storage.records.sealed import begins
from ivr.storage.schema.imported import inquiries, outside_attempts, topics
from ivr.storage.schema.owed import attempts, callbacks, decisions, orders
from ivr.storage.schema.recorded import calls, surveys, visits
from ivr.storage.schema.running import minutes
from ivr.visits.records import LONGEST_CALL

_FOR_MISSED_CALLS: Final = ("missed", "ordered")
"""Reasons of callbacks that answer a lost contact; to inform or to answer an inquiry is not one."""
_STRUCTURE: Final = case(
    (visits.c.structure != "", visits.c.structure),
    (visits.c.queue == ALL, f"{ALL} (queue)"),
    else_=visits.c.queue,
)
"""Where no configuration said more when it was recorded, each queue is a structure, none the sum of all."""
_OTHERWISE: Final[dict[str, Any]] = {"call_ended_at": calls.c.ended_at, "structure": _STRUCTURE}
_VISIT: Final = [
    _OTHERWISE[name] if name in _OTHERWISE else visits.c[name] if name in visits.c else calls.c[name]
    for name in CountedVisit._fields
]


def evidence(
    connection: Connection, first: date, last: date, rules: Rules, why_never: Callable[[str], Never]
) -> Evidence:
    """All that the figures of the local days from `first` to `last` rest on."""
    zone = rules.hours.zone
    begin, end = begins(first, zone), begins(last + timedelta(days=1), zone)
    around = (begin - LONGEST_CALL, end + LONGEST_CALL)
    is_theirs = select(visits.c.call_id).where(_during(visits.c.joined_at, begin, end))
    decided = _decisions(connection, is_theirs)
    asked = _requests(connection, *around)
    owed = {callback for _, callback in decided.values() if callback}
    owed |= {one.callback_id for made in asked.values() for one in made if one.callback_id}
    known = select(callbacks.c.id, callbacks.c.state).where(
        among(connection, callbacks.c.id, owed), callbacks.c.reason.in_(_FOR_MISSED_CALLS)
    )
    states: dict[int, str] = dict(connection.execute(known).all())
    found = [one for one in _contacts(connection, is_theirs) if begin <= one.joined_at < end]
    queued = {(one.server, channel) for one in found for channel in one.channels}
    until = max(rules.redial_until(last), end + RETURN_WITHIN + LONGEST_CALL)
    return Evidence(
        contacts=_by_day(found, rules),
        joined=_joined(connection, around[0], until, is_theirs),
        decisions=decided,
        requests=asked,
        callbacks=states,
        attempts=_attempts(connection, states),
        outside_attempts=_outside_attempts(connection, begin, end + RETURN_WITHIN + LONGEST_CALL),
        ratings=_ratings(connection, *around),
        topics=_topics(connection, is_theirs),
        sheets=frozenset(
            connection.execute(
                select(inquiries.c.call_id, inquiries.c.structure).where(inquiries.c.call_id.in_(is_theirs))
            )
        ),
        planned=_planned(connection, begin, end),
        other_missed=_other_missed(connection, begin, end),
        menu_requests=[one.asked_at for channel in asked.keys() - queued for one in asked[channel]],
        why_never=why_never,
    )


def other_counts(connection: Connection, day: date, hours: Schedule, servers: Iterable[str]) -> OtherCounts:
    """What of that local day belongs to no contact; minutes are those of the service hours until now."""
    return OtherCounts(_minutes(connection, day, hours, servers), ways_out(connection, day, hours.zone))


def _during(column: Any, begin: datetime, end: datetime) -> ColumnElement[bool]:
    during: ColumnElement[bool] = (column >= begin) & (column < end)
    return during


def _contacts(connection: Connection, is_theirs: Any) -> Iterable[Contact]:
    query = select(*_VISIT).join(calls, calls.c.id == visits.c.call_id)
    query = query.where(visits.c.call_id.in_(is_theirs), visits.c.origin == "inbound")
    rows = connection.execute(query.order_by(visits.c.call_id, visits.c.joined_at, visits.c.id))
    return contacts(map(CountedVisit._make, rows.all()))


def _by_day(found: Iterable[Contact], rules: Rules) -> dict[date, list[Contact]]:
    by_day: defaultdict[date, list[Contact]] = defaultdict(list)
    for contact in found:
        by_day[contact.joined_at.astimezone(rules.hours.zone).date()].append(contact)
    return by_day


def _joined(
    connection: Connection, begin: datetime, end: datetime, is_theirs: Any
) -> dict[str, list[Joined]]:
    """Of those who called in the days of which `is_theirs` selects the calls, whatever they joined."""
    theirs = visits.alias()
    numbers = select(theirs.c.caller_e164).where(theirs.c.call_id.in_(is_theirs), theirs.c.caller_e164 != "")
    who = (visits.c.caller_e164, visits.c.call_id, _STRUCTURE)
    query = select(*who, visits.c.joined_at, visits.c.answered_at)
    query = query.where(_during(visits.c.joined_at, begin, end), visits.c.origin == "inbound")
    is_known = visits.c.caller_e164.in_(numbers)
    is_nameless = (visits.c.caller_e164 == "") & visits.c.call_id.in_(is_theirs)
    found: defaultdict[str, list[Joined]] = defaultdict(list)
    # Two statements: for either of two subqueries PostgreSQL has no plan but to ask for every row.
    for is_one_of_them in (is_known, is_nameless):
        for number, *rest in connection.execute(query.where(is_one_of_them)).all():
            found[caller_key(number, rest[0])].append(Joined(*rest))
    return found


def _decisions(connection: Connection, is_theirs: Any) -> dict[tuple[int, str], tuple[str, int | None]]:
    row = (decisions.c.call_id, decisions.c.structure, decisions.c.decision, decisions.c.callback_id)
    found = connection.execute(select(*row).where(decisions.c.call_id.in_(is_theirs)))
    return {(call, structure): (decision, callback) for call, structure, decision, callback in found}


def _other_missed(connection: Connection, begin: datetime, end: datetime) -> list[OtherMissedCall]:
    """By the first join there; a call that has an inbound visit there, too, is a contact."""
    inbound = visits.alias()
    is_contact = exists().where(
        inbound.c.call_id == visits.c.call_id,
        inbound.c.structure == visits.c.structure,
        inbound.c.origin == "inbound",
    )
    first = func.min(visits.c.joined_at)
    its = (decisions.c.call_id == visits.c.call_id) & (decisions.c.structure == visits.c.structure)
    query = select(first, visits.c.structure, func.min(visits.c.origin)).join(decisions, its)
    query = query.where(_during(visits.c.joined_at, begin - LONGEST_CALL, end))
    query = query.where(visits.c.origin != "inbound", ~is_contact)
    grouped = query.group_by(visits.c.call_id, visits.c.structure).having(first >= begin)
    return [OtherMissedCall(*one) for one in connection.execute(grouped)]


def _requests(connection: Connection, begin: datetime, end: datetime) -> dict[Channel, list[RequestMade]]:
    found: defaultdict[Channel, list[RequestMade]] = defaultdict(list)
    row = (orders.c.asked_at, orders.c.queue, orders.c.decision, orders.c.callback_id)
    query = select(orders.c.server, orders.c.uniqueid, *row).where(_during(orders.c.asked_at, begin, end))
    for server, uniqueid, *request in connection.execute(query):
        found[server, uniqueid].append(RequestMade(*request))
    return found


def _attempts(connection: Connection, states: dict[int, str]) -> dict[int, list[AttemptMade]]:
    found: defaultdict[int, list[AttemptMade]] = defaultdict(list)
    row = (attempts.c.callback_id, attempts.c.planned_at, attempts.c.disposition, attempts.c.connected_at)
    for callback, at, disposition, connected in connection.execute(
        select(*row).where(among(connection, attempts.c.callback_id, states))
    ):
        if disposition:
            talked = connected if disposition == "reached" else None
            found[callback].append(AttemptMade(at, disposition, talked))
    return found


def _outside_attempts(connection: Connection, begin: datetime, end: datetime) -> dict[str, list[AttemptMade]]:
    found: defaultdict[str, list[AttemptMade]] = defaultdict(list)
    row = (outside_attempts.c.caller_e164, outside_attempts.c.at, outside_attempts.c.outcome)
    for number, at, outcome in connection.execute(
        select(*row).where(_during(outside_attempts.c.at, begin, end))
    ):
        found[number].append(AttemptMade(at, outcome, at if outcome == "reached" else None))
    return found


def _ratings(connection: Connection, begin: datetime, end: datetime) -> dict[Channel, tuple[str, int | None]]:
    row = (surveys.c.server, surveys.c.uniqueid, surveys.c.queue, surveys.c.rating)
    found = connection.execute(select(*row).where(_during(surveys.c.asked_at, begin, end)))
    return {(server, uniqueid): (queue, rating) for server, uniqueid, queue, rating in found}


def _topics(connection: Connection, is_theirs: Any) -> dict[tuple[int, str], list[str]]:
    found: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    row = (topics.c.call_id, topics.c.structure, topics.c.topic)
    for call, structure, topic in connection.execute(select(*row).where(topics.c.call_id.in_(is_theirs))):
        found[call, structure].append(topic)
    return found


def _planned(connection: Connection, begin: datetime, end: datetime) -> list[PlannedAttempt]:
    row = (attempts.c.planned_at, callbacks.c.structure, attempts.c.number, attempts.c.disposition)
    query = select(*row).join(callbacks, callbacks.c.id == attempts.c.callback_id)
    query = query.where(_during(attempts.c.planned_at, begin, end))
    return [PlannedAttempt(*one) for one in connection.execute(query)]


def _minutes(
    connection: Connection, day: date, hours: Schedule, servers: Iterable[str]
) -> dict[int, tuple[int, int, int]]:
    """By half hour: minutes up, down and unknown of all servers together."""
    expected: defaultdict[int, int] = defaultdict(int)
    spans = hours.open_on(day)
    for opens, closes in spans:
        for minute in range(opens // 60, closes // 60):
            expected[minute // 30] += 1
    if not expected:
        return {}
    begin = begins(day, hours.zone)
    at = type_coerce(minutes.c.minute_at, BigInteger)
    query = select(at, minutes.c.failed > 0).where(
        minutes.c.server.in_(list(servers)), _during(minutes.c.minute_at, begin, begin + timedelta(days=1))
    )
    up: defaultdict[int, int] = defaultdict(int)
    down: defaultdict[int, int] = defaultdict(int)
    midnight = int(begin.timestamp()) * 1000
    for moment, is_down in connection.execute(query):
        minute = (moment - midnight) // 60_000
        if any(opens <= minute * 60 < closes for opens, closes in spans):
            (down if is_down else up)[minute // 30] += 1
    number = len(list(servers))
    return {
        half: (up[half], down[half], max(0, expected[half] * number - up[half] - down[half]))
        for half in expected
    }
