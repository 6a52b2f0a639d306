"""Call orders of citizens: committed once, under the guards, whoever tells of them and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select
from structlog.testing import capture_logs
from typer.testing import CliRunner

from callback_dialer.ordering import decide_order, take
from callback_dialer.pacing import QueueLoad
from callback_dialer.policy import Policy
from callback_dialer.starting import Start, originate, start_next
from ivr.calls.callbacks import CallOrder
from ivr.command.root import app
from ivr.config.callback_rules import Budget
from ivr.config.model import Retention
from ivr.config.sections import OrderRules
from ivr.reading.callback_history import history
from ivr.reading.export import rows
from ivr.retention.purge import purge
from ivr.storage.engine.store import Store
from ivr.storage.owed import callbacks, undecided
from ivr.storage.owed.callbacks import Callback
from ivr.storage.schema.owed import callbacks as callbacks_table
from ivr.storage.schema.owed import orders as orders_table
from tests.callback_policy import ROUND_THE_CLOCK
from tests.contracts.test_callback_guards import decide_all, rules
from tests.stored_calls import Queued, end_call, store_call

OTHER = "0552223344"


def asked(**changes: Any) -> CallOrder:
    """A citizen's order for their own number, just now, after a wait of 25 s."""
    now = datetime.now(UTC).replace(microsecond=0)
    one = CallOrder("main", "17.1", "dvx", now, "0501234567", "0501234567", "provider", "ru", 0, 25.0)
    return replace(one, **changes)


def open_rules(mode: str = "quiet_moment", **changes: Any) -> Policy:
    """Callbacks round the clock; dvx takes orders in that mode."""
    policy = replace(rules(**changes), hours=ROUND_THE_CLOCK)
    queue = policy.queues["dvx"].model_copy(update={"order": OrderRules.model_validate({"mode": mode})})
    return replace(policy, queues={**policy.queues, "dvx": queue})


def all_of(store: Store) -> list[Callback]:
    return store.read(lambda c: [Callback(**row._mapping) for row in c.execute(select(callbacks_table))])


def test_an_accepted_order_is_a_callback_with_the_wait_as_credit(store: Store) -> None:
    answer = store.write(lambda c: take(c, asked(), open_rules()))
    [one] = all_of(store)
    assert (one.reason, one.state, one.queue, one.language) == ("ordered", "owed", "dvx", "ru")
    assert (one.caller_e164, one.orderer, one.arrived_over) == ("+994501234567", "+994501234567", "provider")
    assert one.credit_seconds == 25.0
    assert not one.keeps_place
    assert answer.called_from is not None
    assert answer.called_from - datetime.now(UTC) < timedelta(seconds=5)


def test_an_order_told_by_agi_and_by_queue_log_in_any_order_is_one_callback(store: Store) -> None:
    policy = open_rules()
    by_agi_first, by_log_first = asked(uniqueid="17.2"), asked(uniqueid="17.3", number=OTHER)
    store.write(lambda c: take(c, by_agi_first, policy))
    store.write(lambda c: undecided.note_request(c, by_agi_first))
    store.write(lambda c: undecided.note_request(c, by_log_first))
    store.write(lambda c: take(c, by_log_first, policy))
    for one in (by_agi_first, by_log_first):
        store.write(partial(undecided.note_request, order=one))
        assert store.write(partial(decide_order, asked=one, policy=policy)) is None
    assert len(all_of(store)) == 2
    assert store.read(lambda c: undecided.undecided_requests(c, 9)) == []


def test_an_order_whose_callback_is_over_is_not_called_again_when_its_line_is_read_again(
    store: Store,
) -> None:
    order, policy = asked(), open_rules()
    store.write(lambda c: take(c, order, policy))
    store.write(lambda c: callbacks.close(c, 1, "unreachable", "nobody lifted"))
    store.write(lambda c: undecided.note_request(c, order))
    assert store.write(lambda c: take(c, order, policy)).called_from is not None
    assert [one.state for one in all_of(store)] == ["unreachable"]


