"""Whatever bytes come from the AMI, all that hears them goes on, and the visits told are plausible."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from callback_dialer.attempt import Progress
from callback_dialer.following import Following
from ivr.asterisk.messages import AmiError, AmiEvent
from ivr.asterisk.session import Session, _Protocol
from ivr.queues.board import RecordedBoard
from ivr.visits.fold import Fold
from ivr.visits.from_ami import AMI, AmiReader
from ivr.visits.records import Visit
from tests.fuzz import fuzzed, program, spelled

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NAMES = (
    "QueueCallerJoin", "QueueCallerLeave", "QueueCallerAbandon", "AgentCalled", "AgentConnect",
    "AgentComplete",
    "AgentRingNoAnswer", "QueueMemberStatus", "QueueMemberPause", "QueueMember", "QueueEntry", "Hangup",
    "HangupRequest", "Newchannel", "Newstate", "Newexten", "VarSet", "UserEvent", "AttendedTransfer",
    "MixMonitorStart", "FullyBooted", "DialState", "DialEnd", "OriginateResponse", "Shutdown",
)  # fmt: skip
WEIRD = ("", "-1", "nan", "inf", "-inf", "1e400", "9" * 30, "1e18", "٣", "x\x00y", "\ufffd", "%0d%0a")
HEADERS = (
    *(f"Event: {name}" for name in NAMES),
    *(f"Uniqueid: {uniqueid}" for uniqueid in ("1.1", "1.2", "cb-1", "cb-1-2", "")),
    *(f"{name}: 1.1" for name in ("Linkedid", "TransfereeLinkedid",
                                   "DestUniqueid", "TransfereeUniqueid", "OrigTransfererUniqueid")),
    "Linkedid: cb-1", "Queue: dvx", "Queue: emdx", "Interface: PJSIP/1101", "Channel: PJSIP/1101-00000001",
    "Channel: Local/1@x-1;1", "Response: Success", "Response: Error", "ActionID: 1", "EventList: start",
    "CallerIDNum: 0501234567", "CallerIDNum: <unknown>", "UserEvent: HotlineCall",
    "UserEvent: HotlineLeftQueue", "UserEvent: HotlineCallback", "Result: TIMEOUT", "State: answered",
    "State: new_time", "Variable: QUEUESTATUS", "Value: TIMEOUT", "Variable: QUEUEWAIT", "Reason: caller",
    "ChannelStateDesc: Ringing", "DialStatus: RINGING", "Uptime: 4", "Status: 1", "InCall: 1", "Exten: h",
    "Cause: 16", "ChanVariable: HOTLINE_ORIGIN=callback", "ChanVariable: HOTLINE_ATTEMPT=cb-1",
    "ChanVariable(1): x", "ChanVariable", "Output: a", "AppData: a",
    *(f"Timestamp: {START.timestamp() + seconds:.6f}" for seconds in (0, 0.4, 3, -3600, 86400)),
    *(f"{name}: {value}"
      for name in ("HoldTime", "TalkTime", "RingTime", "Wait", "Timestamp", "Uptime", "LastCall")
      for value in ("7", *WEIRD[:8])),
    *(f"Value: {value}" for value in WEIRD),
)  # fmt: skip
END = b"\r\n\r\n"
WORDS = (END, *(f"\r\n{header}\r\n".replace("\r\n\r\n", "").encode() for header in HEADERS))


SOUND = b"-" * 80 + END + b"Event: FuzzEnd\r\nPrivilege: test,all\r\nTimestamp: 1\r\nUniqueid: 9.9\r\n\r\n"
"""Behind as many bytes as a caller's number may have."""


