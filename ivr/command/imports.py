"""`hotline data import`: records of other systems, from CSV files that `ivr.imports` reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from os import fstat
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy import Connection

from ivr.asterisk.connection import utc_now
from ivr.calls.numbers import reader
from ivr.command.loading import TimeZone, configuration_if_any, options
from ivr.command.options import LONGEST, line_option
from ivr.command.printing import fail, or_fail, print_line, progress
from ivr.command.store import noted, open_store
from ivr.config.model import TOPICS
from ivr.imports.columns import Kind, Vocabulary
from ivr.imports.files import LONGEST_LINE, ImportFile, Problem, Row
from ivr.storage.engine.statements import StoredRows
from ivr.storage.engine.store import Store
from ivr.storage.records.imports import Overtaken, Preparation, replace

_CORRECT: Final = "correct it and import it again"
_READABLE: Final = "name a file that can be read"

_AT_ONCE: Final = 2000
"""Rows that are looked up, and stored, by one statement."""
_SHOWN: Final = 50
"""Problems; of the others it says how many there are."""


class _Problems:
    """The first problems of a file, and how many there are."""

    def __init__(self) -> None:
        self._first: list[Problem] = []
        self.number = 0

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.number += 1
            if self.number <= _SHOWN:
                self._first.append(problem)

    def show(self, path: Path) -> None:
        for line, column, says in self._first:
            print_line(f"{path}:{line}:{column} {says}", err=True)
        if (more := self.number - _SHOWN) > 0:
            print_line(f"and {more:,} more", err=True)


def import_file(
    kind: Annotated[Kind, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="A CSV file with a header, in UTF-8.", metavar="FILE.csv")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, store nothing.")
    ] = False,
    name: Annotated[str, line_option("Owner of the rows; default the file's name.")] = "",
    time_zone: TimeZone = "",
) -> None:
    """Import records of other systems. The same name again replaces what it brought in before.

    A problem in the file refuses it as a whole. Rows about calls that nobody knows, and rows known already,
    are listed, and the rest goes in; exit status 1. Both are listed as `file:line:column`.
    """
    name = name or file.name
    if len(name) > LONGEST or not name.isprintable():
        fail(f"the file's name is no text of at most {LONGEST} letters", hint="give another with --name")
    words, wrong, left_out = _vocabulary(), _Problems(), _Problems()
    with open_store() as records, or_fail(_READABLE), file.open("rb") as opened, progress() as bar:
        if not opened.seekable():
            fail(f"{file}: is not a plain file", hint=_READABLE)
        before = fstat(opened.fileno())
        checking = bar.add_task("checking", total=before.st_size)
        source = ImportFile(iter(partial(opened.readline, LONGEST_LINE + 1), b""), kind, words)
        prepared = records.read(lambda c: Preparation(c, kind, name))
        for some in _portions(source.rows()):
            wrong.extend(row for row in some if isinstance(row, Problem))
            if not wrong.number:
                left_out.extend(_prepare(records, prepared, source, some))
            bar.update(checking, completed=opened.tell())
        after = fstat(opened.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            fail("nothing is imported: the file was changed while it was read", hint="import it again")
        if not dry_run and not wrong.number:
            _store(records, prepared, bar.track(prepared.portions, description="storing"))
    if wrong.number:
        wrong.show(file)
        fail(f"nothing is imported: the file has {wrong.number:,} problems", hint=_CORRECT)
    left_out.show(file)
    print_line(f"{prepared.number:,} {kind} {'would be imported' if dry_run else 'imported'} as {name}")
    if left_out.number:
        fail(f"{left_out.number:,} {kind} left out", hint="the lines above say why")


def _portions(rows: Iterator[Row | Problem]) -> Iterator[list[Row | Problem]]:
    while some := list(islice(rows, _AT_ONCE)):
        yield some


def _prepare(
    records: Store, prepared: Preparation, file: ImportFile, some: Iterable[Row | Problem]
) -> Iterator[Problem]:
    """Prepare the rows; the problems of those that are left out."""
    rows = {row.line: row for row in some if isinstance(row, Row)}
    portion = [(row.line, row.values) for row in rows.values()]
    for line, column, says in records.read(lambda c: prepared.add(c, portion)):
        yield file.problem(rows[line], column, says)


def _store(records: Store, prepared: Preparation, portions: Iterable[StoredRows]) -> None:
    """In one transaction, with a line in the audit."""

    def work(connection: Connection) -> None:
        replace(connection, prepared, portions)
        noted(connection, "import", f"{prepared.kind} {prepared.name}", f"{prepared.number} rows")

    try:
        records.write(work)
    except Overtaken:
        fail("nothing is imported: records were deleted or stored meanwhile", hint="import it again")


def _vocabulary() -> Vocabulary:
    """The hotline's; without a configuration any structure is one, and topics are the report's."""
    configuration, zone = configuration_if_any(), options().zone
    read_number = reader(configuration)
    if configuration is None:
        return Vocabulary(zone, utc_now(), read_number, TOPICS)
    return Vocabulary(zone, utc_now(), read_number, configuration.topics, configuration.structures)
