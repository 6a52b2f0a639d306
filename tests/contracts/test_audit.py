"""`hotline data audit` finds exactly what was planted, on every store."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, delete, insert, select, update
from typer.testing import CliRunner, Result

from callback_dialer.deciding import decide_call
from ivr.asterisk.queue_log import in_order
from ivr.command.root import app
from ivr.config.model import RecordRetention, Retention
from ivr.config.shapes import DAY
from ivr.recording.queue_log import QueueLog, keep
from ivr.recording.watched import Watched
from ivr.retention.purge import purge
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from ivr.storage.owed import undecided
from ivr.storage.schema.owed import decisions
from ivr.storage.schema.recorded import calls, visits
from tests.callback_policy import policy
from tests.unit.starter import FILES
from tests.year.backfilling import write_year

CALLS = 60
BAKU = ZoneInfo("Asia/Baku")
DAYS = ("--from", "2025-01-01", "--to", "2025-01-02")


@pytest.fixture
def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped configuration, a store with a morning of calls, all decided, and their queue_log."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    (tmp_path / "config").mkdir()
    for name, content in FILES.items():
        (tmp_path / "config" / name).write_bytes(content)
    log = tmp_path / "queue_log"
    write_year(log, seed=1, calls=CALLS)
    for told in QueueLog("main", Watched(), {}).told(in_order([log]), {}):
        store.write(partial(keep, server="main", watched=Watched(), told=told))
    store.write(decide_all)
    return tmp_path


def decide_all(connection: Connection) -> None:
    for call_id in undecided.undecided(connection, CALLS):
        decide_call(connection, call_id, policy())


def name_log(house: Path) -> None:
    """In the configuration, as the server's own."""
    path = house / "config" / "hotline.yaml"
    at = f"    agi_port: 4573\n    queue_log: {house / 'queue_log'}\n"
    path.write_text(path.read_text().replace("    agi_port: 4573\n", at))


def audit(house: Path, *words: str, log: str = "queue_log") -> Result:
    files = [str(house / log)] if log else []
    return CliRunner().invoke(app, ["--config", str(house / "config"), "data", "audit", *files, *words])


def found(house: Path) -> list[tuple[str, str]]:
    shown = audit(house, *DAYS, "--json")
    disagreements = json.loads(shown.stdout)["disagreements"]
    assert shown.exit_code == (1 if disagreements else 0)
    return sorted((one["check"], one["says"]) for one in disagreements)


def first(connection: Connection, outcome: str) -> dict[str, Any]:
    query = select(visits).where(visits.c.outcome == outcome).order_by(visits.c.id).limit(1)
    return dict(connection.execute(query).mappings().one())


def change(connection: Connection, **columns: Any) -> None:
    """Of the first answered visit."""
    mine = visits.c.id == first(connection, "answered")["id"]
    connection.execute(update(visits).where(mine).values(columns))


def a_visit_is_gone(connection: Connection) -> None:
    connection.execute(delete(visits).where(visits.c.id == first(connection, "answered")["id"]))


def a_visit_stands_twice(connection: Connection) -> None:
    row = first(connection, "answered")
    again = {"id": row["id"] + 10_000, "joined_at": row["joined_at"] + timedelta(seconds=10)}
    connection.execute(insert(visits).values(row | again | {"log_joined_at": None}))


def a_decision_is_gone(connection: Connection) -> None:
    connection.execute(delete(decisions).where(decisions.c.id == connection.scalar(select(decisions.c.id))))


def an_answered_call_is_decided(connection: Connection) -> None:
    row = first(connection, "answered")
    decided = dict(connection.execute(select(decisions).limit(1)).mappings().one())
    del decided["id"]
    connection.execute(insert(decisions).values(decided | {"call_id": row["call_id"], "structure": "dvx"}))


PLANTED: list[tuple[Callable[[Connection], None], list[tuple[str, str]]]] = [
    (a_visit_is_gone, [("queue_log", "queue_log says answered, nothing is stored")]),
    (a_visit_stands_twice, [("queue_log", "stored as answered, queue_log says nothing")]),
    (a_decision_is_gone, [("decisions", "a missed call without a decision")]),
    (an_answered_call_is_decided, [("decisions", "a decision, but no missed call")]),
    (
        partial(change, outcome="withdrawn"),
        [("queue_log", "stored as withdrawn, queue_log says answered")],
    ),
    (
        partial(change, outcome="waiting"),
        [
            ("queue_log", "stored as waiting, queue_log says answered"),
            ("sums", "still waiting, but the call is over"),
        ],
    ),
    (partial(change, wait_seconds=5000.0), [("queue_log", "wait_seconds is 5000, queue_log says WAIT")]),
    (
        partial(change, agent="PJSIP/9999", agent_name="Nobody"),
        [("queue_log", "agent is PJSIP/9999, queue_log says AGENT")],
    ),
    (partial(change, caller="0559999999"), [("queue_log", "the caller is another one than in queue_log")]),
    (partial(change, talk_seconds=None), [("queue_log", "talk_seconds is unknown, queue_log says TALK")]),
]


@pytest.mark.parametrize(("plant", "expected"), PLANTED)
def test_each_planted_disagreement_is_found_and_no_other(
    plant: Callable[[Connection], None], expected: list[tuple[str, str]], house: Path, store: Store
) -> None:
    row = store.read(lambda connection: first(connection, "answered"))
    known = {"WAIT": f"{row['wait_seconds']:g}", "TALK": f"{row['talk_seconds']:g}", "AGENT": row["agent"]}
    store.write(plant)
    for word, value in known.items():
        expected = [(check, says.replace(word, value)) for check, says in expected]
    assert found(house) == expected


