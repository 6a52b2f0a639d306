"""The store against the phones after a chaos, call by call. Pure: in come what phones saw and exported rows.

Every citizen's number is used for one call only, so a number names a call, its visit and its callback.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

_NOTICES = 3.5
"""Seconds after the answer by which a caller stands in the queue, where queue_log does not say when."""
OWED_AFTER = 1.0
"""Seconds of waiting over which a call back is owed (`callback.wait_over` of the chaos)."""
_LATE = 1.0
"""How much a stored wait may differ from what can have been one at the phone."""
_TALK = 0.7
"""How much a stored talk may differ from the one at the agent's phone."""
_WHOLE_SECONDS = 1.0
"""So much a wait can be off that is known from queue_log alone."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SeenCall:
    """One call at a citizen's phone; moments are epoch seconds, None if it did not happen."""

    caller: str
    answered_at: float | None
    voice_at: float | None
    agent: str
    """Account of the agent who was heard, or lifted the phone for this caller; empty if none."""
    ended_at: float
    ended: str
    """`here`, `there`, `lost` (Asterisk was killed), `rejected`."""
    talked: float | None = None
    """Seconds from lifting to hanging up at the agent's phone; None: never lifted, or Asterisk died."""
    frozen_seconds: float = 0.0
    """How long Asterisk or the phone stood still around this call: so late they may have noticed anything."""
    is_cut: bool = False
    """Asterisk went away as it ended, perhaps before it could hear or tell of that."""


@dataclass(frozen=True, slots=True)
class SeenTry:
    """One INVITE at a citizen's phone, and whether they talked with an agent."""

    caller: str
    has_talked: bool
    is_cut: bool = False
    """Asterisk went away as it ended, perhaps between connecting an agent and carrying their voice."""


class Wait(NamedTuple):
    """Seconds in the queue."""

    least: float
    most: float


@dataclass(frozen=True)
class Verdict:
    """The figures of the last line; each fault is one sentence under the name it is counted by."""

    calls: int
    visits: int
    answered: int
    tries: int
    reached: int
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not any(self.faults.values())


MISSING, DOUBLED, WRONG = "visits_missing", "visits_doubled", "wrong_outcomes"
DIALLED_TWICE, LOST = "double_dials", "callbacks_lost"
FAULTS = (MISSING, DOUBLED, WRONG, DIALLED_TWICE, LOST)


def judge(
    calls: Sequence[SeenCall],
    tries: Sequence[SeenTry],
    visits: Iterable[Row],
    callbacks: Iterable[Row],
    attempts: Iterable[Row],
    joined: Mapping[str, int] = MappingProxyType({}),
) -> Verdict:
    """Compare every call and every try with what is stored.

    `joined`: the second in which each number joined, by Asterisk's queue_log: no phone hears that, and before
    it two AGI scripts may have been waited for.
    """
    faults: dict[str, list[str]] = {name: [] for name in FAULTS}
    by_caller: dict[str, list[Row]] = {}
    stored = [row for row in visits if row["origin"] == "inbound"]
    for row in stored:
        by_caller.setdefault(str(row["caller_e164"]), []).append(row)
    owed = {str(row["caller_e164"]): row for row in callbacks}
    for call in calls:
        rows = by_caller.pop(call.caller, [])
        wait = _wait(call, joined.get(call.caller))
        for name, sentence in _call_faults(call, wait, rows, call.caller in joined):
            faults[name].append(sentence)
        if sentence := _callback_fault(call, wait, rows, owed.get(call.caller), tries):
            faults[LOST].append(sentence)
    for caller, rows in by_caller.items():
        faults[DOUBLED].append(f"{caller}: {len(rows)} visits stored of a call at no phone")
    faults[DIALLED_TWICE] = _double_dials(tries, owed, attempts)
    return Verdict(
        calls=len(calls),
        visits=len(stored),
        answered=sum(call.voice_at is not None for call in calls),
        tries=len(tries),
        reached=sum(it.has_talked for it in tries),
        faults=faults,
    )


def _wait(call: SeenCall, joined: int | None) -> Wait:
    """Between which bounds the caller's wait in the queue was, by the clock of the phone."""
    at_line = waited(call)
    if joined is None:
        return Wait(at_line - _NOTICES, at_line)
    end = call.voice_at or call.ended_at
    return Wait(end - joined - 1.0, end - joined)


def _call_faults(
    call: SeenCall, wait: Wait, rows: Sequence[Row], has_joined: bool
) -> Iterable[tuple[str, str]]:
    if len(rows) > 1:
        yield DOUBLED, f"{call.caller}: {len(rows)} visits stored of one call"
    elif not rows and (has_joined or call.voice_at or waited(call) - call.frozen_seconds >= _NOTICES):
        yield MISSING, f"{call.caller}: {_lived(call)} at the phone, not stored"
    elif rows and (sentence := _difference(call, wait, rows[0])):
        yield WRONG, f"{call.caller}: {sentence}"


