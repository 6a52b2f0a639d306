"""Everything the fold remembers of one server: its stays, as the evidence tells of them, and their calls.

Evidence is only ever added; the same word said twice changes nothing. `State` has the few ways in which steps
add it; `ivr.visits.judge` turns a stay into a visit. Pure.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from ivr.asterisk import words
from ivr.visits.calls import Calls, forget_key
from ivr.visits.facts import Answered, Completed, Party, SourceCapabilities, TookPlace
from ivr.visits.steady import When

ROUGHLY = 2.5
"""Seconds two tellings of one moment may differ, where one was rebuilt from whole seconds."""


class Stay(NamedTuple):
    """What is known of one stay. `party` is the identity; `place` the channel that stands there now.

    They differ after an attended transfer into the queue. `is_rebuilt`: nobody told us of the join, its
    moment was computed back from whole seconds. `lost`: the last sign of life before Asterisk went away.
    `is_handed_over`: a talk with an agent whom a colleague had consulted; the queue knows nothing of it.
    `is_doubted`: what was told of it can be read in another way.
    """

    party: Party
    queue: str
    joined: When
    place: str
    call: int
    is_rebuilt: bool = False
    asked_waiting: bool = False
    asked_talking: bool = False
    gave_up: When | None = None
    left: When | None = None
    result: str = ""
    hold: float | None = None
    moved_on: When | None = None
    gone: When | None = None
    offers: tuple[tuple[str, When], ...] = ()
    answered: Answered | None = None
    completed: Completed | None = None
    agent_asked: bool = False
    agent_gone: When | None = None
    lost: When | None = None
    is_doubted: bool = False
    recorded: bool = False
    is_handed_over: bool = False

    @property
    def is_waiting(self) -> bool:
        """Nothing said yet that the caller is out of the queue."""
        return not (self.gave_up or self.left or self.answered or self.completed or self.lost or self.result)

    @property
    def is_talking(self) -> bool:
        """With an agent, and no word yet of the end."""
        has_ended = self.completed or self.lost or (self.is_handed_over and self.handed_over_until)
        return self.answered is not None and not has_ended

    @property
    def handed_over_until(self) -> When | None:
        """The first sign that such a talk is over, of which no queue tells."""
        signs = [when for when in (self.moved_on, self.gone, self.agent_gone) if when is not None]
        return min(signs, key=lambda when: when.steady, default=None)


class Stays:
    """All stays in memory by number, found by channel, by agent's channel, by queue and agent."""

    def __init__(self) -> None:
        self._all: dict[int, Stay] = {}
        self._by_channel: defaultdict[str, list[int]] = defaultdict(list)
        self._by_agent_channel: dict[str, int] = {}
        self._talks: dict[tuple[str, str], int] = {}
        self.next = 1

    def __getitem__(self, number: int) -> Stay:
        return self._all[number]

    def __iter__(self) -> Iterator[tuple[int, Stay]]:
        return iter(list(self._all.items()))

    def add(self, stay: Stay) -> int:
        """Remember a new stay; returns its number."""
        number, self.next = self.next, self.next + 1
        self.put(number, stay)
        return number

    def put(self, number: int, stay: Stay) -> None:
        """The stay as it is known now."""
        before = self._all.get(number)
        self._all[number] = stay
        if before is not None and before.place not in (stay.place, stay.party.uniqueid):
            self._unlist(before.place, number)
        if before is None or before.place != stay.place:
            for uniqueid in {stay.party.uniqueid, stay.place}:
                if number not in self._by_channel[uniqueid]:
                    self._by_channel[uniqueid].append(number)
        if stay.answered is not None and (before is None or before.answered is not stay.answered):
            self._by_agent_channel[stay.answered.agent_uniqueid] = number
            if stay.is_talking and not stay.is_handed_over:
                self._talks[stay.queue, stay.answered.agent] = number

    def forget(self, numbers: Iterable[int]) -> None:
        """Drop stays nobody can tell anything new about."""
        for number in numbers:
            stay = self._all.pop(number)
            for uniqueid in {stay.party.uniqueid, stay.place}:
                self._unlist(uniqueid, number)
            if stay.answered is not None:
                forget_key(self._by_agent_channel, stay.answered.agent_uniqueid, number)
                forget_key(self._talks, (stay.queue, stay.answered.agent), number)

    def of_channel(self, uniqueid: str, queue: str = "") -> list[int]:
        """Every stay of a channel (in one queue), in the order it was heard of."""
        found = self._by_channel.get(uniqueid, ())
        return [number for number in found if not queue or self._all[number].queue == queue]

    def at(self, uniqueid: str, queue: str, when: When) -> int | None:
        """The stay a channel was in at that moment: stays do not overlap, so the latest that had begun."""
        numbers = self.of_channel(uniqueid, queue)
        begun = [n for n in numbers if self._began_by(n, when)]
        if begun:
            return max(begun, key=lambda n: (self._all[n].joined.steady, n))
        return next(iter(numbers), None)

    def of_agent_channel(self, uniqueid: str) -> int | None:
        """The stay that was answered on this agent's channel, the latest of two."""
        return self._by_agent_channel.get(uniqueid) if uniqueid else None

    def talking(self, queue: str, agent: str) -> int | None:
        """The talk this agent is in, out of this queue; the latest if an end was missed."""
        number = self._talks.get((queue, agent))
        return number if number is not None and self._all[number].is_talking else None

    def _unlist(self, uniqueid: str, number: int) -> None:
        self._by_channel[uniqueid].remove(number)
        if not self._by_channel[uniqueid]:
            del self._by_channel[uniqueid]

    def _began_by(self, number: int, when: When) -> bool:
        stay = self._all[number]
        return stay.joined.steady <= when.steady + (ROUGHLY if stay.is_rebuilt else 0.05)


