"""A house that keeps recordings and forgets numbers: configuration, commands, old calls."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.storage.engine.store import Store
from ivr.storage.schema.running import minutes
from tests.stored_calls import Queued, store_call
from tests.unit.starter import FILES

NOW = datetime.now(UTC).replace(microsecond=0)
ANNA, BORIS = "+994501234567", "+994502222222"


@pytest.fixture
def house(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped configuration with a folder of recordings, the command's store, an empty secrets.d.

    The hotline has run for more than a year.
    """
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    folder = tmp_path / "config"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (tmp_path / "recordings").mkdir()
    store.write(alive)
    text = (folder / "hotline.yaml").read_text()
    at = f"    agi_port: 4573\n    recordings: {tmp_path / 'recordings'}\n"
    (folder / "hotline.yaml").write_text(text.replace("    agi_port: 4573\n", at))
    return tmp_path


def alive(connection: Connection, first: int = 420, last: int = 0) -> None:
    """The hotline ran, of which a minute of each day tells, so many days ago until so many."""
    days = [
        {"server": "main", "minute_at": days_ago(number), "checks": 6, "failed": 0}
        for number in range(last, first + 1)
    ]
    connection.execute(insert(minutes), days)


def hotline(house: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(house / "config"), "data", *words])


def recorded(house: Path, name: str, days: int) -> Path:
    path = house / "recordings" / name
    path.write_bytes(name.encode())
    os.utime(path, (days_ago(days).timestamp(),) * 2)
    return path


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def called(connection: Connection, who: str, days: int, outcome: str = "answered", **facts: Any) -> int:
    return store_call(connection, who, [Queued(outcome, 12.5)], ended_at=days_ago(days), **facts)
