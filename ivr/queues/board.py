"""The board: who is idle and who waits on one Asterisk right now.

In: at each connect the answers to QueueStatus and CoreShowChannels (`refresh`), then every AMI event in
order. Out: idle agents, lines of callers, expected waits, and agents' changes of state to be stored. The
dialer's daemon owns it and applies events on the event loop; AGI scripts read it from other threads, which is
safe because every part is replaced as a whole, never changed in place.

Nobody is idle while the connection is lost, nor after it is back until the new snapshot is in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ivr.asterisk.messages import AmiEvent, whole_number
from ivr.queues import agents, waiting
from ivr.queues.agents import Agent, AgentState, Membership
from ivr.queues.waiting import MOST_TALKS, Talk, WaitingCaller, expected_wait


class _Answer(Protocol):
    @property
    def events(self) -> tuple[AmiEvent, ...]: ...


Send = Callable[[Mapping[str, str]], Awaitable[_Answer]]
"""Sends one AMI action and awaits its answer, as `AmiConnection.send` does."""


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
        self._fresh = False
        self._members: agents.Memberships = {}
        self._lines: waiting.Lines = {}
        self._talks: Mapping[str, tuple[Talk, ...]] = {}
        self._told: dict[str, tuple[AgentState, str]] = {}
        self._changes: list[AgentChange] = []

    @property
    def is_fresh(self) -> bool:
        """Whether the board has been filled since the last connect."""
        return self._fresh

    def restore(self, snapshot: Iterable[AmiEvent], at: datetime) -> None:
        """Begin anew from the events that QueueStatus and CoreShowChannels answered with, in that order."""
        members: agents.Memberships = {}
        lines: waiting.Lines = {}
        for event in snapshot:
            members = agents.step(members, event, self._wrap_up)
            lines = waiting.step(lines, event)
        self._members, self._lines, self._fresh = members, lines, True
        self._note_changes(agents.by_device(members).values(), at, at)
        for interface in self._told.keys() - {member.interface for member in members.values()}:
            self._note(interface, _IN_NO_QUEUE, at)

    def lose(self, at: datetime) -> None:
        """The connection is gone (or new and not yet asked): nobody is idle until `restore`."""
        self._fresh = False
        for interface in self._told:
            self._note(interface, ("unknown", "connection lost"), at)

    def apply(self, event: AmiEvent) -> None:
        """Bring the board up to `event`; events it does not know change nothing."""
        if self._fresh:
            self._note_rested(event.received_at)
        before = self._members
        self._members = agents.step(before, event, self._wrap_up)
        self._lines = waiting.step(self._lines, event)
        if event.name == "AgentComplete":
            self._remember_talk(event)
        if self._fresh and self._members is not before:
            self._note_changes(agents.changed(before, self._members), event.received_at, event.at)
            for interface in agents.left_all_queues(before, self._members):
                self._note(interface, _IN_NO_QUEUE, event.at)

    @property
    def members(self) -> agents.Memberships:
        """All memberships as Asterisk last told them."""
        return self._members

    def idle(self, queue: str, now: datetime) -> list[Agent]:
        """Agents of `queue` who could take a call at `now`; empty while the board is not fresh."""
        return agents.idle(self._members, queue, now) if self._fresh else []

    def waiting(self, queue: str) -> tuple[WaitingCaller, ...]:
        """Callers in `queue`, the next to be served first: live callers and callbacks already confirmed."""
        return self._lines.get(queue, ())

    def expected_wait(self, queue: str, place: int, now: datetime) -> float | None:
        """Seconds the caller at `place` (1 = next) may expect; None where nothing reliable is known."""
        return expected_wait(place, agents.serving(self._members, queue), self._talks.get(queue, ()), now)

    def take_changes(self, now: datetime) -> tuple[AgentChange, ...]:
        """Changes of state since the last call, in order, among them wrap-ups that are over by `now`."""
        if self._fresh:
            self._note_rested(now)
        taken, self._changes = tuple(self._changes), []
        return taken

    def _remember_talk(self, event: AmiEvent) -> None:
        queue, talk_time = event["Queue"], whole_number(event["TalkTime"])
        if talk_time > 0:  # a step of the clock makes it negative
            talk = Talk(event.received_at, talk_time + self._wrap_up.get(queue, 0.0))
            self._talks = {**self._talks, queue: (*self._talks.get(queue, ()), talk)[-MOST_TALKS:]}

    def _note_changes(self, changed: Iterable[list[Membership]], now: datetime, at: datetime) -> None:
        for everywhere in changed:
            self._note(everywhere[0].interface, agents.state(everywhere, now), at)

    def _note_rested(self, now: datetime) -> None:
        """The end of a wrap-up has no event: it is noticed here, and dated to when it was."""
        resting = {interface for interface, (state, _) in self._told.items() if state == "wrap_up"}
        for everywhere in agents.by_device(self._members).values() if resting else ():
            rested_at = agents.rest_ends_at(everywhere)
            if everywhere[0].interface in resting and rested_at is not None and rested_at <= now:
                self._note(everywhere[0].interface, agents.state(everywhere, now), rested_at)

    def _note(self, interface: str, state: tuple[AgentState, str], at: datetime) -> None:
        if self._told.get(interface) != state:
            self._told[interface] = state
            self._changes.append(AgentChange(interface, *state, at))


_IN_NO_QUEUE: tuple[AgentState, str] = ("unavailable", "in no queue")


async def refresh(board: Board, send: Send, clock: Callable[[], datetime]) -> None:
    """Fill the board after a connect; raises what `send` raises, and the board then stays as it was.

    Events that arrived meanwhile are to be applied after it: they lead through states already past to the one
    the snapshot shows, so the board ends right.
    """
    queues = await send({"Action": "QueueStatus"})
    channels = await send({"Action": "CoreShowChannels"})
    board.restore((*queues.events, *channels.events), clock())
