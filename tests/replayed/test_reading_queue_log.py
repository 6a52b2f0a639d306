"""queue_log as somebody may leave it: lines without an end, and neighbours that are not files."""

from __future__ import annotations

import asyncio
import os
import threading
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from callback_dialer.milestones import lines_of
from ivr.asterisk import queue_log
from ivr.asterisk.queue_log import blocks, identify
from ivr.storage.engine.store import Store
from tests.replayed.test_following import (
    COMPLETE,
    CONNECT,
    JOIN,
    WHOLE,
    append,
    follower,
    path,
    read_on,
    store,
    told,
)

__all__ = ["path", "store"]

MEGABYTE = 1 << 20
ENDLESS = 32 * MEGABYTE
STARTED = "1795364000|NONE|NONE|NONE|QUEUESTART|\n"


def bytes_read() -> int:
    """By this process, from whatever it has open."""
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counters["rchar"])


def test_a_line_without_an_end_is_read_once_in_little_memory_and_what_follows_it_is_recorded(
    store: Store, path: Path
) -> None:
    """All of it was held, copied for each block, and read again twice a second."""
    append(path, STARTED + "x" * ENDLESS)
    one = follower(store, path)
    read_on(one)
    before = bytes_read()
    append(path, "y" * ENDLESS)
    tracemalloc.start()
    read_on(*[one] * 11)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * MEGABYTE
    assert bytes_read() - before < ENDLESS + 8 * MEGABYTE
    append(path, "\n" + JOIN + CONNECT + COMPLETE)
    read_on(one)
    assert (told(store), one.skipped) == (WHOLE, 1)


def test_a_file_that_begins_with_an_endless_line_is_followed(store: Store, path: Path) -> None:
    append(path, "x" * MEGABYTE)
    one = follower(store, path)
    read_on(one)
    append(path, "\n" + JOIN + CONNECT + COMPLETE)
    read_on(one)
    assert (told(store), one.skipped) == (WHOLE, 1)


def test_the_event_loop_turns_while_queue_log_is_read(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each read waits for a heartbeat of the loop, which would never come if the loop read."""
    append(path, JOIN + CONNECT + COMPLETE)
    beat, missed = threading.Event(), []
    some = queue_log._some

    def waits_for_a_beat(*asked: Any) -> bytes:
        beat.clear()
        missed.append(not beat.wait(5.0))
        return some(*asked)

    async def main() -> None:
        reading = asyncio.create_task(follower(store, path).read_on())
        while not reading.done():
            await asyncio.sleep(0.01)
            beat.set()

    monkeypatch.setattr(queue_log, "_some", waits_for_a_beat)
    asyncio.run(main())
    assert told(store) == WHOLE
    assert not any(missed)


@pytest.mark.parametrize("step", [1, 7, 40, 1000])
def test_wherever_a_reader_stops_every_line_is_read_once_and_every_long_one_skipped(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With lines of up to 20 bytes, in blocks of 32."""
    monkeypatch.setattr(queue_log, "_LONGEST_LINE", 20)
    monkeypatch.setattr(queue_log, "BLOCK_BYTES", 32)
    lengths = [12, 20, 21, 0, 33, 19, 64, 65, 1, 100, 31, 32, 20, 500, 3]
    lines = [f"{number:x}" * length for number, length in enumerate(lengths)]
    whole = "".join(f"{line}\n" for line in lines)
    log, read, skipped, position = tmp_path / "queue_log", [], 0, 0
    for end in [*range(step, len(whole), step), len(whole)]:
        log.write_text(whole[:end])
        known = identify(log)
        for block in blocks(known, position) if known else ():
            read += block.lines
            skipped += block.skipped
            position = block.end
    assert [line for line in read if line] == [line for line in lines if 0 < len(line) <= 20]
    assert (skipped, position) == (sum(length > 20 for length in lengths), len(whole))


@pytest.fixture
def neighbours(path: Path) -> list[Path]:
    """A folder, a link to nothing, a link to a device and a pipe that nobody writes to."""
    named = [path.with_name(f"queue_log.{name}") for name in ("d", "1", "2", "3")]
    folder, dangling, device, pipe = named
    folder.mkdir()
    dangling.symlink_to(path.with_name("gone"))
    device.symlink_to("/dev/zero")
    os.mkfifo(pipe)
    return named


def test_what_became_of_an_attempt_is_read_whatever_stands_beside_the_log(
    path: Path, neighbours: list[Path]
) -> None:
    append(path.with_name("queue_log.0"), STARTED + "1795364070|cb-1|dvx|NONE|CBSTART|provider\n")
    append(path, "1795364090|cb-1|dvx|NONE|CBEND|BUSY 17\n")
    found = lines_of("cb-1", path, datetime.fromtimestamp(1795364060, UTC))
    assert [line.event for line in found or ()] == ["CBSTART", "CBEND"]


def test_the_log_is_followed_whatever_stands_beside_it_and_each_stranger_is_logged_once(
    store: Store, path: Path, neighbours: list[Path]
) -> None:
    one = follower(store, path)
    with capture_logs() as logged:
        append(path, JOIN)
        read_on(one)
        append(path, CONNECT)
        path.rename(path.with_name("queue_log.0"))
        append(path, COMPLETE)
        read_on(one)
    assert told(store) == WHOLE
    named = [line["path"] for line in logged if line["event"].startswith("beside queue_log")]
    assert sorted(named) == sorted(map(str, neighbours))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_log_that_is_no_file_is_reported_and_followed_once_it_is_one(
    make: Any, store: Store, path: Path
) -> None:
    make(path)
    one = follower(store, path)
    with capture_logs() as logged:
        read_on(one)
        path.rename(path.with_name("aside"))
        append(path, JOIN + CONNECT + COMPLETE)
        read_on(one)
    assert [line["event"] for line in logged] == ["queue_log is not followed", "queue_log is followed again"]
    assert "is not a regular file" in logged[0]["reason"]
    assert told(store) == WHOLE
