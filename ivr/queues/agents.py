"""Agents as queue members: what Asterisk says of each membership, and from it who is idle and in which state.

In: QueueStatus' QueueMember entries, then QueueMember* and Agent* events, in order. Out: new memberships;
nothing is changed in place, so a thread may read while another applies. `ivr.queues.board` calls all of it.

Asterisk sends one QueueMemberStatus per queue for each change of a phone, so a phone that rings for one queue
is seen ringing in all. `InCall` is set only in the queue whose call it is; `LastCall` (whole seconds) too, or
in every queue of the member with `shared_lastcall`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from ivr.asterisk.messages import AmiEvent, parse_timestamp, whole_number
from ivr.asterisk.words import LENT_PENALTY

# Device states of `Status:`, from Asterisk's devicestate.h.
NOT_IN_USE: Final = 1
_UNREACHABLE: Final = frozenset({0, 4, 5})
"""Unknown, invalid, unavailable: nobody is registered there."""
_RINGING: Final = frozenset({6, 7})

_SAME_CALL: Final = timedelta(seconds=2)
"""`LastCall` has whole seconds: an end of call this close to one already known is the same end."""

AgentState = Literal["unavailable", "idle", "ringing", "in_call", "wrap_up", "paused", "unknown"]


@dataclass(frozen=True, slots=True)
class Membership:
    """One agent in one queue, as Asterisk last told it. Moments are on our clock (receipt of the event)."""

    queue: str
    interface: str
    device: str
    """Whose state counts (StateInterface): the same in all queues of one agent."""
    name: str = ""
    status: int = 0
    paused: bool = False
    pause_reason: str = ""
    is_lent: bool = False
    """Of another queue's agents, who are rung only for a caller that has waited long (`helped_by`)."""
    in_call: bool = False
    called_for: str = ""
    """Uniqueid of the caller this phone is being called for; empty if none."""
    talk_ended_at: datetime | None = None
    """End of the last talk, as AgentComplete told it; None before the first one we saw."""
    rests_until: datetime | None = None
    """End of the wrap-up after the last call."""
    talks_on: bool = False
    """In use ever since AgentComplete: a citizen was handed over, and no queue tells of that talk."""


Memberships = Mapping[tuple[str, str], Membership]
"""By queue and interface."""
WrapUp = Mapping[str, float]
"""Seconds of rest after a call, by queue; a queue that is not listed has none."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A person at a phone, once, whichever queues they serve."""

    interface: str
    name: str
    queues: tuple[str, ...]


def step(members: Memberships, event: AmiEvent, wrap_up: WrapUp) -> Memberships:
    """The memberships after `event`; the same object if it says nothing of them."""
    handler = _STEPS.get(event.name)
    return members if handler is None else handler(members, event, wrap_up)


def idle(members: Memberships, queue: str, now: datetime) -> list[Agent]:
    """Agents of `queue` who could take a call at `now`, each once.

    Idle = the phone is registered, not in use and not ringing, the agent is not paused in this queue, is in
    no call of any queue, none is being offered, and the wrap-up after the last one is over. Whom another
    queue lends is counted there alone.
    """
    found = []
    for everywhere in by_device(members).values():
        here = next((m for m in everywhere if m.queue == queue and not m.paused and not m.is_lent), None)
        if here is not None and state(everywhere, now) == ("idle", ""):
            found.append(Agent(here.interface, here.name, tuple(member.queue for member in everywhere)))
    return found


def serving(members: Memberships, queue: str) -> int:
    """How many agents serve `queue`, busy or not: registered and not paused in it."""
    here = (m for m in members.values() if m.queue == queue and not m.paused and not m.is_lent)
    return len({m.device for m in here if m.status not in _UNREACHABLE})


def by_device(members: Memberships) -> dict[str, list[Membership]]:
    """All memberships of each agent, in the order of first mention."""
    found: dict[str, list[Membership]] = {}
    for member in members.values():
        found.setdefault(member.device, []).append(member)
    return found


def changed(before: Memberships, after: Memberships) -> list[list[Membership]]:
    """All memberships of each agent of whom one is new, changed or gone, if any is left."""
    touched = {m.device for key, m in after.items() if before.get(key) is not m}
    touched |= {m.device for key, m in before.items() if key not in after}
    return [everywhere for device, everywhere in by_device(after).items() if device in touched]


def left_all_queues(before: Memberships, after: Memberships) -> set[str]:
    """Interfaces that were in a queue before and are in none now."""
    return {m.interface for m in before.values()} - {m.interface for m in after.values()}


def state(here: Sequence[Membership], now: datetime) -> tuple[AgentState, str]:
    """State and reason of an agent, given all their memberships; paused only when paused in every queue."""
    if any(m.status in _UNREACHABLE for m in here):
        return "unavailable", ""
    if any(m.in_call for m in here):
        return "in_call", ""
    if any(m.status in _RINGING or m.called_for for m in here):
        return "ringing", ""
    if any(m.status != NOT_IN_USE for m in here):
        return "in_call", ""
    if all(m.paused for m in here):
        return "paused", here[0].pause_reason
    if any(m.rests_until is not None and m.rests_until > now for m in here):
        return "wrap_up", ""
    return "idle", ""


