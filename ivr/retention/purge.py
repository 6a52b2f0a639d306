"""Retention: old numbers become pseudonyms, older records go; the totals of their days are sealed before.

In short transactions, so that the recorder never waits long; interrupted, it goes on the next time where
it stopped. A callback that is still open is touched by nothing, nor is any day since it was missed. What is
old depends on a clock: `why_doubtful` asks the records whether they agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Table,
    delete,
    exists,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from ivr.base.masking import MARK, pseudonym, without_numbers
from ivr.calls.callbacks import OPEN_STATES
from ivr.config.model import Retention
from ivr.reading.inquiries import ANSWERED, CLOSES
from ivr.reading.totals import totals, ways_out
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from ivr.storage.owed.switches import any_hashed, hash_old
from ivr.storage.records.report_runs import KNOWN_FOR
from ivr.storage.records.sealed import begins, mark_deleted, mark_sealed, sealed
from ivr.storage.schema.columns import MOST_AHEAD
from ivr.storage.schema.imported import inquiries, outside_attempts, topics
from ivr.storage.schema.owed import attempt_journal, attempts, callback_journal, callbacks, decisions, orders
from ivr.storage.schema.recorded import calls, surveys, visits
from ivr.storage.schema.running import agent_states, minutes, processes, recorder_signs, report_runs

_AT_ONCE: Final = 1000
_DAY: Final = timedelta(days=1)
_SILENCE: Final = timedelta(days=7)
"""A hotline that runs leaves a row every minute. One silent for so long was off, or its clock was set."""
_IS_OPEN: Final = callbacks.c.state.in_(OPEN_STATES)


@dataclass(frozen=True, slots=True)
class Done:
    """One portion of the work: what was done to how many of what."""

    action: str
    """`sealed`, `made nameless` or `deleted`."""
    what: str
    number: int


def purge(store: Store, key: str, retention: Retention, zone: ZoneInfo, now: datetime) -> Iterator[Done]:
    """Do what is due at `now`; every portion is committed when it is told."""
    first_kept = store.read(partial(_first_kept, zone=zone, now=now))
    days = store.read(partial(_unsealed, until=first_kept(_youngest(retention)), zone=zone))
    number = sum(store.write(partial(_seal_day, day=day, zone=zone)) for day in days)
    yield Done("sealed", "days", number)
    for kind, kept in (("calls", retention.calls), ("callbacks", retention.callbacks)):
        nameless, gone = first_kept(kept.numbers), first_kept(kept.records)
        for table, when in _NUMBERED[kind]:
            yield from _make_nameless(store, table, when < begins(nameless, zone), key)
        store.write(partial(mark_deleted, kind=kind, before=gone))
        yield from _in_portions(store, kind, "deleted", _DELETE[kind], begins(gone, zone))
    for what, action, work, age in (
        ("refusals", "made nameless", partial(hash_old, key=key), retention.callbacks.numbers),
        ("outside attempts", "deleted", _older(outside_attempts.c.at), retention.callbacks.records),
        ("surveys", "deleted", _older(surveys.c.asked_at), retention.calls.records),
        ("agents' states", "deleted", _older(agent_states.c.at), retention.agent_states),
        ("report runs", "deleted", _older(report_runs.c.at), KNOWN_FOR.total_seconds()),
    ):
        yield from _in_portions(store, what, action, work, begins(first_kept(age), zone))


def why_doubtful(connection: Connection, retention: Retention, zone: ZoneInfo, now: datetime) -> str:
    """Why the clock that shows `now` may be wrong, and nothing should be purged; empty if it seems right.

    A silence says so where it begins on a day that would be sealed now, or ended within the last week.
    """
    newest = _newest_sign(connection)
    if newest is None:
        return ""
    for what, moment in (("database's clock shows", clock_of(connection)), ("newest record is of", newest)):
        if now - moment > MOST_AHEAD:
            mine, theirs = (f"{one.astimezone(zone):%Y-%m-%d %H:%M}" for one in (now, moment))
            return f"this machine's clock shows {mine}, the {what} {theirs}"
    days = _unsealed(connection, _first_kept(connection, zone, now)(_youngest(retention)), zone)
    # Today counts as a day with signs: a part that runs says it is now, and says nothing of the days before.
    for last, following in pairwise((*_days_with_signs(connection, now), now.date())):
        if following - last > _SILENCE and (last in days or following > now.date() - _SILENCE):
            return f"nothing was recorded from {last} to {following}, not even that the hotline runs"
    return ""


def is_any_nameless(connection: Connection) -> bool:
    """Whether numbers have been made pseudonyms already, so that the key must be the same again."""
    found = (select(table.c.id).where(table.c.caller.like(f"{MARK}%")) for table in (calls, callbacks))
    rows = any(connection.scalar(query.limit(1)) is not None for query in found)
    return rows or any_hashed(connection)


def _first_kept(connection: Connection, zone: ZoneInfo, now: datetime) -> Callable[[float], date]:
    """By age in seconds, the first day of which nothing is so old; none is since a callback that is open."""
    oldest = connection.scalar(select(func.min(callbacks.c.missed_at)).where(_IS_OPEN)) or now
    return lambda age: min(oldest, now - timedelta(seconds=age)).astimezone(zone).date()


def _youngest(retention: Retention) -> float:
    """The age at which something is done first, before which its day is sealed."""
    return min(age for kept in (retention.calls, retention.callbacks) for age in (kept.numbers, kept.records))


def _unsealed(connection: Connection, until: date, zone: ZoneInfo) -> list[date]:
    """Every day before `until` that is to be sealed, from the oldest record to the newest."""
    oldest = _each(connection, func.min, (calls.c.began_at, visits.c.joined_at, callbacks.c.missed_at))
    newest = _newest_sign(connection)
    if not oldest or newest is None:
        return []
    first, last = (moment.astimezone(zone).date() for moment in (min(oldest), newest))
    days = (first + timedelta(days=number) for number in range((min(until, last + _DAY) - first).days))
    done = {one.day for one in sealed(connection)}
    return [day for day in days if day not in done]


def _newest_sign(connection: Connection) -> datetime | None:
    """When anything was recorded last, be it that a part of the hotline runs."""
    signs = (*_SIGNS, recorder_signs.c.heard_at, processes.c.seen_at)
    return max(_each(connection, func.max, signs), default=None)


def _each(
    connection: Connection, which: Callable[[Column[Any]], Any], moments: Iterable[Column[Any]]
) -> list[datetime]:
    found = (connection.scalar(select(which(moment))) for moment in moments)
    return [moment for moment in found if moment is not None]


def _days_with_signs(connection: Connection, until: datetime) -> list[date]:
    """In their order, each from midnight to midnight in UTC."""
    days: set[int] = set()
    for when in _SIGNS:
        number = type_coerce(when, BigInteger) // (_DAY // timedelta(milliseconds=1))
        days.update(connection.scalars(select(number).where(when <= until).distinct()))
    return [date(1970, 1, 1) + day * _DAY for day in sorted(days)]


def _seal_day(connection: Connection, day: date, zone: ZoneInfo) -> bool:
    """Keep what the day adds up to; False if that is done."""
    if sealed(connection, day, day):
        return False
    added_up = [asdict(total) for total in totals(connection, day, zone)]
    ways = ways_out(connection, day, zone).items()
    nodes = [{"node": node, "left_by": way, "number": number} for (node, way), number in ways]
    mark_sealed(connection, day, zone, added_up, nodes)
    return True


def _make_nameless(store: Store, table: Table, is_old: ColumnElement[bool], key: str) -> Iterator[Done]:
    last, number = 0, 0
    while portion := store.write(partial(_portion_nameless, table=table, is_old=is_old, key=key, after=last)):
        last, changed = portion
        number += changed
    yield Done("made nameless", table.name, number)


def _portion_nameless(
    connection: Connection, table: Table, is_old: ColumnElement[bool], key: str, after: int
) -> tuple[int, int] | None:
    """The last id of the next rows that hold a number or a word in its place, and how many were changed."""
    named = [table.c[name] for name in ("caller", "caller_e164", "orderer") if name in table.c]
    holds = or_(*((column != "") & column.not_like(f"{MARK}%") for column in named))
    wanted = select(table.c.id, *named).where(table.c.id > after, is_old, holds)
    found = connection.execute(wanted.order_by(table.c.id).limit(_AT_ONCE)).mappings()
    rows = [dict(row) for row in found]
    changes = [new for row in rows if (new := _nameless(row, key)) != row]
    for new in changes:
        connection.execute(update(table).where(table.c.id == new["id"]).values(new))
        if table is callbacks:
            of_callback = update(attempts).where(attempts.c.callback_id == new["id"])
            connection.execute(of_callback.values(dial_string=new["caller_e164"]))
            _mask_texts(connection, new["id"])
    return (rows[-1]["id"], len(changes)) if rows else None


def _nameless(row: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The row with pseudonyms: both forms of the caller's number get the same; a word stays."""
    number = row["caller_e164"] or row.get("caller", "")
    told = {"caller": number, "caller_e164": number, "orderer": row.get("orderer", "")}
    is_number = {name: any(map(str.isdigit, text)) for name, text in told.items()}
    is_number["orderer"] = told["orderer"].removeprefix("+").isdigit()  # else who gave the command: `clerk7`
    return {
        name: pseudonym(key, told[name]) if text and is_number.get(name) and text[:1] != MARK else text
        for name, text in row.items()
    }


