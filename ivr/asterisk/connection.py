"""The AMI connection, kept up for as long as its process lives.

Out come Asterisk's events in one ordered queue, with `Connected` and `Lost` between them; in go actions, each
with a deadline. Nothing is ever sent a second time: an action cut by a lost connection raises, because an
Originate that is repeated is dialled twice. The recorder, the dialer and `config apply` each have one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from ivr.asterisk.messages import ActionNotSent, ActionRefused, AmiError, AmiEvent, Header, Reply
from ivr.asterisk.session import Session

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Connected:
    """Logged in; every event after this one belongs to the new connection.

    `clock_set_by`: how far the machine's clock was set since this process began (`Receipts`).
    """

    at: datetime
    clock_set_by: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection ended; events until the next `Connected` are missed. `at`: the last sign of life."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Timing:
    """Seconds the connection grants. A quiet AMI is not a dead one: only a missing pong is.

    A late pong also tells that what was read before it may be as late: hence one a second.
    """

    connect: float = 5.0
    ping_every: float = 1.0
    pong_within: float = 5.0
    retry_first: float = 0.25
    retry_last: float = 10.0


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class Receipts:
    """The clock by which we receive: it shows what the machine's does, and walks on while that is set.

    A step of the machine's clock is no time in which a caller waited. Receipts follow it at each new
    connection alone; whoever compares them with those of an earlier one takes off `set_by`, which says how
    far they have followed since this process began. Call it for the moment of a receipt.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """`clock`: the machine's."""
        self._clock = clock
        self._began, self._since = clock(), time.monotonic()
        self.set_by = timedelta()

    def __call__(self) -> datetime:
        return self.steady() + self.set_by

    def steady(self) -> datetime:
        """The same as if it had never followed."""
        return self._began + timedelta(seconds=time.monotonic() - self._since)

    def follow(self) -> None:
        """Show from now on what the machine's clock shows."""
        self.set_by = self._clock() - self.steady()


class AmiConnection:
    """One login at one Asterisk, kept up for as long as `run` runs.

    `events` holds what Asterisk said, in its order. `send` works from any task of the same loop.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        timing: Timing | None = None,
    ) -> None:
        self.events: asyncio.Queue[AmiEvent | Connected | Lost] = asyncio.Queue()
        self._host, self._port, self._address = host, port, f"{host}:{port}"
        self._user, self._secret = user, secret
        self.clock = Receipts(clock)
        """By which its events are received."""
        self._timing = timing or Timing()
        self._session: Session | None = None
        self._closing = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        """Logged in now, as far as is known."""
        return self._session is not None

    @property
    def asterisk_time(self) -> datetime | None:
        """A moment that was already over by Asterisk's own clock, some seconds ago; None if not known yet."""
        return self._session.asterisk_time if self._session else None

    async def run(self) -> None:
        """Connect, log in, stay; after a loss again, with growing pauses, until `close`."""
        pause = self._timing.retry_first
        while not self._closing.is_set():
            try:
                if await self._stay_connected():
                    pause = self._timing.retry_first
            except (AmiError, OSError, TimeoutError) as problem:
                what = "AMI login failed" if isinstance(problem, ActionRefused) else "AMI not reachable"
                reason = str(problem) or type(problem).__name__
                log.error(what, address=self._address, user=self._user, reason=reason)
            with suppress(TimeoutError):
                # Spread out, or every daemon of the house knocks at the same moment after a restart.
                await asyncio.wait_for(self._closing.wait(), pause * random.uniform(0.8, 1.2))
            pause = min(pause * 2, self._timing.retry_last)

    async def send(self, headers: Mapping[str, Header], *, deadline: float = 10.0) -> Reply:
        """Send one action and wait for its answer (for a list action: for the whole list).

        Originate answers "queued"; what became of it comes as an `OriginateResponse` event.
        Raises `UnsafeHeader`, `ActionRefused`, `ActionNotSent`, `ActionLost` or `ActionTimedOut`.
        """
        if self._session is None:
            raise ActionNotSent(f"not connected to Asterisk at {self._address}")
        return await self._session.ask(headers, deadline)

    async def close(self) -> None:
        """Log off and let `run` return."""
        self._closing.set()
        if session := self._session:
            with suppress(AmiError):
                await session.ask({"Action": "Logoff"}, 1.0)
            session.cut("closed by us")

    async def _stay_connected(self) -> bool:
        self.clock.follow()
        session = await Session.open(self._host, self._port, self.clock, self._timing.connect)
        try:
            await session.login(self._user, self._secret, "on", self._timing.connect)
            if self._closing.is_set():
                return False
            self._session = session
            self.events.put_nowait(Connected(self.clock(), self.clock.set_by))
            session.deliver_to(self.events.put_nowait)
            log.info("AMI connected", address=self._address, user=self._user)
            reason = await session.until_lost(self._timing.ping_every, self._timing.pong_within)
            self.events.put_nowait(Lost(self.clock() - timedelta(seconds=session.doubt), reason))
            tell = log.info if self._closing.is_set() else log.warning
            tell("AMI connection lost", address=self._address, reason=reason)
            return True
        finally:
            self._session = None
            session.cut("session over")
