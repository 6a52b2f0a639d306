"""Logs show no whole phone number, and nothing else is mistaken for one."""

from pathlib import Path
from traceback import format_exception
from typing import cast

import pytest
from sqlalchemy import text

from ivr.asterisk.actions import UnsafeHeader, refuse_unsafe
from ivr.asterisk.agi_session import AgiSession, UnsafeArgument, Wire
from ivr.logs import mask_numbers
from ivr.storage.engine import Store, StoreUnfit
from ivr.visits.facts import Party


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("0501234567", "050*****67"),
        ("+994501234567", "+99450*****67"),
        ("call from 0501234567 to +994501234568", "call from 050*****67 to +99450*****68"),
        ("Local/994501234567@hotline-callback/n", "Local/99450*****67@hotline-callback/n"),
        ("1795364181.41", "1795364181.41"),
        ("127.0.0.1:15038", "127.0.0.1:15038"),
        ("5d3f1c1e-1234567-0000", "5d3f1c1e-1234567-0000"),
        ("195", "195"),
    ],
)
def test_a_number_is_masked_wherever_it_stands(told: str, shown: str) -> None:
    assert mask_numbers(None, "info", {"event": told, "caller": told}) == {"event": shown, "caller": shown}


def test_figures_stay_figures() -> None:
    assert mask_numbers(None, "info", {"event": "visit", "wait": 12.5}) == {"event": "visit", "wait": 12.5}


def test_a_number_inside_other_values_is_masked_too() -> None:
    told = {
        "event": "x",
        "record": {"caller": ["0501234567"]},
        "party": Party("1.1", "1.1", "", "0501234567"),
    }
    shown = mask_numbers(None, "info", told)
    assert shown["record"] == {"caller": ["050*****67"]}
    assert "0501234567" not in shown["party"]


def test_a_refused_value_is_not_shown_in_the_error() -> None:
    """It may be a secret or a caller's number; errors end in logs and on terminals."""
    with pytest.raises(UnsafeHeader) as of_ami:
        refuse_unsafe({"Action": "Login", "Secret": "sesame\n"})
    with pytest.raises(UnsafeArgument) as of_agi:
        AgiSession({}, cast(Wire, None)).send_command("SET VARIABLE sesame\n")
    assert "sesame" not in f"{of_ami.value}{of_agi.value}"


def test_a_refused_statement_does_not_show_its_values(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StoreUnfit) as refused:
        store.read(lambda connection: connection.execute(text("SELECT :n FROM x"), {"n": "0501234567"}))
    assert "0501234567" not in "".join(format_exception(refused.value)).replace('{"n": "0501234567"}', "")
    store.close()
