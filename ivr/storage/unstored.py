"""Records on their way into the store: kept in memory until a transaction has taken them.

The recorder puts in what its fold changed and asks to store it several times a second; only the latest state
of a record is written. A database out of reach delays records, it loses none as long as the process lives.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from ivr.calls.caller import ReadNumber
from ivr.storage.engine import StoreThread
from ivr.storage.visits import save
from ivr.visits.records import Call, Visit

log = structlog.get_logger(__name__)

_Key = TypeVar("_Key")
_Record = TypeVar("_Record")


class Unstored:
    """What the store does not know yet."""

    def __init__(self, store: StoreThread, read_number: ReadNumber) -> None:
        self._store, self._read_number = store, read_number
        self._calls: dict[object, Call] = {}
        self._visits: dict[object, Visit] = {}

    def __len__(self) -> int:
        return len(self._calls) + len(self._visits)

    def put(self, calls: Iterable[Call], visits: Iterable[Visit]) -> None:
        """Take over changed records; a newer state of one replaces the older."""
        self._calls |= {(call.linkedid, call.began_at): call for call in calls}
        self._visits |= {(visit.uniqueid, visit.queue, visit.received_at): visit for visit in visits}

    async def store(self) -> bool:
        """Write everything in one transaction; False if the database is out of reach and it is kept."""
        calls, visits = dict(self._calls), dict(self._visits)
        if not calls and not visits:
            return True
        try:
            await self._save(calls.values(), visits.values())
        except (OperationalError, InterfaceError) as problem:
            log.error("database out of reach; records are kept", records=len(self), reason=str(problem.orig))
            return False
        except Exception:
            log.exception("records refused by the database; they are tried one by one")
            await self._store_one_by_one(calls.values(), visits.values())
        _remove(self._calls, calls)
        _remove(self._visits, visits)
        for visit in visits.values():
            _tell(visit)
        return True

    async def _store_one_by_one(self, calls: Iterable[Call], visits: Iterable[Visit]) -> None:
        """One record the database will never take must not hold up the others."""
        for call in calls:
            await self._save_alone((call,), ())
        for visit in visits:
            await self._save_alone((), (visit,))

    async def _save_alone(self, calls: tuple[Call, ...], visits: tuple[Visit, ...]) -> None:
        try:
            await self._save(calls, visits)
        except Exception:
            log.exception("record not stored", record=repr(calls or visits))

    async def _save(self, calls: Iterable[Call], visits: Iterable[Visit]) -> None:
        def work(connection: Connection) -> None:
            save(connection, calls, visits, self._read_number)

        await self._store.write(work)


def _remove(kept: dict[_Key, _Record], stored: dict[_Key, _Record]) -> None:
    for key, record in stored.items():
        if kept.get(key) is record:
            del kept[key]


def _tell(visit: Visit) -> None:
    if visit.ended_at is not None:
        log.info(
            "visit",
            queue=visit.queue,
            caller=visit.caller,
            outcome=visit.outcome,
            wait=visit.wait_seconds,
            talk=visit.talk_seconds,
            agent=visit.agent,
        )
