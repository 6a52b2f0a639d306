"""A value that an option cannot take is reported in our words, whatever library found it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ivr.command.root import app

WRONG = [
    ("menu graph --format x", "must be one of 'svg', 'mermaid'"),
    ("run --only x", "must be one of 'recorder', 'dialer'"),
    ("data export x", "must be one of 'visits', 'callbacks'"),
    ("callbacks list --state x", "must be one of 'owed', 'dialing'"),
    ("data totals --from x", "must be a date like 2026-12-31"),
    ("menu stats --to 2026-13-01", "must be a date like 2026-12-31"),
    ("data audit-log --since 1", "must be a date like 2026-12-31"),
    ("callbacks list --limit x", "must be a whole number"),
    ("callbacks list --limit 0", "must be 1 or more"),
    ("callbacks list --limit 1e9", "must be a whole number"),
    ("config apply --keep 1", "must be 2 or more"),
    ("config rollback x", "must be a whole number"),
    ("callbacks show 99999999999", "must be 2147483647 or less"),
    ("callbacks cancel 1 x", "must be a whole number"),
    ("callbacks add 0501234567 --queue nowhere", "queue 'nowhere' is unknown; known: dvx, aparat"),
]
LIBRARIES = ("value error", "not one of", "input should", "does not match", "unable to parse", "%y")


@pytest.mark.parametrize(("words", "says"), WRONG, ids=[words for words, _ in WRONG])
def test_a_wrong_value_is_reported_in_our_words(
    words: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    said = CliRunner().invoke(app, words.split())
    assert (said.exit_code, says in said.output) == (2, True), said.output
    assert not [word for word in LIBRARIES if word in said.output.lower()]
