"""Contacts: one inbound call in one structure, the unit of every figure.

However many queues and visits a call took in a structure, it is one contact there; all of it belongs to the
half hour of its first join. `wait_seconds` runs from that join to the first answer, or to the last leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from ivr.figures.missed import waited


class CountedVisit(NamedTuple):
    """A queue visit of an inbound call with what figures need of its call; seconds, aware moments."""

    call_id: int
    server: str
    uniqueid: str
    structure: str
    queue: str
    outcome: str
    joined_at: datetime
    received_at: datetime | None
    left_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    wait_seconds: float | None
    talk_seconds: float | None
    wrapup_seconds: float | None
    agent: str
    source: str
    caller_e164: str
    caller_kind: str
    presentation: str
    trunk: str
    call_ended_at: datetime | None


class Contact(NamedTuple):
    """One inbound call in one structure.

    `number`: E.164, empty without one. `left_at`: the last leave of a queue; `over_at`: the end of its
    last talk, or of its last wait. `talk_seconds` is None if no agent answered, `wrapup_seconds` if none was
    measured. `agents` answered it. It stood in these `queues`, by these `channels` (uniqueids).
    """

    call_id: int
    server: str
    structure: str
    number: str
    is_hidden: bool
    trunk: str
    joined_at: datetime
    left_at: datetime
    over_at: datetime
    answered_at: datetime | None
    wait_seconds: float
    talk_seconds: float | None
    wrapup_seconds: float | None
    agents: tuple[str, ...]
    outcome: str
    queues: tuple[str, ...]
    channels: tuple[str, ...]
    is_rebuilt: bool


def contacts(visits: Iterable[CountedVisit]) -> Iterator[Contact]:
    """The contacts of visits that come call by call, each call's in the order they were joined."""
    for _, its in groupby(visits, key=attrgetter("call_id")):
        by_structure: dict[str, list[CountedVisit]] = {}
        for visit in its:
            by_structure.setdefault(visit.structure, []).append(visit)
        yield from map(_contact, by_structure.values())


def _contact(visits: Sequence[CountedVisit]) -> Contact:
    first, last = visits[0], visits[-1]
    answer = next((number for number, visit in enumerate(visits) if visit.answered_at), None)
    waits = visits if answer is None else visits[: answer + 1]
    left_at = last.left_at or last.call_ended_at or last.joined_at
    if len(waits) == 1 and waits[0].wait_seconds is not None:
        wait = waits[0].wait_seconds
    else:
        wait = waited(waits, left_at)
    talks = [visit for visit in visits if visit.answered_at]
    wrapups = [visit.wrapup_seconds for visit in talks if visit.wrapup_seconds is not None]
    return Contact(
        call_id=first.call_id,
        server=first.server,
        structure=first.structure,
        number=first.caller_e164,
        is_hidden=first.caller_kind == "anonymous" or first.presentation.startswith("prohib"),
        trunk=first.trunk,
        joined_at=first.joined_at,
        left_at=left_at,
        over_at=max((visit.ended_at for visit in visits if visit.ended_at), default=left_at),
        answered_at=None if answer is None else visits[answer].answered_at,
        wait_seconds=wait,
        talk_seconds=sum(visit.talk_seconds or 0.0 for visit in talks) if talks else None,
        wrapup_seconds=sum(wrapups) if wrapups else None,
        agents=tuple({visit.agent for visit in talks if visit.agent}),
        outcome=last.outcome,
        queues=tuple({visit.queue for visit in visits}),
        channels=tuple({visit.uniqueid for visit in visits}),
        is_rebuilt=all(visit.source == "queue_log" for visit in visits),
    )
