"""The recorder: what Asterisk says becomes calls, queue visits and agents' states in the store; nothing else.

`hotline record` runs one beside any Asterisk, `hotline run` one per server beside the dialer. Of two at one
server the second listens and stands by; while the database is away both keep what they hear.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Literal

import structlog

from ivr.asterisk.connection import AmiConnection, Connected, Lost, utc_now
from ivr.asterisk.messages import (
    REFUSED,
    ActionLost,
    ActionRefused,
    ActionTimedOut,
    AmiError,
    AmiEvent,
    Reply,
)
from ivr.base.logs import Guard, Trouble
from ivr.recording.agents import AgentStates
from ivr.recording.availability import stopped
from ivr.recording.following import LogFollower, SignsOfListening, state_of
from ivr.recording.unstored import Spool, Unstored
from ivr.recording.vouching import Vouching
from ivr.recording.watched import Watched
from ivr.storage.engine.store import StoreAway, StoreThread, StoreUnfit
from ivr.storage.records.stored import open_records
from ivr.storage.running.liveness import Lease
from ivr.visits.facts import Fact
from ivr.visits.fold import Fold
from ivr.visits.from_ami import AMI, AmiReader

log = structlog.get_logger(__name__)

STORE_EVERY = 0.2
"""Seconds; a batch is one transaction."""
_TICK_EVERY = 1.0
_FOLLOW_EVERY = 0.5
_RETRY_EVERY = 2.0
_ASK_AGAIN_AFTER = (0.5, 10.0)
"""The first pause and the longest."""
_TOLD_WITHIN = 1.0
"""Seconds; an answer that took longer says little about when who joined."""
_LAST_TRIES = 10
_LAST_LOOK_WITHIN = 3.0
"""Seconds; a busy machine is slow to answer, and a stop must not wait for an Asterisk that hangs."""
_WHAT_GOES_ON = ("CoreStatus", "CoreShowChannels", "QueueStatus")


class RecordsLost(Exception):
    """The recorder ended while the database refused its last records; the message says how many."""


class Recorder:
    """The recorder of one server; `connection` is its alone."""

    def __init__(
        self,
        connection: AmiConnection,
        store: StoreThread,
        server: str = "main",
        watched: Watched | None = None,
        spool: Spool | None = None,
        queue_log: Path | None = None,
        log_key: bytes = b"",
    ) -> None:
        """`queue_log`: Asterisk's file, if this machine has it; it tells what AMI did not.

        `log_key`: of the proofs in our dialplan's lines; without it they are believed.
        """
        self._connection, self._store = connection, store
        self._server, self._watched = server, watched or Watched()
        self._reader = AmiReader()
        self._fold = Fold(server, AMI, self._watched.structures)
        self._unstored = Unstored(store, self._watched.read_number, spool)
        self._agents = AgentStates(store, server, self._watched)
        self._guarded = Guard("recorder")
        self._lease = Lease(store, server, "recorder")
        self._signs = SignsOfListening(store, server)
        had_store = spool is not None and spool.was_there
        self._vouching = Vouching(log_key, lambda: self._signs.heard_since)
        follower = partial(LogFollower, vouching=self._vouching, had_store=had_store)
        self._follower = follower(queue_log, store, server, self._watched) if queue_log else None
        self._refused = 0
        self._tells_state = False
        self._duty: Literal["storing", "standing by"] = "storing"
        self._looking: asyncio.Task[None] | None = None

    @property
    def long_lines(self) -> int:
        """Lines of queue_log that were skipped for their length."""
        return self._follower.skipped if self._follower else 0

    async def run(self, stop: asyncio.Event) -> None:
        """Events → facts → fold → store, until `stop` is set; then everything heard is stored.

        Raises RecordsLost if neither the database nor the spool takes the last records.
        """
        await self._unstored.take_over()
        await self._unstored.store()
        if not await self._resume(stop):
            return
        connecting = asyncio.create_task(self._connection.run())
        listening = asyncio.create_task(self._listen())
        storing = asyncio.create_task(self._store_regularly())
        following = asyncio.create_task(self._follow_queue_log())
        try:
            ends = {asyncio.create_task(stop.wait()), connecting, listening, storing, following}
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # raises what ended it
        finally:
            state = await self._last_look()
            await self._connection.close()
            await connecting
            while not self._connection.events.empty() and not listening.done():
                await asyncio.sleep(0)
            for task in (listening, storing, following):
                task.cancel()
            self._look_no_more()
            await asyncio.wait({listening, storing, following})
            await self._store_the_rest(state)

    async def _resume(self, stop: asyncio.Event) -> bool:
        """Know what was open at the last end, as soon as the database tells; False if stopped before."""
        trouble = Trouble("waiting for the database", "the database is there")
        while not stop.is_set():
            try:
                calls, stays = await self._store.read(lambda opened: open_records(opened, self._server))
                await self._signs.begin()
            except StoreAway as problem:
                trouble.because(str(problem))
                await stopped(stop, _RETRY_EVERY)
            else:
                trouble.ends()
                self._fold.resume(calls, stays)
                return True
        return False

    async def _listen(self) -> None:
        events = self._connection.events
        while True:
            told = await events.get()
            self._guarded(self._hear, told)
            self._guarded(self._agents.hear, told)
            if isinstance(told, Lost):
                self._look_no_more()
                self._signs.lost(utc_now() - (self._connection.clock() - told.at))
            elif isinstance(told, Connected):
                self._looking = asyncio.create_task(self._look_around(told))

    @property
    def forged(self) -> dict[str, int]:
        """What callers wrote into Asterisk's records since the start, by where; none of it was believed."""
        return {"AMI messages": self._refused, "queue_log lines": self._vouching.put_aside}

    def _hear(self, told: AmiEvent | Connected | Lost) -> None:
        if isinstance(told, AmiEvent):
            self._vouching.hear(told)
            self._refused += told.name == REFUSED
        self._apply(self._reader.facts(told))

    def _apply(self, facts: Iterable[Fact]) -> None:
        for fact in filter(self._watched.covers, facts):
            self._fold.apply(fact)

    async def _look_around(self, connected: Connected) -> None:
        """Ask until Asterisk tells; right after its start it may refuse. Only then nobody is missed."""
        pause, longest = _ASK_AGAIN_AFTER
        while True:
            try:
                state = await self._ask_what_goes_on(connected)
            except ActionLost:
                return
            except AmiError as problem:
                log.warning("Asterisk does not say yet what is going on", reason=str(problem))
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)
            else:
                self._tells_state = bool(state)
                self._signs.hear_everything(utc_now(), state)
                return

    def _look_no_more(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    async def _last_look(self) -> str:
        """What goes on (`state_of`) when this recorder ends by plan, for its successor; else empty."""
        if self._tells_state and self._signs.heard_since is not None and self._duty == "storing":
            with suppress(AmiError, TimeoutError):
                async with asyncio.timeout(_LAST_LOOK_WITHIN):
                    return state_of(*[await self._ask(action) for action in _WHAT_GOES_ON])
        return ""

    async def _ask_what_goes_on(self, connected: Connected) -> str:
        """Which run of Asterisk it is, who waits already, which calls live: what no event will tell.

        Returns its `state_of`.
        """
        status = await self._ask("CoreStatus")
        if status is None:
            what = "AMI refuses CoreStatus: whom a stop of Asterisk cuts off is recorded wrongly"
            log.warning(what, needs="write=reporting")
        else:
            self._apply(self._reader.started(status.headers, connected.at))
        channels = await self._ask("CoreShowChannels")
        by_id = {row["Uniqueid"]: row for row in channels.events} if channels else {}
        self._agents.asks()
        queues = await self._ask("QueueStatus")
        # Who serves comes first: an agent may wait in a queue that is told before their own.
        for row in sorted(queues.events if queues else (), key=lambda row: row.name == "QueueEntry"):
            self._apply(self._reader.waiting(row, by_id))
        if channels is not None:
            self._apply([self._reader.live_calls(channels.events, connected.at)])
        if queues is not None:
            snapshot = (*queues.events, *(channels.events if channels else ()))
            self._guarded(partial(self._agents.restore, snapshot), self._connection.clock())
        return state_of(status, channels, queues)

    async def _ask(self, action: str) -> Reply | None:
        """Asterisk's answer; None if this login will never be told."""
        asked_at = asyncio.get_running_loop().time()
        try:
            reply = await self._connection.send({"Action": action})
        except ActionRefused as refused:
            if "permission" in str(refused).lower():
                return None
            raise
        if asyncio.get_running_loop().time() - asked_at > _TOLD_WITHIN:
            raise ActionTimedOut(f"the answer to {action} took too long")
        return reply

    async def _store_regularly(self) -> None:
        loop = asyncio.get_running_loop()
        next_tick = loop.time()
        while True:
            if loop.time() >= next_tick:
                next_tick = loop.time() + _TICK_EVERY
                self._fold.apply(self._reader.tick(self._connection.clock.steady()))
            await asyncio.sleep(STORE_EVERY if await self._store_changes() else _RETRY_EVERY)

    async def _follow_queue_log(self) -> None:
        """What AMI tells and what queue_log tells meets in the store; only one recorder writes there."""
        while True:
            if self._duty == "storing":
                if self._follower is not None and not await self._follower.read_on():
                    self._fold.retell()
                await self._signs.store(is_heard=self._connection.is_connected)
            await asyncio.sleep(_FOLLOW_EVERY)

    async def _store_changes(self) -> bool:
        await self._go_on_or_off_duty()
        changes = self._fold.take()
        if self._duty == "storing":
            self._unstored.put((*changes.calls, *changes.visits, *changes.surveys))
        if not await self._unstored.store():
            return False
        await self._agents.store(self._connection.clock(), is_ours=self._duty == "storing")
        if (since := self._unstored.end_overflow()) is not None:
            self._signs.miss(since)
            self._fold.retell()
        return True

    async def _go_on_or_off_duty(self) -> None:
        """Stand by only while another recorder of this server is known to store what both hear."""
        try:
            is_ours = await self._lease.ask(able=self._connection.is_connected)
        except (StoreAway, StoreUnfit):
            is_ours = True
        if is_ours and self._duty == "standing by":
            log.warning("the other recorder is gone; this one stores")
            self._fold.retell()
        elif not is_ours and self._duty == "storing":
            log.info("another recorder of this server stores; this one stands by")
        self._duty = "storing" if is_ours else "standing by"

    async def _store_the_rest(self, state: str) -> None:
        self._fold.apply(self._reader.tick(self._connection.clock.steady()))
        for _ in range(_LAST_TRIES):
            with suppress(StoreAway, StoreUnfit):
                if await self._store_changes():
                    if state:
                        await self._signs.leave(state)
                    await self._store.write(self._lease.leave)
                    return
            if self._unstored.is_spooled:
                log.warning("records stay in the spool until the next start", records=len(self._unstored))
                return
            await asyncio.sleep(STORE_EVERY)
        raise RecordsLost(f"{len(self._unstored)} records could not be stored: the database is out of reach")
