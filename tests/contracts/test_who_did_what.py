"""Who did what: a line in the audit for each act, with the login's uid, whatever name is given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.storage.engine.store import Store
from ivr.storage.schema.owed import callbacks
from tests.contracts.test_callback_guards import decide_all, rules
from tests.stored_calls import store_call
from tests.unit.starter import FILES

SOMEBODY = 4242
LOGGED_IN = f"""
import sys
from contextlib import suppress
from pathlib import Path
with suppress(OSError):  # only root may
    Path("/proc/self/loginuid").write_text("{SOMEBODY}")
from ivr.command.root import app
app()
"""
"""`hotline`, as sshd or the login prompt would have begun the session."""


@pytest.fixture
def at_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The command's store, with a callback that is held."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SUDO_USER", "mallory\x1b[2J")
    store.write(lambda c: (store_call(c), decide_all(c, rules())))
    store.write(lambda c: c.execute(callbacks.update().values(state="held")))
    return store


def hotline(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=text)


def lines(*options: str) -> list[dict[str, Any]]:
    """What `hotline data audit-log` says, the oldest line first."""
    shown = hotline("data", "audit-log", "--json", *options)
    assert shown.exit_code == 0, shown.output
    found: list[dict[str, Any]] = json.loads(shown.stdout)
    return found[::-1]


def test_each_act_of_an_operator_leaves_one_line_and_what_did_not_happen_leaves_none(
    at_store: Store,
) -> None:
    acts = (
        ("callbacks pause", "dial", "works", "pause dial --why works"),
        ("callbacks resume", "dial", "", "resume dial"),
        ("callbacks release", "callback 1", "released", "release 1 77"),
        ("callbacks cancel", "callback 1", "doubted", "cancel 1 --why doubted"),
        ("full numbers", "callbacks list", "", "list --full-numbers"),
        ("full numbers", "callback 1", "", "show 1 --json --full-numbers"),
    )
    nothing = ("resume", "resume dial", "release 77", "cancel 1", "list", "show 1")
    for words in (*(act[-1] for act in acts), *nothing):
        hotline("callbacks", *words.split())
    hotline("data", "export", "visits")
    hotline("data", "export", "callbacks", "--full-numbers")
    found = lines()
    notes = [one["note"].rpartition("SUDO_USER")[0].removesuffix("; ") for one in found]
    exports = [("export", "visits", ""), ("export", "callbacks", "full numbers")]
    said = [(one["action"], one["subject"], note) for one, note in zip(found, notes, strict=True)]
    assert said == [*(act[:3] for act in acts), *exports]
    assert all(one["note"].endswith(r"SUDO_USER mallory\u001b[2J") for one in found)


def test_the_login_is_named_though_the_environment_and_an_option_say_otherwise(at_store: Store) -> None:
    environment = os.environ | {"LOGNAME": "mallory", "USER": "mallory"}
    ran = subprocess.run(
        [sys.executable, "-c", LOGGED_IN, "callbacks", "pause", "dial"],
        env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "is paused" in ran.stdout
    [line] = lines()
    logged_in = int(Path("/proc/self/loginuid").read_text())
    uid = SOMEBODY if os.geteuid() == 0 else os.getuid() if logged_in == 2**32 - 1 else logged_in
    assert f"uid {uid}" in line["who"]
    assert "mallory" not in line["who"]


def test_a_budget_by_hand_counts_who_is_logged_in_whatever_by_and_sudo_say(
    at_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content.replace(b"by_hand: {most: 200", b"by_hand: {most: 2"))
    said = []
    for number, by in (("0502000001", "one"), ("0552000002", "two"), ("0702000003", "three")):
        monkeypatch.setenv("SUDO_USER", by)
        words = ("--config", str(tmp_path), "callbacks", "add", number, "--queue", "dvx", "--by", by)
        said.append(hotline(*words).output)
    assert "budgets.by_hand" in said[2]
    orderers = at_store.read(lambda c: c.scalars(select(callbacks.c.orderer).order_by(callbacks.c.id)).all())
    assert f"uid {os.getuid()}" in orderers[1] == orderers[2]
    shown = " ".join(hotline("callbacks", "show", "2").output.split())
    assert "--by one" in shown
    assert "SUDO_USER one" in shown


def test_a_number_on_standard_input_is_in_no_process_list(at_store: Store) -> None:
    added = hotline("callbacks", "add", "-", "--queue", "dvx", text="0502000001\n")
    assert (added.exit_code, added.output) == (0, "callback 2: 050*****01 in dvx\n")
    empty = hotline("callbacks", "add", "-", "--queue", "dvx")
    assert (empty.exit_code, "number is missing" in empty.output) == (2, True)


def test_the_log_is_a_table_newest_first_and_begins_on_the_day_asked_for(at_store: Store) -> None:
    hotline("callbacks", "pause", "dial", "--why", "trunk works")
    hotline("callbacks", "pause", "accept")
    shown = hotline("data", "audit-log").output
    assert shown.index("accept") < shown.index("trunk works")
    at_store.write(
        lambda c: c.exec_driver_sql("UPDATE audit SET at = at - 2678400000 WHERE subject = 'dial'")
    )
    assert [one["subject"] for one in lines()] == ["accept"]
    assert [one["subject"] for one in lines("--since", "2020-01-01")] == ["dial", "accept"]