class DeafTransport(asyncio.Transport):
    """Takes what is sent and keeps nothing."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def close(self) -> None:
        pass


async def opened(protocol: _Protocol) -> tuple[DeafTransport, _Protocol]:
    """What connecting a socket gives."""
    transport = DeafTransport()
    protocol.connection_made(transport)
    return transport, protocol


async def received(*chunks: bytes) -> list[AmiEvent]:
    """What a session hands over when these bytes arrive while an action of its waits for its answer."""
    events = list[AmiEvent]()
    session, protocol = Session("127.0.0.1", 1, lambda: START), _Protocol()
    opening = asyncio.create_task(opened(protocol))
    await opening
    session.connection_made(opening)
    session.deliver_to(events.append)
    asking = asyncio.create_task(session.ask({"Action": "QueueStatus", "ActionID": "1"}, 60.0))
    await asyncio.sleep(0)
    for chunk in chunks:
        protocol.data_received(chunk)
    session.pinger.cancel()
    session.cut("over")
    with suppress(AmiError):
        await asking
    return events


def checked(visits: list[Visit]) -> None:
    """Durations are numbers a report can add up, and no stay is told twice."""
    for visit in visits:
        for seconds in (visit.wait_seconds, visit.ring_seconds, visit.talk_seconds):
            assert seconds is None or 0 <= seconds < math.inf
    stays = [(visit.uniqueid, visit.queue, visit.joined_at) for visit in visits]
    assert len(stays) == len(set(stays))


def by_stay(folding: Fold) -> dict[object, Visit]:
    """What the fold tells now, by what the store knows a stay by."""
    return {(visit.uniqueid, visit.queue, visit.received_at): visit for visit in folding.take().visits}


def folded(told: list[AmiEvent]) -> list[Visit]:
    """The visits these events tell; asked for now and then, and once more when time has passed."""
    reader, folding = AmiReader(), Fold("main", AMI)
    visits: dict[object, Visit] = {}
    for place, event in enumerate(told):
        for fact in (*reader.facts(event), *reader.waiting(event, {})):
            folding.apply(fact)
        if place % 8 == 7:
            visits |= by_stay(folding)
    folding.apply(reader.tick(START + timedelta(hours=1)))
    return list((visits | by_stay(folding)).values())


def watched(told: list[AmiEvent]) -> None:
    """The board and the dialer's attempts hear the same events."""
    board, following = RecordedBoard({"dvx": 10.0}), Following()
    following.follow(Progress("cb-1", "originating", START))
    for event in told:
        board.apply(event)
        following.apply(event)
    board.idle("dvx", START)
    board.waiting("dvx")
    board.expected_wait("dvx", 1, START)
    board.take_changes(START)


@fuzzed
@given(program, st.integers(0, 2000))
def test_any_bytes_are_read_alike_in_whatever_chunks_they_come(
    loop: asyncio.AbstractEventLoop, written: bytes, cut: int
) -> None:
    """And what comes after them is still heard."""
    data = spelled(written, WORDS)
    whole = loop.run_until_complete(received(data, END, SOUND))
    assert whole[-1].name == "FuzzEnd"
    assert loop.run_until_complete(received(data[:cut], data[cut:] + END, SOUND)) == whole
    checked(folded(whole))
    watched(whole)


SEEN = tuple(
    (
        name,
        {
            "Queue": queue,
            "Uniqueid": caller,
            "Linkedid": caller,
            "Channel": f"PJSIP/provider-{caller}",
            **more,
        },
    )
    for name, more in (
        ("QueueCallerJoin", {}),
        ("QueueCallerLeave", {}),
        ("QueueCallerAbandon", {"HoldTime": "3"}),
        ("AgentCalled", {"Interface": "PJSIP/1101", "DestUniqueid": "7.1"}),
        (
            "AgentConnect",
            {"Interface": "PJSIP/1101", "DestUniqueid": "7.1", "HoldTime": "3"},
        ),
        ("AgentComplete", {"Interface": "PJSIP/1101", "HoldTime": "3", "TalkTime": "5", "Reason": "agent"}),
        ("HangupRequest", {}),
        ("Hangup", {}),
        ("AttendedTransfer", {"TransfereeUniqueid": "1.2", "SecondTransfererUniqueid": "1.1"}),
        ("VarSet", {"Variable": "QUEUESTATUS", "Value": "TIMEOUT"}),
        ("FullyBooted", {"Uptime": "2"}),
    )
    for queue in ("dvx", "emdx")
    for caller in ("1.1", "1.2")
)
PAUSES = (0.0, 0.0, 0.001, 0.7, 30.0, -3600.0)


def happened(written: bytes) -> list[AmiEvent]:
    """Each byte is an event of two callers in two queues, and how far Asterisk's clock went before it."""
    told, asterisk, ours = [], START, START
    for byte in written:
        pause = timedelta(seconds=PAUSES[byte // len(SEEN) % len(PAUSES)])
        asterisk, ours = asterisk + pause, ours + abs(pause) / 2
        name, headers = SEEN[byte % len(SEEN)]
        told.append(AmiEvent(name, headers, {}, ours, asterisk))
    return told


@fuzzed
@given(program)
def test_any_order_of_events_tells_no_stay_twice_and_no_time_that_cannot_be(written: bytes) -> None:
    checked(folded(happened(written)))
