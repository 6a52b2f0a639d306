"""Keeps agents for their own queue: pauses them where they only help while home has no more than its reserve.

In: the memberships of the board, the loans, and the queues that need all their agents. Out: QueuePause over
the dialer's login. Beside each pause runs a sign of life in Asterisk, a channel that ends the pauses by
itself when no further sign comes: with Python dead nobody stays paused. An agent's own pause, which has
another reason, is never touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final, Literal

import structlog

from ivr.asterisk.messages import AmiError
from ivr.asterisk.readiness import Send
from ivr.asterisk.words import CONTEXT_LENT, PAUSED_BY_US, VAR_LENT, interface
from ivr.config.lending import Loan
from ivr.queues.agents import Memberships
from ivr.queues.board import Board
from ivr.recording.availability import stopped


@dataclass(frozen=True, slots=True)
class Lent:
    """A membership that exists to help `queue`; `home` is the queue that lends the agent."""

    queue: str
    interface: str
    home: str


@dataclass(frozen=True, slots=True)
class Pauses:
    """What to change, and every pause that is ours once it is done."""

    begin: frozenset[Lent]
    end: frozenset[Lent]
    held: frozenset[Lent]


def pauses(members: Memberships, lent: Collection[Lent], short: Collection[str]) -> Pauses:
    """`short`: the queues that have no more idle agents than their reserve."""
    needed = {one for one in lent if one.home in short}
    known = {one: members[key] for one in lent if (key := (one.queue, one.interface)) in members}
    free = {one for one, member in known.items() if not member.paused}
    ours = {one for one in known.keys() - free if known[one].pause_reason == PAUSED_BY_US}
    return Pauses(
        begin=frozenset(free & needed),
        end=frozenset(ours - needed),
        held=frozenset((free | ours) & needed),
    )


log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 0.5
SIGN_EVERY: Final = 8.0
"""Seconds; two signs may be lost before Asterisk gives the daemon up (`dialplan.queues`)."""


class Lender:
    """Lends the agents of one Asterisk's queues to each other, as `helped_by` says."""

    def __init__(
        self,
        loans: Iterable[Loan],
        reserve: Callable[[str], int],
        board: Board,
        send: Send,
        clock: Callable[[], datetime],
    ) -> None:
        """`reserve`: idle agents that each queue keeps for its own callers. `clock`: the board's."""
        self._lent = [Lent(loan.queue, interface(loan.account), loan.home) for loan in loans]
        self._reserves = {one.home: reserve(one.home) for one in self._lent}
        self._board, self._send, self._clock = board, send, clock
        self._promised: frozenset[Lent] = frozenset()
        self._promised_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then every pause of ours ends."""
        while self._lent and not await stopped(stop, LOOK_EVERY):
            await self._turn()
        await self._send_pauses(pauses(self._board.members, self._lent, ()).end, "false")

    async def _turn(self) -> None:
        if not self._board.is_fresh:
            return
        now = self._clock()
        short = {home for home, kept in self._reserves.items() if len(self._board.idle(home, now)) <= kept}
        change = pauses(self._board.members, self._lent, short)
        if await self._give_sign(change.held):
            await self._send_pauses(change.begin, "true")
        await self._send_pauses(change.end, "false")

    async def _give_sign(self, held: frozenset[Lent]) -> bool:
        """Whether Asterisk knows of these pauses, so that it will end them if nothing more is heard of us."""
        if held <= self._promised and monotonic() < self._promised_at + SIGN_EVERY:
            return True
        if held:
            try:
                await self._send(_sign(held))
            except AmiError as problem:
                log.warning("nobody is kept for their own queue", reason=str(problem))
                return False
            self._promised, self._promised_at = held, monotonic()
        return True

    async def _send_pauses(self, those: Collection[Lent], paused: Literal["true", "false"]) -> None:
        for one in those:
            who = {"Queue": one.queue, "Interface": one.interface, "Reason": PAUSED_BY_US}
            try:
                await self._send({"Action": "QueuePause", "Paused": paused, **who})
            except AmiError as problem:
                log.warning("agent not paused or not back", agent=one.interface, reason=str(problem))


def _sign(held: frozenset[Lent]) -> Mapping[str, str]:
    ours = "&".join(sorted(f"{one.queue}|{one.interface}|{one.home}" for one in held))
    return {
        "Action": "Originate",
        "Channel": f"Local/s@{CONTEXT_LENT}/n",
        "Application": "Wait",
        "Data": "60",
        "Async": "true",
        "Variable": f"__{VAR_LENT}={ours}",
    }
