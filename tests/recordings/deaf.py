"""A recorded case as a recorder hears it that is deaf for a while, beside queue_log as it is written.

Whenever it hears again it is told who waits and which calls live, as Asterisk would have answered then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from ivr.asterisk.connection import Connected, Lost
from ivr.asterisk.messages import AmiEvent
from ivr.asterisk.queue_log import Block, LogFile, blocks, in_order
from ivr.visits.facts import Fact
from ivr.visits.from_ami import AmiReader
from tests.recordings.listening import HEARD_FROM, Manner, heard
from tests.recordings.truth import CASES

_TELLING = frozenset(
    {"QueueCallerJoin", "QueueCallerAbandon", "AgentConnect", "AgentComplete", "AttendedTransfer"}
)
"""Events between which a hole begins or ends; the others tell nothing of a stay by themselves."""

Hole = tuple[int, int]
"""Of the events from the first number to before the second one nothing is heard."""


class Written(NamedTuple):
    """A line of queue_log."""

    file: LogFile
    block: Block


Told = tuple[datetime, Sequence[Fact] | Written]


@cache
def events(case: str) -> tuple[AmiEvent, ...]:
    """The whole stream, on our clock as on Asterisk's."""
    whole = [told for told in heard(CASES / case, Manner()) if isinstance(told, AmiEvent)]
    began = min(event.timestamp for event in whole if event.timestamp) - HEARD_FROM
    return tuple(replace(event, received_at=event.received_at + began) for event in whole)


def holes(case: str) -> list[Hole]:
    """Every stretch of the stream that begins and ends at a word about a stay, the empty one too."""
    edges = [0, *(n for n, event in enumerate(events(case)) if event.name in _TELLING), len(events(case))]
    return [(begin, end) for n, begin in enumerate(edges) for end in edges[n + 1 :]] + [(0, 0)]


def ami(case: str, hole: Hole) -> Iterator[Told]:
    """The facts of each event outside the hole, and of what is asked where it ends, with their moments."""
    reader, (begin, end) = AmiReader(), hole
    for number, event in enumerate(events(case)):
        if number == end > begin:
            before = events(case)[number - 1].received_at
            lost = reader.facts(Lost(events(case)[begin].received_at, "cut"))
            yield before, [*lost, *reader.facts(Connected(before)), *_asked(reader, case, number)]
        if not begin <= number < end:
            yield event.received_at, tuple(reader.facts(event))


def log(case: str) -> Iterator[Told]:
    """queue_log line by line, each read within a second."""
    (file,) = in_order([CASES / case / "queue_log"])
    for block in blocks(file, 0):
        begin = block.begin
        for line in block.text.splitlines(keepends=True):
            end = begin + len(line.encode())
            written = datetime.fromtimestamp(int(line.partition("|")[0]) + 1, UTC)
            yield written, Written(file, Block(begin, end, end, line))
            begin = end


def _asked(reader: AmiReader, case: str, number: int) -> Iterator[Fact]:
    """The answers to QueueStatus and CoreShowChannels before that event."""
    now = events(case)[number - 1].received_at
    channels: dict[str, AmiEvent] = {}
    waiting: dict[tuple[str, str], datetime] = {}
    for event in events(case)[:number]:
        if event["Uniqueid"] and event.name != "AttendedTransfer":
            channels[event["Uniqueid"]] = event
        if event.name == "QueueCallerJoin":
            waiting[event["Uniqueid"], event["Queue"]] = event.received_at
        elif event.name == "QueueCallerLeave":
            waiting.pop((event["Uniqueid"], event["Queue"]), None)
        elif event.name == "AttendedTransfer":
            for (channel, queue), since in list(waiting.items()):
                if channel == event["SecondTransfererUniqueid"]:
                    del waiting[channel, queue]
                    waiting[event["TransfereeUniqueid"], queue] = since
        elif event.name == "Hangup":
            channels.pop(event["Uniqueid"], None)
    for event in events(case):
        if event["Interface"]:
            yield from reader.waiting(AmiEvent("QueueMember", {"Location": event["Interface"]}, {}, now), {})
    for (channel, queue), since in waiting.items():
        waited = int(now.timestamp()) - int(since.timestamp())
        told = (e for e in events(case)[number:] if (e["Uniqueid"], e["Queue"]) == (channel, queue))
        stands = next(told, channels[channel])
        headers = {**stands.headers, "Queue": queue, "Wait": str(waited)}
        yield from reader.waiting(AmiEvent("QueueEntry", headers, {}, now), {**channels, channel: stands})
    yield reader.live_calls(tuple(channels.values()), now)
