"""One attempt followed through Asterisk's events: `apply(progress, event) -> progress`, pure.

The channels of an attempt carry its id as Linkedid: the citizen's half of the Local channel (Uniqueid =
attempt id), the dialling half (id + "-2") and the trunk's channel, whose Hangup has the true cause. The
attempt is over when none of those is left; agents' channels come and go and do not count. `following`
keeps one Progress per live attempt; `disposition` says what it amounted to when it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from ivr.asterisk import words
from ivr.asterisk.messages import AmiEvent, number
from ivr.calls.callbacks import AttemptState, Disposition, states_before

Farewell = Literal["", "refused", "no_agent", "new_time", "withdrawn", "late"]
"""Why a citizen was let go without an agent; `withdrawn`: we hung up, as they are on the line themselves;
`late`: the dialplan did not dial, the order was too old."""

_CAUSES: Final[Mapping[Disposition, tuple[int, ...]]] = {
    "no_answer": (0, 16, 18, 19, 20, 31),
    "invalid_number": (1, 22, 28),
    "busy": (17,),
    "declined": (21,),
    "congestion": (34, 38, 41, 42, 44),
}
BY_CAUSE: Final = {cause: outcome for outcome, causes in _CAUSES.items() for cause in causes}
"""Q.850 numbers as Asterisk puts them on the Hangup of the trunk's channel (measured for chan_pjsip: 486
gives 17, 603 gives 21, 404 gives 1, 503 gives 34, a Dial() that timed out gives 0). Every other cause, and no
cause at all, is the trunk's failure."""

_SILENT: Final = frozenset({0, 16, 18, 31})
"""Causes that also come when nothing at the other end ever spoke."""

