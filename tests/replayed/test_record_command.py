"""`hotline record` and `hotline data export` as processes, with no configuration at all."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.recordings.listening import Manner, bytes_of
from tests.recordings.replay import Replay
from tests.recordings.truth import CASES, Told, differences
from tests.terminal import on_terminal, unseen

HOTLINE = Path(sys.executable).parent / "hotline"
DEADLINE = 30.0


async def hotline(folder: Path, *arguments: str, **settings: str) -> asyncio.subprocess.Process:
    """Start the command in `folder`, its database and its spool there too."""
    return await asyncio.create_subprocess_exec(
        HOTLINE,
        *arguments,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOTLINE_DATABASE_URL": "sqlite:///seen.db",
            "HOTLINE_SPOOL": "seen.spool",
            **settings,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def said(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    try:
        out, err = await asyncio.wait_for(process.communicate(), DEADLINE)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def record(folder: Path, case: str, manner: Manner, chunk: int, end: signal.Signals) -> tuple[int, str]:
    return await listened(folder, bytes_of(CASES / case, manner), end, chunk)


async def listened(
    folder: Path, heard: Sequence[bytes], end: signal.Signals, chunk: int = 0
) -> tuple[int, str]:
    async with Replay(heard, chunk) as replay:
        address = f"127.0.0.1:{replay.port}"
        login = {"HOTLINE_AMI_USER": "listener", "HOTLINE_AMI_SECRET": "secret"}
        process = await hotline(folder, "record", "--ami", address, "--all-queues", **login)
        await asyncio.wait_for(replay.played.wait(), DEADLINE)
        process.send_signal(end)
        status, _, log = await said(process)
        return status, log


@pytest.mark.parametrize(
    ("case", "manner", "chunk", "end"),
    [
        ("member_name_utf8", Manner(0), 7, signal.SIGTERM),
        ("asterisk_killed", Manner(0, twice=True), 0, signal.SIGTERM),
        ("same_queue_twice", Manner(0, timestamps=False), 0, signal.SIGINT),
    ],
    ids=str,
)
def test_what_was_heard_is_committed_when_a_signal_ends_the_recorder(
    case: str, manner: Manner, chunk: int, end: signal.Signals, tmp_path: Path
) -> None:
    async def main() -> tuple[int, str, str]:
        status, log = await record(tmp_path, case, manner, chunk, end)
        _, exported, _ = await said(await hotline(tmp_path, "data", "export", "visits", "--full-numbers"))
        return status, log, exported

    status, log, exported = asyncio.run(main())
    assert status == 0, log
    found = [json.loads(line) for line in exported.splitlines()]
    told = [Told.of(row) for row in found]
    assert differences(case, told) == []
    assert not any(row["caller"] in log for row in found)


def test_status_knows_a_recorder_that_watches_any_asterisk(tmp_path: Path) -> None:
    async def main() -> list[tuple[int, str]]:
        async with Replay(bytes_of(CASES / "abandon_short", Manner(0))) as replay:
            address = f"127.0.0.1:{replay.port}"
            login = {"HOTLINE_AMI_USER": "listener", "HOTLINE_AMI_SECRET": "secret"}
            process = await hotline(tmp_path, "record", "--ami", address, "--all-queues", **login)
            async with asyncio.timeout(DEADLINE):
                while "AMI connected" not in (during := await status(tmp_path))[1]:
                    await asyncio.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            await said(process)
        return [during, await status(tmp_path, silent=True)]

    runs, ended = asyncio.run(main())
    assert runs[0] == 0
    assert runs[1].startswith("server main\n  record      since ")
    assert ended[0] == 1
    assert "start it: hotline record --server main" in ended[1]


async def status(folder: Path, *, silent: bool = False) -> tuple[int, str]:
    """Exit status and stdout; `silent`: as if nobody had given a sign of life for a while."""
    if silent:
        with closing(sqlite3.connect(folder / "seen.db")) as opened, opened:
            opened.execute("UPDATE processes SET seen_at = seen_at - 60000")
    told = await said(await hotline(folder, "status"))
    return told[:2]


def test_numbers_are_masked_unless_asked_for_and_both_formats_say_the_same(tmp_path: Path) -> None:
    async def main() -> tuple[str, str]:
        await record(tmp_path, "abandon_short", Manner(0), 0, signal.SIGTERM)
        _, lines, _ = await said(await hotline(tmp_path, "data", "export", "visits"))
        _, table, _ = await said(await hotline(tmp_path, "data", "export", "visits", "--format", "csv"))
        return lines, table

    lines, table = asyncio.run(main())
    (row,) = [json.loads(line) for line in lines.splitlines()]
    (cells,) = csv.DictReader(table.splitlines())
    assert row["caller"] == cells["caller"] == "064*****04"
    assert list(row) == list(cells)


def test_a_caller_id_that_is_a_formula_or_moves_a_cursor_is_text_in_a_file_and_on_a_terminal(
    tmp_path: Path,
) -> None:
    """As Asterisk writes it into `CallerIDNum` of every event."""
    hostile, shown = b"+cmd|' /C calc'!AA\x1b[J[/red]", r"+cmd|' /C calc'!AA\u001b[J[/red]"
    heard = [
        re.sub(rb"(CallerIDNum: )0[0-9]{9}\r", lambda at: at[1] + hostile + b"\r", one)
        for one in bytes_of(CASES / "abandon_short", Manner(0))
    ]

    async def main() -> list[str]:
        await listened(tmp_path, heard, signal.SIGTERM)
        words = ("data", "export", "visits", "--format", "csv")
        return [
            (await said(await hotline(tmp_path, *words, *numbers)))[1]
            for numbers in ((), ("--full-numbers",))
        ]

    for table in asyncio.run(main()):
        assert [row["caller"] for row in csv.DictReader(table.splitlines())] == [f"'{shown}"]
    url = f"sqlite:///{tmp_path / 'seen.db'}"
    [(status, lines)] = on_terminal([["data", "export", "visits"]], {"HOTLINE_DATABASE_URL": url}, tmp_path)
    assert (status, unseen(lines)) == (0, set())
    assert shown in lines


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--all-queues"], 2, "where is the AMI"),
        (["--all-queues", "--ami", "127.0.0.1:x"], 2, "is no HOST:PORT"),
        (["--all-queues", "--ami", "127.0.0.1:1"], 1, "no secret for the AMI user"),
        (["--ami", "127.0.0.1:1"], 1, "config check"),
    ],
)
def test_a_mistake_in_the_command_is_told_with_the_next_step(
    arguments: list[str], status: int, sentence: str, tmp_path: Path
) -> None:
    async def main() -> tuple[int, str, str]:
        return await said(await hotline(tmp_path, "record", *arguments))

    told_status, _, told = asyncio.run(main())
    assert told_status == status
    assert sentence in told
    assert "Traceback" not in told
