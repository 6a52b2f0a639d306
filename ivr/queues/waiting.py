"""Callers who wait, per queue and in order, and how long the caller at a position may expect to wait.

In: QueueStatus' QueueEntry and CoreShowChannels' entries, then QueueCallerJoin and QueueCallerLeave. Out: new
lines; nothing is changed in place. `ivr.queues.board` calls all of it. A callback is in a line only once the
citizen has pressed 1: before that Asterisk does not have it in the queue.

Expected wait = position x mean handle time / agents serving. With c agents whose calls last H seconds on
average, one of them becomes free every H / c seconds, and the caller at position p takes the p-th. It counts
every agent of the queue in full, also one who serves another queue too, so it is a little short where agents
are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import fmean

from ivr.asterisk.messages import AmiEvent, whole_number
from ivr.asterisk.words import VAR_CREDIT, VAR_ORIGIN


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """One caller in one queue. `joined_at` is on our clock (receipt of the event)."""

    uniqueid: str
    joined_at: datetime
    credit_seconds: int = 0
    """What a called-back citizen had already waited before (rule 7)."""
    origin: str = ""
    """`inbound`, `callback` or `internal`; empty where the dialplan is not ours."""

    @property
    def waiting_since(self) -> datetime:
        """What counts for their place: when they joined, and as much earlier as they have credit."""
        return self.joined_at - timedelta(seconds=self.credit_seconds)


Lines = Mapping[str, tuple[WaitingCaller, ...]]
"""By queue, the next to be served first."""


def step(lines: Lines, event: AmiEvent) -> Lines:
    """The lines after `event`."""
    handler = _STEPS.get(event.name)
    return lines if handler is None else handler(lines, event)


def place_for(line: tuple[WaitingCaller, ...], credit_seconds: float, now: datetime) -> int:
    """Place (1 = next) of one who brings `credit_seconds` of waiting with them.

    Behind everybody who has waited longer, before the rest.
    """
    since = now - timedelta(seconds=credit_seconds)
    before = (place for place, caller in enumerate(line, 1) if caller.waiting_since < since)
    return max(before, default=0) + 1


def _joined(lines: Lines, event: AmiEvent) -> Lines:
    return _placed(lines, event, _with_variables(WaitingCaller(event["Uniqueid"], event.received_at), event))


def _listed(lines: Lines, event: AmiEvent) -> Lines:
    """QueueEntry: carries no channel variables; CoreShowChannel brings them."""
    waited = timedelta(seconds=whole_number(event["Wait"]))
    return _placed(lines, event, WaitingCaller(event["Uniqueid"], event.received_at - waited))


def _placed(lines: Lines, event: AmiEvent, caller: WaitingCaller) -> Lines:
    """A caller told twice (by a snapshot and by an event still under way) stands in line once."""
    queue = event["Queue"]
    others = [other for other in lines.get(queue, ()) if other.uniqueid != caller.uniqueid]
    others.insert(max(whole_number(event["Position"]) - 1, 0) if event["Position"] else len(others), caller)
    return {**lines, queue: tuple(others)}


def _gone(lines: Lines, event: AmiEvent) -> Lines:
    """A channel waits in one queue at a time. Hangup: nor does it then, even if its leave was missed."""
    gone = event["Uniqueid"]
    return {queue: tuple(each for each in line if each.uniqueid != gone) for queue, line in lines.items()}


def _described(lines: Lines, event: AmiEvent) -> Lines:
    """CoreShowChannel: the channel variables of one channel, perhaps of a caller who waits."""
    return {
        queue: tuple(
            _with_variables(caller, event) if caller.uniqueid == event["Uniqueid"] else caller
            for caller in line
        )
        for queue, line in lines.items()
    }


def _with_variables(caller: WaitingCaller, event: AmiEvent) -> WaitingCaller:
    return replace(
        caller,
        credit_seconds=whole_number(event.variables.get(VAR_CREDIT, "")),
        origin=event.variables.get(VAR_ORIGIN, ""),
    )


_STEPS: Mapping[str, Callable[[Lines, AmiEvent], Lines]] = {
    "QueueCallerJoin": _joined,
    "QueueCallerLeave": _gone,
    "QueueEntry": _listed,
    "CoreShowChannel": _described,
    "Hangup": _gone,
}


FEWEST_TALKS = 3
"""Fewer talks than this say nothing reliable."""
MOST_TALKS = 30
LOOK_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Talk:
    """One finished call of an agent: when it ended, and how long talk and wrap-up kept them, in seconds."""

    ended_at: datetime
    handle_seconds: float


def expected_wait(place: int, agents: int, talks: Sequence[Talk], now: datetime) -> float | None:
    """Seconds the caller at `place` (1 = next) may expect to wait; None where nothing reliable is known."""
    recent = [talk.handle_seconds for talk in talks if now - talk.ended_at <= LOOK_BACK]
    if agents < 1 or len(recent) < FEWEST_TALKS:
        return None
    return place * fmean(recent) / agents