def test_an_order_only_queue_log_tells_of_is_decided_once_and_forgets_the_numbers(store: Store) -> None:
    order, policy = asked(number=OTHER), open_rules()
    store.write(lambda c: undecided.note_request(c, order))
    [found] = store.read(lambda c: undecided.undecided_requests(c, 9))
    assert found == order
    decision = store.write(lambda c: decide_order(c, found, policy))
    assert decision is not None
    assert decision.verdict == "callback"
    assert [one.caller_e164 for one in all_of(store)] == ["+994552223344"]
    row = store.read(lambda c: c.execute(select(orders_table)).one())
    assert (row.number, row.orderer, row.callback_id, row.decision) == ("", "", 1, "callback")
    [exported] = store.read(lambda c: list(rows(c, "orders")))
    assert (exported["uniqueid"], exported["callback_id"], exported["why"]) == ("17.1", 1, row.why)
    assert not {"number", "orderer"} & exported.keys()


@pytest.mark.parametrize(
    ("changes", "rule", "verdict"),
    [
        ({}, {"budgets": {"orderer": Budget(most=0, within=60.0)}}, "out_of_budget"),
        ({}, {"enabled": False}, "switched_off"),
        ({"number": "0900200123"}, {}, "not_dialable"),
        ({"number": "112"}, {}, "not_dialable"),
        ({"orderer": "", "number": OTHER}, {}, "anonymous"),
        ({"number": "195"}, {}, "not_a_citizen"),
        ({"queue": "gone"}, {}, "switched_off"),
        ({"asked_at": datetime(2020, 1, 6, tzinfo=UTC)}, {}, "too_old"),
    ],
)
def test_an_order_meets_every_guard_and_a_refusal_is_stored_with_its_reason(
    changes: dict[str, Any], rule: dict[str, Any], verdict: str, store: Store
) -> None:
    store.write(lambda c: take(c, asked(uniqueid="17.0", number="0559998877"), open_rules()))
    answer = store.write(lambda c: take(c, asked(**changes), open_rules(**rule)))
    assert answer.called_from is None
    assert len(all_of(store)) == 1
    [_, row] = store.read(lambda c: c.execute(select(orders_table).order_by(orders_table.c.id)).all())
    assert (row.decision, row.callback_id) == (verdict, None)
    assert row.why


def test_an_order_that_is_held_is_answered_as_held(store: Store) -> None:
    full = open_rules(budgets={"total": Budget(most=0, within=60.0)})
    assert store.write(lambda c: take(c, asked(), full)).is_held
    assert not store.write(lambda c: take(c, asked(number=OTHER, uniqueid="17.2"), open_rules())).is_held


def test_the_ceiling_is_told_to_the_operator_by_an_error_whoever_meets_it(store: Store) -> None:
    def work(connection: Connection) -> None:
        take(connection, asked(), open_rules(ceiling=1))
        take(connection, asked(uniqueid="17.2", number="0552223344"), open_rules(ceiling=1))
        store_call(connection, "+994509999999")
        decide_all(connection, rules(ceiling=1))

    with capture_logs() as told:
        store.write(work)
    alarms = [one["event"] for one in told if one["log_level"] == "error" and "ceiling" in one["why"]]
    assert alarms == ["order decided", "missed call decided"]


def test_a_second_order_of_the_same_citizen_joins_the_first_and_brings_it_to_its_queue(store: Store) -> None:
    store.write(lambda c: take(c, asked(), open_rules()))
    again = asked(uniqueid="17.2", queue="emdx", language="az")
    answer = store.write(lambda c: take(c, again, open_rules()))
    assert answer.called_from is not None
    assert [(one.queue, one.language) for one in all_of(store)] == [("emdx", "az")]


def test_an_order_of_who_is_owed_a_call_keeps_the_longest_wait_and_its_server(store: Store) -> None:
    store.write(lambda c: store_call(c, stays=[Queued(wait=15.0)]))
    store.write(lambda c: decide_all(c, open_rules()))
    store.write(lambda c: take(c, asked(credit_seconds=40.0), open_rules()))
    [one] = all_of(store)
    assert (one.credit_seconds, one.server) == (40.0, "main")
    journal = store.read(lambda c: history(c, one.id))
    assert journal is not None
    assert journal.journal[-1].note == "ordered in dvx after 40.0 s"


def test_nobody_moves_the_callback_of_another_citizen(store: Store) -> None:
    """Who keys a number that is owed a call hears the same as for any number."""
    store.write(lambda c: take(c, asked(), open_rules()))
    stranger = asked(uniqueid="17.2", orderer=OTHER, queue="emdx")
    assert store.write(lambda c: take(c, stranger, open_rules())).called_from is not None
    assert [one.queue for one in all_of(store)] == ["dvx"]


