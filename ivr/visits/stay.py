"""One stay of a caller in a queue as the evidence heard of it, and where each stay is found again.

Evidence is only ever added; the same word said twice changes nothing. `judge` turns it into a visit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from ivr.visits.facts import Answered, Completed, Party
from ivr.visits.steady import When

_Key = TypeVar("_Key")

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


def forget_key(index: dict[_Key, int], key: _Key, number: int) -> None:
    """Drop the key from an index, unless by now it finds another number."""
    if index.get(key) == number:
        del index[key]
