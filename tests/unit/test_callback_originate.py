"""What is sent to Asterisk for one attempt, and what is kept of attempts until the store has it."""

from __future__ import annotations

from datetime import timedelta

from callback_dialer.attempt import Progress
from callback_dialer.following import Following
from callback_dialer.starting import originate
from ivr.asterisk.messages import AmiEvent, refuse_unsafe
from ivr.storage.owed.attempts import Attempt
from ivr.storage.owed.callbacks import Callback
from tests.callback_policy import NOON, policy

ID = "cb-1"
AN_HOUR_AHEAD = NOON + timedelta(hours=1)
"""Asterisk's clock when the attempt was planned."""
CALLBACK = Callback(
    id=7,
    caller_e164="+994501234567",
    caller="0501234567\r\nAction: Command",
    server="main",
    queue="aparat",
    structure="dvx",
    language="ru",
    reason="missed",
    state="dialing",
    credit_seconds=12.9,
    attempts_used=0,
    created_at=NOON,
    missed_at=NOON,
    waits_since=NOON - timedelta(seconds=12.9),
    due_at=NOON,
    expires_at=NOON + timedelta(days=1),
    closed_at=None,
    owed_at=NOON,
    held_for="",
)
ATTEMPT = Attempt(
    id=ID,
    callback_id=7,
    server="main",
    queue="aparat",
    trunk="provider",
    dial_string="0501234567",
    number=1,
    state="planned",
    disposition="",
    cause=None,
    planned_at=NOON,
    answered_at=None,
    confirmed_at=None,
    connected_at=None,
    ended_at=None,
    deadline_at=NOON,
    agent="",
    talk_seconds=None,
)


def test_originate_enters_the_callback_context_alone_with_the_attempt_as_its_channel_id() -> None:
    headers = originate(ATTEMPT, CALLBACK, policy(ring_for=30.0), AN_HOUR_AHEAD)
    assert headers == {
        "Action": "Originate",
        "Channel": "Local/994501234567@hotline-callback/n",
        "ChannelId": "cb-1",
        "OtherChannelId": "cb-1-2",
        "Context": "hotline-callback",
        "Exten": "talk",
        "Priority": "1",
        "Async": "true",
        "Timeout": "35000",
        "CallerID": "195",
        "Codecs": "alaw",
        "Variable": (
            "__HOTLINE_ORIGIN=callback",
            "__HOTLINE_ATTEMPT=cb-1",
            "__HOTLINE_QUEUE=aparat",
            "__HOTLINE_STRUCTURE=dvx",
            "__HOTLINE_CITIZEN=0501234567",
            "__HOTLINE_CREDIT=12",
            "__MENU_LANGUAGE=ru",
            f"__HOTLINE_DIAL_BEFORE={int(AN_HOUR_AHEAD.timestamp()) + 60}",
        ),
    }


def test_nothing_the_caller_delivered_reaches_the_headers() -> None:
    refuse_unsafe(originate(ATTEMPT, CALLBACK, policy(), NOON))


def told(state: str) -> AmiEvent:
    headers = {"UserEvent": "HotlineCallback", "Attempt": ID, "State": state}
    return AmiEvent("UserEvent", headers, {}, NOON)


def test_every_change_of_state_waits_in_order_until_it_is_written() -> None:
    following = Following()
    following.follow(Progress(ID, "originating", NOON))
    for state in ("answered", "answered", "confirmed", "no_agent"):
        following.apply(told(state))
    waiting = [(step.state, step.farewell) for step in following.unwritten]
    assert waiting == [("citizen_answered", ""), ("confirmed", ""), ("confirmed", "no_agent")]
    following.written(2)
    assert [step.farewell for step in following.unwritten] == ["no_agent"]


def test_a_lost_connection_keeps_what_is_not_written_yet() -> None:
    following = Following()
    following.follow(Progress(ID, "originating", NOON))
    following.apply(told("answered"))
    following.forget_all()
    assert len(following.unwritten) == 1
    assert ID in following
    following.written(1)
    assert ID not in following


def test_only_attempts_that_have_not_been_answered_are_withdrawn_and_only_once() -> None:
    following = Following()
    following.follow(Progress(ID, "ringing", NOON))
    following.follow(Progress("cb-2", "citizen_answered", NOON))
    assert following.withdraw([ID, "cb-2", "cb-3"]) == [ID]
    assert following.withdraw([ID]) == []
