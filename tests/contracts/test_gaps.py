"""When nobody listened is said wherever its records are, with what queue_log told of it afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.storage.engine.store import Store
from ivr.storage.running import listening, liveness
from ivr.storage.running.listening import Gap, every_gap
from ivr.storage.running.liveness import Minute
from ivr.storage.schema.running import recorder_signs

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
GAP = Gap("reconnect", BEGAN, BEGAN + timedelta(minutes=10))
AROUND = (-120, 60, 300, 1200)
"""Seconds after the gap began at which somebody joined, each for 30 s."""

DAYS = ["data", "totals", "--from", f"{BEGAN - timedelta(days=1):%Y-%m-%d}"]
STATS = ["menu", "stats"]
AUDIT = ["data", "audit"]


@pytest.fixture
def log(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The queue_log of a server whose recorder was away for ten minutes."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    store.write(lambda connection: listening.add_gap(connection, "main", GAP))
    store.write(lambda connection: liveness.begin(connection, "main", "recorder", "here/1"))
    path = tmp_path / "queue_log"
    with path.open("w") as file:
        for number, after in enumerate(AROUND):
            at = int(BEGAN.timestamp()) + after
            file.write(f"{at}|{at}.{number}|dvx|NONE|ENTERQUEUE||0501112233|1\n")
            file.write(f"{at + 30}|{at}.{number}|dvx|NONE|ABANDON|1|1|30\n")
    return path


def hotline(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_gap_is_open_until_queue_log_is_read_past_it(store: Store, log: Path) -> None:
    assert [gap.rebuilt for _, gap in store.read(every_gap)] == [None]
    assert hotline("data", "backfill", "--all-queues", str(log)).exit_code == 0
    assert [gap.rebuilt for _, gap in store.read(every_gap)] == [2]


def test_a_queue_log_that_ends_within_the_gap_leaves_it_open(store: Store, log: Path) -> None:
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:6]))
    assert hotline("data", "backfill", "--all-queues", str(log)).exit_code == 0
    assert [gap.rebuilt for _, gap in store.read(every_gap)] == [None]


def test_a_queue_log_that_begins_after_the_gap_says_nothing_about_it(store: Store, log: Path) -> None:
    log.write_text("".join(log.read_text().splitlines(keepends=True)[-2:]))
    assert hotline("data", "backfill", "--all-queues", str(log)).exit_code == 0
    assert [gap.rebuilt for _, gap in store.read(every_gap)] == [None]


def test_status_and_whatever_reports_tell_of_the_gap_and_how_much_was_rebuilt(log: Path) -> None:
    for words in (
        ["status"],
        ["data", "export", "visits"],
        ["data", "export", "callbacks"],
        DAYS,
        STATS,
        AUDIT,
    ):
        told = hotline(*words).output
        assert "for 10 min (reconnect): not rebuilt yet, hotline data backfill" in told
    hotline("data", "backfill", "--all-queues", str(log))
    for words in (["status"], ["data", "export", "attempts"], DAYS, AUDIT):
        assert "for 10 min (reconnect): 2 visits rebuilt from queue_log" in hotline(*words).output


def test_a_gap_that_is_not_over_is_told_too_but_not_of_days_before_it(store: Store, log: Path) -> None:
    store.write(lambda connection: listening.heard(connection, "main"))
    store.write(lambda c: c.execute(update(recorder_signs).values(heard_at=BEGAN)))
    for words in (["data", "export", "visits"], DAYS, STATS, AUDIT):
        assert "for 3 h (still): not rebuilt yet" in hotline(*words).output
    assert "still" not in hotline("data", "totals", "--from", "2026-01-01", "--to", "2026-01-02").output


def test_data_is_complete_only_if_every_minute_is_known_and_every_gap_was_rebuilt(
    store: Store, log: Path
) -> None:
    day = BEGAN.replace(hour=0, minute=0) - timedelta(days=5)
    words = ["data", "totals", "--from", f"{day:%Y-%m-%d}", "--to", f"{day:%Y-%m-%d}"]
    begins = day - timedelta(hours=4)  # in Baku
    known = [Minute("main", begins + timedelta(minutes=number), 6, 0) for number in range(1439)]
    store.write(lambda connection: liveness.note_minutes(connection, known))
    assert "main: 1,439 min up, 0 down, 1 unknown; data INCOMPLETE" in hotline(*words).output
    last = Minute("main", begins + timedelta(minutes=1439), 6, 1, "no trunk is reachable")
    store.write(lambda connection: liveness.note_minutes(connection, [last]))
    assert "main: 1,439 min up, 1 down, 0 unknown; data complete" in hotline(*words).output
    told = json.loads(hotline(*words, "--json").output)["servers"][0]
    assert told == {
        "server": "main", "minutes_up": 1439, "minutes_down": 1, "minutes_unknown": 0, "is_complete": True
    }  # fmt: skip
    gap = Gap("start", begins, begins + timedelta(minutes=1))
    store.write(lambda connection: listening.add_gap(connection, "main", gap))
    assert "data INCOMPLETE" in hotline(*words).output


def test_menu_stats_print_their_days_beside_the_document_for_programs(log: Path) -> None:
    days = ["--from", "2026-11-01", "--to", "2026-11-02"]
    assert hotline(*STATS, *days).stdout.startswith("2026-11-01 to 2026-11-02\n")
    said = hotline(*STATS, *days, "--json")
    assert (json.loads(said.stdout), said.stderr.splitlines()[0]) == ([], "2026-11-01 to 2026-11-02")


def test_what_is_exported_for_programs_holds_only_records(log: Path) -> None:
    hotline("data", "backfill", "--all-queues", str(log))
    shown = hotline("data", "export", "visits", "--format", "csv")
    assert shown.stdout.count("\n") == 1 + len(AROUND)
    assert shown.stderr.startswith("gap at main: ")


@pytest.mark.parametrize("kind", ["visits", "callbacks", "attempts", "surveys", "orders"])
def test_a_table_without_a_record_has_its_header(kind: str, store: Store, log: Path) -> None:
    shown = hotline("data", "export", kind, "--format", "csv").stdout
    assert shown.count("\n") == 1
    assert shown.count(",") > 4
