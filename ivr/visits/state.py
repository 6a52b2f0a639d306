"""Everything the fold remembers of one server, and the few ways steps change it."""

from __future__ import annotations

import math
from collections import deque
from datetime import timedelta
from typing import Any

from ivr.asterisk import words
from ivr.visits.calls import Calls
from ivr.visits.facts import Party, SourceCapabilities, TookPlace
from ivr.visits.stay import ROUGHLY, Stay, Stays
from ivr.visits.steady import When


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
