"""The language a call begins in, by what the store knows of its number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agi_scripts.table import scripts_for
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Unanswered
from ivr.config.loading import configuration_of
from ivr.queues.board import Board
from ivr.storage.engine.store import Store
from tests.contracts.test_surveys import SHIPPED
from tests.loading import load_or_fail
from tests.stored_calls import store_call
from tests.unit.agi_wire import OK, ScriptedWire, value

NOW = datetime.now(UTC)
CHOSE = {"language": "ru", "menu_path": "8/1/1"}


def begins(store: Store, caller: str = "0501234567", presentation: str = "allowed") -> str:
    """The language the script sets for that caller, empty if none."""
    wire = ScriptedWire(value(presentation), OK)
    session = AgiSession({"agi_callerid": caller, "agi_arg_1": "provider"}, wire)
    configuration = configuration_of(load_or_fail(SHIPPED))
    scripts_for(Board({}), configuration, lambda: NOW, store, "main")[words.AGI_CALLER_LANGUAGE](session)
    asked, *told = wire.sent
    assert asked == 'GET VARIABLE "HOTLINE_PRESENTATION"'
    return told[0].split('"')[3] if told else ""


def remember(store: Store, *, hours_ago: float = 1.0, **facts: Any) -> None:
    ended_at = NOW - timedelta(hours=hours_ago)
    store.write(partial(store_call, stays=(), ended_at=ended_at, **{**CHOSE, **facts}))


def test_the_language_chosen_last_is_the_one_a_call_begins_in(store: Store) -> None:
    remember(store, hours_ago=2, language="en")
    remember(store)
    assert begins(store) == "ru"


@pytest.mark.parametrize(
    "facts",
    [
        {"menu_path": ""},
        {"is_over": False},
        {"language": ""},
        {"language": "de"},
        {"origin": "callback"},
        {"caller": "+994502222222"},
    ],
    ids=["hung up before any key", "the call that asks", "none", "not spoken any more", "ours", "another's"],
)
def test_a_call_that_shows_no_choice_of_this_caller_is_not_followed(
    facts: dict[str, Any], store: Store
) -> None:
    remember(store, **facts)
    assert begins(store) == ""


@pytest.mark.parametrize(
    ("caller", "presentation"), [("0501234567", "prohib_passed_screen"), ("unknown", "allowed"), ("", "")]
)
def test_a_hidden_number_is_not_recognised(caller: str, presentation: str, store: Store) -> None:
    remember(store)
    assert begins(store, caller, presentation) == ""


def test_a_database_that_is_away_is_told_in_one_sentence(tmp_path: Path) -> None:
    """The call goes on in the default language; nothing was wrong with the script."""
    with pytest.raises(Unanswered, match=r"^database: "):
        begins(Store(f"sqlite:///{tmp_path}/away/hotline.db"))