def test_a_caller_who_orders_is_called_once_their_own_call_has_ended(store: Store) -> None:
    """The visit they left by key is no missed call, and the callback waits until they have hung up."""

    def call(connection: Connection) -> int:
        left_by_key = [Queued(outcome="key", wait=25.0)]
        return store_call(connection, stays=left_by_key, is_over=False)

    call_id = store.write(call)
    store.write(lambda c: take(c, asked(), open_rules()))
    assert [one.state for one in all_of(store)] == ["on_hold"]
    store.write(lambda c: end_call(c, call_id))
    assert store.write(lambda c: decide_all(c, open_rules())) == []
    assert len(all_of(store)) == 1


def test_an_order_for_a_chosen_time_is_not_due_before_and_keeps_it_when_its_citizen_calls_in_vain(
    store: Store,
) -> None:
    order, policy = asked(choice=1), open_rules("chosen_time")
    answer = store.write(lambda c: take(c, order, policy))
    [one] = all_of(store)
    assert one.due_at == answer.called_from == order.asked_at + timedelta(minutes=30)
    store.write(lambda c: store_call(c))
    assert store.write(lambda c: decide_all(c, policy)) == ["already_open"]
    assert [one.due_at for one in all_of(store)] == [one.due_at]


def test_an_order_that_keeps_its_place_is_dialled_for_an_agent_of_the_reserve(store: Store) -> None:
    """The queue's one idle agent is its reserve: nobody else is dialled, and they bring all their wait."""
    reserve_only = {"dvx": QueueLoad(frozenset({"PJSIP/1101"}), reserve=1)}

    def start(connection: Connection) -> Start | None:
        return start_next(connection, "main", reserve_only, open_rules())

    store.write(lambda c: take(c, asked(uniqueid="17.2", number=OTHER), open_rules()))
    assert store.write(start) is None
    order = asked(asked_at=asked().asked_at - timedelta(seconds=60))
    store.write(lambda c: take(c, order, open_rules("keep_place")))
    started = store.write(start)
    assert started is not None
    assert started.callback.caller_e164 == "+994501234567"
    headers = originate(started.attempt, started.callback, open_rules(), started.attempt.planned_at)
    [credit] = [text for text in headers["Variable"] if text.startswith("__HOTLINE_CREDIT=")]
    assert 85 <= int(credit.partition("=")[2]) < 115


def test_an_order_that_keeps_its_place_goes_before_live_callers_who_came_later_and_no_others(
    store: Store,
) -> None:
    """They ordered after 25 s of waiting: whoever began to wait before that is served first."""
    order, policy = asked(), open_rules("keep_place")
    store.write(lambda c: take(c, order, policy))

    def start(first_waits_since: float) -> Start | None:
        since = order.asked_at + timedelta(seconds=first_waits_since)
        load = QueueLoad(frozenset({"PJSIP/1101"}), reserve=1, waiting=3, waiting_since=since)
        return store.write(lambda c: start_next(c, "main", {"dvx": load}, policy))

    assert start(-26) is None
    assert start(-24) is not None


def test_who_keeps_a_place_and_calls_again_has_it_still(store: Store) -> None:
    order, policy = asked(asked_at=asked().asked_at - timedelta(seconds=300)), open_rules("keep_place")
    store.write(lambda c: take(c, order, policy))
    [kept] = all_of(store)
    store.write(lambda c: store_call(c, kept.caller_e164))
    assert store.write(lambda c: decide_all(c, policy)) == ["already_open"]
    [again] = all_of(store)
    assert again.missed_at > kept.missed_at
    assert again.waits_since == kept.waits_since


def test_a_callback_shows_the_call_it_was_ordered_in_and_nobody_s_number(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    store.write(lambda c: take(c, asked(), open_rules()))
    shown = CliRunner().invoke(app, ["callbacks", "show", "1"]).output
    assert "17.1" in shown
    assert "ordered by the citizen" in shown
    assert "1234567" not in shown


def test_orders_go_with_the_callbacks_of_their_time(store: Store) -> None:
    store.write(lambda c: take(c, asked(), open_rules(enabled=False)))
    later = datetime.now(UTC) + timedelta(days=2000)
    list(purge(store, "key", Retention(), ZoneInfo("Asia/Baku"), later))
    assert store.read(lambda c: c.execute(select(orders_table)).all()) == []
