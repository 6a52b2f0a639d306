"""The board: who is idle and who waits on one Asterisk right now.

In: at each connect the answers to QueueStatus and CoreShowChannels, then every AMI event in order. Out: idle
agents, lines of callers, expected waits; of a `RecordedBoard` also agents' changes of state, to be stored.

Whoever looks at the queues fills a board of their own, in memory. The dialer owns a `Board`: it paces
callbacks by it, and the AGI scripts, the lender and the watch over phones in its process read it. The
recorder owns a `RecordedBoard` and alone writes agents' states to the store, whether a dialer runs or not
(`ivr.recording.agents`). Events are applied on the event loop; AGI scripts read from other threads, which is
safe because every part is replaced as a whole, never changed in place.

Nobody is idle while the connection is lost, nor after it is back until the new snapshot is in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ivr.asterisk.messages import AmiEvent, whole_number
from ivr.asterisk.readiness import Send
from ivr.queues import agents, waiting
from ivr.queues.agents import Agent, AgentState, Membership
from ivr.queues.waiting import MOST_TALKS, Talk, WaitingCaller, expected_wait


@dataclass(frozen=True, slots=True)
class AgentChange:
    """One change of an agent's state, as the store's `agent_states` keeps it (but for the server)."""

    agent: str
    state: AgentState
    reason: str
    at: datetime


class Board:
    """State of all queues of one Asterisk. `wrap_up`: seconds of rest after a call, by queue."""

    def __init__(self, wrap_up: Mapping[str, float]) -> None:
        self._wrap_up = dict(wrap_up)
        self.is_fresh = False
        """Whether it has been filled since the last connect."""
        self.members: agents.Memberships = {}
        """All memberships as Asterisk last told them."""
        self._lines: waiting.Lines = {}
        self._talks: Mapping[str, tuple[Talk, ...]] = {}

    def restore(self, snapshot: Iterable[AmiEvent], at: datetime) -> None:
        """Begin anew from the events that QueueStatus and CoreShowChannels answered with, in that order."""
        members: agents.Memberships = {}
        lines: waiting.Lines = {}
        for event in snapshot:
            members = agents.step(members, event, self._wrap_up)
            lines = waiting.step(lines, event)
        self.members, self._lines, self.is_fresh = members, lines, True

    def lose(self, at: datetime) -> None:
        """The connection is gone (or new and not yet asked): nobody is idle until `restore`."""
        self.is_fresh = False

    def apply(self, event: AmiEvent) -> None:
        """Bring the board up to `event`; events it does not know change nothing."""
        self.members = agents.step(self.members, event, self._wrap_up)
        self._lines = waiting.step(self._lines, event)
        if event.name == "AgentComplete":
            self._remember_talk(event)

    def idle(self, queue: str, now: datetime) -> list[Agent]:
        """Agents of `queue` who could take a call at `now`; empty while the board is not fresh."""
        return agents.idle(self.members, queue, now) if self.is_fresh else []

    def waiting(self, queue: str) -> tuple[WaitingCaller, ...]:
        """Callers in `queue`, the next to be served first: live callers and callbacks already confirmed."""
        return self._lines.get(queue, ())

    def expected_wait(self, queue: str, place: int, now: datetime) -> float | None:
        """Seconds the caller at `place` (1 = next) may expect; None where nothing reliable is known."""
        return expected_wait(place, agents.serving(self.members, queue), self._talks.get(queue, ()), now)

    def _remember_talk(self, event: AmiEvent) -> None:
        queue, talk_time = event["Queue"], whole_number(event["TalkTime"])
        if talk_time > 0:  # a step of the clock makes it negative
            talk = Talk(event.received_at, talk_time + self._wrap_up.get(queue, 0.0))
            self._talks = {**self._talks, queue: (*self._talks.get(queue, ()), talk)[-MOST_TALKS:]}


class RecordedBoard(Board):
    """A board that also keeps agents' changes of state, the latest `MOST_CHANGES`, until they are taken."""

    def __init__(self, wrap_up: Mapping[str, float]) -> None:
        super().__init__(wrap_up)
        self._latest: dict[str, AgentChange] = {}
        self._changes: deque[AgentChange] = deque(maxlen=MOST_CHANGES)

    def restore(self, snapshot: Iterable[AmiEvent], at: datetime) -> None:
        """As `Board.restore`; whoever is in no queue any more is noted as gone."""
        super().restore(snapshot, at)
        self._note_changes(agents.by_device(self.members).values(), at, at)
        for interface in self._latest.keys() - {member.interface for member in self.members.values()}:
            self._note(interface, _IN_NO_QUEUE, at)

    def lose(self, at: datetime) -> None:
        """As `Board.lose`; every agent's state is unknown since then."""
        super().lose(at)
        for interface in self._latest:
            self._note(interface, ("unknown", "connection lost"), at)

    def apply(self, event: AmiEvent) -> None:
        """As `Board.apply`."""
        if self.is_fresh:
            self._note_rested(event.received_at)
        before = self.members
        super().apply(event)
        if self.is_fresh and self.members is not before:
            self._note_changes(agents.changed(before, self.members), event.received_at, event.at)
            for interface in agents.left_all_queues(before, self.members):
                self._note(interface, _IN_NO_QUEUE, event.at)

    def take_changes(self, now: datetime) -> tuple[AgentChange, ...]:
        """Changes of state since the last call, in order, among them wrap-ups that are over by `now`."""
        if self.is_fresh:
            self._note_rested(now)
        taken = tuple(self._changes)
        self._changes.clear()
        return taken

    def resume(self, stored: Mapping[str, AgentChange], now: datetime) -> None:
        """Go on from the latest changes another recorder stored: what differs from them is to be stored."""
        heard, self._latest = self._latest, dict(stored)
        self._changes.clear()
        for interface, change in heard.items():
            self._note(interface, (change.state, change.reason), change.at)
        for interface in stored.keys() - heard.keys():
            self._note(interface, _IN_NO_QUEUE, now)

    def _note_changes(self, changed: Iterable[list[Membership]], now: datetime, at: datetime) -> None:
        for everywhere in changed:
            self._note(everywhere[0].interface, agents.state(everywhere, now), at)

    def _note_rested(self, now: datetime) -> None:
        """The end of a wrap-up has no event: it is noticed here, and dated to when it was."""
        resting = {change.agent for change in self._latest.values() if change.state == "wrap_up"}
        for everywhere in agents.by_device(self.members).values() if resting else ():
            rested_at = agents.rest_ends_at(everywhere)
            if everywhere[0].interface in resting and rested_at is not None and rested_at <= now:
                self._note(everywhere[0].interface, agents.state(everywhere, now), rested_at)

    def _note(self, interface: str, state: tuple[AgentState, str], at: datetime) -> None:
        """A step of the clock puts no change before an earlier one: the latest row is the state now."""
        before = self._latest.get(interface)
        if before is None or (before.state, before.reason) != state:
            change = AgentChange(interface, *state, at if before is None else max(at, before.at))
            self._latest[interface] = change
            self._changes.append(change)


MOST_CHANGES: Final = 10_000
"""More wait nowhere: while the store is away the oldest give way. About a day of a hundred agents."""
_IN_NO_QUEUE: Final[tuple[AgentState, str]] = ("unavailable", "in no queue")


async def refresh(board: Board, send: Send, clock: Callable[[], datetime]) -> None:
    """Fill the board after a connect; raises what `send` raises, and the board then stays as it was.

    Events that arrived meanwhile are to be applied after it: they lead through states already past to the one
    the snapshot shows, so the board ends right.
    """
    queues = await send({"Action": "QueueStatus"})
    channels = await send({"Action": "CoreShowChannels"})
    board.restore((*queues.events, *channels.events), clock())
