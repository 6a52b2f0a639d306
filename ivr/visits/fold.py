"""The fold: facts in, in the order they were told; changed calls and visits out.

Each kind of fact has one step, which puts it as evidence on the stay it belongs to; `judge` says what became
of it, and that is written as the visit that is stored. Nothing here raises for any order or repetition of
facts, and one stay never becomes two visits.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ivr.visits.facts import VARIABLES, Fact, SourceCapabilities, Surveyed, Tick
from ivr.visits.judge import RESULTS, Verdict, judge
from ivr.visits.records import Call, Survey, Visit
from ivr.visits.state import State, Stay
from ivr.visits.steady import When
from ivr.visits.steps import STEPS

KEEP_SECONDS: Final = 120.0
"""How long what is over is kept for late words about it."""


@dataclass(frozen=True)
class Changes:
    """What is new since the last time it was asked for; every visit's call is among the calls told so far."""

    calls: tuple[Call, ...]
    visits: tuple[Visit, ...]
    surveys: tuple[Survey, ...]


class Fold:
    """One server's calls and visits, from one source."""

    def __init__(
        self,
        server: str,
        source: SourceCapabilities,
        structures: Mapping[str, str] | None = None,
        overflows: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """`structures`: queue → structure, for calls that do not carry theirs; they keep it in `overflows`.

        `overflows`: queue → those its callers may come to next without pressing a key.
        """
        self._server = server
        self._structures, self._overflows = structures or {}, overflows or {}
        self._state = State(server, source)
        self._now = self._cleaned = -math.inf
        self._unsettled: set[int] = set()
        self._told: dict[int, Visit] = {}
        self._surveys: list[Survey] = []

    def apply(self, fact: Fact) -> None:
        """One more fact."""
        self._now = max(self._now, fact.when.steady)
        if isinstance(fact, Tick):
            self._time_passed()
        elif isinstance(fact, Surveyed):
            self._surveys.append(
                Survey(self._server, fact.uniqueid, fact.queue, fact.agent, fact.when.at, fact.rating)
            )
        else:
            STEPS[type(fact)](self._state, fact)

    def take(self) -> Changes:
        """Calls and visits that changed since the last `take`."""
        visits = []
        for number in sorted(self._state.changed):
            visit = self._judge(number)
            if visit != self._told.get(number):
                self._told[number] = visit
                visits.append(visit)
        self._state.changed.clear()
        calls = self._state.calls
        changed = tuple(calls[number].call for number in sorted(calls.changed))
        calls.changed.clear()
        surveys, self._surveys = tuple(self._surveys), []
        return Changes(changed, tuple(visits), surveys)

    def retell(self) -> None:
        """Let the next `take` tell all that is kept, not only what changed."""
        self._told.clear()
        self._state.changed = {number for number, _ in self._state.stays}
        self._state.calls.retell()

    def resume(self, calls: tuple[Call, ...], stays: tuple[tuple[Stay, Call], ...]) -> None:
        """What the store holds open from before this process began."""
        numbers = {}
        for call in calls:
            seen = When(call.last_seen_at, call.received_at, call.last_seen_at.timestamp(), True)
            numbers[call.linkedid, call.began_at] = self._state.calls.resume(call, seen)
        for stay, call in stays:
            known = stay._replace(call=numbers[call.linkedid, call.began_at])
            number = self._state.stays.add(known)
            self._told[number] = self._judge(number)

    @property
    def next_stay(self) -> int:
        """The number the next stay will have."""
        return self._state.stays.next

    @property
    def oldest_open(self) -> int | None:
        """The number of the first stay that is not settled, or that tells what one of its call is."""
        stays = self._state.stays
        calls = {stays[number].call for number in self._unsettled}
        return next((n for n, stay in stays if stay.call in calls or self._overflows_to(stay)), None)

    def _judge(self, number: int) -> Visit:
        stay = self._state.stays[number]
        source = self._state.source
        verdict = judge(stay, source, self._now)
        if verdict.is_settled:
            self._unsettled.discard(number)
            if not source.channels and verdict.ended_at is not None:
                self._state.calls.presume_ended(stay.call, verdict.ended_at)
        else:
            self._unsettled.add(number)
        call = self._state.calls[stay.call].call
        return _visit_of(stay, verdict, call, source.name, self._structure(number))

    def _structure(self, number: int) -> str:
        """The one the caller chose: its queue's, unless they have overflowed into it."""
        stays = self._state.stays
        stay = stays[number]
        if told := stay.party.variables.get(VARIABLES["structure"]):
            return told
        earlier = [n for n in stays.of_channel(stay.party.uniqueid) if n < number]
        if earlier and stay.queue in self._overflows_to(stays[earlier[-1]]):
            return self._structure(earlier[-1])
        return self._structures.get(stay.queue, "")

    def _overflows_to(self, stay: Stay) -> Collection[str]:
        is_sent_on = RESULTS.get(stay.result) in ("timeout", "empty")
        return self._overflows.get(stay.queue, ()) if is_sent_on else ()

    def _time_passed(self) -> None:
        self._state.changed |= self._unsettled
        if self._now - self._cleaned >= KEEP_SECONDS:
            self._cleaned = self._now
            self.forget_settled(self._now - KEEP_SECONDS)

    def forget_settled(self, before: float = math.inf) -> None:
        """What was over before that moment may be told again, from the beginning."""
        stays, calls = self._state.stays, self._state.calls
        still_told_of = self._unsettled | self._state.changed
        going_on = {stay.call for number, stay in stays if number in still_told_of}
        over = set(calls.ended_before(before)) - calls.changed - going_on
        settled = [number for number, stay in stays if stay.call in over]
        stays.forget(settled)
        for number in settled:
            del self._told[number]
        calls.forget(over - {stay.call for _, stay in stays})


def _visit_of(stay: Stay, verdict: Verdict, call: Call, source: str, structure: str) -> Visit:
    """The record; who called comes from the join, unless somebody else took that place since.

    Nor is a channel believed whose join was missed: an attended transfer leaves it the agent's variables.
    """
    party = stay.party
    known: dict[str, Any] = {name: party.variables.get(variable, "") for name, variable in VARIABLES.items()}
    took_place = stay.place != party.uniqueid
    by = stay.answered or stay.completed
    judged = verdict._asdict()
    left = judged.pop("left")
    judged["uncertain"] |= stay.is_doubted
    told = [stay.joined, left, *(fact.when for fact in (stay.answered, stay.completed) if fact)]
    ends = [when for when in told if when is not None]
    if took_place or stay.is_rebuilt or known["origin"] in ("", "internal"):
        known["origin"] = call.origin
    known["structure"] = structure
    return Visit(
        server=call.server,
        uniqueid=party.uniqueid,
        linkedid=call.linkedid if took_place else party.linkedid or call.linkedid,
        queue=stay.queue,
        joined_at=stay.joined.at,
        received_at=stay.joined.received_at,
        source=source,
        precision="ms" if all(when.exact for when in ends) else "s",
        call_linkedid=call.linkedid,
        call_began_at=call.began_at,
        caller=call.caller if took_place else party.caller,
        left_at=left.at if left else None,
        agent=by.agent if by else "",
        agent_name=by.agent_name if by else "",
        recorded=stay.recorded and by is not None,
        clock_stepped=len({when.steps for when in ends}) > 1,
        place=stay.place if took_place else "",
        is_rebuilt=stay.is_rebuilt,
        **known,
        **judged,
    )
