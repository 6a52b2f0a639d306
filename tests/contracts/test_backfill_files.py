"""`hotline data backfill` with files an operator should not have given it."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.reading.export import rows
from ivr.recording.queue_log import keep
from ivr.storage.engine.store import Store
from ivr.storage.records.visits import Saved
from tests.unit.starter import FILES

LINES = "".join(
    f"{at}|{at}.1|dvx|NONE|ENTERQUEUE||0501112233|1\n{at + 30}|{at}.1|dvx|NONE|ABANDON|1|1|30\n"
    for at in range(1795000000, 1795900000, 1000)
)


@pytest.fixture
def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped configuration and a queue_log."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("HOTLINE_CONFIG", str(tmp_path / "config"))
    (tmp_path / "config").mkdir()
    for name, content in FILES.items():
        (tmp_path / "config" / name).write_bytes(content)
    (tmp_path / "queue_log").write_text(LINES)
    return tmp_path


def hotline(*words: object) -> Result:
    return CliRunner().invoke(app, ["data", *map(str, words)])


@pytest.mark.parametrize("command", ["backfill", "audit"])
def test_a_server_the_configuration_does_not_know_is_a_mistake(
    command: str, house: Path, store: Store
) -> None:
    """Under a misspelt name every visit would be stored a second time."""
    shown = hotline(command, "--server", "mian", house / "queue_log")
    assert (shown.exit_code, shown.output) == (1, "there is no server 'mian'\n  servers: main\n")
    assert store.read(lambda connection: list(rows(connection, "visits"))) == []


def test_what_is_no_queue_log_is_named_and_nothing_is_read(house: Path, store: Store) -> None:
    (house / "messages").write_text("[2026-11-26] Asterisk ready.\n")
    for wrong in (house / "messages", house / "config" / "menu.yaml"):
        shown = hotline("backfill", house / "queue_log", wrong)
        assert shown.exit_code == 1
        assert shown.output == f"{wrong}: is no queue_log\n  name queue_log files that can be read\n"
    assert store.read(lambda connection: list(rows(connection, "visits"))) == []


def test_a_pipe_is_not_a_regular_file_and_is_refused(house: Path) -> None:
    """It cannot be read twice: once to know which file it is, once for its lines."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        pipe.write(LINES[:1000])
    shown = hotline("backfill", f"/dev/fd/{reading}")
    os.close(reading)
    assert (shown.exit_code, shown.output) == (
        1,
        f"/dev/fd/{reading}: is not a regular file\n  name queue_log files that can be read\n",
    )


def test_a_file_that_begins_with_half_a_line_is_read_from_the_next_one_on(house: Path, store: Store) -> None:
    """Such as one that was truncated while Asterisk wrote, or cut to its last lines."""
    (house / "queue_log").write_text(LINES[LINES.index("dvx") :])
    shown = hotline("backfill", house / "queue_log")
    assert (shown.exit_code, shown.output) == (0, "1,800 lines read: 900 visits new, 0 changed\n")


def test_a_line_of_over_64_kb_is_skipped_and_counted(house: Path, store: Store) -> None:
    (house / "queue_log").write_text(f"{LINES}{'x' * 65537}\n")
    shown = hotline("backfill", house / "queue_log")
    assert shown.output == (
        "1,800 lines read: 900 visits new, 0 changed\n1 lines skipped: they are longer than 64 kB\n"
    )


def test_a_file_that_is_gone_once_it_is_read_is_no_fault(
    house: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rotation renames and packs files while they are read."""

    def keep_and_rotate(*told: Any) -> Saved:
        (house / "queue_log").unlink(missing_ok=True)
        return keep(*told)

    monkeypatch.setattr("ivr.command.queue_logs.keep", keep_and_rotate)
    shown = hotline("backfill", house / "queue_log")
    assert (shown.exit_code, "No such file" in shown.output) == (1, True)


def test_an_empty_file_is_a_queue_log_in_which_nothing_happened(house: Path) -> None:
    (house / "queue_log").write_text("")
    assert hotline("backfill", house / "queue_log").exit_code == 0


def test_of_a_packed_file_that_is_cut_what_can_be_read_is_stored_and_the_rest_is_told_as_lost(
    house: Path, store: Store
) -> None:
    whole, cut = house / "queue_log.2.gz", house / "queue_log.1.gz"
    packed = gzip.compress(LINES.encode())
    whole.write_bytes(packed)
    cut.write_bytes(packed[: len(packed) // 2])
    shown = hotline("backfill", cut)
    assert shown.exit_code == 1
    assert shown.output.endswith(
        f"{cut} is damaged: what stands behind the damage is not read\n  restore it, and run this again\n"
    )
    before = len(store.read(lambda connection: list(rows(connection, "visits"))))
    assert 0 < before < 900
    assert hotline("backfill", whole).exit_code == 0
    assert len(store.read(lambda connection: list(rows(connection, "visits")))) == 900
    assert "is damaged" in hotline("backfill", cut).output
