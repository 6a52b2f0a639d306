"""What must agree about visits, decisions and queue_log; each disagreement is a value with its place.

Pure: `ivr.reading.agreement` reads what is compared here, `hotline data audit` prints what disagrees.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from ivr.base.masking import is_pseudonym
from ivr.figures.missed import EndedCall, missed_calls
from ivr.visits.records import OUTCOMES, Visit
from ivr.visits.stay import ROUGHLY

_SINCE_SAID: Final = frozenset({"waiting", "interrupted"})
"""queue_log was cut off there; whoever knows more is right."""
_NAMED_BY_AMI: Final = frozenset({("abandoned", "redirected")})
"""(as queue_log says, as it is): what it has no word for."""


@dataclass(frozen=True, slots=True, order=True)
class Disagreement:
    """`at`: the hour, when the visit was joined, or when the call ended; `queue`: a decision's structure."""

    at: datetime
    server: str
    queue: str
    check: Literal["sums", "decisions", "queue_log"]
    subject: str
    says: str


def sums(server: str, queue: str, hour: datetime, counts: Mapping[str, int]) -> Iterator[Disagreement]:
    """Joined visits of an hour by outcome: each has one of the nine."""
    joined, known = sum(counts.values()), sum(counts.get(outcome, 0) for outcome in OUTCOMES)
    if joined != known:
        unknown = ", ".join(sorted(repr(outcome) for outcome in counts.keys() - set(OUTCOMES)))
        yield Disagreement(
            hour, server, queue, "sums", "", f"{joined} joined, {known} have an outcome; unknown: {unknown}"
        )


def decisions(call: EndedCall, decided: Collection[str]) -> Iterator[Disagreement]:
    """Each missed call of an ended call has its decision, and nothing else has."""
    missed = {one.structure for one in missed_calls(call)}
    for structure in sorted(missed ^ set(decided)):
        says = "a missed call without a decision" if structure in missed else "a decision, but no missed call"
        yield Disagreement(call.ended_at, call.server, structure, "decisions", f"call {call.id}", says)


def without_end(began_at: datetime, server: str, call_id: int) -> Disagreement:
    """A call that missed somebody and cannot last still: nobody decides on it before it ends."""
    says = "a missed call, but the call has no end"
    return Disagreement(began_at, server, "", "decisions", f"call {call_id}", says)


def with_log(told: Visit, row: Mapping[str, Any] | None) -> Iterator[Disagreement]:
    """One stay as queue_log tells it, beside its row; moments of queue_log are whole seconds."""
    if row is None:
        yield _of_visit(told._asdict(), f"queue_log says {told.outcome}, nothing is stored")
        return
    outcome = str(row["outcome"])
    is_allowed = told.outcome in _SINCE_SAID or (told.outcome, outcome) in _NAMED_BY_AMI
    if told.outcome != outcome:
        if not is_allowed:
            yield _of_visit(row, f"stored as {outcome}, queue_log says {told.outcome}")
        return
    if row["clock_stepped"] or told.clock_stepped:
        return
    ends_alike = row["ended_by"] == told.ended_by
    for name, is_compared in (("wait_seconds", True), ("talk_seconds", ends_alike)):
        mine, theirs = row[name], getattr(told, name)
        if is_compared and theirs is not None and (mine is None or abs(mine - theirs) > ROUGHLY):
            stored = "unknown" if mine is None else f"{mine:g}"
            yield _of_visit(row, f"{name} is {stored}, queue_log says {theirs:g}")
    agents = {told.agent, told.agent_name} - {""}
    if agents and not agents & {row["agent"], row["agent_name"]}:
        yield _of_visit(row, f"agent is {row['agent'] or 'unknown'}, queue_log says {min(agents)}")
    is_comparable = row["origin"] == told.origin and not is_pseudonym(row["caller"])
    if is_comparable and told.caller and told.caller != row["caller"]:
        yield _of_visit(row, "the caller is another one than in queue_log")


def untold(row: Mapping[str, Any]) -> Disagreement:
    """A stored visit in the time of which queue_log was read, and does not tell of it."""
    return _of_visit(row, f"stored as {row['outcome']}, queue_log says nothing")


def endless(row: Mapping[str, Any]) -> Disagreement:
    """A visit that still waits, though its call is over or no call lasts so long."""
    return _of_visit(row, "still waiting, but the call is over", check="sums")


def _of_visit(
    row: Mapping[str, Any], says: str, check: Literal["sums", "queue_log"] = "queue_log"
) -> Disagreement:
    return Disagreement(row["joined_at"], row["server"], row["queue"], check, row["uniqueid"], says)
