"""One step for each kind of fact: it puts the fact as evidence on the stay it belongs to.

No step judges and none raises: facts may be missing, repeated or told in another order (asterisk-notes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from ivr.asterisk import words
from ivr.visits import facts
from ivr.visits.facts import Fact
from ivr.visits.judge import RESULTS
from ivr.visits.state import ROUGHLY, State, before
from ivr.visits.steady import When
from ivr.visits.talks import completed, told_apart, took_place

_SAME_MOMENT: Final = 0.002
"""Seconds; the store rounds to the millisecond."""
_LOCAL: Final = "Local/"
"""Such a channel is optimised away in mid call; its end says nothing about the talk (asterisk-notes 6)."""


def _call_began(state: State, fact: facts.CallBegan) -> None:
    if state.calls.find(fact.party) is None:
        origin = fact.party.variables.get(words.VAR_ORIGIN, "inbound")
        state.calls.begin(fact.party, origin, fact.when, fact.delivered, fact.trunk)


def _joined(state: State, fact: facts.Joined) -> None:
    for number in state.stays.of_channel(fact.party.uniqueid, fact.queue):
        stay = state.stays[number]
        apart = abs((stay.joined.at - fact.when.at).total_seconds())
        is_exact = stay.joined.exact and fact.when.exact
        if is_exact and apart < _SAME_MOMENT:
            return
        left = stay.gave_up or stay.left
        if stay.is_rebuilt and apart < ROUGHLY and not (left and left.steady < fact.when.steady):
            # The moment of receipt stays: it tells the store that it is the same stay.
            joined = fact.when._replace(received_at=stay.joined.received_at)
            state.put(number, joined=joined, is_rebuilt=False, party=fact.party)
            return
        if stay.is_waiting and not is_exact:
            return
    joined = fact.when
    for number in state.stays.of_channel(fact.party.uniqueid):
        stay = state.stays[number]
        if stay.moved_on is None:
            state.put(number, moved_on=fact.when)
        if stay.queue == fact.queue:
            joined = told_apart(joined, stay.joined)
    state.begin_stay(fact.party, fact.queue, joined, is_rebuilt=False)


def _found_waiting(state: State, fact: facts.FoundWaiting) -> None:
    """Asterisk tells no moment here: what we heard before is compared by our own clock."""
    since = fact.when.received_at - timedelta(seconds=fact.waited + ROUGHLY)
    known = [state.stays[n].joined for n in state.stays.of_channel(fact.party.uniqueid, fact.queue)]
    if all(joined.received_at < since and joined.steps == fact.when.steps for joined in known):
        state.begin_stay(fact.party, fact.queue, before(fact.when, fact.waited), is_rebuilt=True)


def _hangup_asked(state: State, fact: facts.HangupAsked) -> None:
    if (call := state.calls.of_channel(fact.uniqueid)) is not None:
        state.calls.hangup_asked(call)
    for number in state.stays.of_channel(fact.uniqueid):
        stay = state.stays[number]
        if stay.is_waiting:
            state.put(number, asked_waiting=True)
        elif stay.is_talking:
            state.put(number, asked_talking=True)
    if (talk := state.stays.of_agent_channel(fact.uniqueid)) is not None:
        state.put(talk, agent_asked=True)


def _went_on(state: State, fact: facts.WentOn) -> None:
    for number in state.stays.of_channel(fact.uniqueid):
        stay = state.stays[number]
        if (stay.gave_up or stay.left) and stay.moved_on is None:
            state.put(number, moved_on=fact.when)


def _gave_up(state: State, fact: facts.GaveUp) -> None:
    number = state.locate(fact.party, fact.queue, fact.when, fact.hold)
    if number is not None and state.stays[number].gave_up is None:
        state.put(number, gave_up=fact.when, hold=fact.hold)
        state.calls.seen(state.stays[number].call, fact.party, fact.when)


def _left(state: State, fact: facts.Left) -> None:
    number = state.locate(fact.party, fact.queue, fact.when, fact.hold)
    if number is not None and state.stays[number].left is None:
        known = state.stays[number].hold
        state.put(number, left=fact.when, hold=known if fact.hold is None else fact.hold)
        state.calls.seen(state.stays[number].call, fact.party, fact.when)


def _result_known(state: State, fact: facts.ResultKnown) -> None:
    number = state.stays.at(fact.uniqueid, fact.queue, fact.when)
    if number is not None and fact.result in RESULTS and not state.stays[number].result:
        state.put(number, result=fact.result)


def _hold_known(state: State, fact: facts.HoldKnown) -> None:
    number = state.stays.at(fact.uniqueid, "", fact.when)
    if number is not None and state.stays[number].hold is None:
        state.put(number, hold=fact.hold)


def _offered(state: State, fact: facts.Offered) -> None:
    state.agents.add(fact.agent)
    number = state.stays.at(fact.uniqueid, fact.queue, fact.when)
    if number is not None and all(known != fact.agent_uniqueid for known, _ in state.stays[number].offers):
        state.put(number, offers=(*state.stays[number].offers, (fact.agent_uniqueid, fact.when)))


def _answered(state: State, fact: facts.Answered) -> None:
    number = state.locate(fact.party, fact.queue, fact.when, fact.hold)
    known = state.stays[number].answered if number is not None else None
    if known is not None and known.agent_uniqueid != fact.agent_uniqueid:
        # The citizen's earlier stay here is over; by a transfer they stand in an agent's place.
        number = state.vacant_place(fact.party, fact.queue, fact.when, fact.hold)
    if number is not None and state.stays[number].answered is None:
        state.put(number, answered=fact)
        state.calls.seen(state.stays[number].call, fact.party, fact.when)


def _channel_ended(state: State, fact: facts.ChannelEnded) -> None:
    uniqueid = fact.party.uniqueid
    for number in state.stays.of_channel(uniqueid):
        stay = state.stays[number]
        is_optimised_away = stay.is_talking and stay.party.channel.startswith(_LOCAL)
        if stay.place == uniqueid and stay.gone is None and not is_optimised_away:
            state.put(number, gone=fact.when)
    talk = state.stays.of_agent_channel(uniqueid)
    if talk is not None:
        stay = state.stays[talk]
        is_phone = stay.answered is not None and not stay.answered.agent_channel.startswith(_LOCAL)
        if is_phone and stay.agent_gone is None:
            state.put(talk, agent_gone=fact.when)
    if (call := state.calls.of_channel(uniqueid)) is not None:
        state.calls.end(call, fact.party, fact.when)


def _recording_began(state: State, fact: facts.RecordingBegan) -> None:
    number = state.stays.at(fact.uniqueid, "", fact.when)
    if number is not None:
        state.put(number, recorded=True)


def _hears(state: State, fact: facts.Hears) -> None:
    shown: dict[str, Any] = {fact.what: True}
    state.source = replace(state.source, **shown)


def _booted(state: State, fact: facts.Booted) -> None:
    """What we heard of last before this Asterisk was there is interrupted; uptime is in whole seconds."""
    began = fact.when.received_at - timedelta(seconds=fact.uptime + 1.0)
    _interrupt(state, lambda last, received_at: fact.restarted or last.received_at < began)


def _started(state: State, fact: facts.Started) -> None:
    """Another run of Asterisk than the one before the connection was lost; its own new calls go on."""
    before, state.started = state.started, fact.words
    if before not in ("", fact.words) and state.connection_lost is not None:
        _interrupt(state, lambda last, received_at: received_at < fact.when.received_at)


def _interrupt(state: State, is_gone: Callable[[When, datetime], bool]) -> None:
    """Each stay and call that is gone by the last word of it and the moment we first heard of it."""
    for number, stay in state.stays:
        last = state.connection_lost or stay.joined
        if is_gone(last, stay.joined.received_at):
            _interrupt_stay(state, number, last)
    for number in state.calls.open():
        tracked = state.calls[number]
        last = state.connection_lost or tracked.seen
        if is_gone(last, tracked.call.received_at):
            state.calls.interrupt(number, last.at)


def _interrupt_stay(state: State, number: int, last: When) -> None:
    """A call that was gone before, in an earlier hole, has not lived until now."""
    stay = state.stays[number]
    tracked = state.calls[stay.call]
    if stay.lost is None and (stay.is_waiting or stay.is_talking):
        state.put(number, lost=tracked.seen if tracked.presumed_ended else last)


def _long_ago(state: State, fact: facts.LongAgo) -> None:
    for number, stay in state.stays:
        if stay.joined.steady < fact.when.steady:
            _interrupt_stay(state, number, stay.answered.when if stay.answered else stay.joined)


def _live_calls(state: State, fact: facts.LiveCalls) -> None:
    for number in state.calls.open():
        tracked = state.calls[number]
        if tracked.seen.received_at < fact.when.received_at and tracked.call.linkedid not in fact.linkedids:
            state.calls.presume_ended(number, tracked.seen.at)
    for number, stay in state.stays:
        # No queue will tell that such a talk is over; after our restart its agent's channel is not known.
        if stay.is_handed_over and stay.answered and stay.joined.received_at < fact.when.received_at:
            tracked, agent = state.calls[stay.call], stay.answered.agent_uniqueid
            if tracked.call.linkedid not in fact.linkedids or agent not in ("", *fact.channels):
                _interrupt_stay(state, number, state.connection_lost or tracked.seen)


def _connection_lost(state: State, fact: facts.ConnectionLost) -> None:
    state.connection_lost = fact.when


STEPS: Final[Mapping[type[Fact], Callable[[State, Any], None]]] = {
    facts.CallBegan: _call_began,
    facts.Joined: _joined,
    facts.FoundWaiting: _found_waiting,
    facts.HangupAsked: _hangup_asked,
    facts.WentOn: _went_on,
    facts.GaveUp: _gave_up,
    facts.Left: _left,
    facts.ResultKnown: _result_known,
    facts.HoldKnown: _hold_known,
    facts.Offered: _offered,
    facts.Answered: _answered,
    facts.Completed: completed,
    facts.ChannelEnded: _channel_ended,
    facts.TookPlace: took_place,
    facts.RecordingBegan: _recording_began,
    facts.MemberKnown: lambda state, fact: state.agents.add(fact.interface),
    facts.Hears: _hears,
    facts.Booted: _booted,
    facts.Started: _started,
    facts.LiveCalls: _live_calls,
    facts.LongAgo: _long_ago,
    facts.ConnectionLost: _connection_lost,
}
