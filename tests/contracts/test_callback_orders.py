"""Callbacks somebody asks for, which go first, and what an operator switches and takes back."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select
from sqlalchemy.event import listen, remove
from typer.testing import CliRunner, Result

from callback_dialer.finishing import finish
from callback_dialer.guarding import BY_HAND
from callback_dialer.ordering import Order, place
from callback_dialer.pacing import QueueLoad
from callback_dialer.policy import Policy
from callback_dialer.resolving import known
from callback_dialer.starting import start_next
from ivr.calls.numbers import CallerNumber
from ivr.command.root import app
from ivr.config.callback_rules import Breaker, Budget
from ivr.config.model import Trunk
from ivr.storage import callbacks, missed, switches
from ivr.storage.callbacks import Callback
from ivr.storage.engine import Store
from ivr.storage.schema import callbacks as callbacks_table
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
        later = missed.now(connection) + timedelta(hours=2)
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
        later = missed.now(connection) + timedelta(hours=2)
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
        later = missed.now(connection) + timedelta(hours=2)
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
        assert waiting.due_at <= missed.now(connection)
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


@pytest.fixture
def at_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of the command."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    return store


def hotline(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["callbacks", *arguments])


def all_of(store: Store) -> list[Callback]:
    query = select(callbacks_table).order_by(callbacks_table.c.id)
    return store.read(lambda c: [Callback(**row._mapping) for row in c.execute(query)])


def test_an_order_is_kept_with_all_that_was_said_of_it(at_store: Store) -> None:
    added = hotline(
        "add", "050 123 45 67", "--queue", "emdx", "--reason", "inquiry_answer", "--reference",
        "inquiry 4663", "--priority", "urgent", "--language", "ru", "--not-before",
        "2030-01-07 14:00", "--due", "2030-01-08", "--agent", "1301", "--by", "operator",
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    assert "+99450" not in added.output
    [one] = all_of(at_store)
    assert (one.caller_e164, one.queue, one.structure, one.state) == (NUMBER, "emdx", "emdx", "owed")
    assert (one.reason, one.reference, one.priority) == ("inquiry_answer", "inquiry 4663", "urgent")
    assert (one.language, one.agent, one.orderer) == ("ru", "PJSIP/1301", "operator")
    assert one.due_at == datetime(2030, 1, 7, 10, tzinfo=UTC)
    assert one.due_by == datetime(2030, 1, 7, 20, tzinfo=UTC)


def test_an_order_meets_the_same_guards_as_a_missed_call(at_store: Store) -> None:
    refusals = {"+19005551234": "not_dialable", "195": "not_a_citizen", "112": "not_dialable"}
    for number, verdict in refusals.items():
        refused = hotline("add", number, "--queue", "dvx")
        assert refused.exit_code == 1
        assert verdict in refused.output
    assert hotline("add", "0501234567", "--queue", "dvx").exit_code == 0
    assert "already_open, callback 1" in hotline("add", "0501234567", "--queue", "dvx").output
    assert hotline("add", "0501234567", "--queue", "tax").exit_code == 2
    assert len(all_of(at_store)) == 1


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


def test_an_agent_or_skill_that_the_queue_does_not_have_is_refused(at_store: Store) -> None:
    other = hotline("add", "0501234567", "--queue", "dvx", "--agent", "1301")
    assert other.exit_code == 2
    assert "agent '1301' is not one of: 1101" in other.output
    skill = hotline("add", "0501234567", "--queue", "dvx", "--skill", "customs")
    assert skill.exit_code == 2
    assert "skill 'customs' is not one of: (none)" in skill.output
    assert all_of(at_store) == []


@pytest.mark.parametrize(
    "moment", ["0001-01-01", "0026-11-23 14:00", "9999-12-31 23:00", "9999-12-31T23:00-12:00"]
)
def test_a_moment_that_cannot_be_meant_is_refused(at_store: Store, moment: str) -> None:
    for option in ("--due", "--not-before"):
        refused = hotline("add", "0501234567", "--queue", "dvx", option, moment)
        assert (refused.exit_code, "is no moment" in refused.output) == (2, True), refused.output
    assert all_of(at_store) == []


@pytest.mark.parametrize(
    "given",
    [
        *(["add", "0501234567", "--queue", "dvx", "--by", text] for text in ("x" * 81, "\udcff", "a\0b")),
        ["pause", "dial", "--why", "\x1b[31m"],
        ["cancel", "1", "--why", "\udcff"],
        ["resume", "a\0b"],
        *([command, "9" * 20] for command in ("cancel", "release", "show")),
        ["list", "--limit", "9" * 20],
    ],
)
def test_what_no_store_can_take_is_a_wrong_use_of_the_command(at_store: Store, given: list[str]) -> None:
    assert hotline(*given).exit_code == 2


def test_a_refusal_does_not_repeat_the_number(at_store: Store) -> None:
    assert "050" not in hotline("add", "050\x1b[31m1", "--queue", "dvx").output


def test_show_tells_who_ordered_it_why_and_what_it_waits_for(at_store: Store) -> None:
    hotline(
        "add", "0501234567", "--queue", "dvx", "--reference", "A-1", "--agent", "1101", "--by", "operator"
    )
    shown = " ".join(hotline("show", "1").output.split())
    for said in ("ordered by operator", "A-1", "only while PJSIP/1101 is idle", "due "):
        assert said in shown
    assert "ordered" in hotline("list").output
    assert "waited" not in hotline("list").output


def test_a_file_with_a_line_that_cannot_be_read_is_not_imported_at_all(
    at_store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "answers.csv"
    file.write_text(
        "number,queue,reason,due\n0501234567,dvx,inform,\n0502222222,tax,inform,\n0503333333,dvx,gossip,soon\n"
    )
    told = hotline("import", str(file))
    assert told.exit_code == 1
    for said in (f"{file}:3: queue 'tax'", f"{file}:4: reason 'gossip'", f"{file}:4: due 'soon'"):
        assert said in told.output.replace("\n", ""), told.output
    assert all_of(at_store) == []
    file.write_text("number,queue\n,dvx\n")
    assert f"{file}:2: number is missing" in hotline("import", str(file)).output.replace("\n", "")
    file.write_text("number\n0501234567\n")
    assert f"{file}:1:" in hotline("import", str(file)).output
    file.write_text("number,queue,number\n0501234567,dvx,0502222222\n")
    assert "column 'number' stands twice" in hotline("import", str(file)).output
    file.write_bytes(b"number,queue\n\xff\xfe,dvx\n")
    assert "not CSV in UTF-8" in hotline("import", str(file)).output


def test_a_file_is_imported_and_who_is_refused_is_told_by_line(at_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text(
        "number,queue,reference\n0501234567,dvx,4663\n0900200123,dvx,4664\n0501234567,emdx,4665\n"
    )
    told = hotline("import", str(file))
    assert told.exit_code == 1
    assert f"{file}:3: not_dialable" in told.output
    assert f"{file}:4: already_open, callback 1" in told.output
    assert "1 callbacks imported, 2 refused" in told.output
    assert [one.reference for one in all_of(at_store)] == ["4663"]


def test_many_lines_of_a_file_are_one_transaction_and_who_is_refused_takes_nobody_with_them(
    at_store: Store, tmp_path: Path
) -> None:
    """A commit waits for the disk, and so would whoever imports ten thousand."""
    file, begun = tmp_path / "answers.csv", list[Connection]()
    note = begun.append
    given = ["0900200123", *(f"050{number}" for number in range(2_000_000, 2_000_030)), "0502000000"]
    file.write_text("number,queue\n" + "".join(f"{number},dvx\n" for number in given))
    listen(Engine, "begin", note)
    try:
        told = hotline("import", str(file))
    finally:
        remove(Engine, "begin", note)
    assert "20 callbacks imported, 12 refused" in told.output  # budgets.prefix
    assert f"{file}:2: not_dialable" in told.output
    assert f"{file}:33: already_open, callback 1" in told.output
    assert len(begun) < len(given) / 4


def test_a_file_as_spreadsheets_write_it_is_imported(at_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_bytes("\ufeffnumber;queue;reference\r\n501234567;dvx;ərizə 7\r\n".encode())
    assert hotline("import", str(file)).output == "1 callbacks imported, 0 refused\n"
    assert [(one.caller_e164, one.reference) for one in all_of(at_store)] == [(NUMBER, "ərizə 7")]


def test_pausing_says_how_to_go_on_and_what_is_paused(at_store: Store) -> None:
    assert "resume dial" in hotline("pause", "dial", "--why", "works").output
    assert hotline("pause", "dial").exit_code == 1
    assert "works" in hotline("resume").output
    assert "dial is off: works" in CliRunner().invoke(app, ["status"]).output
    assert hotline("resume", "dial").exit_code == 0
    assert hotline("resume", "dial").exit_code == 1
    assert hotline("resume").output == "nothing is paused or held\n"
    assert hotline("pause", "everything").exit_code == 2
    hotline("pause", "accept")
    assert "switched_off" in hotline("add", "0501234567", "--queue", "dvx").output


def test_held_callbacks_are_released_or_cancelled_by_the_operator(at_store: Store) -> None:
    def attack(connection: Connection) -> None:
        switches.turn_off(connection, switches.held("provider"), "a burst")
        for number in (NUMBER, "+994502222222", "+994503333333"):
            store_call(connection, number, trunk="provider")
        assert decide_all(connection, rules()) == ["held"] * 3

    at_store.write(attack)
    assert "held:provider " in hotline("resume").output
    assert "callbacks list --state held" in hotline("resume", "held:provider").output
    at_store.write(lambda c: switches.turn_off(c, switches.held("provider"), "another"))
    assert "callbacks list --state held" in hotline("resume", "provider").output
    assert hotline("release", "1").exit_code == 0
    assert hotline("cancel", "2", "--why", "spoofed").exit_code == 0
    assert hotline("release", "--all").output == "callback 3 owed\n"
    assert [one.state for one in all_of(at_store)] == ["owed", "cancelled", "owed"]
    again = hotline("cancel", "2", "99")
    assert again.exit_code == 1
    assert "callback 2 is cancelled" in again.output
    assert "callback 99 does not exist" in again.output
    assert hotline("release").exit_code == 2


def test_a_callback_that_is_being_dialled_is_not_cancelled(at_store: Store) -> None:
    at_store.write(lambda c: (ordered(c, rules()), started(c, rules(), 1)))
    assert hotline("cancel", "1").exit_code == 1
    assert [one.state for one in all_of(at_store)] == ["dialing"]