def test_an_outcome_nobody_knows_does_not_close_its_hour(house: Path, store: Store) -> None:
    store.write(partial(change, outcome="lost"))
    (of_log, of_sum) = found(house)
    assert of_log == ("queue_log", "stored as lost, queue_log says answered")
    assert of_sum[0] == "sums"
    assert of_sum[1].endswith("have an outcome; unknown: 'lost'")


def test_what_agrees_is_told_in_one_line(house: Path) -> None:
    shown = audit(house, *DAYS)
    assert shown.exit_code == 0, shown.output
    first, *completeness = shown.output.splitlines()
    assert first == "2025-01-01 00:00 to 2025-01-03 00:00: no disagreements; compared with queue_log of main"
    assert completeness == ["main: 0 min up, 0 down, 2,880 unknown; data INCOMPLETE"]


def purge_after(kept: RecordRetention, store: Store) -> int:
    """How many calls retention has deleted three months later."""
    done = purge(store, "key", Retention(calls=kept), BAKU, datetime(2025, 4, 1, tzinfo=UTC))
    return sum(one.number for one in done if (one.action, one.what) == ("deleted", "calls"))


def test_what_retention_has_deleted_is_no_disagreement_nor_said_to_agree(house: Path, store: Store) -> None:
    assert purge_after(RecordRetention(numbers=30 * DAY, records=60 * DAY), store) == CALLS
    shown = audit(house, *DAYS)
    summary, told, *_, sealed = shown.output.splitlines()
    assert "no disagreements in what is left" in summary
    assert told == "cannot be audited any more: 1 days up to 2025-01-01, whose records retention has deleted"
    assert sealed == "sealed: 1 days up to 2025-01-01; numbers or records of them may be gone"
    document = audit(house, *DAYS, "--json")
    assert json.loads(document.stdout)["deleted_days"] == ["2025-01-01"]
    assert (shown.exit_code, document.exit_code) == (0, 0)


def test_days_of_which_only_the_numbers_are_gone_are_audited_as_ever(house: Path, store: Store) -> None:
    assert purge_after(RecordRetention(numbers=30 * DAY), store) == 0
    assert found(house) == []
    store.write(a_visit_is_gone)
    assert found(house) == [("queue_log", "queue_log says answered, nothing is stored")]


def test_what_disagrees_is_told_in_a_line_of_its_own_and_ends_with_status_1(
    house: Path, store: Store
) -> None:
    store.write(a_visit_is_gone)
    shown = audit(house, *DAYS)
    line, summary, _ = shown.output.splitlines()
    assert line.startswith("2025-01-01 ")
    assert "queue_log says answered, nothing is stored" in line
    assert "1 disagreements" in summary
    assert shown.exit_code == 1


def test_another_period_knows_nothing_of_it(house: Path, store: Store) -> None:
    store.write(a_visit_is_gone)
    assert audit(house).exit_code == 0
    assert audit(house, "--from", "2025-02-01", "--to", "2025-02-02").exit_code == 0
    assert audit(house, "--from", "2025-02-02", "--to", "2025-02-01").exit_code == 2


def test_without_a_file_it_says_that_queue_log_was_not_compared(house: Path, store: Store) -> None:
    store.write(a_visit_is_gone)
    assert "no queue_log" in audit(house, *DAYS, log="").output
    assert audit(house, *DAYS, log="nowhere").exit_code == 1


def test_the_servers_own_queue_log_is_compared_if_it_is_here(house: Path, store: Store) -> None:
    name_log(house)
    store.write(a_visit_is_gone)
    assert "nothing is stored" in audit(house, *DAYS, log="").output


def test_a_file_beside_it_that_is_no_queue_log_is_left_out(house: Path, store: Store) -> None:
    """What it does not tell, of any time there ever was, is no disagreement."""
    name_log(house)
    begun = (house / "queue_log").read_text().splitlines(keepends=True)
    (house / "queue_log").write_text("".join(begun[len(begun) // 2 :]))
    (house / "queue_log.csv").write_text("queue;calls\n")
    assert audit(house, *DAYS, log="").exit_code == 0


def test_a_queue_log_of_the_server_that_cannot_be_read_ends_it_with_what_to_do(house: Path) -> None:
    name_log(house)
    (house / "queue_log.1").symlink_to("/proc/self/mem")
    shown = audit(house, *DAYS, log="")
    assert (shown.exit_code, "name queue_log files that can be read" in shown.output) == (1, True)
    assert isinstance(shown.exception, SystemExit)


def test_a_day_far_ahead_is_no_period(house: Path) -> None:
    for words in (("--to", "9999-12-31"), ("--from", "9999-12-30", "--to", "9999-12-31")):
        assert audit(house, *words).exit_code == 2


def test_a_call_that_is_not_over_needs_no_decision_and_is_over_within_12_hours(
    house: Path, store: Store
) -> None:
    store.write(a_decision_is_gone)
    decided = select(decisions.c.call_id).limit(1).scalar_subquery()
    old, young = update(calls).where(calls.c.id == decided), update(calls).where(calls.c.id != decided)
    store.write(
        lambda connection: connection.execute(young.values(ended_at=None, began_at=clock_of(connection)))
    )
    store.write(lambda connection: connection.execute(old.values(ended_at=None)))
    assert found(house) == [("decisions", "a missed call, but the call has no end")]
