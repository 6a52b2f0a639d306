"""From the evidence of one stay to its outcome and durations: the rules of docs/asterisk-notes.md.

Pure: the same evidence gives the same visit, whatever order it was told in. The fold calls `judge` whenever
evidence was added, and again as time passes for stays that are not settled.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ivr.asterisk.words import VAR_ORIGIN
from ivr.visits.facts import Answered, Completed, SourceCapabilities
from ivr.visits.state import Stay
from ivr.visits.steady import When

SETTLES_AFTER = 1.0
"""Seconds after which a word not come yet (AgentConnect after a leave, Hangup after giving up) will not."""
_AT_ONCE = 0.5
_IMPLAUSIBLE = 900.0
"""Asterisk's own seconds are this much too long only when its clock stepped."""

RESULTS: Final = {
    "TIMEOUT": "timeout",
    "LEAVEEMPTY": "empty",
    "LEAVEUNAVAIL": "empty",
    "WITHDRAW": "withdrawn",
    "KEY": "key",
}
"""QUEUESTATUS → outcome; `KEY` is what queue_log and our dialplan know.

Not `JOINEMPTY`, `JOINUNAVAIL`, `FULL`: who was not let in has no stay there, but may have one elsewhere.
"""

_ENDED_BY: Final = {
    "abandoned": "caller",
    "key": "caller",
    "timeout": "queue",
    "empty": "queue",
    "withdrawn": "staff",
    "redirected": "staff",
    "interrupted": "restart",
}


class Verdict(NamedTuple):
    """`left`, `answered_at` and `ended_at` bound the wait and the talk; None while open or unknown.

    But for `left` they are fields of the visit.
    """

    outcome: str
    left: When | None = None
    wait_seconds: float | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    uncertain: bool = False
    """No word named the outcome; it is what is left."""

    @property
    def is_settled(self) -> bool:
        """Nothing more is expected."""
        return self.outcome != "waiting" and (self.outcome != "answered" or bool(self.ended_by))


def judge(stay: Stay, source: SourceCapabilities, now: float) -> Verdict:
    """The visit's outcome as far as it is known. `now` on the same axis as `When.steady`."""
    if stay.answered is not None:
        return _answered(stay, stay.answered, now)
    if stay.completed is not None:
        return _completed_only(stay.completed)
    if (outcome := _way_out(stay, source, now)) is not None:
        return _unanswered(stay, outcome)._replace(uncertain=not _is_told(stay, source, outcome))
    return Verdict("waiting", stay.gave_up or stay.left)


def _way_out(stay: Stay, source: SourceCapabilities, now: float) -> str | None:
    """The outcome of a stay without an agent; None while it may still wait."""
    if stay.result:
        return RESULTS[stay.result]
    if stay.gave_up is not None:
        return _gave_up(stay, stay.gave_up, source, now)
    if stay.left is not None:
        # A leave alone is a key, unless AgentConnect is still to come: it does within a millisecond.
        is_over = stay.moved_on or stay.gone or stay.lost or now - stay.left.steady > SETTLES_AFTER
        return "key" if is_over else None
    if stay.lost is not None:
        return "interrupted"
    # The queue's words were lost, but the caller's phone hung up; else somebody may stand in their place.
    is_gone = stay.gone is not None and now - stay.gone.steady > SETTLES_AFTER
    return "abandoned" if is_gone and stay.asked_waiting else None


def _gave_up(stay: Stay, gave_up: When, source: SourceCapabilities, now: float) -> str | None:
    """QueueCallerAbandon without a result: the caller hung up, or it is a way out nobody named."""
    if stay.asked_waiting:
        return "abandoned"
    if not (stay.moved_on or stay.gone):
        if not source.channels:
            return "abandoned"
        if now - gave_up.steady <= SETTLES_AFTER:
            return None
    if not (source.variables or VAR_ORIGIN in stay.party.variables):
        return "timeout"
    # 70 of 70 real abandons were announced by HangupRequest (asterisk-notes 17), and a result would have been
    # heard: so only a redirection is left for a channel that lives on.
    gone = stay.gone if stay.moved_on is None else None
    is_over = gone is not None and gone.steady - gave_up.steady <= _AT_ONCE
    return "abandoned" if is_over else "redirected"


