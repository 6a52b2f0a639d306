"""Citizens who pressed 9: never called again, also when retention has made a keyed hash of their number."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, update
from typer.testing import CliRunner, Result

from callback_dialer.deciding import decide_call
from callback_dialer.policy import Policy
from callback_dialer.starting import KEY_MISSING, start_next
from ivr.asterisk.secrets import pseudonym_key
from ivr.base.masking import is_pseudonym
from ivr.command.root import app
from ivr.retention.purge import is_any_nameless
from ivr.storage.engine.store import Store
from ivr.storage.owed import switches
from ivr.storage.schema.owed import denied_numbers
from tests.contracts.retaining import ANNA, BORIS, days_ago, hotline, house
from tests.contracts.test_callback_attempts import TWO_IDLE
from tests.contracts.test_callback_decisions import ALWAYS, only_callback
from tests.contracts.test_purge import dump
from tests.stored_calls import store_call

__all__ = ["house"]


def refused(connection: Connection, number: str, days: int) -> None:
    """That citizen pressed 9 so long ago."""
    switches.deny(connection, number, "pressed 9 when called back")
    mine = update(denied_numbers).where(denied_numbers.c.caller_e164 == number)
    connection.execute(mine.values(since=days_ago(days)))


@pytest.fixture
def secrets(house: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the key with which retention has hashed Anna's refusal; Boris's is of last week."""
    folder = house / "secrets.d"
    monkeypatch.setenv("HOTLINE_SECRETS", str(folder))
    store.write(lambda connection: refused(connection, ANNA, 400))
    store.write(lambda connection: refused(connection, BORIS, 7))
    purged = hotline(house, "purge")
    assert "1 refusals made nameless" in purged.output
    return folder


def with_key(folder: Path) -> Policy:
    return replace(ALWAYS, key=partial(pseudonym_key, folder))


def listed(house: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(house / "config"), "callbacks", "refusals", *words])


def missed_by(connection: Connection, number: str, policy: Policy) -> str:
    [decision] = decide_call(connection, store_call(connection, number), policy)
    return decision.verdict


def test_an_old_refusal_is_a_hash_and_still_keeps_its_number_from_being_called(
    secrets: Path, store: Store
) -> None:
    assert ANNA not in dump(store)
    assert BORIS in dump(store)

    def work(connection: Connection) -> None:
        assert missed_by(connection, ANNA, with_key(secrets)) == "blocked"
        assert missed_by(connection, BORIS, with_key(secrets)) == "blocked"
        assert missed_by(connection, "+994503333333", with_key(secrets)) == "callback"

    store.write(work)


def test_a_key_that_only_hashed_refusals_need_is_not_made_anew(
    secrets: Path, house: Path, store: Store
) -> None:
    assert store.read(is_any_nameless)
    (secrets / "hotline-pseudonyms.conf").unlink()
    again = hotline(house, "purge")
    assert again.exit_code == 1
    assert "hotline-pseudonyms.conf does not exist" in again.output


@pytest.mark.parametrize("lost", ["missing", "another"])
def test_without_the_key_nobody_is_dialled_and_status_says_what_to_restore(
    secrets: Path, store: Store, lost: str
) -> None:
    file = secrets / "hotline-pseudonyms.conf"
    kept = file.read_text()
    file.write_text("secret = another\n") if lost == "another" else file.unlink()

    def work(connection: Connection) -> None:
        assert missed_by(connection, ANNA, with_key(secrets)) == "callback"
        for _ in range(2):
            assert start_next(connection, "main", TWO_IDLE, with_key(secrets)) is None
            assert switches.why_off(connection, "dial") == KEY_MISSING
            switches.turn_on(connection, "dial")  # the operator goes on without it
        assert only_callback(connection).state == "owed"
        file.write_text(kept)
        assert start_next(connection, "main", TWO_IDLE, with_key(secrets)) is None
        assert only_callback(connection).state == "cancelled"
        assert switches.why_off(connection, "dial") is None

    store.write(work)


def test_without_a_hashed_refusal_no_key_is_needed(store: Store) -> None:
    def work(connection: Connection) -> None:
        refused(connection, BORIS, 400)
        assert missed_by(connection, ANNA, ALWAYS) == "callback"
        assert start_next(connection, "main", TWO_IDLE, ALWAYS) is not None

    store.write(work)


def test_refusals_are_listed_without_numbers_and_lifted_by_number(
    secrets: Path, house: Path, store: Store
) -> None:
    boris, anna = json.loads(listed(house, "--json").stdout)
    assert boris["caller_e164"] == "+99450*****22"
    assert is_pseudonym(anna["caller_e164"])
    table = listed(house).output
    assert anna["caller_e164"] in table
    assert "pressed 9" in table
    for number, shown in ((ANNA, "+99450*****67"), (BORIS, "+99450*****22")):
        assert listed(house, "--lift", number).output == f"{shown} may be called again\n"
        again = listed(house, "--lift", number)
        assert (again.exit_code, "nobody at that number" in again.output) == (1, True)
    store.write(lambda c: [missed_by(c, number, with_key(secrets)) == "callback" for number in (ANNA, BORIS)])
    lines = json.loads(hotline(house, "audit-log", "--json").stdout)
    assert [line["subject"] for line in lines if line["action"] == "refusal lifted"] == [
        "+99450*****22",
        "+99450*****67",
    ]


def test_a_number_that_refused_twice_is_one_hash(secrets: Path, house: Path, store: Store) -> None:
    """Such as while a dialer had no key."""
    store.write(lambda connection: refused(connection, ANNA, 400))
    assert "1 refusals made nameless" in hotline(house, "purge").output
    assert len(store.read(switches.every)) == 2
