"""`hotline callbacks add`, `import`, `pause`, `resume` and `cancel`: callbacks by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select
from sqlalchemy.event import listen, remove
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.command.store import operator
from ivr.storage.engine.store import Store
from ivr.storage.owed import switches
from ivr.storage.owed.callbacks import Callback
from ivr.storage.schema.owed import callbacks as callbacks_table
from tests.contracts.test_callback_decisions import NUMBER
from tests.contracts.test_callback_guards import decide_all, rules
from tests.contracts.test_callback_orders import ordered, started
from tests.stored_calls import store_call


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
    assert (one.language, one.agent, one.orderer) == ("ru", "PJSIP/1301", operator())
    assert one.due_at == datetime(2030, 1, 7, 10, tzinfo=UTC)
    assert one.due_by == datetime(2030, 1, 7, 20, tzinfo=UTC)


def test_an_order_meets_the_same_guards_as_a_missed_call(at_store: Store) -> None:
    refusals = {
        "+19005551234": "not_dialable",
        "195": "not_a_citizen",
        "012 310 28 00": "not_a_citizen: an agent's, a contact's or our own number is never called back",
        "112": "not_dialable",
    }
    for number, verdict in refusals.items():
        refused = hotline("add", number, "--queue", "dvx")
        assert refused.exit_code == 1
        assert verdict in refused.output
    assert hotline("add", "0501234567", "--queue", "dvx").exit_code == 0
    assert "already_open, callback 1" in hotline("add", "0501234567", "--queue", "dvx").output
    assert hotline("add", "0501234567", "--queue", "tax").exit_code == 2
    assert len(all_of(at_store)) == 1


def test_an_agent_or_skill_that_the_queue_does_not_have_is_refused(at_store: Store) -> None:
    other = hotline("add", "0501234567", "--queue", "dvx", "--agent", "1301")
    assert other.exit_code == 2
    assert "agent '1301' is unknown; known: 1101" in other.output
    skill = hotline("add", "0501234567", "--queue", "dvx", "--skill", "customs")
    assert skill.exit_code == 2
    assert "skill 'customs' is unknown; known: (none)" in skill.output
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
    for said in (f"ordered by {operator()}", "--by operator", "A-1", "only while PJSIP/1101 is idle", "due "):
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
    assert "30 callbacks imported, 10 of them held, 2 refused" in told.output  # budgets.prefix
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
