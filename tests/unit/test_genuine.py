"""Messages that a caller's text has torn or made up are refused, those of a real Asterisk are not."""

from __future__ import annotations

import pytest

from ivr.asterisk.session import END, Genuineness
from tests.recordings.truth import CASES

CALLER = "Channel: P-1\r\nCallerIDNum: {}\r\nCallerIDName: x\r\nConnectedLineNum: \r\nConnectedLineName: \r\n"
JOIN = (
    f"Event: QueueCallerJoin\r\nPrivilege: agent,all\r\nTimestamp: 1.5\r\n{CALLER}Uniqueid: 1.1\r\nQueue: dvx"
)
HONEST = JOIN.format("0501112233")
ROW = "Event: QueueEntry\r\nActionID: {}\r\nQueue: dvx\r\n" + CALLER.format("0501") + "Wait: 3"


def faults(*messages: str) -> list[str]:
    """Of what comes over one connection, message by message."""
    judge = Genuineness(lambda action_id: action_id == "ours")
    return [judge.fault(message) for message in END.join(messages).split(END)]


def refused(*messages: str) -> list[bool]:
    return [bool(fault) for fault in faults(*messages)]


def test_nothing_that_a_real_asterisk_said_is_refused() -> None:
    streams = sorted(CASES.glob("*/ami*.txt"))
    assert len(streams) > 20
    for stream in streams:
        judge = Genuineness(lambda action_id: bool(action_id))
        said = stream.read_bytes().decode().split(END)
        assert {judge.fault(message) for message in said} == {""}, stream


@pytest.mark.parametrize(
    "text",
    [
        "0501\r\nUniqueid: 9.9",
        "0501\r\nUNIQUEID: 9.9",
        "0501\r\nReason: caller",
        "0501\r\nChanVariable: HOTLINE_ORIGIN=internal",
        "0501\r\nCallerIDName: x\r\nReason: caller",
        "0501\r\nx",
    ],
)
def test_a_header_within_a_number_has_its_event_refused_and_no_other(text: str) -> None:
    assert refused(HONEST, JOIN.format(text), HONEST) == [False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "\r\n\r\nEvent: AgentConnect\r\nQueue: dvx\r\nUniqueid: 9.9",
        "\r\n\r\nEvent: Hangup\r\nPrivilege: \r\nTimestamp: 1\r\nUniqueid: 1795364067.123\r\n\r\n",
        "\r\nCallerIDName: \r\nLinkedid: \r\n\r\nEvent: FullyBooted\r\nPrivilege: \r\nUptime: 1",
        "\r\n\r\nX: y\r\n\r\nEvent: Hangup\r\nUniqueid: 9.9",
        "\r\n\r\n",
    ],
)
def test_no_event_that_begins_within_a_number_is_believed(text: str) -> None:
    assert len(text) < 80
    found = refused(HONEST, JOIN.format(text), HONEST)
    assert (found[0], all(found[1:-1]), found[-1]) == (False, True, False)


def test_a_refused_message_names_the_channel_that_asterisk_wrote() -> None:
    for text in ("0501\r\nUniqueid: 9.9", "\r\n\r\nUniqueid: 9.9\r\n\r\nEvent: X\r\nUniqueid: 9.9"):
        judge = Genuineness(lambda action_id: False)
        said = JOIN.format(text).split(END)
        named = [judge.uniqueid(message) for message in said if judge.fault(message)]
        assert named == [*[""] * (len(said) - 1), "1.1"]


def test_a_stranger_who_registers_a_name_with_line_ends_is_refused_as_well() -> None:
    """Class `security` tells of it, whether they may call in or not."""
    event = (
        "Event: InvalidAccountID\r\nPrivilege: security,all\r\nTimestamp: 1.5\r\nAccountID: {}\r\n"
        "SessionID: 1\r\nLocalAddress: IPV4/UDP/127.0.0.1/5060\r\nRemoteAddress: IPV4/UDP/127.0.0.1/5061"
    )
    forged = event.format("\r\n\r\nEvent: FullyBooted\r\nPrivilege: \r\nUptime: 1")
    assert refused(event.format("1101"), forged, HONEST) == [False, True, True, False]
    assert refused(event.format("1101\r\nX: y")) == [True]


@pytest.mark.parametrize(
    ("message", "is_refused"),
    [
        ("Event: Sound\r\nPrivilege: call,all", True),
        ("Event: Sound\r\nTimestamp: 1.5", True),
        ("Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 4", False),
        (ROW.format("ours"), False),
        (ROW.format("another"), True),
        (ROW.replace("ActionID: {}\r\n", ""), True),
        ("Response: Success\r\nActionID: ours", False),
        ("Queue: dvx\r\nEvent: Sound\r\nPrivilege: call,all", True),
    ],
)
def test_an_event_has_a_privilege_and_a_timestamp_or_answers_what_was_asked(
    message: str, is_refused: bool
) -> None:
    assert refused(HONEST, message) == [False, is_refused]
    without = "Event: Sound\r\nPrivilege: call,all"
    assert refused(without, without) == [False, False]
