"""The fold: facts in, in the order they were told; changed calls and visits out.

Each kind of fact has one step, which puts it as evidence on the stay it belongs to; `judge` makes the visit
of it. Nothing here raises for any order or repetition of facts, and one stay never becomes two visits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

from ivr.asterisk import words
from ivr.visits.calls import Calls
from ivr.visits.facts import (
    Answered,
    Booted,
    CallBegan,
    ChannelEnded,
    Completed,
    ConnectionLost,
    Fact,
    FoundWaiting,
    GaveUp,
    HangupAsked,
    Hears,
    HoldKnown,
    Joined,
    Left,
    LiveCalls,
    MemberKnown,
    Offered,
    Party,
    RecordingBegan,
    ResultKnown,
    Tick,
    TookPlace,
    WentOn,
)
from ivr.visits.judge import Hearing, judge
from ivr.visits.records import Call, Visit
from ivr.visits.stay import ROUGHLY, Stay, Stays
from ivr.visits.steady import When
from ivr.visits.writing import visit_of

KEEP_SECONDS = 120.0
"""How long a settled stay is kept for late words about it."""
_SAME_MOMENT = 0.002


@dataclass(frozen=True)
class Changes:
    """What is new since the last time it was asked for; calls come before their visits."""

    calls: tuple[Call, ...]
    visits: tuple[Visit, ...]


class Fold:
    """The state of one server's calls and stays, from one source."""

    def __init__(self, server: str, source: str, structures: Mapping[str, str] | None = None) -> None:
        """`structures`: queue → structure, for calls that do not carry theirs."""
        self._server, self._source = server, source
        self._structures = structures or {}
        self._stays = Stays()
        self._calls = Calls(server)
        self._hearing = Hearing()
        self._agents: set[str] = set()
        self._now = self._cleaned = float("-inf")
        self._last: When | None = None
        self._changed: set[int] = set()
        self._unsettled: set[int] = set()
        self._told: dict[int, Visit] = {}

    def apply(self, fact: Fact) -> None:
        """One more fact."""
        self._now = max(self._now, fact.when.steady)
        self._STEPS[type(fact)](self, fact)
        if not isinstance(fact, Tick | Booted | LiveCalls):
            self._last = fact.when

    def take(self) -> Changes:
        """Calls and visits that changed since the last `take`."""
        calls = tuple(self._calls[number].call for number in sorted(self._calls.changed))
        self._calls.changed.clear()
        visits = []
        for number in sorted(self._changed):
            visit = self._judge(number)
            if visit != self._told.get(number):
                self._told[number] = visit
                visits.append(visit)
        self._changed.clear()
        return Changes(calls, tuple(visits))

    def resume(self, calls: tuple[Call, ...], stays: tuple[tuple[Stay, Call], ...]) -> None:
        """What the store holds open from before this process began."""
        numbers = {}
        for call in calls:
            seen = When(call.last_seen_at, call.received_at, call.last_seen_at.timestamp(), True)
            numbers[call.linkedid, call.began_at] = self._calls.resume(call, seen)
        for stay, call in stays:
            number = self._stays.add(replace(stay, call=numbers[call.linkedid, call.began_at]))
            self._unsettled.add(number)
            self._told[number] = self._judge(number)

    def _judge(self, number: int) -> Visit:
        stay = self._stays[number]
        verdict = judge(stay, self._hearing, self._now)
        call = self._calls[stay.call].call
        if verdict.is_settled:
            self._unsettled.discard(number)
            if not self._hearing.channels and verdict.ended_at is not None:
                self._calls.presume_ended(stay.call, verdict.ended_at)
        else:
            self._unsettled.add(number)
        return visit_of(stay, verdict, call, self._source, self._structures)

    def _put(self, number: int, **evidence: Any) -> None:
        self._stays.put(number, replace(self._stays[number], **evidence))
        self._changed.add(number)

    def _begin_stay(self, party: Party, queue: str, joined: When, *, is_rebuilt: bool) -> int:
        call = self._calls.find(party)
        if call is None:
            call = self._calls.begin(party, self._origin(party), joined)
        self._calls.seen(call, party, joined)
        stay = Stay(party, queue, joined, party.uniqueid, call, is_rebuilt)
        number = self._stays.add(stay)
        self._changed.add(number)
        return number

    def _origin(self, party: Party) -> str:
        if given := party.variables.get(words.VAR_ORIGIN):
            return given
        return "internal" if party.channel.rpartition("-")[0] in self._agents else "inbound"

    def _locate(self, party: Party, queue: str, when: When, hold: float | None) -> int | None:
        """The stay a queue's word is about; one whose join was missed is rebuilt from Asterisk's seconds."""
        if not party.uniqueid:
            return None
        if (number := self._stays.at(party.uniqueid, queue, when)) is not None:
            return number
        if (number := self._stays.abandoned_place(queue)) is not None:
            self._take_place(number, party, when)
            return number
        if hold is None:
            return None
        return self._begin_stay(party, queue, _before(when, hold), is_rebuilt=True)

    def _take_place(self, number: int, party: Party, when: When) -> None:
        call = self._calls.find(party)
        if call is None:
            call = self._calls.begin(party, self._origin(party), when)
        self._put(number, place=party.uniqueid, gone=None, call=call)

    # Steps

    def _call_began(self, fact: CallBegan) -> None:
        if self._calls.find(fact.party) is None:
            origin = fact.party.variables.get(words.VAR_ORIGIN, "inbound")
            self._calls.begin(fact.party, origin, fact.when, fact.delivered, fact.trunk)

    def _joined(self, fact: Joined) -> None:
        for number in self._stays.of_channel(fact.party.uniqueid, fact.queue):
            stay = self._stays[number]
            apart = abs((stay.joined.at - fact.when.at).total_seconds())
            if apart < _SAME_MOMENT:
                return
            if stay.is_rebuilt and apart < ROUGHLY:
                # The moment of receipt stays: it tells the store that it is the same stay.
                joined = replace(fact.when, received_at=stay.joined.received_at)
                self._put(number, joined=joined, is_rebuilt=False, party=fact.party)
                return
            if stay.is_waiting and not (stay.joined.exact and fact.when.exact):
                return
        for number in self._stays.of_channel(fact.party.uniqueid):
            if self._stays[number].moved_on is None:
                self._put(number, moved_on=fact.when)
        self._begin_stay(fact.party, fact.queue, fact.when, is_rebuilt=False)

    def _found_waiting(self, fact: FoundWaiting) -> None:
        if not self._stays.of_channel(fact.party.uniqueid, fact.queue):
            self._begin_stay(fact.party, fact.queue, _before(fact.when, fact.waited), is_rebuilt=True)

    def _hangup_asked(self, fact: HangupAsked) -> None:
        if (call := self._calls.of_channel(fact.uniqueid)) is not None:
            self._calls.hangup_asked(call)
        for number in self._stays.of_channel(fact.uniqueid):
            stay = self._stays[number]
            if stay.is_waiting:
                self._put(number, asked_waiting=True)
            elif stay.is_talking:
                self._put(number, asked_talking=True)

    def _went_on(self, fact: WentOn) -> None:
        for number in self._stays.of_channel(fact.uniqueid):
            stay = self._stays[number]
            if (stay.gave_up or stay.left) and stay.moved_on is None:
                self._put(number, moved_on=fact.when)

    def _gave_up(self, fact: GaveUp) -> None:
        number = self._locate(fact.party, fact.queue, fact.when, fact.hold)
        if number is not None and self._stays[number].gave_up is None:
            self._put(number, gave_up=fact.when, hold=fact.hold)

    def _left(self, fact: Left) -> None:
        number = self._locate(fact.party, fact.queue, fact.when, None)
        if number is not None and self._stays[number].left is None:
            self._put(number, left=fact.when)
            self._calls.seen(self._stays[number].call, fact.party, fact.when)

    def _result_known(self, fact: ResultKnown) -> None:
        number = self._stays.at(fact.uniqueid, fact.queue, fact.when)
        if number is not None and fact.result and not self._stays[number].result:
            self._put(number, result=fact.result)

    def _hold_known(self, fact: HoldKnown) -> None:
        number = self._stays.at(fact.uniqueid, "", fact.when)
        if number is not None and self._stays[number].hold is None:
            self._put(number, hold=fact.hold)

    def _offered(self, fact: Offered) -> None:
        self._agents.add(fact.agent)
        number = self._stays.at(fact.uniqueid, fact.queue, fact.when)
        if number is not None and all(
            known != fact.agent_uniqueid for known, _ in self._stays[number].offers
        ):
            self._put(number, offers=(*self._stays[number].offers, (fact.agent_uniqueid, fact.when)))

    def _answered(self, fact: Answered) -> None:
        number = self._locate(fact.party, fact.queue, fact.when, fact.hold)
        if number is not None and self._stays[number].answered is None:
            self._put(number, answered=fact)
            self._calls.seen(self._stays[number].call, fact.party, fact.when)

    def _completed(self, fact: Completed) -> None:
        number = self._talk_of(fact)
        if number is not None and self._stays[number].completed is None:
            self._put(number, completed=fact)

    def _talk_of(self, fact: Completed) -> int | None:
        own = [n for n in self._stays.of_channel(fact.party.uniqueid, fact.queue) if fact.party.uniqueid]
        for number in own:
            stay = self._stays[number]
            if stay.is_talking and stay.answered is not None and stay.answered.agent == fact.agent:
                return number
        by_agent_channel = self._stays.of_agent_channel(fact.agent_uniqueid)
        if by_agent_channel is not None:
            return by_agent_channel
        if any(self._stays[number].completed is not None for number in own):
            return None  # told twice
        if (talk := self._stays.talking(fact.queue, fact.agent)) is not None:
            return talk
        if fact.hold is None or fact.talk is None:
            return None
        return self._locate(fact.party, fact.queue, fact.when, fact.hold + fact.talk)

    def _channel_ended(self, fact: ChannelEnded) -> None:
        uniqueid = fact.party.uniqueid
        for number in self._stays.of_channel(uniqueid):
            stay = self._stays[number]
            if stay.place == uniqueid and stay.gone is None:
                self._put(number, gone=fact.when)
        talk = self._stays.of_agent_channel(uniqueid)
        if talk is not None:
            stay = self._stays[talk]
            # A Local channel is optimised away in mid call and says nothing about the agent (ASTERISK.md 6).
            is_phone = stay.answered is not None and not stay.answered.agent_channel.startswith("Local/")
            if is_phone and stay.agent_gone is None:
                self._put(talk, agent_gone=fact.when)
        if (call := self._calls.of_channel(uniqueid)) is not None:
            self._calls.end(call, fact.party, fact.when)

    def _took_place(self, fact: TookPlace) -> None:
        for number in self._stays.of_channel(fact.replaced):
            if self._stays[number].is_waiting:
                self._take_place(number, fact.party, fact.when)

    def _recording_began(self, fact: RecordingBegan) -> None:
        number = self._stays.at(fact.uniqueid, "", fact.when)
        if number is not None:
            self._put(number, recorded=True)

    def _member_known(self, fact: MemberKnown) -> None:
        self._agents.add(fact.interface)

    def _hears(self, fact: Hears) -> None:
        self._hearing = replace(self._hearing, **{fact.what: True})

    def _booted(self, fact: Booted) -> None:
        """Asterisk ended without a word: what was open is interrupted at its last sign of life."""
        for number, stay in self._stays:
            if stay.lost is None and (stay.is_waiting or stay.is_talking):
                last = self._last or stay.joined
                if fact.restarted or _gone_before(last, fact):
                    self._put(number, lost=last)
        for call in self._calls.open():
            seen = self._calls[call].seen
            if fact.restarted or _gone_before(seen, fact):
                self._calls.interrupt(call, (self._last or seen).at)

    def _live_calls(self, fact: LiveCalls) -> None:
        for number in self._calls.open():
            tracked = self._calls[number]
            if (
                tracked.seen.received_at < fact.when.received_at
                and tracked.call.linkedid not in fact.linkedids
            ):
                self._calls.presume_ended(number, tracked.seen.at)

    def _connection_lost(self, fact: ConnectionLost) -> None:
        """Nothing to place: `apply` keeps the moment as the last sign of life."""

    def _tick(self, fact: Tick) -> None:
        self._changed |= self._unsettled
        if self._now - self._cleaned < KEEP_SECONDS:
            return
        self._cleaned = self._now
        old = self._now - KEEP_SECONDS
        calls = set(self._calls.ended_before(old))
        numbers = [number for number, stay in self._stays if stay.call in calls]
        settled = [number for number in numbers if number not in self._unsettled | self._changed]
        self._stays.forget(settled)
        for number in settled:
            self._told.pop(number, None)
        self._calls.forget(calls - {stay.call for _, stay in self._stays} - self._calls.changed)

    _STEPS: ClassVar[dict[type[Fact], Callable[[Fold, Any], None]]] = {
        CallBegan: _call_began,
        Joined: _joined,
        FoundWaiting: _found_waiting,
        HangupAsked: _hangup_asked,
        WentOn: _went_on,
        GaveUp: _gave_up,
        Left: _left,
        ResultKnown: _result_known,
        HoldKnown: _hold_known,
        Offered: _offered,
        Answered: _answered,
        Completed: _completed,
        ChannelEnded: _channel_ended,
        TookPlace: _took_place,
        RecordingBegan: _recording_began,
        MemberKnown: _member_known,
        Hears: _hears,
        Booted: _booted,
        LiveCalls: _live_calls,
        ConnectionLost: _connection_lost,
        Tick: _tick,
    }


def _before(when: When, seconds: float) -> When:
    span = timedelta(seconds=seconds)
    return When(when.at - span, when.received_at, when.steady - seconds, False, when.steps)


def _gone_before(last: When, booted: Booted) -> bool:
    """Our last word of it is older than the Asterisk that speaks now (whose uptime is in whole seconds)."""
    silent = (booted.when.received_at - last.received_at).total_seconds()
    return silent > booted.uptime + 1.0
