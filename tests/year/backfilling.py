"""A year in files, `hotline data backfill` on them, and what it stored beside the truth."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from ivr.storage.engine.store import Store
from ivr.storage.schema.recorded import visits
from tests.year.generator import Truth, lines

_COMMAND = (sys.executable, "-c", "from ivr.command.root import app; app()")
_LOOK_EVERY = 0.2


@dataclass(frozen=True)
class Cost:
    """Of one run of the command: seconds, and the peak memory of its processes together."""

    seconds: float
    megabytes: float
    said: str


def write_year(path: Path, seed: int, calls: int) -> tuple[int, Truth]:
    """Write the file; how many lines it has, and what must be stored of them."""
    truth: Truth = Truth()
    with path.open("w") as file:
        number = sum(1 for line in lines(seed, calls, truth) if file.write(line))
    return number, truth


def backfill(url: str, *files: Path) -> Cost:
    """Read the files into that database, every queue. Raises RuntimeError."""
    return measured(url, "data", "backfill", "--all-queues", *map(str, files))


def measured(url: str, *arguments: str) -> Cost:
    """Run the command on that database; RuntimeError with what it said if it fails."""
    peaks: dict[str, int] = {}
    began = time.monotonic()
    with subprocess.Popen(
        [*_COMMAND, *arguments],
        env=os.environ | {"HOTLINE_DATABASE_URL": url}, stdout=subprocess.PIPE, text=True,
    ) as command:  # fmt: skip
        while command.poll() is None:
            peaks |= _peaks(command.pid)
            with suppress(subprocess.TimeoutExpired):
                command.wait(_LOOK_EVERY)
        seconds = time.monotonic() - began
        said = command.stdout.read() if command.stdout else ""
    if command.returncode:
        raise RuntimeError(f"{arguments[:2]} ended with status {command.returncode}: {said}")
    return Cost(seconds, sum(peaks.values()) / 1024, said)


def _peaks(pid: int) -> dict[str, int]:
    """Peak resident kilobytes so far of the process and its children."""
    found = {}
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (str(pid), *children):
            status = Path(f"/proc/{one}/status").read_text()
            for line in status.splitlines():  # one that has just ended has no memory
                if line.startswith("VmHWM:"):
                    found[one] = int(line.split()[1])
    return found


def stored(store: Store) -> Truth:
    """What the store holds, counted as the generator counts."""
    counted = select(
        visits.c.queue,
        visits.c.outcome,
        func.count(),
        func.sum(visits.c.wait_seconds),
        func.sum(visits.c.talk_seconds),
    ).group_by(visits.c.queue, visits.c.outcome)
    found: Truth = Truth()
    for queue, outcome, *sums in store.read(lambda connection: connection.execute(counted).all()):
        for what, number in zip(("visits", "waited", "talked"), sums, strict=True):
            if number is not None:
                found[queue, outcome, what] = round(number)
    return found
