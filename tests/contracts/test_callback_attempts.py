"""Attempts are planned under one lock, go forward only and end once; the callback follows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from callback_dialer.attempt import Progress
from callback_dialer.following import finish, write
from callback_dialer.pacing import QueueLoad
from callback_dialer.resolving import alive, known, resolve
from callback_dialer.starting import Start, start_next
from ivr.asterisk.messages import AmiEvent
from ivr.calls.callbacks import Disposition
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from ivr.storage.owed import attempts, callbacks, switches
from ivr.storage.owed.callbacks import Callback
from ivr.storage.running import listening
from ivr.storage.schema.owed import attempt_journal
from ivr.storage.schema.running import recorder_signs
from ivr.visits.from_queue_log import LogLine
from tests.callback_policy import NOON, policy
from tests.contracts.test_callback_decisions import ALWAYS, NUMBER, decide_all, next_due, only_callback
from tests.stored_calls import Queued, store_call

TWO_IDLE = {"dvx": QueueLoad(frozenset({"PJSIP/1101", "PJSIP/1102"}))}


def start(connection: Connection, loads: dict[str, QueueLoad] | None = None) -> Start:
    """A missed call is decided and its attempt planned."""
    store_call(connection, NUMBER)
    decide_all(connection)
    started = start_next(connection, "main", loads or TWO_IDLE, ALWAYS)
    assert started is not None
    return started


def dialled(connection: Connection) -> Progress:
    """An attempt that has been sent to Asterisk."""
    attempt = start(connection).attempt
    attempts.advance(connection, attempt.id, "originating", NOON)
    return Progress(attempt.id, "originating", NOON)


def end(connection: Connection, disposition: Disposition) -> Callback:
    finish(connection, dialled(connection), disposition, ALWAYS)
    return only_callback(connection)


def test_an_attempt_is_planned_with_the_digits_the_trunk_wants(store: Store) -> None:
    def work(connection: Connection) -> None:
        planned = start(connection).attempt
        assert (planned.trunk, planned.dial_string, planned.number) == ("provider", "0501234567", 1)
        assert planned.state == "planned"
        assert only_callback(connection).state == "dialing"

    store.write(work)


def test_nobody_is_dialled_without_an_idle_agent_beyond_reserve_callers_and_attempts(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection, NUMBER)
        decide_all(connection)
        for load in (
            QueueLoad(),
            QueueLoad(frozenset({"a"}), reserve=1),
            QueueLoad(frozenset({"a"}), waiting=1),
        ):
            assert start_next(connection, "main", {"dvx": load}, ALWAYS) is None
        assert start_next(connection, "main", {"emdx": QueueLoad(frozenset({"a"}))}, ALWAYS) is None

    store.write(work)


def test_attempts_alive_are_counted_in_the_transaction_that_starts_one(store: Store) -> None:
    def work(connection: Connection) -> None:
        for last in range(5):
            store_call(connection, f"+99450123450{last}")
        decide_all(connection)
        started = [start_next(connection, "main", TWO_IDLE, ALWAYS) for _ in range(4)]
        assert [one is not None for one in started] == [True, True, False, False]

    store.write(work)


def test_an_attempt_that_has_its_agent_claims_no_idle_one(store: Store) -> None:
    def work(connection: Connection) -> None:
        one_idle = {"dvx": QueueLoad(frozenset({"PJSIP/1102"}))}
        progress = dialled(connection)
        store_call(connection, "+994502222222")
        decide_all(connection)
        assert start_next(connection, "main", one_idle, ALWAYS) is None
        write(connection, replace(progress, state="agent_connected", connected_at=NOON), ALWAYS)
        assert start_next(connection, "main", one_idle, ALWAYS) is not None

    store.write(work)


def test_the_freshest_missed_call_is_dialled_first_unless_the_policy_says_otherwise(store: Store) -> None:
    def work(connection: Connection) -> None:
        now = clock_of(connection)
        for minutes, number in ((1, "+994501111111"), (0, "+994502222222"), (2, "+994503333333")):
            store_call(connection, number, ended_at=now - timedelta(minutes=minutes))
        decide_all(connection)
        fresh = next_due(connection, "freshest_first")
        old = next_due(connection, "oldest_first")
        assert fresh is not None
        assert old is not None
        assert (fresh.caller_e164, old.caller_e164) == ("+994502222222", "+994503333333")

    store.write(work)


def test_who_calls_again_has_waited_since_the_first_time(store: Store) -> None:
    def work(connection: Connection) -> None:
        now = clock_of(connection)
        for minutes, number in ((3, NUMBER), (2, "+994502222222"), (1, NUMBER)):
            store_call(connection, number, ended_at=now - timedelta(minutes=minutes))
            decide_all(connection)
        found = [next_due(connection, order) for order in ("oldest_first", "freshest_first")]
        assert [one.caller_e164 for one in found if one] == [NUMBER, NUMBER]

    store.write(work)


def test_who_was_answered_or_is_on_the_line_is_settled_in_the_transaction_that_would_dial(
    store: Store,
) -> None:
    def work(connection: Connection) -> None:
        for number in ("+994501111111", "+994502222222"):
            store_call(connection, number)
        decide_all(connection)
        store_call(connection, "+994501111111", [Queued("answered")], is_over=False)
        store_call(connection, "+994502222222", [], is_over=False)
        assert start_next(connection, "main", TWO_IDLE, ALWAYS) is None
        states = {
            number: callbacks.open_for(connection, number) for number in ("+994501111111", "+994502222222")
        }
        assert states["+994501111111"] is None
        held = callbacks.find(connection, states["+994502222222"] or 0)
        assert held is not None
        assert held.state == "on_hold"

    store.write(work)


def test_nobody_is_dialled_while_no_recorder_hears_whether_they_call_again(store: Store) -> None:
    """Where none ever ran nobody waits for one."""

    def work(connection: Connection) -> None:
        store_call(connection, NUMBER)
        decide_all(connection)
        listening.heard(connection, "main")
        long_ago = clock_of(connection) - timedelta(seconds=25)
        connection.execute(recorder_signs.update().values(heard_at=long_ago))
        assert start_next(connection, "main", TWO_IDLE, ALWAYS) is None
        listening.heard(connection, "main")
        assert start_next(connection, "main", TWO_IDLE, ALWAYS) is not None

    store.write(work)


def test_a_number_blocked_since_is_not_dialled(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection, NUMBER)
        decide_all(connection)
        switches.deny(connection, NUMBER, "asked")
        assert start_next(connection, "main", TWO_IDLE, ALWAYS) is None
        assert only_callback(connection).state == "cancelled"

    store.write(work)


def test_a_callback_no_trunk_carries_stays_owed(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection, NUMBER)
        decide_all(connection)
        unplugged = replace(ALWAYS, trunks={})
        assert start_next(connection, "main", TWO_IDLE, unplugged) is None
        owed = only_callback(connection)
        assert owed.state == "owed"
        assert start_next(connection, "main", TWO_IDLE, ALWAYS) is not None

    store.write(work)


def test_the_database_refuses_a_second_live_attempt_of_one_callback(store: Store) -> None:
    started = store.write(start)

    def again(connection: Connection) -> None:
        attempts.plan(
            connection,
            "cb-second",
            started.callback,
            server="main",
            trunk="provider",
            dial_string="0501234567",
            now=clock_of(connection),
            lasts=timedelta(minutes=1),
        )

    with pytest.raises(IntegrityError):
        store.write(again)


def test_an_attempt_goes_forward_only_and_ends_once(store: Store) -> None:
    def work(connection: Connection) -> None:
        attempt_id = dialled(connection).attempt_id
        assert attempts.advance(connection, attempt_id, "citizen_answered", NOON)
        assert not attempts.advance(connection, attempt_id, "ringing", NOON)
        assert attempts.end(connection, attempt_id, "no_agent", NOON, cause=16)
        assert not attempts.end(connection, attempt_id, "reached", NOON, cause=16)
        states = connection.scalars(select(attempt_journal.c.state).order_by(attempt_journal.c.id))
        assert list(states) == ["planned", "originating", "citizen_answered", "ended"]

    store.write(work)


@pytest.mark.parametrize(
    ("disposition", "state", "used"),
    [
        ("busy", "owed", 1),
        ("no_answer", "owed", 1),
        ("unknown", "owed", 1),
        ("congestion", "owed", 0),
        ("aborted", "owed", 0),
        ("invalid_number", "unreachable", 1),
        ("reached", "reached", 1),
    ],
)
def test_the_end_of_an_attempt_is_the_next_state_of_its_callback(
    store: Store, disposition: Disposition, state: str, used: int
) -> None:
    def work(connection: Connection) -> None:
        after = end(connection, disposition)
        assert (after.state, after.attempts_used) == (state, used)
        assert (after.closed_at is None) == (state == "owed")
        assert state != "owed" or after.due_at > clock_of(connection)

    store.write(work)


def test_a_citizen_who_refuses_is_on_the_deny_list_before_the_call_is_over(store: Store) -> None:
    def work(connection: Connection) -> None:
        refusing = replace(dialled(connection), state="citizen_answered", farewell="refused")
        write(connection, refusing, ALWAYS)
        assert switches.is_denied(connection, NUMBER, "")
        write(connection, replace(refusing, ended_at=NOON), ALWAYS)
        assert only_callback(connection).state == "refused"
        store_call(connection, NUMBER)
        assert decide_all(connection) == ["blocked"]

    store.write(work)


def test_a_chosen_new_time_is_when_the_callback_is_due(store: Store) -> None:
    def work(connection: Connection) -> None:
        rules = policy(max_age=86400.0, new_times=[1800.0])
        told = replace(dialled(connection), state="confirmed", farewell="new_time", choice=1, ended_at=NOON)
        write(connection, told, rules)
        owed = only_callback(connection)
        ahead = owed.due_at - clock_of(connection)
        assert owed.state == "owed"
        assert abs(ahead - timedelta(minutes=30)) < timedelta(seconds=5)
        assert owed.expires_at > owed.due_at

    store.write(work)


def test_a_callback_is_reached_when_the_agent_is_connected_and_its_attempt_ends_later(store: Store) -> None:
    def work(connection: Connection) -> None:
        talking = replace(dialled(connection), state="agent_connected", connected_at=NOON, agent="PJSIP/1101")
        write(connection, talking, ALWAYS)
        reached = only_callback(connection)
        assert (reached.state, reached.attempts_used) == ("reached", 1)
        write(connection, replace(talking, talk_seconds=4.5, ended_at=NOON), ALWAYS)
        ended = attempts.find(connection, talking.attempt_id)
        assert ended is not None
        assert (ended.disposition, ended.agent, ended.talk_seconds) == ("reached", "PJSIP/1101", 4.5)
        assert only_callback(connection) == reached

    store.write(work)


def test_an_attempt_that_was_planned_but_never_sent_is_aborted(store: Store) -> None:
    def work(connection: Connection) -> None:
        planned = start(connection).attempt
        assert resolve(connection, planned, ALWAYS) == "aborted"
        assert only_callback(connection).attempts_used == 0

    store.write(work)


def test_an_attempt_whose_end_nobody_heard_is_unknown_and_uses_up_a_try(store: Store) -> None:
    def work(connection: Connection) -> None:
        attempt = attempts.find(connection, dialled(connection).attempt_id)
        assert attempt is not None
        assert resolve(connection, attempt, ALWAYS) == "unknown"
        owed = only_callback(connection)
        assert (owed.state, owed.attempts_used) == ("owed", 1)
        assert owed.due_at - clock_of(connection) > timedelta(hours=3)

    store.write(work)


@pytest.mark.parametrize(
    ("outcome", "disposition"),
    [("answered", "reached"), ("abandoned", "citizen_left_before_agent"), ("timeout", "no_agent")],
)
def test_the_recorders_visit_tells_what_the_dialer_did_not_hear(
    store: Store, outcome: str, disposition: str
) -> None:
    def work(connection: Connection) -> None:
        attempt = attempts.find(connection, dialled(connection).attempt_id)
        assert attempt is not None
        own = [Queued(outcome, 2.0)]
        store_call(connection, NUMBER, own, origin="callback", attempt_id=attempt.id)
        assert resolve(connection, attempt, ALWAYS) == disposition

    store.write(work)


def test_each_state_that_queue_log_tells_of_afterwards_has_its_row_in_the_journal(store: Store) -> None:
    def work(connection: Connection) -> None:
        attempt = attempts.find(connection, dialled(connection).attempt_id)
        assert attempt is not None
        told = ("CBSTART", "CBANSWERED", "CBCONFIRMED", "CONNECT", "COMPLETECALLER", "CBEND")
        noon = int(NOON.timestamp())
        lines = [
            LogLine(noon + at, attempt.id, "dvx", "PJSIP/1101", name, ()) for at, name in enumerate(told)
        ]
        assert resolve(connection, attempt, ALWAYS, lines) == "reached"
        rows = connection.execute(select(attempt_journal).order_by(attempt_journal.c.id)).all()
        assert [(row.state, (row.at - NOON).seconds) for row in rows[2:]] == [
            ("citizen_answered", 1),
            ("confirmed", 2),
            ("agent_connected", 3),
            ("ended", 5),
        ]
        ended = attempts.find(connection, attempt.id)
        assert ended is not None
        assert ended.agent == "PJSIP/1101"

    store.write(work)


def test_an_attempt_is_found_alive_by_its_own_channel_id(store: Store) -> None:
    def work(connection: Connection) -> None:
        attempt = attempts.find(connection, dialled(connection).attempt_id)
        assert attempt is not None
        channels = [
            _channel(attempt.id, attempt.id, "Local/9945@hotline-callback-1;1"),
            _channel(f"{attempt.id}-2", attempt.id, "Local/9945@hotline-callback-1;2"),
            _channel("1795371761.30", attempt.id, "PJSIP/provider-2"),
            _channel("1795371700.12", "1795371700.12", "PJSIP/provider-1"),
        ]
        found = alive(attempt, channels)
        assert found is not None
        assert found.open_legs == {attempt.id, f"{attempt.id}-2", "1795371761.30"}
        assert found.trunk_leg == "1795371761.30"
        assert alive(attempt, channels[3:]) is None
        assert known(attempt).state == "originating"

    store.write(work)


def _channel(uniqueid: str, linkedid: str, channel: str) -> AmiEvent:
    headers = {"Uniqueid": uniqueid, "Linkedid": linkedid, "Channel": channel}
    return AmiEvent("CoreShowChannel", headers, {}, NOON)