_BY_FAREWELL: Final[Mapping[Farewell, Disposition]] = {
    "refused": "declined",
    "no_agent": "no_agent",
    "new_time": "no_agent",
    "withdrawn": "aborted",
    "late": "aborted",
}
_BY_STATE: Final[Mapping[AttemptState, Disposition]] = {
    "planned": "aborted",
    "citizen_answered": "machine_or_no_confirmation",
    "confirmed": "citizen_left_before_agent",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt has come. Moments are Asterisk's own."""

    attempt_id: str
    state: AttemptState
    reached_state_at: datetime
    trunk_leg: str = ""
    """Uniqueid of the trunk's channel, empty until there is one."""
    open_legs: frozenset[str] = frozenset()
    """Uniqueids of the channels that are left; agents' are not counted."""
    cause: int | None = None
    answered_at: datetime | None = None
    confirmed_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    agent: str = ""
    talk_seconds: float | None = None
    farewell: Farewell = ""
    choice: int = 0
    """Which of the offered new times was chosen; 0 is none."""


KNOWN: Final = ("cause", "answered_at", "confirmed_at", "connected_at", "agent", "talk_seconds")
"""What is learned on the way, by the names it has in the store, too."""
Step = Callable[[Progress, AmiEvent], Progress]


def attempt_of(event: AmiEvent) -> str:
    """The attempt an event belongs to, empty if none."""
    told = (event["Attempt"], event["Linkedid"], event["DestLinkedid"], event["Uniqueid"])
    for name in (*told, event.variables.get(words.VAR_ATTEMPT, "")):
        if name.startswith(words.ATTEMPT_PREFIX):
            return name.removesuffix("-2")
    return ""


def apply(progress: Progress, event: AmiEvent) -> Progress:
    """The attempt after one of its events; events that say nothing new change nothing."""
    step = STEPS.get(event.name)
    return progress if step is None or progress.ended_at else step(progress, event)


def disposition(progress: Progress) -> Disposition:
    """The disposition of an attempt none of whose channels is left."""
    if progress.state == "agent_connected":
        return "reached"
    if progress.farewell in _BY_FAREWELL:
        return _BY_FAREWELL[progress.farewell]
    if progress.state in _BY_STATE:
        return _BY_STATE[progress.state]
    if progress.cause is None or (progress.state == "originating" and progress.cause in _SILENT):
        return "trunk_failed"
    return BY_CAUSE.get(progress.cause, "trunk_failed")


def advance(progress: Progress, state: AttemptState, at: datetime) -> Progress:
    """In that state since `at`, unless it is there or further."""
    if progress.state not in states_before(state):
        return progress
    return replace(progress, state=state, reached_state_at=at)


def _leg_opened(progress: Progress, event: AmiEvent) -> Progress:
    leg = event["Uniqueid"]
    if leg in (progress.attempt_id, f"{progress.attempt_id}-2"):
        return replace(progress, open_legs=progress.open_legs | {leg})
    if progress.trunk_leg or event["Channel"].startswith("Local/"):
        return progress
    return replace(progress, trunk_leg=leg, open_legs=progress.open_legs | {leg})


def _leg_closed(progress: Progress, event: AmiEvent) -> Progress:
    leg = event["Uniqueid"]
    if leg not in progress.open_legs:
        return progress
    cause = number(event["Cause"]) if leg == progress.trunk_leg else progress.cause
    progress = replace(progress, open_legs=progress.open_legs - {leg}, cause=cause)
    return progress if progress.open_legs else _ended(progress, event.at)


def _ended(progress: Progress, at: datetime) -> Progress:
    talk = progress.talk_seconds
    if talk is None and progress.connected_at:
        talk = _seconds(progress.connected_at, at)
    return replace(progress, ended_at=at, talk_seconds=talk)


def _leg_state(progress: Progress, event: AmiEvent) -> Progress:
    is_ringing = event["Uniqueid"] == progress.trunk_leg and event["ChannelStateDesc"] == "Ringing"
    return advance(progress, "ringing", event.at) if is_ringing else progress


def _dial_state(progress: Progress, event: AmiEvent) -> Progress:
    rings = event["DestUniqueid"] == progress.trunk_leg and event["DialStatus"] in ("RINGING", "PROGRESS")
    return advance(progress, "ringing", event.at) if rings else progress


def _originate_response(progress: Progress, event: AmiEvent) -> Progress:
    # No channel was ever made, so no Hangup will come.
    is_stillborn = event["Response"] == "Failure" and not progress.open_legs and not progress.trunk_leg
    return _ended(progress, event.at) if is_stillborn else progress


def _user_event(progress: Progress, event: AmiEvent) -> Progress:
    if event["UserEvent"] != words.EVENT_CALLBACK:
        return progress
    step = TOLD_BY_DIALPLAN.get(event["State"])
    return progress if step is None else step(progress, event)


def answered(progress: Progress, at: datetime) -> Progress:
    """The citizen has picked up."""
    return advance(replace(progress, answered_at=progress.answered_at or at), "citizen_answered", at)


def confirmed(progress: Progress, at: datetime) -> Progress:
    """The citizen has pressed 1."""
    return advance(replace(progress, confirmed_at=progress.confirmed_at or at), "confirmed", at)


def connected(progress: Progress, at: datetime, agent: str) -> Progress:
    """An agent, by name of the interface, has picked up."""
    with_agent = replace(progress, connected_at=progress.connected_at or at, agent=progress.agent or agent)
    return advance(with_agent, "agent_connected", at)


def new_time(progress: Progress, choice: str) -> Progress:
    """The citizen has chosen one of the offered times by its key."""
    return replace(progress, farewell="new_time", choice=number(choice) or 0)


def _agent_complete(progress: Progress, event: AmiEvent) -> Progress:
    if progress.connected_at is None or progress.talk_seconds is not None:
        return progress
    return replace(progress, talk_seconds=_seconds(progress.connected_at, event.at))


def _seconds(begin: datetime, end: datetime) -> float:
    return round((end - begin).total_seconds(), 3)


STEPS: Final[Mapping[str, Step]] = {
    "Newchannel": _leg_opened,
    "Newstate": _leg_state,
    "DialState": _dial_state,
    "UserEvent": _user_event,
    "AgentConnect": lambda progress, event: connected(progress, event.at, event["Interface"]),
    "AgentComplete": _agent_complete,
    "Hangup": _leg_closed,
    "OriginateResponse": _originate_response,
}
TOLD_BY_DIALPLAN: Final[Mapping[str, Step]] = {
    words.CALLBACK_ANSWERED: lambda progress, event: answered(progress, event.at),
    words.CALLBACK_CONFIRMED: lambda progress, event: confirmed(progress, event.at),
    words.CALLBACK_REFUSED: lambda progress, event: replace(progress, farewell="refused"),
    words.CALLBACK_NO_AGENT: lambda progress, event: replace(progress, farewell="no_agent"),
    words.CALLBACK_NEW_TIME: lambda progress, event: new_time(progress, event["Choice"]),
    words.CALLBACK_LATE: lambda progress, event: replace(progress, farewell="late"),
}
