"""The rule book: what AMI and queue_log say of one stay, or of one call, made one record.

`ivr.visits.identity` finds the record; here is which field wins, and why:

- *Outcome*: what AMI told stays, whatever queue_log says. Where AMI had to conclude it (`uncertain`), being
  answered beats all. queue_log names each way out, so timeout, key, empty and withdrawn are its to say then;
  a redirection looks like an abandon there and is AMI's. `waiting` and `interrupted` only mean that a source
  was cut off and give way to whatever the other one knows. Where both name who stood there in the end, and
  differ, AMI heard it and queue_log does not say it: the outcome is AMI's.
- *Wait, agent and moments* follow the outcome; where both sources agree on it AMI's are taken: microseconds
  against whole seconds, the interface against a member's name. What it does not know queue_log fills in.
- *The end of a talk* belongs to whoever heard it; to AMI if both did, or the earlier if they are further
  apart than whole seconds: AMI takes a talk whose last word it missed to last as long as the call.
- *Who called, from which menu, in what language* is AMI's (channel variables); queue_log fills what is empty.
- *The end of a call* is AMI's as long as it listens: queue_log only knows when its last queue was left.

Pure: the record as it is known and as it is told in, the record as it is known then out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final, TypeVar

from ivr.visits.identity import ROUGH_TIME
from ivr.visits.records import Call, Visit

_WAIT: Final = ("left_at", "wait_seconds", "answered_at", "ring_seconds", "agent", "agent_name")
_WHO: Final = ("linkedid", "origin", "attempt_id", "structure", "caller", "menu_path", "language", "place")

_CERTAINTY: Final = {"waiting": 0, "interrupted": 1, "abandoned": 3, "redirected": 4, "answered": 6}
_GUESSED, _NAMED = 2, 5
"""Timeout, key, empty and withdrawn: what AMI may have had to guess, queue_log has a name for."""


def visit_merged(known: Visit, told: Visit) -> Visit:
    """The stored visit as it is once `told`, of the same stay, is known too."""
    wait, other = (told, known) if _wins(told, known) else (known, told)
    agrees = known.outcome == told.outcome
    end = wait
    if wait.outcome == "answered" and agrees:
        end = told if _ends_better(told, known) else known
    who, guess = (told, known) if tells_who(told, known) else (known, told)
    is_finer = told.source == "ami" and not (told.is_rebuilt and known.source != "queue_log")
    moments = told if is_finer else known
    merged = known._replace(
        uniqueid=told.uniqueid if told.place == known.uniqueid else known.uniqueid,
        outcome=wait.outcome,
        joined_at=moments.joined_at,
        received_at=moments.received_at,
        ended_at=end.ended_at,
        ended_by=end.ended_by,
        talk_seconds=end.talk_seconds,
        precision=max(wait.precision, end.precision),  # "s" after "ms"
        recorded=known.recorded or told.recorded,
        clock_stepped=known.clock_stepped or told.clock_stepped,
        source=known.source if known.source == told.source else "both",
        **_first(_WHO, who, guess),
        **_first(_WAIT, wait, other if agrees else wait),
    )
    merged = merged if told.source == "ami" else _with_log(merged, told)
    # What queue_log only repeats was weighed when it said so first.
    both_say_it = agrees and (known.log_outcome == told.outcome) == (told.source == "ami")
    return merged._replace(uncertain=wait.uncertain and not both_say_it)


def tells_who(told: Visit, known: Visit) -> bool:
    """Whether who called, and so which call it was, is for `told` to say.

    AMI may not have heard of an attended transfer into the queue; then it takes the stay for the agent's.
    """
    if bool(told.place) != bool(known.place):
        if told.source == known.source:
            return bool(told.place) or told.is_rebuilt
        if (told.origin == "internal") != (known.origin == "internal"):
            return told.origin != "internal"
    elif told.is_rebuilt and told.source == known.source:
        return False  # somebody who went on reading after the join
    return told.source == "ami" or known.source == "queue_log"


def first_told(told: Visit) -> Visit:
    """The record of a stay nobody knew of; it keeps queue_log's own telling, by which it is found again."""
    return told if told.source == "ami" else _with_log(told, told)


