"""`hotline data import`: records of other systems, from CSV files that `ivr.imports` reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from os import fstat
from pathlib import Path
from typing import Annotated, BinaryIO, Final

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
from ivr.storage.engine.store import Store
from ivr.storage.records.imports import begin, end, store

_CORRECT: Final = "correct it and import it again"
_READABLE: Final = "name a file that can be read"

_AT_ONCE: Final = 2000
"""Rows in one statement; all are in one transaction."""
_SHOWN: Final = 50
"""Problems; of the others it says how many there are."""


class _TakenBack(Exception):
    """Ends the transaction of a dry run, or of a file that changed while it was read."""


class _Problems:
    """The first problems of a file, and how many there are."""

    def __init__(self) -> None:
        self._first: list[Problem] = []
        self.number = 0

    def add(self, problem: Problem) -> None:
        self.number += 1
        if self.number <= _SHOWN:
            self._first.append(problem)

    def show(self, path: Path) -> None:
        for line, column, says in self._first:
            print_line(f"{path}:{line}:{column} {says}", err=True)
        if (more := self.number - _SHOWN) > 0:
            print_line(f"and {more:,} more", err=True)


@dataclass(frozen=True)
class _Source:
    """The file, and how it is read: twice, so that none of its rows is in memory for long."""

    kind: Kind
    file: BinaryIO
    words: Vocabulary

    def read(self, advanced: Callable[[], None]) -> tuple[ImportFile, Iterator[Row | Problem]]:
        """It from its beginning on; `advanced` is called now and then."""
        self.file.seek(0)
        one = ImportFile(iter(partial(self.file.readline, LONGEST_LINE + 1), b""), self.kind, self.words)
        return one, self._followed(one.rows(), advanced)

    def _followed(
        self, rows: Iterator[Row | Problem], advanced: Callable[[], None]
    ) -> Iterator[Row | Problem]:
        for number, row in enumerate(rows):
            if number % _AT_ONCE == 0:
                advanced()
            yield row
        advanced()


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
    words, problems = _vocabulary(), _Problems()
    with open_store() as records, or_fail(_READABLE), file.open("rb") as opened, progress() as bar:
        if not opened.seekable():
            fail(f"{file}: is not a file that can be read twice", hint=_READABLE)

        def step(doing: str) -> Callable[[], None]:
            task = bar.add_task(doing, total=fstat(opened.fileno()).st_size)
            return lambda: bar.update(task, completed=opened.tell())

        source = _Source(kind, opened, words)
        for row in source.read(step("checking"))[1]:
            if isinstance(row, Problem):
                problems.add(row)
        if not (is_refused := problems.number > 0):
            number = _imported(records, source, name, step("importing"), problems, is_dry=dry_run)
    problems.show(file)
    if is_refused:
        fail(f"nothing is imported: the file has {problems.number:,} problems", hint=_CORRECT)
    print_line(f"{number:,} {kind} {'would be imported' if dry_run else 'imported'} as {name}")
    if problems.number:
        fail(f"{problems.number:,} {kind} left out", hint="the lines above say why")


def _imported(
    records: Store,
    source: _Source,
    name: str,
    advanced: Callable[[], None],
    problems: _Problems,
    *,
    is_dry: bool,
) -> int:
    """How many rows are stored, or would be; those that are left out are shown."""
    number = 0

    def work(connection: Connection) -> None:
        nonlocal number
        file, read = source.read(advanced)
        begun = begin(connection, source.kind, name)
        while some := list(islice(read, _AT_ONCE)):
            rows = {row.line: row for row in some if isinstance(row, Row)}
            if len(rows) < len(some):
                raise _TakenBack
            left_out = store(connection, begun, [(row.line, row.values) for row in rows.values()])
            for line, column, says in left_out:
                problems.add(file.problem(rows[line], column, says))
            number += len(rows) - len(left_out)
        end(connection, begun, number)
        noted(connection, "import", f"{source.kind} {name}", f"{number} rows")
        if is_dry:
            raise _TakenBack

    try:
        records.write(work)
    except _TakenBack:
        if not is_dry:
            fail("nothing is imported: the file was changed while it was read", hint="import it again")
    return number


def _vocabulary() -> Vocabulary:
    """The hotline's; without a configuration any structure is one, and topics are the report's."""
    configuration, zone = configuration_if_any(), options().zone
    read_number = reader(configuration)
    if configuration is None:
        return Vocabulary(zone, utc_now(), read_number, TOPICS)
    return Vocabulary(zone, utc_now(), read_number, configuration.topics, configuration.structures)
