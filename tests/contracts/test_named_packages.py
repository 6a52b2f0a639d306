"""SQLAlchemy, PyYAML and structlog do the work they are known for; docs/decisions.md names other tests."""

import io
import json
from typing import Any

import pytest
import structlog
import yaml
from sqlalchemy import event

from callback_dialer.deciding import decide_call
from ivr.base.logs import configure_logging
from ivr.checks.whole import load_files
from ivr.storage.engine.store import Store
from tests.callback_policy import policy
from tests.stored_calls import store_call
from tests.unit.starter import FILES


def test_every_statement_on_the_store_is_sqlalchemys(store: Store) -> None:
    said: list[str] = []
    call_id = store.write(store_call)
    event.listen(store.engine, "before_cursor_execute", lambda *heard: said.append(heard[2]))
    (decision,) = store.write(lambda connection: decide_call(connection, call_id, policy()))
    assert decision.verdict == "callback"
    written = {words[2] for statement in said if (words := statement.split())[0] == "INSERT"}
    assert written == {"callbacks", "callback_journal", "decisions"}


def test_the_place_of_a_mistake_is_the_mark_that_pyyaml_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    composed: Any = yaml.compose

    def ten_lines_down(*given: Any, **named: Any) -> Any:
        root = composed(*given, **named)
        root.value[0][0].start_mark.line += 10
        return root

    wrong = {**FILES, "hours.yaml": b"houses:\n  office: {}\n"}
    (before,) = (problem for problem in load_files(wrong).problems if problem.code == "CFG001")
    monkeypatch.setattr(yaml, "compose", ten_lines_down)
    (after,) = (problem for problem in load_files(wrong).problems if problem.code == "CFG001")
    assert after.place.line == before.place.line + 10


def test_log_lines_are_made_by_structlog_and_pass_the_processor_that_masks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    try:
        configure_logging(json=True)
        structlog.get_logger("ivr.recording.recorder").info("visit", caller="0501234567")
    finally:
        structlog.reset_defaults()
    assert json.loads(written.getvalue())["caller"] == "050*****67"
