"""Steps of a talk that ends or changes hands: whose talk was it, and who talks on with whom.

The end of a talk names an agent and a channel, which may not be the one that waited: after a transfer it is
another, and queue_log may write it under the leg of the agent who handed over (asterisk-notes).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ivr.asterisk import words
from ivr.visits import facts
from ivr.visits.facts import Party
from ivr.visits.state import ROUGHLY, State, Stay, before
from ivr.visits.steady import When

_WHOLE_SECONDS: Final = 1.1
"""How far Asterisk's difference of whole seconds may be off."""
_STORED: Final = timedelta(milliseconds=1)


def completed(state: State, fact: facts.Completed) -> None:
    number = _talk_of(state, fact)
    if number is None or state.stays[number].completed is not None:
        return
    state.put(number, completed=fact)
    stay, channel = state.stays[number], fact.party.uniqueid
    if state.source.callers and channel and channel != stay.place:
        legs = state.stays.of_channel(channel)
        if not legs:  # it never waited: their Local channel was optimised away
            state.take_place(number, stay.party._replace(uniqueid=channel), stay.joined)
        for leg in legs:  # the agent's, by which the caller is handed over
            if state.stays[leg].is_waiting:
                state.take_place(leg, stay.party._replace(uniqueid=stay.place), fact.when)
    for handover in state.handovers:
        if handover.replaced == channel:
            _hand_over(state, handover, stay)


def _talk_of(state: State, fact: facts.Completed) -> int | None:
    own = [n for n in state.stays.of_channel(fact.party.uniqueid, fact.queue) if fact.party.uniqueid]
    talks = [n for n in own if _is_with(state.stays[n], fact.agent)]
    if talks:
        # A supervisor may have sent a caller out of a talk and into the same queue: both end with the call.
        return next((n for n in talks if _has_lasted(state, n, fact)), talks[0])
    by_agent_channel = state.stays.of_agent_channel(fact.agent_uniqueid)
    if by_agent_channel is not None and not state.stays[by_agent_channel].is_handed_over:
        return by_agent_channel
    if any(state.stays[number].completed is not None for number in own):
        return None  # told twice
    # A source that names the caller does so by another channel once their Local one is optimised away.
    is_leg_s = fact.reason == "transfer" and all(state.stays[number].is_waiting for number in own)
    is_anothers = state.source.callers and bool(own) and not is_leg_s
    talk = None if is_anothers else state.stays.talking(fact.queue, fact.agent)
    if talk is not None and _has_lasted(state, talk, fact):
        return talk
    if fact.hold is None or fact.talk is None:
        return None
    began = before(fact.when, fact.talk)._replace(exact=fact.when.exact)
    if is_leg_s and _is_another_s(state, own, before(began, fact.hold), fact):
        return None
    return state.locate(fact.party, fact.queue, began, fact.hold)


def _is_another_s(state: State, own: list[int], joined: When, end: facts.Completed) -> bool:
    """Whether the end of that caller's talk, of which nobody told the beginning, came under an agent's leg.

    In queue_log such an end answers nobody who waits, be it theirs or not.
    """
    if not own:
        given = facts.GIVEN_ID.fullmatch(end.party.uniqueid)
        return state.source.callers and given is not None and int(given[1]) > joined.at.timestamp() + 1
    stay = state.stays[own[-1]]
    if state.source.callers:
        state.put(own[-1], is_doubted=True)
    is_of_agent = stay.party.channel.rpartition("-")[0] == end.agent
    return state.source.callers or is_of_agent or stay.joined.steady - joined.steady > ROUGHLY


def _is_with(stay: Stay, agent: str) -> bool:
    return stay.is_talking and stay.answered is not None and stay.answered.agent == agent


def _has_lasted(state: State, talk: int, end: facts.Completed) -> bool:
    """Whether the talk began when its end says; else that one's end and this one's beginning were missed.

    After a step of its clock Asterisk's own seconds say nothing, and receipts alone may be late.
    """
    answered = state.stays[talk].answered
    if answered is None or end.talk is None or answered.when.steps != end.when.steps:
        return True
    is_exact = state.source.seconds or (answered.when.exact and end.when.exact)
    return not is_exact or abs(end.when.steady - answered.when.steady - end.talk) < _WHOLE_SECONDS


def took_place(state: State, fact: facts.TookPlace) -> None:
    state.handovers.append(fact)
    for number in state.stays.of_channel(fact.replaced):
        stay = state.stays[number]
        if stay.is_waiting and stay.place != fact.party.uniqueid:
            state.take_place(number, fact.party, fact.when)
        _hand_over(state, fact, stay)


def _hand_over(state: State, fact: facts.TookPlace, consulted: Stay) -> None:
    """A citizen talks on with the agent whom theirs had consulted: a visit of that queue, answered at once.

    It is recorded if their first talk is, for that recording goes on. Agents who are joined with each other
    make no visit.
    """
    by, end, leg = consulted.answered or consulted.completed, consulted.completed, fact.beside
    is_over = end is not None and abs(fact.when.steady - end.when.steady) > ROUGHLY
    known = state.stays.of_agent_channel(leg.uniqueid)
    is_told = known is not None and state.stays[known].is_handed_over
    if by is None or is_over or is_told or not leg.uniqueid:
        return
    who, is_recorded = fact.party, False
    if (talk := state.stays.of_agent_channel(fact.leg)) is not None:
        first = state.stays[talk]
        call = state.calls[first.call].call
        who = Party(first.place, call.linkedid, caller=call.caller, variables=first.party.variables)
        is_recorded = first.recorded
        state.put(talk, moved_on=first.moved_on or fact.when)
    number = state.calls.find(who)
    origin = state.calls[number].call.origin if number is not None else state.origin(who, has_joined=False)
    if origin == "internal":
        return
    structure = {words.VAR_STRUCTURE: consulted.party.variables.get(words.VAR_STRUCTURE, "")}
    who = who._replace(variables={**who.variables, **structure})
    began, queue = fact.when, consulted.queue
    for number in state.stays.of_channel(who.uniqueid, queue):
        began = told_apart(began, state.stays[number].joined)
    whom = by.agent, by.agent_name, leg.uniqueid, leg.channel
    answered = facts.Answered(began, who, queue, *whom, hold=None, ring=None)
    stay = state.begin_stay(who, queue, began, is_rebuilt=False)
    state.put(stay, answered=answered, is_handed_over=True, recorded=is_recorded)


def told_apart(joined: When, earlier: When) -> When:
    """Two stays that were read in one breath, without timestamps, still differ by a millisecond."""
    if abs(joined.received_at - earlier.received_at) > _STORED or abs(joined.at - earlier.at) > _STORED:
        return joined
    return joined._replace(at=earlier.at + _STORED, received_at=earlier.received_at + _STORED)
