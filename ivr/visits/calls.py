"""The calls behind the visits: when each began and ended, and what its channel variables say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple, TypeVar

from ivr.asterisk import words
from ivr.menus.steps import last_node
from ivr.visits.facts import VARIABLES, Party
from ivr.visits.records import Call
from ivr.visits.steady import When

_Key = TypeVar("_Key")

_VARIABLES = {name: VARIABLES[name] for name in ("language", "menu_path", "presentation")}


class Tracked(NamedTuple):
    """A call, when its last sign of life was, and whether its end was only concluded, not heard."""

    call: Call
    seen: When
    hangup_asked: bool = False
    presumed_ended: bool = False


class Calls:
    """All calls in memory by number, found by the caller's channel or by linkedid."""

    def __init__(self, server: str, source: str) -> None:
        self._server, self._source = server, source
        self._all: dict[int, Tracked] = {}
        self._by_channel: dict[str, int] = {}
        self._by_linkedid: dict[str, int] = {}
        self._numbers = count()
        self.changed: set[int] = set()

    def __getitem__(self, number: int) -> Tracked:
        return self._all[number]

    def find(self, party: Party) -> int | None:
        """The call this channel is, or belongs to."""
        return self._by_channel.get(party.uniqueid, self._by_linkedid.get(party.linkedid))

    def of_channel(self, uniqueid: str) -> int | None:
        """The call whose caller's channel this is."""
        return self._by_channel.get(uniqueid)

    def begin(self, party: Party, origin: str, when: When, delivered: str = "", trunk: str = "") -> int:
        """A call nobody knew of."""
        call = Call(
            server=self._server,
            linkedid=party.linkedid or party.uniqueid,
            uniqueid=party.uniqueid,
            origin=origin,
            began_at=when.at,
            received_at=when.received_at,
            last_seen_at=when.at,
            caller=party.caller,
            delivered=delivered,
            trunk=trunk,
            source=self._source,
            **_told_by(party.variables),
        )
        number = self.resume(call, when)
        self.changed.add(number)
        return number

    def retell(self) -> None:
        """All of them count as changed."""
        self.changed = set(self._all)

    def resume(self, call: Call, seen: When) -> int:
        """A call known from the store."""
        number = next(self._numbers)
        self._all[number] = Tracked(call, seen)
        self._by_channel[call.uniqueid or call.linkedid] = number
        self._by_linkedid[call.linkedid] = number
        return number

    def update(self, number: int, tracked: Tracked) -> None:
        """The call as it is known now."""
        if tracked.call != self._all[number].call:
            self.changed.add(number)
        self._all[number] = tracked

    def seen(self, number: int, party: Party, when: When) -> None:
        """A sign of life, and what the channel's variables say now; reopens a call presumed ended."""
        tracked = self._all[number]
        told = _told_by(party.variables)
        if tracked.presumed_ended:
            told["ended_at"] = None
        call = tracked.call._replace(last_seen_at=max(tracked.call.last_seen_at, when.at), **told)
        self.update(number, Tracked(call, when, tracked.hangup_asked))

    def hangup_asked(self, number: int) -> None:
        """The caller's phone hung up."""
        self.update(number, self._all[number]._replace(hangup_asked=True))

    def end(self, number: int, party: Party, when: When) -> None:
        """The caller's channel is gone."""
        self.seen(number, party, when)
        tracked = self._all[number]
        if tracked.call.ended_at is None:
            by = "caller" if tracked.hangup_asked else "hotline"
            steps = party.variables.get(words.VAR_STEPS, "")
            left = last_node(steps)
            call = tracked.call._replace(ended_at=when.at, ended_by=by, left_menu=left, steps=steps)
            self.update(number, tracked._replace(call=call))

    def presume_ended(self, number: int, ended_at: datetime) -> None:
        """No source tells of hang-ups, or the end fell into a hole; of several such ends it is the last."""
        tracked = self._all[number]
        known = tracked.call.ended_at
        if known is None or tracked.presumed_ended:
            call = tracked.call._replace(ended_at=max(known or ended_at, ended_at))
            self.update(number, Tracked(call, tracked.seen, tracked.hangup_asked, presumed_ended=True))

    def interrupt(self, number: int, last_sign: datetime) -> None:
        """Asterisk went away with the call; its ids may be another call's from now on (asterisk-notes 5)."""
        tracked = self._all[number]
        self._remove_from_indices(number, tracked.call)
        if tracked.call.ended_at is None:
            call = tracked.call._replace(ended_at=last_sign, ended_by="restart", is_interrupted=True)
            self.update(number, tracked._replace(call=call))

    def open(self) -> list[int]:
        """Calls without an end."""
        return [number for number, tracked in self._all.items() if tracked.call.ended_at is None]

    def ended_before(self, steady: float) -> list[int]:
        """Calls that ended, and were last heard of, before that moment."""
        return [
            number
            for number, tracked in self._all.items()
            if tracked.call.ended_at is not None and tracked.seen.steady < steady
        ]

    def forget(self, numbers: Iterable[int]) -> None:
        """Drop calls nobody can tell anything new about."""
        for number in numbers:
            self._remove_from_indices(number, self._all.pop(number).call)
            self.changed.discard(number)

    def _remove_from_indices(self, number: int, call: Call) -> None:
        forget_key(self._by_channel, call.uniqueid or call.linkedid, number)
        forget_key(self._by_linkedid, call.linkedid, number)


def _told_by(variables: Mapping[str, str]) -> dict[str, Any]:
    if not variables:
        return {}
    return {name: told for name, key in _VARIABLES.items() if (told := variables.get(key))}


def forget_key(index: dict[_Key, int], key: _Key, number: int) -> None:
    """Drop the key from an index, unless by now it finds another number."""
    if index.get(key) == number:
        del index[key]