class State:
    """Stays, the calls behind them, what their source can tell. `changed`: stays with new evidence.

    `handovers`: the latest attended transfers; the word by which a consultation is known may come after one.
    `connection_lost`: the last sign of life before this connection. `started`: which run of Asterisk it is.
    """

    def __init__(self, server: str, source: SourceCapabilities) -> None:
        self.stays = Stays()
        self.calls = Calls(server, source.name)
        self.source = source
        self.agents: set[str] = set()
        self.handovers: deque[TookPlace] = deque(maxlen=4)
        self.connection_lost: When | None = None
        self.started = ""
        self.changed: set[int] = set()

    def put(self, number: int, **evidence: Any) -> None:
        """Add evidence (fields of `Stay`) to a stay."""
        self.stays.put(number, self.stays[number]._replace(**evidence))
        self.changed.add(number)

    def begin_stay(self, party: Party, queue: str, joined: When, *, is_rebuilt: bool) -> int:
        """A stay nobody knew of, under its call."""
        call = self.calls.find(party)
        if call is None:
            call = self.calls.begin(party, self.origin(party, has_joined=not is_rebuilt), joined)
        else:
            self.calls.seen(call, party, joined)
        stay = Stay(party, queue, joined, party.uniqueid, call, is_rebuilt)
        number = self.stays.add(stay)
        self.changed.add(number)
        return number

    def origin(self, party: Party, *, has_joined: bool) -> str:
        """Whose call it is: as the dialplan says, else an agent's if it comes from an agent's phone.

        Who was not heard to join is an agent by their phone alone: an attended transfer leaves a citizen's
        channel the agent's variables.
        """
        given = party.variables.get(words.VAR_ORIGIN)
        if given and (has_joined or given != "internal"):
            return given
        return "internal" if party.channel.rpartition("-")[0] in self.agents else "inbound"

    def locate(self, party: Party, queue: str, when: When, hold: float | None) -> int | None:
        """The stay a queue's word is about; one whose join was missed is rebuilt from Asterisk's seconds.

        Not the question of `ivr.visits.identity`: there two joins are compared, told by two sources or twice.
        Here one source goes on in order, and the word is about what its channel is in at that moment.
        """
        if not party.uniqueid:
            return None
        number = self.stays.at(party.uniqueid, queue, when)
        if number is not None and not self._is_later(self.stays[number].joined, when, hold):
            stay = self.stays[number]
            if stay.place == party.uniqueid:
                return number
            # Somebody was thought to have taken their place, but they still speak: theirs is another one.
            vacant = self.vacant_place(stay.party, queue, when, hold)
            if vacant is None and stay.is_doubted:
                self.take_place(number, stay.party, when)
                self.put(number, answered=None, completed=None)
            return number if vacant is None else vacant
        if (number := self.vacant_place(party, queue, when, hold)) is not None:
            return number
        if hold is None:
            return None
        return self.begin_stay(party, queue, before(when, hold), is_rebuilt=True)

    def _is_later(self, joined: When, when: When, hold: float | None) -> bool:
        """By Asterisk's own seconds it is about a later stay, whose join was missed with this one's end."""
        is_exact = self.source.seconds or (joined.exact and when.exact)
        if hold is None or not is_exact or joined.steps != when.steps:
            return False
        return when.steady - hold - joined.steady > ROUGHLY

    def vacant_place(self, party: Party, queue: str, when: When, hold: float | None) -> int | None:
        """The agent's stay that `party` was transferred into, unannounced (asterisk-notes 7).

        Either the agent's channel is gone, or it joined as long ago as the citizen is said to have waited; a
        source that tells every join names no agents, but a citizen it knows already can come from nowhere
        else. A citizen who is gone leaves no place: only the words of how they went were missed. Of two an
        agent's is taken, and of two of those the one that joined when the citizen is said to have come.
        """
        is_handed_over = self.source.joins and bool(self.stays.of_channel(party.uniqueid))
        call, found = self.calls.find(party), []
        for number, stay in self.stays:
            if stay.queue != queue or not stay.is_waiting:
                continue
            apart = math.inf if hold is None else abs(when.steady - hold - stay.joined.steady)
            is_agents, fits = self.calls[stay.call].call.origin == "internal", apart < ROUGHLY
            may_be_theirs = is_handed_over or call == stay.call
            if (is_agents and (fits or stay.gone is not None)) or (fits and may_be_theirs):
                found.append((not is_agents, apart, number))
        if not found:
            return None
        is_citizens, _, number = min(found)
        is_doubted = is_citizens and self.stays[number].call != call
        self.take_place(number, party, when)
        if is_doubted:
            self.put(number, is_doubted=True)
        return number

    def take_place(self, number: int, party: Party, when: When) -> None:
        """Attended transfer: from now on the channel `party` waits there, under its own call.

        A source that tells every join knew of the first channel's call by this stay alone, and tells no more
        of it.
        """
        call, before = self.calls.find(party), self.stays[number].call
        if call is None:
            call = self.calls.begin(party, self.origin(party, has_joined=self.source.joins), when)
        self.put(number, place=party.uniqueid, gone=None, call=call)
        if self.source.joins and all(stay.call != before for _, stay in self.stays):
            self.calls.forget((before,))


def before(when: When, seconds: float) -> When:
    """A moment computed back by Asterisk's whole seconds."""
    span = timedelta(seconds=seconds)
    return When(when.at - span, when.received_at, when.steady - seconds, False, when.steps)
