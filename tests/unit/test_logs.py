"""Logs show no whole phone number, and nothing else is mistaken for one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from traceback import format_exception
from typing import Any, cast

import pytest
from sqlalchemy import text

from ivr.asterisk.agi_session import AgiSession, UnsafeArgument, Wire
from ivr.asterisk.messages import UnsafeHeader, refuse_unsafe
from ivr.base.logs import mask_numbers, processors
from ivr.storage.engine.store import Store, StoreUnfit
from ivr.visits.facts import Party
from tests.lab.house import REPOSITORY
from tests.stores import empty_store


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
        ("00810994501234567", "0081099450*****67"),
    ],
)
def test_a_number_is_masked_wherever_it_stands(told: str, shown: str) -> None:
    assert mask_numbers(None, "info", {"event": told, "caller": told}) == {"event": shown, "caller": shown}


ELSEWHERE = """
import asyncio, gc, logging, sys, threading
from ivr.base.daemon import TaskService, serve
from ivr.base.logs import configure_logging

def fail(where): raise ValueError(f"0501234567 in {where}")

async def work(stop):
    forgotten = asyncio.ensure_future(later())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del forgotten
    gc.collect()
    from twisted.internet import reactor
    from twisted.internet.defer import fail as failed
    failed(ValueError("0501234567 in a deferred"))
    gc.collect()
    reactor.callLater(0, fail, "the reactor")
    threading.Thread(target=fail, args=["a thread"]).start()
    logging.getLogger("a library").warning("0501234567 in %s", "its log")
    reactor.callLater(0.1, reactor.stop)
    await stop.wait()

async def later(): fail("a task")

configure_logging(json=True)
serve(lambda reactor: [TaskService("one", work)])
fail("the command")
"""


@pytest.mark.slow
def test_what_libraries_and_failures_nobody_expected_say_is_masked_and_one_json_object_a_line() -> None:
    ended = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, timeout=60)
    told = [json.loads(line) for line in ended.stderr.splitlines()]
    everything = json.dumps(told)
    for where in ("a deferred", "the reactor", "a task", "a thread", "its log", "the command"):
        assert f"050*****67 in {where}" in everything
    assert "0501234567" not in everything + ended.stdout
    assert ended.returncode == 1


@pytest.mark.slow
def test_a_command_that_fails_as_nobody_expected_shows_no_number(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import ivr.command.status as s\n"
        "def broken(*a): raise ValueError('0501234567')\n"
        "s.overview = broken\n"
    )
    empty_store(tmp_path).close()
    env = os.environ | {
        "PYTHONPATH": str(tmp_path),
        "HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path}/hotline.db",
    }
    words = [sys.executable, "-c", "from ivr.command.root import app; app()", "status"]
    ended = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60)
    assert "ValueError: 050*****67" in ended.stderr
    assert "0501234567" not in ended.stderr + ended.stdout


@pytest.mark.parametrize("json_lines", [True, False])
def test_what_would_not_be_seen_is_an_escape_in_every_part_of_a_log_line(json_lines: bool) -> None:
    hostile = "Ə\x1b]0;x\x07\x9b2J\u202e\u200b\n{"
    shown: Any = {"event": hostile, "exception": hostile}
    chain = processors(json=json_lines, colors=False)
    for process in chain if json_lines else chain[:-1]:  # the last one adds nothing but colours
        shown = process(None, "info", shown)
    for part in [shown] if json_lines else (shown["event"], shown["exception"].replace("\n", "")):
        assert part.isprintable()
        assert r"Ə\u001b]0;x\u0007\u009b2J\u202e\u200b" in part


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


@pytest.mark.slow
def test_what_the_system_refuses_a_command_is_told_in_a_sentence() -> None:
    """Such as to write an export to a full disk."""
    command = [sys.executable, "-c", "from ivr.command.root import app; app()", "menu", "graph"]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, "[Errno 28] No space left on device\n")
