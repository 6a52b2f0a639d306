"""Ended calls become decisions and callbacks, each once, however often they are looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from callback_dialer.deciding import decide_call
from callback_dialer.following import finish
from callback_dialer.resolving import known
from ivr.calls.callbacks import OPEN_STATES
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from ivr.storage.owed import attempts, callbacks, undecided, waiting
from ivr.storage.owed.callbacks import Callback
from ivr.storage.owed.waiting import Idle
from ivr.storage.schema.owed import callback_journal, decisions
from ivr.storage.schema.owed import callbacks as callbacks_table
from tests.callback_policy import ROUND_THE_CLOCK, policy
from tests.stored_calls import Queued, end_call, store_call

NUMBER = "+994501234567"
ALWAYS = replace(policy(max_age=86400.0), hours=ROUND_THE_CLOCK)


def decide_all(connection: Connection) -> list[str]:
    """Look at every ended call nobody has looked at; the verdicts."""
    return [
        decision.verdict
        for call_id in undecided.undecided(connection, 100)
        for decision in decide_call(connection, call_id, ALWAYS)
    ]


def settle_all(connection: Connection) -> None:
    for callback_id, change in waiting.settlements(connection).items():
        waiting.settle(connection, callback_id, change)


def next_due(connection: Connection, *order: str) -> Callback | None:
    """The callback to dial next in `dvx`, with every trunk free."""
    return waiting.next_due(connection, {"dvx": Idle()}, [("+994", ())], order)


def only_callback(connection: Connection) -> Callback:
    [callback_id] = connection.scalars(select(callbacks_table.c.id))
    found = callbacks.find(connection, callback_id)
    assert found is not None
    return found


def count(connection: Connection, table: Any) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_missed_call_over_ten_seconds_is_owed_a_callback_at_once(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection, stays=[Queued(wait=12.5)])
        assert decide_all(connection) == ["callback"]
        owed = only_callback(connection)
        assert (owed.state, owed.queue, owed.language, owed.credit_seconds) == ("owed", "dvx", "ru", 12.5)
        assert next_due(connection, "freshest_first") == owed

    store.write(work)


def test_a_call_is_decided_only_once(store: Store) -> None:
    def work(connection: Connection) -> None:
        call_id = store_call(connection)
        assert len(decide_call(connection, call_id, ALWAYS)) == 1
        assert decide_call(connection, call_id, ALWAYS) == []
        assert undecided.undecided(connection, 10) == []

    store.write(work)


def test_a_call_that_is_looked_at_again_keeps_its_decision(store: Store) -> None:
    def work(connection: Connection) -> None:
        call_id = store_call(connection)
        decide_all(connection)
        connection.exec_driver_sql("UPDATE calls SET decided_at = NULL")
        assert undecided.undecided(connection, 10) == [call_id]
        assert decide_all(connection) == []
        assert count(connection, decisions) == 1

    store.write(work)


def test_a_call_that_has_not_ended_is_not_decided(store: Store) -> None:
    def work(connection: Connection) -> None:
        call_id = store_call(connection, is_over=False)
        assert decide_all(connection) == []
        end_call(connection, call_id)
        assert decide_all(connection) == ["callback"]

    store.write(work)


def test_a_further_missed_call_joins_the_open_callback_and_brings_queue_and_language(store: Store) -> None:
    def work(connection: Connection) -> None:
        now = datetime.now(UTC)
        store_call(connection, stays=[Queued(wait=40)], ended_at=now - timedelta(minutes=5))
        second = [Queued(wait=15, queue="emdx", structure="emdx")]
        store_call(connection, stays=second, ended_at=now)
        assert decide_all(connection) == ["callback", "already_open"]
        owed = only_callback(connection)
        assert (owed.queue, owed.structure, owed.credit_seconds) == ("emdx", "emdx", 40)
        linked = connection.scalars(select(decisions.c.callback_id)).all()
        assert linked == [owed.id, owed.id]

    store.write(work)


def test_an_older_missed_call_that_becomes_known_later_does_not_change_the_queue(store: Store) -> None:
    def work(connection: Connection) -> None:
        now = datetime.now(UTC)
        store_call(connection, ended_at=now)
        late = [Queued(wait=90, queue="emdx", structure="emdx")]
        store_call(connection, stays=late, ended_at=now - timedelta(minutes=9))
        assert decide_all(connection) == ["callback", "already_open"]
        owed = only_callback(connection)
        assert (owed.queue, owed.credit_seconds) == ("dvx", 90)

    store.write(work)


def test_who_called_again_and_was_answered_before_the_decision_is_not_owed_one(store: Store) -> None:
    def work(connection: Connection) -> None:
        now = datetime.now(UTC)
        store_call(connection, ended_at=now - timedelta(minutes=5))
        store_call(connection, stays=[Queued("answered", 3.0, "aparat", "aparat")], ended_at=now)
        assert decide_all(connection) == ["called_again"]
        assert count(connection, callbacks_table) == 0

    store.write(work)


def test_who_called_again_and_was_answered_while_it_waits_is_settled(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection)
        decide_all(connection)
        store_call(connection, stays=[Queued("answered", 0.5)], is_over=False)
        settle_all(connection)
        assert only_callback(connection).state == "called_again"

    store.write(work)


def test_a_callbacks_own_visit_never_counts_as_calling_again(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection)
        decide_all(connection)
        own = [Queued("answered", 0.5)]
        store_call(connection, stays=own, origin="callback", attempt_id="cb-1")
        settle_all(connection)
        assert only_callback(connection).state == "owed"

    store.write(work)


def test_who_is_on_the_line_again_is_left_alone_until_that_call_ends(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection)
        decide_all(connection)
        second = store_call(connection, stays=[], is_over=False)
        settle_all(connection)
        assert only_callback(connection).state == "on_hold"
        assert not waiting.is_any_due(connection, ["dvx"])
        end_call(connection, second)
        settle_all(connection)
        assert only_callback(connection).state == "owed"

    store.write(work)


def test_a_call_missed_while_the_caller_is_on_the_line_again_is_owed_once_that_call_ends(
    store: Store,
) -> None:
    def work(connection: Connection) -> None:
        second = store_call(connection, stays=[], is_over=False)
        store_call(connection)
        assert decide_all(connection) == ["still_on_the_line"]
        assert only_callback(connection).state == "on_hold"
        end_call(connection, second)
        settle_all(connection)
        assert only_callback(connection).state == "owed"

    store.write(work)


def test_a_call_an_unclean_stop_left_open_does_not_count_as_on_the_line(store: Store) -> None:
    def work(connection: Connection) -> None:
        long_ago = datetime.now(UTC) - timedelta(hours=5)
        store_call(connection, stays=[], is_over=False, last_seen_at=long_ago)
        store_call(connection, stays=[], is_over=False, is_interrupted=True)
        store_call(connection)
        assert decide_all(connection) == ["callback"]

    store.write(work)


def test_a_call_missed_before_a_callback_reached_its_caller_is_served(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection)
        decide_all(connection)
        callbacks.close(connection, only_callback(connection).id, "reached", "")
        earlier = datetime.now(UTC) - timedelta(minutes=1)
        store_call(connection, ended_at=earlier)
        assert decide_all(connection) == ["served_elsewhere"]

    store.write(work)


def test_an_owed_callback_that_grew_too_old_is_expired_and_after_mere_faults_a_system_error(
    store: Store,
) -> None:
    def work(connection: Connection) -> None:
        store_call(connection, "+994501111111")
        store_call(connection, "+994502222222")
        decide_all(connection)
        now = clock_of(connection)
        tried = next_due(connection, "freshest_first")
        assert tried is not None
        callbacks.start_dialing(connection, tried.id, "")
        attempts.plan(
            connection, "cb-1", tried, server="main", trunk="provider",
            dial_string="0", now=now, lasts=timedelta(minutes=1),
        )  # fmt: skip
        planned = attempts.find(connection, "cb-1")
        assert planned is not None
        finish(connection, known(planned), "congestion", ALWAYS)
        connection.exec_driver_sql("UPDATE callbacks SET expires_at = 1000")
        settle_all(connection)
        states = connection.execute(select(callbacks_table.c.id, callbacks_table.c.state))
        for callback_id, state in states:
            assert state == ("system_error" if callback_id == tried.id else "expired")

    store.write(work)


def test_no_change_of_state_happens_without_a_row_in_the_journal(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection)
        decide_all(connection)
        callback_id = only_callback(connection).id
        assert callbacks.hold(connection, callback_id)
        assert not callbacks.hold(connection, callback_id)
        assert callbacks.release(connection, callback_id)
        assert callbacks.start_dialing(connection, callback_id, "")
        assert not callbacks.start_dialing(connection, callback_id, "")
        assert callbacks.close(connection, callback_id, "reached", "")
        assert not callbacks.close(connection, callback_id, "cancelled", "")
        states = connection.scalars(select(callback_journal.c.state).order_by(callback_journal.c.id))
        assert list(states) == ["owed", "on_hold", "owed", "dialing", "reached"]

    store.write(work)


steps = st.lists(
    st.tuples(
        st.sampled_from(["missed", "short", "answered", "opens", "ends", "decide", "settle", "reached"]),
        st.sampled_from([NUMBER, "+994502222222", ""]),
    ),
    max_size=25,
)


def test_whatever_happens_a_number_has_at_most_one_open_callback_and_decisions_sum_to_missed_calls(
    store: Store,
) -> None:
    @settings(max_examples=40)
    @given(steps)
    def in_an_empty_store(happenings: list[tuple[str, str]]) -> None:
        with (
            store.engine.connect().execution_options(writes=True) as connection,
            connection.begin() as all_of_it,
        ):
            _live_through(connection, happenings)
            all_of_it.rollback()

    in_an_empty_store()


def _live_through(connection: Connection, happenings: list[tuple[str, str]]) -> None:
    open_calls: list[int] = []
    missed_calls = 0
    for what, number in happenings:
        if what in ("missed", "short"):
            store_call(connection, number, [Queued(wait=20 if what == "missed" else 3)])
            missed_calls += 1
        elif what == "answered":
            store_call(connection, number, [Queued("answered")])
        elif what == "opens":
            open_calls.append(store_call(connection, number, [], is_over=False))
        elif what == "ends" and open_calls:
            end_call(connection, open_calls.pop())
        elif what == "decide":
            decide_all(connection)
        elif what == "settle":
            settle_all(connection)
        elif what == "reached" and (found := callbacks.open_for(connection, number)):
            callbacks.close(connection, found, "reached", "")
        crowded = connection.execute(
            select(callbacks_table.c.caller_e164)
            .where(callbacks_table.c.state.in_(OPEN_STATES))
            .group_by(callbacks_table.c.caller_e164)
            .having(func.count() > 1)
        ).all()
        assert not crowded
    decide_all(connection)
    assert count(connection, decisions) == missed_calls
