"""`hotline config apply` stopped at each of its steps on a real Asterisk: the last good hotline runs on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from signal import SIGKILL
from unittest.mock import patch

from ivr.asterisk.messages import ActionLost
from ivr.asterisk.readiness import Send
from ivr.command.store import operator
from ivr.revisions import going_live, takeover
from tests.lab.applying import Admin
from tests.lab.house import House
from tests.lab.small import small_house, until

_FALSE_TEST = """
tests:
  news at key 3:
    given: {at: 2026-11-23 11:00}
    press: "3"
    ends: {node: news}
"""
_SMALL_FILES = ("sh", "-c", 'ulimit -f 16; exec "$@"', "sh", str(Path(sys.executable).with_name("hotline")))
"""No file may grow beyond 8 kB: the disk is full in the midst of the dialplan."""
_TOO_MANY = 700
"""Prompts in one step: more than the 8 kB Asterisk reads as one line."""
_STOPPING = """
import os, signal
from ivr.revisions import takeover
async def reload(send):
    os.kill(os.getpid(), signal.SIGSTOP)
takeover.reload = reload
from ivr.command.root import app
app()
"""
"""The command, stopped where its files are Asterisk's and Asterisk does not know yet."""


@contextmanager
def _with_text(path: Path, text: str) -> Iterator[None]:
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink() if before is None else path.write_text(before)


def _with_more(path: Path, text: str) -> AbstractContextManager[None]:
    return _with_text(path, path.read_text() + text)


def _with_other(path: Path, old: str, new: str) -> AbstractContextManager[None]:
    return _with_text(path, path.read_text().replace(old, new))


@contextmanager
def _cut_off() -> Iterator[None]:
    """The connection is lost when Asterisk already runs the new dialplan."""
    reload = takeover.reload

    async def cut_once(send: Send) -> None:
        takeover.reload = reload
        await reload(send)
        raise ActionLost("the connection was lost")

    takeover.reload = cut_once
    try:
        yield
    finally:
        takeover.reload = reload


@contextmanager
def _too_old() -> Iterator[None]:
    with patch.object(going_live, "OLDEST", 99):
        yield


Fault = Callable[[House], AbstractContextManager[None]]
FAULTS: Mapping[str, tuple[str, Fault]] = {
    "a mistake in the YAML": (
        "hotline.yaml:",
        lambda house: _with_more(house.config / "hotline.yaml", "\nhotlin: {}\n"),
    ),
    "a menu test that fails": (
        "menu.yaml:",
        lambda house: _with_text(house.config / "tests" / "menu.yaml", _FALSE_TEST),
    ),
    "a name no queue can carry": (
        "CFG003 `name`: an agent's name is one line without `|`",
        lambda house: _with_other(house.config / "hotline.yaml", "name: Elçin Hüseynov", "name: A|B"),
    ),
    "sentences that are not built": (
        "not applied: 2 sentences are not built",
        lambda house: _with_other(house.config / "hotline.yaml", "news", "newz"),
    ),
    "a sentence changed after it was built": (
        "not applied: 1 sentences are not built",
        lambda house: _with_other(house.config / "hotline.yaml", "We are closed now", "We are closed"),
    ),
    "an AMI that refuses us": (
        "not applied: Asterisk refuses hotline-apply",
        lambda house: _with_text(house.etc / "secrets.d" / "hotline-apply.conf", "secret = other\n"),
    ),
    "an Asterisk that is too old": (
        "callbacks join a queue at its end",
        lambda house: _too_old(),
    ),
    "a revision folder nobody can write": (
        "0002/config: Not a directory",
        lambda house: _with_text(house.etc / "hotline-revisions" / "0002", ""),
    ),
    "an Asterisk that cannot read its files": (
        "revision 1 is live as before",
        lambda house: _with_more(house.etc / "extensions.conf", '#include "lost.conf"\n'),
    ),
    "a connection that is lost": (
        "not applied: the connection was lost; revision 1 is live as before",
        lambda house: _cut_off(),
    ),
    "a line too long for Asterisk": (
        "revision 1 is live as before",
        lambda house: _with_other(
            house.config / "hotline.yaml", "      - news\n", "      - news\n" * _TOO_MANY
        ),
    ),
    "a step of somebody else's": (
        "195@hotline-in step 3 is Hangup(), not nothing; revision 1 does not run either",
        lambda house: _with_more(house.etc / "extensions.conf", "[hotline-in]\nexten => 195,3,Hangup()\n"),
    ),
}


def test_whatever_stops_an_apply_the_last_good_hotline_runs_on_and_the_next_apply_works(
    tmp_path: Path,
) -> None:
    """Each fault is told in one line with what to do, or at its line of the YAML."""

    async def scenario() -> None:
        async with small_house(tmp_path) as ear:
            admin = Admin(ear.house)
            await admin.report("apply")
            good, files = await admin.plan(), admin.files()
            admin.edit(queues__tax__max_wait="60s")
            for fault, (told, planted) in FAULTS.items():
                with planted(ear.house):
                    said = await admin.hotline("apply")
                assert said.status == 1, fault
                assert told in said.err, fault
                why, do = said.err.splitlines()[-2:]
                assert why.startswith("not applied: "), fault
                assert do.startswith("  "), fault
                await ear.house.asterisk.console("dialplan reload")
                assert (await admin.plan(), admin.files()) == (good, files), fault
                assert [each["number"] for each in await admin.report("history")] == [1, 0], fault
            assert (await admin.report("apply"))["revision"] == 2
            assert "Queue(tax,ci,,,60)" in await admin.plan()

    asyncio.run(scenario())


def test_a_killed_apply_leaves_whole_files_and_holds_nobody_up(
    tmp_path: Path,
) -> None:
    """A full disk and a second admin on the way; the second is told who is applying, a rollback undoes it."""

    async def scenario() -> None:
        async with small_house(tmp_path) as ear:
            admin, other = Admin(ear.house), Admin(ear.house)
            await admin.report("apply")
            good, files = await admin.plan(), admin.files()
            admin.edit(queues__tax__max_wait="60s")

            process = await admin.start(_SMALL_FILES, "apply")
            _, err = await process.communicate()
            assert b"File too large" in err
            assert (process.returncode, await admin.plan(), admin.files()) == (1, good, files)

            process = await admin.start((sys.executable, "-c", _STOPPING), "apply")
            await until(lambda: admin.files() != files or None, "the files of the new revision", 60.0)
            refused = await other.hotline("apply")
            assert refused.status == 1
            assert refused.err.startswith(f"not applied: somebody else is applying: {operator()}, since ")
            process.send_signal(SIGKILL)
            await process.communicate()
            assert await admin.plan() == good
            assert "cut off" in (await other.hotline("history")).err
            assert any("Queue(tax,ci,,,60)" in text for text in admin.files().values())
            await ear.house.restart()
            await until(lambda: ear.ami.is_connected or None, "AMI login", 20.0)
            assert "Queue(tax,ci,,,60)" in await admin.plan()

            back = await admin.report("rollback")
            assert (back["restores"], "Queue(tax,ci,,,60)" in await admin.plan()) == (1, False)

            admin.edit(queues__tax__max_wait="90s")
            applied = await other.report("apply")
            assert "Queue(tax,ci,,,90)" in await admin.plan()
            numbers = [0, 1, back["revision"], applied["revision"]]
            assert [each["number"] for each in await admin.report("history")] == numbers[::-1]
            folders = sorted(path.name for path in admin.revisions.iterdir() if path.is_dir())
            assert folders == [f"{number:04}" for number in numbers]

    asyncio.run(scenario())
