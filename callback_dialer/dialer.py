"""The dialer: what Asterisk tells and what the store owes, turned into callbacks for agents who are idle.

`run` hears events all the time and makes a turn about twice a second; `turn` reads as the data flow. The
rules are elsewhere (`decide`, `pacing`, `attempt`); here is only the order of things. A store
that is away for a while delays a turn and loses nothing.

`dialer_service` makes it a Twisted service for `hotline run`: its own AMI login, its own task, a clean end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection

from callback_dialer.attempt import Progress
from callback_dialer.contact_watch import ContactWatch
from callback_dialer.continuity import Continuity, LastAttempt
from callback_dialer.deciding import decide_call
from callback_dialer.following import Following, finish, write
from callback_dialer.lender import Lender
from callback_dialer.ordering import decide_order
from callback_dialer.pacing import QueueLoad, room_for_places
from callback_dialer.policy import Policy
from callback_dialer.resolving import Resolver
from callback_dialer.starting import Start, originate, release_next, start_next
from ivr.asterisk.connection import AmiConnection, Connected, Lost
from ivr.asterisk.messages import ActionNotSent, ActionRefused, AmiError, AmiEvent, UnsafeHeader
from ivr.base.daemon import TaskService
from ivr.base.logs import Guard, Trouble
from ivr.config.lending import loans
from ivr.config.model import Configuration
from ivr.queues.board import Board, refresh
from ivr.recording.availability import stopped
from ivr.storage.engine.store import StoreAway, StoreThread
from ivr.storage.owed import attempts, budgets, undecided, waiting
from ivr.storage.running.liveness import Lease

log = structlog.get_logger(__name__)

TURN_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 1.0
CALLS_AT_ONCE: Final = 200
"""Ended calls decided in one turn; old records come in such portions."""


@dataclass
class Dialer:
    """One Asterisk's callbacks. The board is filled here and may be read by others of this process.

    What agents' states are stored is the recorder's to write.
    """

    policy: Policy
    server: str
    store: StoreThread
    connection: AmiConnection
    """This dialer's alone, as is `last_attempt`."""
    board: Board
    queue_log: Path | None = None
    log_key: bytes = b""
    hear: Callable[[AmiEvent], None] = lambda event: None
    """Gets every event, too; only one can read a connection's events."""
    last_attempt: Path | None = None

    def __post_init__(self) -> None:
        at = (self.policy, self.server, self.store)
        self._clock = self.connection.clock
        self._lease = Lease(self.store, self.server, "dialer")
        self._following = Following()
        self._guarded = Guard("dialer")
        self._resolver = Resolver(*at, self.connection, self._following, self.queue_log)
        self._last = LastAttempt(self.last_attempt)
        self._continuity = Continuity(*at, self._last, self.queue_log, self.log_key)
        self._store_trouble = Trouble("database out of reach; nobody is dialled", "the database is back")

    async def run(self, stop: asyncio.Event) -> None:
        """Dial until `stop` is set; then store what is known. Calls in progress go on without us."""
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(self._hear())
            while not stop.is_set():
                await self._turn_or_wait()
                await stopped(stop, TURN_SECONDS)
            hearing.cancel()
        with suppress(StoreAway):
            await self._write_progress()
            await self.store.write(self._lease.leave)

    async def turn(self) -> None:
        """Everything once: attempts → store → decisions → callbacks due → idle agents → Originate.

        Another dialer of this server at work leaves nothing to do but to wait for its end.
        """
        if not await self._lease.ask(able=self.connection.is_connected):
            # What is known of attempts that were ours is still ours to write.
            self._continuity.forget()
            await self._write_progress()
            return
        await self._write_progress()
        await self._release_held()
        await self._decide_orders()
        await self._decide_ended_calls()
        await self._settle_waiting()
        await self._resolver.resolve()
        if await self._continuity.holds():
            await self._dial()

    async def _turn_or_wait(self) -> None:
        try:
            await self.turn()
        except (StoreAway, OSError) as problem:  # of the last attempt's file
            self._store_trouble.because(str(problem))
        else:
            self._store_trouble.ends()

    async def _hear(self) -> None:
        while True:
            match await self.connection.events.get():
                case AmiEvent() as event:
                    for hear in (self.board.apply, self._following.apply, self.hear):
                        self._guarded(hear, event)
                case Connected():
                    await self._fill_board()
                case Lost(at=at):
                    self.board.lose(at)
                    self._following.forget_all()

    async def _fill_board(self) -> None:
        while self.connection.is_connected and not self.board.is_fresh:
            try:
                await refresh(self.board, self.connection.send, self._clock)
            except AmiError as problem:
                log.warning("queues not told, asking again", reason=str(problem))
                await asyncio.sleep(RETRY_SECONDS)

    async def _write_progress(self) -> None:
        if not (steps := self._following.unwritten):
            return

        def work(connection: Connection) -> None:
            for progress in steps:
                write(connection, progress, self.policy)

        await self.store.write(work)
        self._following.written(len(steps))

    async def _release_held(self) -> None:
        """Before anything is decided: who waits longer has the room that became free."""
        if await self.store.read(budgets.trunks_waiting):
            await self.store.write(partial(release_next, policy=self.policy))

    async def _decide_orders(self) -> None:
        """Those that Python did not answer in time; before the calls they ended."""
        for order in await self.store.read(lambda c: undecided.undecided_requests(c, CALLS_AT_ONCE)):
            await self.store.write(partial(decide_order, asked=order, policy=self.policy))

    async def _decide_ended_calls(self) -> None:
        for call_id in await self.store.read(lambda c: undecided.undecided(c, CALLS_AT_ONCE)):
            await self.store.write(partial(decide_call, call_id=call_id, policy=self.policy))

    async def _settle_waiting(self) -> None:
        for callback_id, change in (await self.store.read(waiting.settlements)).items():
            if await self.store.write(partial(waiting.settle, callback_id=callback_id, change=change)):
                log.info("callback settled", callback_id=callback_id, change=change)
        ringing = await self.store.read(lambda c: attempts.to_withdraw(c, self.server))
        for attempt_id in self._following.withdraw(ringing):
            with suppress(AmiError):
                await self.connection.send({"Action": "Hangup", "Channel": attempt_id, "Cause": "16"})

    async def _dial(self) -> None:
        # Before the attempt is planned: whatever is late after that makes its order too old for Asterisk.
        while (known := self.connection.asterisk_time) and (start := await self._next_start()) is not None:
            await self._originate(start, known)

    async def _next_start(self) -> Start | None:
        loads = self._loads()
        room = room_for_places(loads)
        if not room or not await self.store.read(lambda c: waiting.is_any_due(c, room)):
            return None
        return await self.store.write(
            lambda c: start_next(c, self.server, loads, self.policy) if self._lease.hold(c) else None
        )

    def _loads(self) -> dict[str, QueueLoad]:
        """What the board sees; nothing at all when nobody can be dialled now."""
        now = self._clock()
        if not self.policy.callback.enabled or not self.connection.is_connected:
            return {}
        return {queue: self._load(queue, now) for queue in self.policy.queues}

    def _load(self, queue: str, now: datetime) -> QueueLoad:
        live = [caller for caller in self.board.waiting(queue) if caller.origin != "callback"]
        idle = frozenset(agent.interface for agent in self.board.idle(queue, now))
        return QueueLoad(
            idle=idle,
            reserve=self.policy.kept_back(queue, idle),
            waiting=len(live),
            waiting_since=min((caller.waiting_since for caller in live), default=None),
        )

    async def _originate(self, start: Start, asterisk_time: datetime) -> None:
        attempt, now = start.attempt, self._clock()
        sent = Progress(attempt.id, "originating", now)

        def start_it(connection: Connection) -> bool:
            is_ours = self._lease.hold(connection) and self._last.is_known(connection)
            return is_ours and attempts.advance(connection, attempt.id, "originating", now)

        # Committed before it is sent: whatever happens now, this attempt is never started again.
        if not await self.store.write(start_it):
            return
        await asyncio.to_thread(self._last.note, attempt.id)
        self._following.follow(sent)
        log.info("calling back", callback_id=start.callback.id, attempt_id=attempt.id, queue=attempt.queue)
        try:
            await self.connection.send(originate(attempt, start.callback, self.policy, asterisk_time))
        except (ActionNotSent, ActionRefused, UnsafeHeader) as problem:
            reason = str(problem)
            log.error("originate not sent or refused", attempt_id=attempt.id, reason=reason)
            self._following.forget(attempt.id)
            await self.store.write(lambda c: finish(c, sent, "aborted", self.policy, reason))
        except AmiError as problem:
            # Asterisk may have dialled: its own channel id will tell.
            log.warning("originate unanswered", attempt_id=attempt.id, reason=str(problem))


def dialer_service(configuration: Configuration, dialer: Dialer, watch: ContactWatch) -> TaskService:
    """The dialer of one server with its connection, its lender and the watch over phones.

    What one of the four raises ends the daemon.
    """
    connection = dialer.connection
    reserve, send, clock = dialer.policy.reserve, connection.send, connection.clock
    lender = Lender(loans(configuration), reserve, dialer.board, send, clock)

    async def run(stop: asyncio.Event) -> None:
        connecting = asyncio.create_task(connection.run())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(dialer.run(stop))
                tasks.create_task(lender.run(stop))
                tasks.create_task(watch.run(stop))
        finally:
            await connection.close()
            await connecting

    return TaskService("dialer", run)
