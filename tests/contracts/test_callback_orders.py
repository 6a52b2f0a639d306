"""Callbacks somebody asks for, and which go first."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from callback_dialer.deciding import BY_HAND
from callback_dialer.following import finish
from callback_dialer.ordering import Order, place
from callback_dialer.pacing import QueueLoad
from callback_dialer.policy import Policy
from callback_dialer.resolving import known
from callback_dialer.starting import start_next
from ivr.calls.numbers import CallerNumber
from ivr.config.callback_rules import Breaker, Budget
from ivr.config.model import Trunk
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from ivr.storage.owed import callbacks
from ivr.storage.schema.owed import callbacks as callbacks_table
from tests.contracts.test_callback_decisions import NUMBER
from tests.contracts.test_callback_guards import MANY_IDLE, decide_all, rules
from tests.stored_calls import Queued, store_call

_digits = itertools.count(1000)


def ordered(connection: Connection, policy: Policy, **changes: Any) -> int:
    """An order for a number of its own; the id of its callback."""
    number = CallerNumber(f"+9945020{next(_digits):05d}", "mobile")
    given = {"written": number.e164, "number": number, "queue": "dvx", "by": "test", "language": "az"}
    placed = place(connection, Order(**{**given, **changes}), policy, "main")
    assert placed.callback_id is not None, placed.decision
    return placed.callback_id


def started(connection: Connection, policy: Policy, count: int, idle: QueueLoad | None = None) -> list[int]:
    """Callbacks that are dialled, in their order."""
    loads = {"dvx": idle or MANY_IDLE["dvx"]}
    starts = [start_next(connection, "main", loads, policy) for _ in range(count)]
    return [start.callback.id for start in starts if start]


def test_who_goes_first_is_one_list_and_ties_go_by_the_original_time(store: Store) -> None:
    wanted = rules(order=["urgent", "inquiry_answer", "ordered", "missed", "low", "oldest_first"])

    def work(connection: Connection) -> None:
        past = datetime.now(UTC) - timedelta(minutes=1)
        low = ordered(connection, wanted, priority="low", reason="inquiry_answer")
        second = ordered(connection, wanted)
        inform = ordered(connection, wanted, reason="inform")
        third = ordered(connection, wanted)
        answer = ordered(connection, wanted, reason="inquiry_answer")
        overdue = ordered(connection, wanted, reason="inform", due_by=past)
        urgent = ordered(connection, wanted, reason="inform", priority="urgent")
        assert started(connection, wanted, 9) == [overdue, urgent, answer, second, third, low, inform]

    store.write(work)


def test_the_freshest_goes_first_where_the_list_ends_so(store: Store) -> None:
    wanted = rules(order=["freshest_first"])

    def work(connection: Connection) -> None:
        first = ordered(connection, wanted)
        ago = datetime.now(UTC) - timedelta(minutes=5)
        connection.execute(callbacks_table.update().values(missed_at=ago))
        second = ordered(connection, wanted)
        assert started(connection, wanted, 3) == [second, first]

    store.write(work)


def test_nobody_is_dialled_before_the_time_they_were_promised(store: Store) -> None:
    def work(connection: Connection) -> None:
        later = clock_of(connection) + timedelta(hours=2)
        callback_id = ordered(connection, rules(), not_before=later)
        assert started(connection, rules(), 1) == []
        found = callbacks.find(connection, callback_id)
        assert found is not None
        assert found.due_at == later
        assert found.expires_at > later

    store.write(work)


def test_an_order_for_one_agent_waits_until_that_agent_is_idle(store: Store) -> None:
    def work(connection: Connection) -> None:
        callback_id = ordered(connection, rules(), agent="PJSIP/1102")
        assert started(connection, rules(), 1, QueueLoad(frozenset({"PJSIP/1101"}))) == []
        assert started(connection, rules(), 1, QueueLoad(frozenset({"PJSIP/1102"}))) == [callback_id]

    store.write(work)


def test_an_order_for_one_agent_is_not_stuck_when_its_citizen_is_missed_in_another_queue(
    store: Store,
) -> None:
    def work(connection: Connection) -> None:
        callback_id = ordered(connection, rules(), agent="PJSIP/1102")
        asked = callbacks.find(connection, callback_id)
        assert asked is not None
        store_call(connection, asked.caller_e164, [Queued(queue="emdx")])
        assert decide_all(connection, rules()) == ["already_open"]
        start = start_next(connection, "main", {"emdx": QueueLoad(frozenset({"PJSIP/1301"}))}, rules())
        assert start is not None
        assert start.callback.id == callback_id

    store.write(work)


def test_a_promised_time_stands_when_its_citizen_is_missed_before_it(store: Store) -> None:
    def work(connection: Connection) -> None:
        later = clock_of(connection) + timedelta(hours=2)
        callback_id = ordered(connection, rules(), reason="inquiry_answer", not_before=later)
        asked = callbacks.find(connection, callback_id)
        assert asked is not None
        store_call(connection, asked.caller_e164)
        assert decide_all(connection, rules()) == ["already_open"]
        joined = callbacks.find(connection, callback_id)
        assert joined is not None
        assert joined.due_at == later
        assert joined.expires_at >= asked.expires_at

    store.write(work)


def test_a_promised_time_stands_when_the_operator_releases_what_was_held(store: Store) -> None:
    def work(connection: Connection) -> None:
        later = clock_of(connection) + timedelta(hours=2)
        callback_id = ordered(connection, rules(), not_before=later)
        at_once = ordered(connection, rules())
        assert callbacks.hold_back(connection, BY_HAND, later - timedelta(days=1), "a burst") == 2
        for held in (callback_id, at_once):
            assert callbacks.let_go(connection, held, "released")
        assert started(connection, rules(), 2) == [at_once]

    store.write(work)


def test_an_order_for_a_skill_waits_until_an_agent_of_its_queue_who_has_it_is_idle(store: Store) -> None:
    skilled = replace(
        rules(), skills={"PJSIP/1102": frozenset({"customs"}), "PJSIP/1301": frozenset({"customs"})}
    )

    def work(connection: Connection) -> None:
        callback_id = ordered(connection, skilled, skill="customs")
        without = {"dvx": QueueLoad(frozenset({"PJSIP/1101"})), "emdx": QueueLoad(frozenset({"PJSIP/1301"}))}
        assert start_next(connection, "main", without, skilled) is None
        assert started(connection, skilled, 1, QueueLoad(frozenset({"PJSIP/1102"}))) == [callback_id]

    store.write(work)


def test_a_callback_whose_trunk_is_full_is_due_again_at_the_next_turn_and_lets_others_pass(
    store: Store,
) -> None:
    narrow = rules()
    one = narrow.trunks["provider"].model_copy(update={"channels": 1})
    other: Trunk = one.model_copy(update={"carries": ["+99455"], "endpoint": "other", "channels": 9})
    narrow = Policy(**{**vars(narrow), "trunks": {"provider": one, "other": other}})

    def work(connection: Connection) -> None:
        waits, first = ordered(connection, narrow), ordered(connection, narrow)
        passes = ordered(connection, narrow, number=CallerNumber("+994552000001", "mobile"))
        assert started(connection, narrow, 5) == [passes, first]
        waiting = callbacks.find(connection, waits)
        assert waiting is not None
        assert waiting.due_at <= clock_of(connection)
        [attempt_id] = connection.exec_driver_sql(
            "SELECT id FROM attempts WHERE trunk = 'provider'"
        ).scalars()
        connection.exec_driver_sql(f"UPDATE attempts SET state = 'ended' WHERE id = '{attempt_id}'")
        assert started(connection, narrow, 5) == [waits]

    store.write(work)


def test_a_trunk_that_fails_is_left_alone_and_then_tried_with_one_call(store: Store) -> None:
    wary = rules(breaker=Breaker(faults=2, pause=60.0))

    def work(connection: Connection) -> None:
        for _ in range(6):
            ordered(connection, wary)
        for _ in range(2):
            start = start_next(connection, "main", MANY_IDLE, wary)
            assert start is not None
            finish(connection, known(start.attempt), "congestion", wary)
        assert started(connection, wary, 2) == []
        connection.exec_driver_sql("UPDATE attempts SET ended_at = ended_at - 61000")
        assert len(started(connection, wary, 3)) == 1
        connection.exec_driver_sql("UPDATE attempts SET state = 'ringing' WHERE state = 'planned'")
        assert len(started(connection, wary, 3)) == 3

    store.write(work)


def test_one_operator_may_order_more_than_a_caller_and_not_without_end(store: Store) -> None:
    bounded = rules(budgets={"by_hand": Budget(most=5, within=60.0), "orderer": Budget(most=0, within=60.0)})

    def work(connection: Connection) -> None:
        for _ in range(5):
            ordered(connection, bounded, by="operator")
        number = CallerNumber(NUMBER, "mobile")
        order = Order(written=NUMBER, number=number, queue="dvx", by="operator", language="az")
        refused = place(connection, order, bounded, "main")
        assert (refused.decision.verdict, refused.is_new) == ("out_of_budget", False)
        assert "budgets.by_hand" in refused.decision.why
        assert place(connection, replace(order, by="another"), bounded, "main").is_new

    store.write(work)