def _mask_texts(connection: Connection, callback_id: int) -> None:
    """What somebody wrote about a callback, `--reference` or `--why`, may hold a number too.

    The reference of an inquiry stays: it says that the callback closed it.
    """
    for text, of_callback in _FREE_TEXTS:
        table = text.table
        mine = select(table.c.id, text).where(of_callback == callback_id)
        for number, said in connection.execute(mine.where(~exists().where(inquiries.c.reference == text))):
            if (left := without_numbers(said)) != said:
                connection.execute(update(table).where(table.c.id == number).values({text: left}))


def _in_portions(
    store: Store, what: str, action: str, work: Callable[..., int], moment: datetime
) -> Iterator[Done]:
    """`work` is done to what is older than the moment, until a portion finds nothing."""
    number = 0
    while done := store.write(partial(work, moment=moment)):
        number += done
    yield Done(action, what, number)


def _older(when: Column[Any]) -> Callable[..., int]:
    """The work that deletes the rows of that column's table which are older than its `moment`."""
    return lambda connection, moment: connection.execute(delete(when.table).where(when < moment)).rowcount


def _delete_calls(connection: Connection, moment: datetime) -> int:
    """Calls that were over by then, with their visits, decisions and topics; inquiries outlive them."""
    is_old = or_(calls.c.ended_at < moment, calls.c.ended_at.is_(None) & (calls.c.last_seen_at < moment))
    old = list(connection.scalars(select(calls.c.id).where(is_old).limit(_AT_ONCE)))
    connection.execute(update(inquiries).where(inquiries.c.call_id.in_(old)).values(call_id=None))
    for column in (decisions.c.call_id, topics.c.call_id, visits.c.call_id, calls.c.id):
        connection.execute(delete(column.table).where(column.in_(old)))
    return len(old)