def waited(call: SeenCall) -> float:
    """Seconds from Asterisk's answer to an agent's voice or the end; 0 for a call that was never answered."""
    return 0.0 if call.answered_at is None else (call.voice_at or call.ended_at) - call.answered_at


def _lived(call: SeenCall) -> str:
    what = f"answered by {call.agent}" if call.voice_at is not None else "no agent"
    return f"{what}, {waited(call):.1f} s, ended {call.ended}"


def _difference(call: SeenCall, seen: Wait, row: Row) -> str:
    """What is wrong with the stored visit, empty if nothing is."""
    outcome, agent = str(row["outcome"]), str(row["agent"] or "").removeprefix("PJSIP/")
    if outcome not in _possible(call):
        return f"{_lived(call)} at the phone, stored as {outcome}"
    if outcome == "answered" and agent != call.agent:
        return f"{call.agent or 'no agent'} at the phone, {agent} stored"
    wait = row["wait_seconds"]
    # A wait that Asterisk's death ended is known only up to its last sign of life.
    if outcome == "interrupted" or call.ended == "lost":
        return ""
    unsure = call.frozen_seconds + (_WHOLE_SECONDS if row["precision"] == "s" else 0.0)
    if wait is None or not seen.least - _LATE - unsure <= wait <= seen.most + _LATE + unsure:
        return f"waited {seen.least:.1f} to {seen.most:.1f} s at the phone, {wait} s stored"
    if outcome != "answered":
        return ""  # an agent who lifted the phone as the caller hung up has talked with nobody
    talk = row["talk_seconds"]
    if talk is None and row["ended_by"] == "restart" and call.is_cut:
        return ""
    if call.talked is not None and (talk is None or abs(talk - call.talked) > _TALK + unsure):
        return f"talked {call.talked:.1f} s at the agent's phone, {talk} s stored"
    return ""


def _possible(call: SeenCall) -> set[str]:
    """The outcomes that are true of what the phone saw."""
    if call.voice_at is not None:
        return {"answered"}
    raced = {"answered"} if call.agent else set()
    if call.ended == "here" and not call.is_cut:
        return {"abandoned"} | raced
    # Asterisk went away: killed it leaves no word, stopped it hangs up on everybody first.
    return {"interrupted", "abandoned"} | raced


def _callback_fault(
    call: SeenCall, wait: Wait, visits: Sequence[Row], row: Row | None, tries: Sequence[SeenTry]
) -> str:
    """Why the call back this caller is owed is lost, empty if it is not."""
    # Where Asterisk went away first, the wait is known only up to its last sign of life.
    # So it is in whole seconds where queue_log alone tells: up to one less than it was.
    unsure = _WHOLE_SECONDS if any(it["precision"] == "s" for it in visits) else 0.0
    at_least = wait.least - call.frozen_seconds - unsure
    surely = call.ended == "here" and not call.is_cut and at_least > OWED_AFTER
    stored = any(_is_missed(it) for it in visits)
    is_owed = call.voice_at is None and not call.agent and (surely or stored)
    mine = [it for it in tries if it.caller == call.caller]
    has_talked = any(it.has_talked for it in mine)
    if row is None:
        return f"{call.caller}: {_lived(call)}, no callback is stored" if is_owed else ""
    if row["state"] == "reached" and not has_talked and not (mine and mine[-1].is_cut):
        return f"{call.caller}: callback is reached, but nobody talked at the phone"
    if has_talked and row["state"] != "reached":
        return f"{call.caller}: talked with an agent, but the callback is {row['state']}"
    if row["state"] not in ("reached", "owed", "dialing", "on_hold"):
        return f"{call.caller}: never reached, but the callback is {row['state']}"
    return ""


def _is_missed(visit: Row) -> bool:
    """Whether a call back is owed, whichever source told first: it is decided once, by what was known then.

    queue_log knows whole seconds, and of an interrupted visit another last sign of life.
    """
    if visit["outcome"] == "answered" or (visit["outcome"], visit["source"]) == ("interrupted", "both"):
        return False
    unsure = _WHOLE_SECONDS if visit["source"] == "both" else 0.0
    return (visit["wait_seconds"] or 0.0) > OWED_AFTER + unsure


def _double_dials(
    tries: Sequence[SeenTry], callbacks: Mapping[str, Row], attempts: Iterable[Row]
) -> list[str]:
    """More INVITEs than attempts, or one after the citizen has talked with an agent."""
    caller_of = {str(row["id"]): caller for caller, row in callbacks.items()}
    stored = Counter(caller_of.get(str(row["callback_id"]), "") for row in attempts)
    found = []
    for caller, rang in Counter(it.caller for it in tries).items():
        mine = [it.has_talked for it in tries if it.caller == caller]
        if rang > stored[caller]:
            found.append(f"{caller}: rung {rang} times in {stored[caller]} attempts")
        elif any(mine[:-1]):
            found.append(f"{caller}: rung again after talking with an agent")
    return found
