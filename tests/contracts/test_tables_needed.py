"""Only `data migrate` and the start of a daemon make tables; other commands say what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import inspect, text
from typer.testing import CliRunner

from ivr.command.root import app
from ivr.storage.engine.store import Store
from ivr.storage.migrations import NEWEST
from tests.contracts.test_migrations import emptied

CONFIG: Final = Path(__file__).parents[2] / "config"
READ: Final = (
    "callbacks decide 0501234567",
    "callbacks list",
    "callbacks refusals",
    "callbacks resume",
    "callbacks show 1",
    "data audit",
    "data audit-log",
    "data recordings 1795364181.41",
    "data totals",
    "doctor",
    "menu stats",
    "status",
)
WRITE: Final = (
    "callbacks add 0501234567 --queue dvx",
    "callbacks cancel 1",
    "callbacks import {files}/answers.csv",
    "callbacks pause dial",
    "callbacks release 1",
    "data backfill --all-queues {files}/queue_log",
    "data export visits",
    "data import topics {files}/topics.csv",
    "data purge",
)
START: Final = ("data migrate", "record --all-queues --ami 127.0.0.1:1")
SETTINGS: Final = (
    "HOTLINE_DATABASE_URL=sqlite:////var/lib/hotline/hotline.db HOTLINE_SPOOL=/var/lib/hotline/main.spool"
)
OTHER: Final = "first_0123456789ab"
ONE_OF_EACH: Final = ("status", "callbacks pause dial", "data migrate")
"""On PostgreSQL: every command meets the store by the same two functions."""


def on_stores(*commands: str) -> list[tuple[str, str]]:
    """Each command on SQLite, one of each kind on PostgreSQL too."""
    return [("sqlite", words) for words in commands] + [
        ("postgresql", words) for words in ONE_OF_EACH if words in commands
    ]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder; what the commands are given is in another one."""
    for name in ("HOTLINE_DATABASE_URL", "HOTLINE_SPOOL"):
        monkeypatch.delenv(name, raising=False)
    files, folder = tmp_path / "files", tmp_path / "folder"
    for each in (files, folder):
        each.mkdir()
    (files / "answers.csv").write_text("number,queue\n0502222222,dvx\n")
    (files / "topics.csv").write_text("call,structure,topic\n")
    (files / "queue_log").write_text("1795363896|NONE|NONE|NONE|QUEUESTART|\n")
    monkeypatch.setenv("HOTLINE_CONFIG", str(CONFIG))
    monkeypatch.setenv("HOTLINE_ASTERISK", str(files))
    monkeypatch.setenv("HOTLINE_SECRETS", str(files))
    monkeypatch.setenv("HOTLINE_AMI_SECRET", "secret")
    monkeypatch.chdir(folder)
    return folder


def refused(words: str, folder: Path, **settings: str) -> str:
    """What the command says as it ends with status 1, without a trace of Python."""
    arguments = words.format(files=folder.parent / "files").split()
    if words.startswith(("record", "run")):  # a process: it keeps its spool until it ends
        command = [sys.executable, "-c", "from ivr.command.root import app; app()", *arguments]
        ended = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=60)
        status, said = ended.returncode, ended.stdout + ended.stderr
    else:
        ran = CliRunner().invoke(app, arguments, env=settings)
        assert isinstance(ran.exception, SystemExit), ran.exc_info
        status, said = ran.exit_code, ran.output
    assert status == 1, said
    assert "Traceback" not in said
    return " ".join(said.split())


@pytest.mark.parametrize("words", [*READ, *WRITE, *START, "run"])
def test_a_command_without_settings_names_them_with_an_example_and_makes_no_file(
    words: str, empty: Path
) -> None:
    said = refused(words, empty)
    assert "HOTLINE_DATABASE_URL is not set" in said or "HOTLINE_SPOOL is not set" in said
    assert SETTINGS in said
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("parts", "words"),
    [*(("seen.db", words) for words in (*READ, *WRITE)), ("nowhere/seen.db", "status")],
)
def test_a_command_on_a_sqlite_file_that_is_missing_names_it_and_makes_no_file(
    parts: str, words: str, empty: Path
) -> None:
    said = refused(words, empty, HOTLINE_DATABASE_URL=f"sqlite:///{empty / parts}")
    assert f"there is no database {empty / parts}" in said
    assert "hotline data migrate" in said
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(("url", "words"), on_stores(*READ, *WRITE), indirect=["url"])
def test_a_command_on_a_database_without_tables_says_which_it_needs_and_makes_none(
    words: str, empty: Path, store: Store
) -> None:
    emptied(store)
    said = refused(words, empty, HOTLINE_DATABASE_URL=_url(store))
    assert f"no tables, and this version needs schema {NEWEST}" in said
    assert "hotline data migrate" in said
    assert inspect(store.engine).get_table_names() == []


@pytest.mark.parametrize(("url", "words"), on_stores(*READ, *WRITE, *START), indirect=["url"])
def test_tables_of_another_schema_are_left_alone_and_both_schemas_are_named(
    words: str, empty: Path, store: Store
) -> None:
    store.write(lambda c: c.execute(text(f"UPDATE alembic_version SET version_num = '{OTHER}'")))
    spool = empty.parent / "files" / "main.spool"
    said = refused(words, empty, HOTLINE_DATABASE_URL=_url(store), HOTLINE_SPOOL=str(spool))
    assert f"schema {OTHER}, and this version needs schema {NEWEST}" in said
    assert "export" in said
    assert "start with an empty database" in said
    assert store.read(lambda c: c.scalar(text("SELECT version_num FROM alembic_version"))) == OTHER


def test_migrate_makes_the_tables_of_a_new_database_once(empty: Path) -> None:
    settings = {"HOTLINE_DATABASE_URL": f"sqlite:///{empty / 'new.db'}"}
    first, second = (CliRunner().invoke(app, ["data", "migrate"], env=settings) for _ in range(2))
    assert first.output == f"the tables of {empty / 'new.db'} are made\n"
    assert second.output == f"the tables of {empty / 'new.db'} are up to date\n"


@pytest.mark.parametrize("settings", [{}, {"HOTLINE_DATABASE_URL": "sqlite:///seen.db"}])
def test_a_configuration_is_checked_without_a_database(settings: dict[str, str], empty: Path) -> None:
    ran = CliRunner().invoke(app, ["config", "check"], env=settings)
    assert ran.exit_code == 0, ran.output
    assert list(empty.iterdir()) == []


def _url(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)