def rest_ends_at(everywhere: Iterable[Membership]) -> datetime | None:
    """When the agent's wrap-up is or was over; None if they took no call yet."""
    return max((m.rests_until for m in everywhere if m.rests_until is not None), default=None)


def _key(event: AmiEvent) -> tuple[str, str]:
    return event["Queue"], event["Interface"] or event["Location"]  # QueueMember says Location


def _told(members: Memberships, event: AmiEvent, wrap_up: WrapUp) -> Memberships:
    """QueueMember, QueueMemberStatus, -Pause, -Added …: the whole state of one membership."""
    queue, interface = _key(event)
    device = event["StateInterface"] or interface
    after = replace(
        members.get((queue, interface), Membership(queue, interface, device)),
        device=device,
        name=event["MemberName"] or event["Name"],
        status=whole_number(event["Status"]),
        paused=event["Paused"] == "1",
        pause_reason=event["PausedReason"],
        is_lent=whole_number(event["Penalty"]) >= LENT_PENALTY,
        in_call=event["InCall"] == "1",
    )
    if after.talks_on and after.talk_ended_at is not None and after.status == NOT_IN_USE:
        if event.received_at > after.talk_ended_at + _SAME_CALL:
            after = _rested_from(after, event, wrap_up)
        after = replace(after, talks_on=False)
    ended_at = _last_call(event)
    if ended_at is not None and not _is_known(members, device, ended_at):
        rest = whole_number(event["Wrapuptime"]) or wrap_up.get(queue, 0.0)
        after = replace(after, rests_until=ended_at + timedelta(seconds=rest))
    return {**members, (queue, interface): after}


def _last_call(event: AmiEvent) -> datetime | None:
    """`LastCall` moved to our clock: Asterisk's may differ, and a listed QueueMember carries no Timestamp."""
    ended_at = parse_timestamp(event["LastCall"])
    if ended_at is None or ended_at <= _EPOCH:
        return None
    return event.received_at - max(event.at - ended_at, timedelta())


def _is_known(members: Memberships, device: str, ended_at: datetime) -> bool:
    """Whether this end is one that AgentComplete told: then only that queue's wrap-up holds."""
    return any(
        member.device == device and ended_at <= member.talk_ended_at + _SAME_CALL
        for member in members.values()
        if member.talk_ended_at is not None
    )


def _removed(members: Memberships, event: AmiEvent, wrap_up: WrapUp) -> Memberships:
    return {key: member for key, member in members.items() if key != _key(event)}


def _completed(members: Memberships, event: AmiEvent, wrap_up: WrapUp) -> Memberships:
    """The talk is over. AgentComplete may lack the caller; Queue and Interface are always there."""
    key = _key(event)
    if (before := members.get(key)) is None:
        return members
    after = replace(before, called_for="", in_call=False, talks_on=before.status != NOT_IN_USE)
    return {**members, key: _rested_from(after, event, wrap_up)}


def _rested_from(member: Membership, end: AmiEvent, wrap_up: WrapUp) -> Membership:
    rest = timedelta(seconds=wrap_up.get(member.queue, 0.0))
    return replace(member, talk_ended_at=end.received_at, rests_until=end.received_at + rest)


def _caller_gone(members: Memberships, event: AmiEvent, wrap_up: WrapUp) -> Memberships:
    """The caller left the queue or hung up: a phone still called for them gets no event of its own."""
    if not any(member.called_for == event["Uniqueid"] != "" for member in members.values()):
        return members
    return {
        key: replace(member, called_for="") if member.called_for == event["Uniqueid"] else member
        for key, member in members.items()
    }


def _changed(members: Memberships, event: AmiEvent, **what: object) -> Memberships:
    key = _key(event)
    before = members.get(key)
    return members if before is None else {**members, key: replace(before, **what)}  # type: ignore[arg-type]  # each a field of Membership


_EPOCH: Final = datetime.fromtimestamp(0, UTC)

_STEPS: Mapping[str, Callable[[Memberships, AmiEvent, WrapUp], Memberships]] = {
    **dict.fromkeys(("QueueMember", "QueueMemberStatus", "QueueMemberPause", "QueueMemberAdded"), _told),
    **dict.fromkeys(("QueueMemberRinginuse", "QueueMemberPenalty"), _told),
    "QueueMemberRemoved": _removed,
    "AgentCalled": lambda members, event, _: _changed(members, event, called_for=event["Uniqueid"]),
    "AgentRingNoAnswer": lambda members, event, _: _changed(members, event, called_for=""),
    "AgentDump": lambda members, event, _: _changed(members, event, called_for=""),
    "AgentConnect": lambda members, event, _: _changed(members, event, called_for="", in_call=True),
    "AgentComplete": _completed,
    "QueueCallerLeave": _caller_gone,
    "Hangup": _caller_gone,
}