def _delete_callbacks(connection: Connection, moment: datetime) -> int:
    """Those closed by then, with orders, attempts and journals; the decision about a later call stays, and
    an inquiry that one of them closed stays closed."""
    is_old = (callbacks.c.closed_at < moment) & ~_IS_OPEN
    old = list(connection.scalars(select(callbacks.c.id).where(is_old).limit(_AT_ONCE)))
    closes = CLOSES & callbacks.c.id.in_(old) & (callbacks.c.reference == inquiries.c.reference)
    closed_at = select(func.min(callbacks.c.closed_at)).where(closes).scalar_subquery()
    closed = update(inquiries).where(inquiries.c.closed_at.is_(None), exists().where(closes))
    connection.execute(closed.values(closed_at=closed_at, outcome=ANSWERED))
    tried = select(attempts.c.id).where(attempts.c.callback_id.in_(old))
    connection.execute(delete(attempt_journal).where(attempt_journal.c.attempt_id.in_(tried)))
    connection.execute(delete(orders).where(orders.c.asked_at < moment))
    for table in (decisions, orders):
        connection.execute(update(table).where(table.c.callback_id.in_(old)).values(callback_id=None))
    for column in (attempts.c.callback_id, callback_journal.c.callback_id, callbacks.c.id):
        connection.execute(delete(column.table).where(column.in_(old)))
    return len(old)


_SIGNS: Final = (
    calls.c.ended_at,
    visits.c.joined_at,
    callbacks.c.missed_at,
    attempts.c.planned_at,
    minutes.c.minute_at,
)
_NUMBERED: Final = {
    "calls": ((calls, calls.c.began_at), (visits, visits.c.joined_at), (decisions, decisions.c.decided_at)),
    "callbacks": ((callbacks, callbacks.c.missed_at), (outside_attempts, outside_attempts.c.at)),
}
_FREE_TEXTS: Final = (
    (callbacks.c.reference, callbacks.c.id),
    (callback_journal.c.note, callback_journal.c.callback_id),
)
_DELETE: Final = {"calls": _delete_calls, "callbacks": _delete_callbacks}
