"""`hotline data backfill`: old queue_log files into the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy import Connection

from ivr.ahead import ahead, collect_rarely
from ivr.asterisk.queue_log import LogFile, in_order, is_cut, rotated
from ivr.calls.outside_text import visible
from ivr.command.checking import running_configuration
from ivr.command.options import fail, server_of
from ivr.command.parameters import AllQueues, ServerInRecords
from ivr.command.printing import print_line, progress
from ivr.command.store import open_store
from ivr.config.model import Configuration
from ivr.keeping import keep, known
from ivr.queue_log import Told, read_files
from ivr.storage import listening
from ivr.storage.bulk import take_statistics
from ivr.storage.engine import Store
from ivr.storage.schema import calls, visits
from ivr.storage.visits import Saved
from ivr.watched import Watched

_HINT: Final = "name queue_log files that can be read"
_ENOUGH: Final = 1000
"""New visits that show a database what its tables look like."""
_AT_ONCE: Final = 2
"""Blocks in one transaction: SQLite writes each page once for all of them."""


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
    found = queue_logs(files)
    try:
        # What a power cut takes back is read again: the bookmark goes back with it.
        with open_store(waits_for_disk=False) as store:
            lines, skipped, saved = _read(store, server, configuration, found)
        cut = [str(path) for path in files if is_cut(path)]
    except OSError as problem:
        fail(str(problem), hint="run it again: it goes on where everything before is stored")
    print_line(f"{lines:,} lines read: {saved.new:,} visits new, {saved.changed:,} changed")
    if saved.refused:
        print_line(f"{saved.refused:,} visits refused: retention has deleted the records of their days")
    if skipped:
        print_line(f"{skipped:,} lines skipped: they are longer than 64 kB")
    if cut:
        what = f"{', '.join(cut)} is damaged: what stands behind the damage is not read"
        fail(what, hint="restore it, and run this again")


def _read(
    store: Store, server: str, configuration: Configuration | None, files: list[LogFile]
) -> tuple[int, int, Saved]:
    """Read every file from its bookmark on; the lines read, the lines skipped, and what changed."""
    collect_rarely()
    watched = Watched.of(configuration)
    before = store.read(partial(known, server=server, watched=watched))
    lines, skipped, new, changed, refused, read_to = 0, 0, 0, 0, 0, None
    with progress() as bar:
        tasks = {
            file: bar.add_task(visible(file.path.name), total=file.path.stat().st_size) for file in files
        }
        for some in _portions(ahead(partial(read_files, server, configuration, files, before))):
            saved = store.write(partial(_keep, server=server, watched=watched, told=some))
            now_new = sum(one.new for one in saved)
            if new <= _ENOUGH < new + now_new:
                store.write(lambda connection: take_statistics(connection, calls, visits))
            new, changed = new + now_new, changed + sum(one.changed for one in saved)
            refused += sum(one.refused for one in saved)
            for told in some:
                lines, skipped = lines + told.lines, skipped + told.skipped
                bar.update(tasks[told.file], completed=told.packed)
            read_to = some[-1].read_to
    if read_to is not None:
        began = files[0].began_at
        store.write(lambda connection: listening.count_rebuilt(connection, server, began, read_to))
    return lines, skipped, Saved(new, changed, refused)


def _keep(connection: Connection, server: str, watched: Watched, told: list[Told]) -> list[Saved]:
    return [keep(connection, server, watched, one) for one in told]


def _portions(told: Iterator[Told]) -> Iterator[list[Told]]:
    while some := list(islice(told, _AT_ONCE)):
        yield some


def queue_logs(paths: Collection[Path]) -> list[LogFile]:
    """The files in the order in which they were written; ends the command if one is none or not readable."""
    found = _readable(lambda: in_order(paths))
    for file in found:
        if not file.began:
            fail(f"{file.path}: is no queue_log", hint=_HINT)
    return found


def own_queue_logs(path: Path) -> list[LogFile]:
    """The server's log at `path` with its rotated ones; ends the command if one is not readable."""
    return _readable(lambda: rotated(path))


def _readable(find: Callable[[], list[LogFile]]) -> list[LogFile]:
    try:
        return find()
    except OSError as problem:
        fail(f"{problem.filename or 'queue_log'}: {problem.strerror}", hint=_HINT)
