"""`hotline callbacks` tells who is owed a call and what was tried, numbers masked unless asked for."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner, Result

from callback_dialer.following import write
from ivr.command.root import app
from ivr.storage.engine.store import Store
from tests.callback_policy import NOON
from tests.contracts.test_callback_attempts import dialled
from tests.contracts.test_callback_decisions import ALWAYS, decide_all
from tests.stored_calls import store_call


@pytest.fixture
def filled(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The command's store: one callback that was busy at the first try, one whose citizen was reached."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("COLUMNS", "160")

    def work(connection: Connection) -> None:
        busy = replace(dialled(connection), state="ringing", cause=17, ended_at=NOON)
        write(connection, busy, ALWAYS)
        store_call(connection, "+994502222222")
        decide_all(connection)
        connection.exec_driver_sql(
            "UPDATE callbacks SET state = 'reached' WHERE caller_e164 = '+994502222222'"
        )

    store.write(work)
    return store


def hotline(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["callbacks", *arguments])


def test_the_list_shows_each_callback_with_a_masked_number(filled: Store) -> None:
    shown = hotline("list")
    assert shown.exit_code == 0
    assert "+99450*****67" in shown.output
    assert "+994501234567" not in shown.output
    assert "reached" in shown.output


def test_the_list_can_be_of_one_state_with_full_numbers_for_programs(filled: Store) -> None:
    shown = hotline("list", "--state", "owed", "--json", "--full-numbers")
    [owed] = json.loads(shown.output)
    assert (owed["caller_e164"], owed["state"], owed["attempts_used"]) == ("+994501234567", "owed", 1)


def test_a_callback_is_shown_with_its_calls_attempts_and_journal(filled: Store) -> None:
    shown = hotline("show", "1")
    for word in ("busy", "17", "provider", "originating", "waited 12.0 s", "+99450*****67"):
        assert word in shown.output
    history = json.loads(hotline("show", "1", "--json").output)
    assert [entry["state"] for entry in history["journal"] if entry["attempt"] == 0] == [
        "owed",
        "dialing",
        "owed",
    ]
    assert history["attempts"][0]["dial_string"] == "050*****67"


def test_a_callback_that_does_not_exist_is_told_with_the_next_step(filled: Store) -> None:
    shown = hotline("show", "99")
    assert shown.exit_code == 1
    assert "there is no callback 99" in shown.output


def test_a_state_that_does_not_exist_is_a_wrong_use_of_the_command(filled: Store) -> None:
    assert hotline("list", "--state", "lost").exit_code == 2


def test_a_list_that_is_cut_short_says_so(filled: Store) -> None:
    cut = hotline("list", "--limit", "1", "--json")
    assert len(json.loads(cut.stdout)) == 1
    assert cut.stderr == "only the latest 1 are shown: --limit\n"
    assert hotline("list").stderr == ""


def test_an_empty_list_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    assert hotline("list", "--state", "owed").output == "no callbacks in state owed\n"
