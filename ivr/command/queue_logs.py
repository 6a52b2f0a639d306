"""queue_log files: `hotline data backfill` stores them, `audit` compares them with what is stored.

Backfill reads lines in one process while it stores in the other, so that two cores share the work. Between
them goes a pipe of pickles, and the next one is fetched while one is used. The reading process is this module
as a program.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime, timedelta
from fcntl import F_SETPIPE_SZ, fcntl
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from sqlalchemy import Connection

from ivr.asterisk.connection import utc_now
from ivr.asterisk.queue_log import LogFile, in_order, is_cut, rotated
from ivr.base.masking import visible
from ivr.command.days import Days, data_of, lines_of, told_days
from ivr.command.loading import local, running_configuration, server_of, timestamp
from ivr.command.options import AllQueues, AsJson, LastDay, ServerInRecords, from_day, server_option
from ivr.command.printing import fail, print_line, print_result, progress
from ivr.command.store import open_store
from ivr.config.model import Configuration
from ivr.reading.agreement import Disagreement, LogComparison, Period, decided, sums
from ivr.recording.queue_log import QueueLog, Told, keep, known, read_files
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store
from ivr.storage.records.visits import Saved, take_statistics
from ivr.storage.running import listening

T = TypeVar("T")

_HINT: Final = "name queue_log files that can be read"
_ENOUGH: Final = 1000
"""New visits that show a database what its tables look like."""
_AT_ONCE: Final = 2
"""Blocks in one transaction: SQLite writes each page once for all of them."""
_AHEAD_BYTES: Final = 1 << 20
"""The longest pipe that Linux gives everybody."""
_SETTLED: Final = timedelta(minutes=5)
"""What happened in the last minutes may still be on its way."""


def backfill(
    files: Annotated[list[Path], typer.Argument(help="queue_log files, also rotated or packed by gzip.")],
    all_queues: AllQueues = False,
    server: ServerInRecords = "main",
) -> None:
    """Read queue_log files, old and new, in any order; what is known already stays as it is.

    It may be ended at any moment and run again: it goes on where everything before is stored.
    """
    configuration = None if all_queues else running_configuration()
    if configuration is not None:
        server_of(configuration, server)
    found = _given(files)
    try:
        # What a power cut takes back is read again: the bookmark goes back with it.
        with open_store(waits_for_disk=False) as store:
            sums = _read(store, server, configuration, found)
        cut = [str(path) for path in files if is_cut(path)]
    except OSError as problem:
        fail(str(problem), hint="run it again: it goes on where everything before is stored")
    print_line(f"{sums['lines']:,} lines read: {sums['new']:,} visits new, {sums['changed']:,} changed")
    if refused := sums["refused"]:
        print_line(f"{refused:,} visits refused: retention has deleted the records of their days")
    if skipped := sums["skipped"]:
        print_line(f"{skipped:,} lines skipped: they are longer than 64 kB")
    if cut:
        what = f"{', '.join(cut)} is damaged: what stands behind the damage is not read"
        fail(what, hint="restore it, and run this again")


def _read(
    store: Store, server: str, configuration: Configuration | None, files: list[LogFile]
) -> Counter[str]:
    """Read every file from its bookmark on; how many lines were read and skipped, and what `Saved` counts."""
    collect_rarely()
    watched = Watched.of(configuration)
    before = store.read(partial(known, server=server, watched=watched))
    sums, read_to = Counter[str](), None
    with progress() as bar:
        tasks = {
            file: bar.add_task(visible(file.path.name), total=file.path.stat().st_size) for file in files
        }
        for some in _portions(ahead(partial(read_files, server, configuration, files, before))):
            new_before = sums["new"]
            for saved in store.write(partial(_keep, server=server, watched=watched, told=some)):
                sums.update(asdict(saved))
            if new_before <= _ENOUGH < sums["new"]:
                store.write(take_statistics)
            for told in some:
                sums.update(lines=told.lines, skipped=told.skipped)
                bar.update(tasks[told.file], completed=told.packed)
            read_to = some[-1].read_to
    if read_to is not None:
        began = files[0].began_at
        store.write(lambda connection: listening.count_rebuilt(connection, server, began, read_to))
    return sums


def _keep(connection: Connection, server: str, watched: Watched, told: list[Told]) -> list[Saved]:
    return [keep(connection, server, watched, one) for one in told]


def _portions(told: Iterator[Told]) -> Iterator[list[Told]]:
    while some := list(islice(told, _AT_ONCE)):
        yield some


def audit(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="queue_log files of --server; else the servers' own, if this machine has them."),
    ] = None,
    begin: Annotated[datetime | None, from_day("yesterday")] = None,
    end: LastDay = None,
    server: Annotated[str, server_option("Whose the given files are.")] = "main",
    as_json: AsJson = False,
) -> None:
    """Whether sums close, each missed call has its decision, and queue_log tells the same.

    Exit status 1 if anything disagrees; days that retention has deleted are named. Days are the hotline's,
    and end five minutes ago at the latest.
    """
    configuration, days = running_configuration(), Days.asked(begin, end, days_back=1)
    period = Period(days.begin, min(days.end, utc_now() - _SETTLED))
    if files:
        server_of(configuration, server)
        logs = {server: _given(files)}
    else:
        own = {name: each.log_file for name, each in configuration.servers.items()}
        logs = {name: _readable(partial(rotated, path)) for name, path in own.items() if path is not None}
    with open_store() as store:
        found = sorted(_disagreements(store, configuration, period, logs))
        known = store.read(days.completeness)
    compared = [name for name, log in logs.items() if log]
    data = {**asdict(period), "compared_with_queue_log_of": compared, "disagreements": found}
    lines = (*_lines(found, period, compared, known.deleted_days), *lines_of(known))
    print_result(as_json, {**data, **data_of(known)}, lines)
    raise typer.Exit(1 if found else 0)


def _disagreements(
    store: Store, configuration: Configuration, period: Period, logs: Mapping[str, list[LogFile]]
) -> Iterator[Disagreement]:
    yield from store.read(lambda connection: list(sums(connection, period)))
    yield from store.read(lambda connection: list(decided(connection, period)))
    for server, files in logs.items():
        comparison, read_to = LogComparison(store, server, period, frozenset(configuration.queues)), None
        for told in QueueLog(server, Watched.of(configuration), {}).told(files, {}):
            yield from comparison.compare(told.changes.visits)
            read_to = told.read_to
        if read_to is not None:
            yield from comparison.end(files[0].began_at, read_to)


def _lines(
    found: list[Disagreement], period: Period, compared: list[str], deleted: list[date]
) -> Iterator[str]:
    for one in found:
        where = f"{one.server:<8}  {one.queue:<8}  {one.check:<9}  {one.subject:<20}"
        yield f"{timestamp(one.at)}  {where}  {one.says}"
    days = f"{local(period.begin):%Y-%m-%d %H:%M} to {local(period.end):%Y-%m-%d %H:%M}"
    logs = (
        f"queue_log of {', '.join(compared)}" if compared else "no queue_log (none is here; name its files)"
    )
    left = " in what is left" if deleted else ""
    yield f"{days}: {len(found) or 'no'} disagreements{left}; compared with {logs}"
    if deleted:
        yield f"cannot be audited any more: {told_days(deleted)}, whose records retention has deleted"


def _given(paths: Collection[Path]) -> list[LogFile]:
    """The files in the order in which they were written; ends the command if one is none or not readable."""
    found = _readable(partial(in_order, paths))
    for file in found:
        if not file.began:
            fail(f"{file.path}: is no queue_log", hint=_HINT)
    return found


def _readable(find: Callable[[], list[LogFile]]) -> list[LogFile]:
    """What `find` finds; ends the command if one of the files is not readable."""
    try:
        return find()
    except OSError as problem:
        fail(f"{problem.filename or 'queue_log'}: {problem.strerror}", hint=_HINT)


def ahead(make: Callable[[], Iterator[T]]) -> Iterator[T]:
    """What `make()` yields, made in a process of its own; `make` and all it yields can be pickled.

    Raises what the iteration raises; ChildProcessError, an OSError, if its process was killed.
    """
    command = [sys.executable, "-P", "-m", __name__]  # whatever lies in the working directory is not ours
    pipe = subprocess.PIPE
    with (
        # In a group of its own: Ctrl-C is for this process, which ends the other one.
        subprocess.Popen(command, stdin=pipe, stdout=pipe, process_group=0) as process,
        ThreadPoolExecutor(1) as reading,
    ):
        assert process.stdin
        assert process.stdout
        try:
            fcntl(process.stdout, F_SETPIPE_SZ, _AHEAD_BYTES)
            with process.stdin as theirs:
                pickle.dump(make, theirs)
            coming = reading.submit(pickle.load, process.stdout)
            while (one := coming.result()) is not None:
                if isinstance(one, Exception):
                    raise one
                coming = reading.submit(pickle.load, process.stdout)
                yield one
        except (BrokenPipeError, EOFError, pickle.UnpicklingError):
            raise ChildProcessError("the reading process was killed") from None
        finally:
            process.terminate()


def collect_rarely() -> None:
    """For whoever adds up or stores small things: to look for cycles in them costs a fifth of the time."""
    gc.freeze()
    gc.set_threshold(20_000)


def main() -> None:
    """The reading process: standard input says what to make, standard output gets it all, then None.

    The pipe holds back whoever is too far ahead.
    """
    with suppress(BrokenPipeError), os.fdopen(os.dup(1), "wb") as reader:
        os.dup2(2, 1)  # whatever is printed is no pickle
        make = pickle.load(sys.stdin.buffer)
        gc.disable()  # what it makes and drops are values in no cycle; to look for any is a tenth of its time
        for one in chain(_caught(make), (None,)):
            pickle.dump(one, reader, pickle.HIGHEST_PROTOCOL)
            reader.flush()


def _caught(make: Callable[[], Iterator[object]]) -> Iterator[object]:
    """All that is made, and the problem that ended it."""
    try:
        yield from make()
    except Exception as problem:
        yield problem


if __name__ == "__main__":
    main()
