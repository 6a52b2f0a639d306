"""Missed calls of long ago, read from queue_log afterwards: decided once, and nobody is called."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from ivr.command.root import app
from ivr.storage.engine.store import Store
from ivr.storage.schema.owed import callbacks, decisions
from tests.callback_policy import policy
from tests.contracts.test_callback_guards import decide_all
from tests.year.generator import lines

WAIT_OVER = 10
ENDS = {"ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY"}


def test_missed_calls_of_long_ago_are_decided_too_old_once_however_often_they_are_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    year = list(lines(seed=7, calls=400))
    waits = [int(line.split("|")[-1]) for line in year if line.split("|")[4] in ENDS]
    for number, part in enumerate((year[:900], year[200:], year)):
        file = tmp_path / f"queue_log.{number}"
        file.write_text("".join(part))
        read = CliRunner().invoke(app, ["data", "backfill", str(file)])
        assert read.exit_code == 0, read.output
        store.write(lambda connection: decide_all(connection, policy()))
    verdicts = Counter(store.read(lambda c: c.scalars(select(decisions.c.decision)).all()))
    assert verdicts == {
        "too_old": sum(wait > WAIT_OVER for wait in waits),
        "too_short": sum(wait <= WAIT_OVER for wait in waits),
    }
    assert verdicts["too_old"] > 20
    assert store.read(lambda c: c.execute(select(callbacks.c.id)).first()) is None
