"""Signs of life and minutes: what is not known to be up is not called up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import copytree
from threading import Barrier

import pytest
from sqlalchemy import Connection, select, update
from typer.testing import CliRunner, Result

from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.fastagi import Tally
from ivr.asterisk.readiness import Needed
from ivr.command.config import starter_folder
from ivr.command.root import app
from ivr.recording.availability import Availability, SignsOfLife
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.running.liveness import Minute, availability, begin, note_alive, note_minutes, running
from ivr.storage.schema.running import minutes, processes
from tests.contracts.test_callback_guards import decide_all, rules
from tests.stored_calls import store_call

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def minute(number: int, failed: int = 0, why: str = "") -> Minute:
    return Minute("main", NOON + timedelta(minutes=number), 6, failed, why)


def noted(store: Store, *observed: Minute) -> None:
    store.write(lambda connection: note_minutes(connection, observed))


def of_ten_minutes(store: Store) -> Sequence[object]:
    found = store.read(lambda c: availability(c, "main", NOON, NOON + timedelta(minutes=10)))
    return found.up, found.down, found.unknown, found.last_down and found.last_down.why


def test_a_minute_without_a_row_is_unknown_and_one_failed_check_makes_it_down(store: Store) -> None:
    noted(store, minute(0), minute(1, 1, "no dialplan"), minute(3, 6, "no trunk"), minute(10))
    assert of_ten_minutes(store) == (1, 2, 7, "no trunk")


def test_two_recorders_of_one_server_add_up_and_the_worse_wins(store: Store) -> None:
    noted(store, minute(0, 2, "no trunk"))
    noted(store, minute(0))
    assert of_ten_minutes(store) == (0, 1, 9, "no trunk")


def test_two_recorders_that_check_at_once_add_up_too(store: Store) -> None:
    each = Barrier(4)

    def note(number: int) -> None:
        each.wait()
        noted(store, minute(number % 10))

    with ThreadPoolExecutor(4) as recorders:
        list(recorders.map(note, [number // 4 for number in range(40)]))
    assert of_ten_minutes(store) == (10, 0, 0, None)
    assert store.read(lambda c: c.scalars(select(minutes.c.checks)).all()) == [24] * 10


def test_minutes_of_another_server_are_not_counted(store: Store) -> None:
    noted(store, Minute("south", NOON, 6, 0))
    assert of_ten_minutes(store) == (0, 0, 10, None)


def silent_for(connection: Connection, process: str, silence: timedelta) -> None:
    connection.execute(
        update(processes)
        .where(processes.c.process == process)
        .values(seen_at=clock_of(connection) - silence, started_at=clock_of(connection) - silence)
    )


def test_a_process_that_starts_again_is_known_once_and_long_gone_ones_are_forgotten(store: Store) -> None:
    def work(connection: Connection) -> list[tuple[str, bool]]:
        for process in ("a/1", "a/2", "a/3"):
            begin(connection, "main", "dialer", process)
        silent_for(connection, "a/1", timedelta(days=2))
        begin(connection, "main", "dialer", "a/2")
        note_alive(connection, "main", "dialer", "a/3", True)
        return sorted((it.process, it.is_connected) for it in running(connection))

    assert store.write(work) == [("a/2", False), ("a/3", True)]


@pytest.fixture
def watched(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The command's store: the recorder runs, the dialer died ten minutes ago."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))

    def work(connection: Connection) -> None:
        begin(connection, "main", "recorder", "a/1")
        note_alive(connection, "main", "recorder", "a/1", True)
        begin(connection, "main", "dialer", "a/2")
        silent_for(connection, "a/2", timedelta(minutes=10))
        store_call(connection, is_over=False)
        store_call(connection, "+994502222222")
        decide_all(connection, rules())
        last = clock_of(connection).replace(second=0, microsecond=0) - timedelta(minutes=2)
        note_minutes(connection, [Minute("main", last, 6, 1, "no trunk is reachable")])

    store.write(work)
    return store


def hotline_status(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["status", *arguments])


def test_status_tells_who_is_silent_and_what_to_do_and_ends_with_1(watched: Store) -> None:
    shown = hotline_status()
    assert shown.exit_code == 1
    for words in (
        "AMI connected",
        "does not run: seen last",
        "start the dialer: hotline run --server main",
        "0 min up, 1 down, 59 unknown",
        "no trunk is reachable",
        "1 open, 0 waiting in a queue",
        "1 owed, 0 dialing, 0 on hold, 0 held; 1 due now",
        "oldest due since",
    ):
        assert words in shown.output


def test_status_for_programs_says_the_same(watched: Store) -> None:
    told = json.loads(hotline_status("--json").output)
    assert told["not_running"] == ["main: dialer"]
    assert told["callbacks"] == {"owed": 1, "dialing": 0, "on_hold": 0, "held": 0}
    assert told["servers"][0]["minutes"]["down"] == 1


def test_status_tells_how_many_are_refused_for_a_budget_or_the_ceiling(watched: Store) -> None:
    for number in ("+994503333333", "+994504444444"):
        watched.write(partial(store_call, caller=number))
    watched.write(lambda connection: decide_all(connection, rules(ceiling=1, held_ceiling=1)))
    why = "the ceiling of 1 held callbacks is reached"
    assert f"refused       1 in the last hour: {why}" in hotline_status().output
    assert json.loads(hotline_status("--json").output)["refused"] == {why: 1}


def test_status_tells_what_each_script_did_and_how_many_calls_found_no_place(watched: Store) -> None:
    tally = Tally(refused=7)
    tally.of("survey").runs, tally.of("survey").milliseconds, tally.of("survey").slow = 4, 10.0, 1
    watched.write(lambda connection: note_alive(connection, "main", "dialer", "a/2", True, tally.as_json()))
    shown = hotline_status().output
    assert "survey: 4 runs, 2.5 ms each, 0 failed, 1 too slow" in shown
    assert "7 calls went on without a script: all places were taken" in shown


def test_status_counts_the_lines_of_queue_log_that_were_skipped_for_their_length(watched: Store) -> None:
    told = json.dumps({"long_lines": 3})
    watched.write(lambda connection: note_alive(connection, "main", "recorder", "a/1", True, told))
    assert "queue_log   3 lines skipped: they are longer than 64 kB" in hotline_status().output


def test_status_counts_what_callers_forged_and_was_put_aside(watched: Store) -> None:
    told = json.dumps({"forged": {"AMI messages": 7, "queue_log lines": 0}})
    watched.write(lambda connection: note_alive(connection, "main", "recorder", "a/1", True, told))
    assert "forged      7 AMI messages were put aside" in hotline_status().output


def test_status_tells_what_is_closed_by_hand_while_the_recorder_runs_in_the_hotline_s_time(
    watched: Store, tmp_path: Path
) -> None:
    told = json.dumps({"closed": {"office": "2026-12-30T10:00:00+00:00"}})
    watched.write(lambda connection: note_alive(connection, "main", "recorder", "a/1", True, told))
    folder = tmp_path / "config"
    copytree(starter_folder(), folder)
    hotline = folder / "hotline.yaml"
    hotline.write_text(hotline.read_text().replace("Asia/Baku", "Asia/Tokyo"))
    said = CliRunner().invoke(app, ["--config", str(folder), "status"]).output
    assert "hours       office is closed by hand until 2026-12-30 19:00: hotline closed office --open" in said
    watched.write(lambda connection: silent_for(connection, "a/1", timedelta(minutes=10)))
    assert "closed by hand" not in hotline_status().output


def test_status_is_0_when_both_parts_run(watched: Store) -> None:
    watched.write(lambda connection: note_alive(connection, "main", "dialer", "a/2", True))
    assert hotline_status().exit_code == 0


def test_status_is_1_while_a_part_that_runs_does_not_hear_asterisk(watched: Store) -> None:
    watched.write(lambda connection: note_alive(connection, "main", "dialer", "a/2", False))
    shown = hotline_status()
    assert shown.exit_code == 1
    assert "AMI NOT connected (a/2)" in shown.output
    assert "the dialer does not hear Asterisk: hotline doctor" in shown.output
    assert json.loads(hotline_status("--json").output)["not_connected"] == ["main: dialer"]


def test_a_part_that_has_just_started_may_not_be_connected_yet(watched: Store) -> None:
    watched.write(lambda connection: begin(connection, "main", "dialer", "a/3"))
    shown = hotline_status()
    assert "AMI connecting (a/3)" in shown.output
    assert shown.exit_code == 0


def test_a_status_without_gaps_fits_a_terminal_of_80_columns(watched: Store) -> None:
    watched.write(lambda connection: begin(connection, "main", "dialer", "hotline-1/123456"))
    watched.write(lambda connection: silent_for(connection, "hotline-1/123456", timedelta(9)))
    watched.write(lambda connection: note_alive(connection, "main", "dialer", "hotline-1/123456", False))
    assert max(map(len, hotline_status().output.splitlines())) <= 80


def test_status_of_a_database_nothing_ran_on_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    assert "no hotline has run" in hotline_status().output


def test_a_database_that_is_away_ends_no_daemon(store: Store) -> None:
    """The signs of life stop, and that is what `hotline status` tells."""

    async def scenario() -> None:
        away = StoreThread(Store("postgresql://hotline@127.0.0.1:1/hotline"))
        connection, stop = AmiConnection("127.0.0.1", 1, "listener", "secret"), asyncio.Event()
        watch = Availability(connection, away, "main", Needed((), ()), every=0.01)
        signs = SignsOfLife(connection, away, "main", "recorder")
        running = [asyncio.create_task(it.run(stop)) for it in (watch, signs)]
        done, _ = await asyncio.wait(running, timeout=0.5)
        assert not done
        stop.set()
        await asyncio.gather(*running)
        away.close()

    asyncio.run(scenario())