def _with_log(visit: Visit, told: Visit) -> Visit:
    named = visit.log_joined_at if told.is_rebuilt else told.joined_at
    is_more = _certainty("queue_log", told.outcome) >= _certainty("queue_log", visit.log_outcome or "waiting")
    return visit._replace(log_joined_at=named, log_outcome=told.outcome if is_more else visit.log_outcome)


def _wins(told: Visit, known: Visit) -> bool:
    """Whether outcome, wait and agent are taken from the new telling."""
    if told.left_at and known.left_at and told.outcome == known.outcome == "interrupted":
        return told.left_at > known.left_at  # the later sign of life
    is_told_apart = bool(known.place and told.place and known.place != told.place)
    ami = told if told.source == "ami" else known
    if known.source != told.source and (is_told_apart or known.outcome == told.outcome or _is_told(ami)):
        return ami is told
    said_by = known.source
    if said_by == "both":
        said_by = "queue_log" if known.outcome == known.log_outcome else "ami"
    if said_by == told.source:
        return _completeness(told) >= _completeness(known)
    return _certainty(told.source, told.outcome) > _certainty(said_by, known.outcome)


def _is_told(visit: Visit) -> bool:
    return visit.outcome not in ("waiting", "interrupted") and not visit.uncertain


def _certainty(source: str, outcome: str) -> int:
    return _CERTAINTY.get(outcome, _NAMED if source == "queue_log" else _GUESSED)


def _completeness(visit: Visit) -> int:
    """How much of its end a visit knows: waiting, cut off, talking, over."""
    if visit.outcome in ("waiting", "interrupted"):
        return _CERTAINTY[visit.outcome]
    return 3 if visit.ended_at is not None else 2


def _ends_better(told: Visit, known: Visit) -> bool:
    """A talk may be thought to last too long, until the caller is gone; never too short.

    One cut off by a restart has only a last sign of life for its end.
    """
    knows, knew = (0 if one.ended_at is None else 1 + (one.ended_by != "restart") for one in (told, known))
    if told.ended_at and known.ended_at and told.source != known.source and knows == knew == 2:
        later = told.ended_at - known.ended_at
        if abs(later) > ROUGH_TIME:
            return later < timedelta()
    return knows > knew or (knows == knew and told.source in ("ami", known.source))


def call_merged(known: Call, told: Call, *, is_listened: bool) -> Call:
    """The stored call as it is once `told` is known too.

    `is_listened`: a recorder hears AMI now and will tell the end itself.
    """
    is_amis = known.source == "ami"
    has_not_heard_who = known.source == told.source and known.caller and not told.caller
    keeps = has_not_heard_who or (is_amis and told.source != "ami")
    who, guess = (known, told) if keeps else (told, known)
    may_tell_end = not (is_amis and told.source != "ami" and is_listened)
    end = told if may_tell_end and _is_later_end(told, known) else known
    is_late = who.began_at - guess.began_at > ROUGH_TIME
    first_word = min(known.received_at, told.received_at)
    return Call(**_first(Call._fields, who, guess))._replace(
        uniqueid=known.uniqueid,
        began_at=guess.began_at if is_late else who.began_at,
        # Read again from a bookmark, a source's first word would be a later one.
        received_at=first_word if known.source == told.source else who.received_at,
        last_seen_at=max(known.last_seen_at, told.last_seen_at),
        ended_at=end.ended_at,
        ended_by=end.ended_by,
        is_interrupted=end.is_interrupted,
    )


def _is_later_end(told: Call, known: Call) -> bool:
    """An open call was heard of since the end that is stored; an end was told, or corrected by its source."""
    if told.ended_at is None:
        return told.last_seen_at > max(known.last_seen_at, known.ended_at or known.last_seen_at)
    if known.ended_at is None or known.source == told.source:
        return True
    return told.source == "ami" if told.ended_by else told.ended_at > known.ended_at + ROUGH_TIME


_Record = TypeVar("_Record", Call, Visit)


def _first(names: Iterable[str], known: _Record, else_known: _Record) -> dict[str, Any]:
    """Those fields of the first; of the other, where the first does not know them."""
    return {
        name: getattr(else_known if getattr(known, name) in (None, "") else known, name) for name in names
    }