def _is_told(stay: Stay, source: SourceCapabilities, outcome: str) -> bool:
    """queue_log names every way out; AMI those with a result, and who gave up after hanging up."""
    is_heard = outcome == "abandoned" and stay.gave_up is not None and stay.asked_waiting
    return source.joins or is_heard or outcome in ("interrupted", RESULTS.get(stay.result))


def _unanswered(stay: Stay, outcome: str) -> Verdict:
    left = stay.gave_up or stay.left or stay.lost or stay.gone
    wait = None if left is None else _seconds(stay.joined, left, None if left is stay.lost else stay.hold)
    return Verdict(outcome, left, wait, ended_at=left.at if left else None, ended_by=_ENDED_BY[outcome])


def _answered(stay: Stay, fact: Answered, now: float) -> Verdict:
    answered = fact.when
    wait = _seconds(stay.joined, answered, stay.hold if fact.hold is None else fact.hold)
    rang = [when for uniqueid, when in stay.offers if uniqueid == fact.agent_uniqueid]
    ring = _seconds(rang[-1], answered, fact.ring) if rang else fact.ring
    ended, ended_by = _end_of_talk(stay, now)
    told = stay.completed.talk if stay.completed and ended is stay.completed.when else None
    talk = _seconds(answered, ended, told) if ended is not None and ended_by != "restart" else None
    ended_at = ended.at if ended else None
    return Verdict("answered", answered, wait, answered.at, ended_at, ended_by, ring, talk)


def _completed_only(completed: Completed) -> Verdict:
    """The connect was missed; Asterisk's own figures at the end are what there is."""
    talk = completed.talk
    answered_at = completed.when.at - timedelta(seconds=talk) if talk is not None else None
    ended_at, ended_by = completed.when.at, completed.reason or "caller"
    return Verdict("answered", None, completed.hold, answered_at, ended_at, ended_by, None, talk)


def _end_of_talk(stay: Stay, now: float) -> tuple[When | None, str]:
    if stay.completed is not None:
        ended = stay.completed.when
        for taken in (stay.agent_gone, stay.moved_on):
            if taken is not None and ended.steady - taken.steady > SETTLES_AFTER:
                # Taken from the agent: the queue notices only when the caller hangs up (asterisk-notes 8).
                return taken, "transfer"
        return ended, stay.completed.reason or ("caller" if stay.asked_talking else "agent")
    if stay.lost is not None:
        return stay.lost, "restart"
    if stay.is_handed_over and (until := stay.handed_over_until):
        # An agent whose phone did not hang up has handed on.
        by_agent = "agent" if stay.agent_asked or until is stay.gone else "transfer"
        return until, "caller" if stay.asked_talking else by_agent
    if stay.moved_on is not None and now - stay.moved_on.steady > SETTLES_AFTER:
        return stay.moved_on, "transfer"
    if stay.gone is not None and now - stay.gone.steady > SETTLES_AFTER:
        return stay.gone, "caller" if stay.asked_talking else "agent"
    return None, ""


def _seconds(start: When, end: When, told: float | None) -> float:
    """The span in seconds. `told`: Asterisk's own difference of whole seconds, for want of timestamps."""
    measured = end.steady - start.steady
    if start.exact and end.exact:
        if measured < -_AT_ONCE:
            # A step back nobody saw coming: the receipts are what is left.
            measured = (end.received_at - start.received_at).total_seconds()
    elif told is not None and 0 <= told < measured + _IMPLAUSIBLE:
        # At most a second wrong, however late we read; our receipts would only be right if we never did.
        return told
    return round(max(0.0, measured), 3)
