"""A CSV file as lines of bytes in, rows and problems out, each problem with the line and column it stands at.

UTF-8 with or without a byte order mark; the header says whether `,` or `;` parts the fields and which column
is which. One record is in memory at a time, and no line or field grows without end.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple

from ivr.imports.columns import Column, Kind, Values, Vocabulary, columns_of, contradiction

LONGEST_LINE: Final = 65_536
"""Bytes."""
_SHOWN: Final = 40
"""Characters of a field in a sentence about it."""


class Problem(NamedTuple):
    """What is wrong at a line and at the character of it where the field begins, both from 1."""

    line: int
    column: int
    says: str


class Row(NamedTuple):
    """A record: the line it begins in, its text, and its values by the names of the store's columns."""

    line: int
    text: str
    values: Values


class ImportFile:
    """One file of a kind. `rows` reads it once; `problem` says where a field of a row it gave stands."""

    def __init__(self, lines: Iterable[bytes], kind: Kind, words: Vocabulary) -> None:
        """`lines`: with their ends; one that is longer than `LONGEST_LINE` may be cut behind that."""
        self._kind, self._words = kind, words
        self._columns = columns_of(kind, words)
        self._defaults = {column.stored: column.default for column in self._columns.values()}
        iterator = iter(lines)
        first = next(iterator, b"").removeprefix(codecs.BOM_UTF8)
        self._delimiter = ";" if b";" in first else ","
        self._lines = _Lines(chain((first,) if first else (), iterator))
        self._header: list[str] = []

    def rows(self) -> Iterator[Row | Problem]:
        """Every row, and every problem in its place; a file whose header is wrong has no rows."""
        records = self._records()
        header = next(records, Problem(1, 1, f"the file is empty; its columns are {self._known()}"))
        if isinstance(header, Problem):
            yield header
            return
        self._header = [name.strip() for name in header]
        if wrong := list(self._wrong_columns()):
            yield from wrong
            return
        columns = [self._columns[name] for name in self._header]
        for fields in records:
            if isinstance(fields, Problem):
                yield fields
            elif (row := self._row(fields, columns)) is not None:
                yield row
            elif fields:  # else the line is empty
                yield from self._wrong_fields(fields, columns)

    def problem(self, row: Row, name: str, says: str) -> Problem:
        """The problem that the field of that column is."""
        return self._at(row.line, row.text, self._header.index(name), says)

    def _records(self) -> Iterator[list[str] | Problem]:
        reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        while True:
            self._lines.begin_record()
            try:
                yield next(reader)
            except StopIteration:
                return
            except _NoText as problem:
                yield problem.args[0]
                if problem.is_last:
                    return
            except csv.Error as problem:
                why = str(problem).partition(" - ")[0]  # what follows is for programmers
                yield Problem(self._lines.first, 1, f"the record that begins here is not CSV: {why}")
                return

    def _wrong_columns(self) -> Iterator[Problem]:
        for number, name in enumerate(self._header):
            if name not in self._columns:
                yield self._here(number, f"{_shown(name)} is not a column of {self._kind}: {self._known()}")
            elif name in self._header[:number]:
                yield self._here(number, f"column `{name}` stands there twice")
        for name, column in self._columns.items():
            if column.is_required and name not in self._header:
                yield self._here(0, f"column `{name}` is missing; columns are {self._known()}")

    def _known(self) -> str:
        return ", ".join(
            name if column.is_required else f"[{name}]" for name, column in self._columns.items()
        )

    def _row(self, fields: list[str], columns: list[Column]) -> Row | None:
        """None if there is a problem with it. Most rows have none, so nothing is looked at twice."""
        if len(fields) != len(columns):
            return None
        values = self._defaults.copy()
        try:
            for column, text in zip(columns, fields, strict=True):
                if text := text.strip(" "):
                    values[column.stored] = column.read(text)
                elif column.is_required:
                    return None
        except ValueError:
            return None
        if contradiction(self._kind, values, self._words.zone):
            return None
        return Row(self._lines.first, self._lines.text, values)

    def _wrong_fields(self, fields: list[str], columns: list[Column]) -> Iterator[Problem]:
        """Every problem of a row that has some."""
        if len(fields) != len(columns):
            says = f"the row has {len(fields)} fields, the header {len(columns)}"
            yield self._here(min(len(fields), len(columns)) - 1, says)
            return
        values, is_each_good = self._defaults.copy(), True
        for number, (column, text) in enumerate(zip(columns, fields, strict=True)):
            text = text.strip(" ")
            try:
                if text:
                    values[column.stored] = column.read(text)
                elif column.is_required:
                    raise ValueError("is empty")
            except ValueError as problem:
                is_each_good = False
                said = f"{_shown(text)} {problem}" if text else str(problem)
                yield self._here(number, f"`{self._header[number]}`: {said}")
        if is_each_good and (found := contradiction(self._kind, values, self._words.zone)):
            name, says = found
            yield self._here(self._header.index(name), says)

    def _here(self, number: int, says: str) -> Problem:
        return self._at(self._lines.first, self._lines.text, number, says)

    def _at(self, line: int, text: str, number: int, says: str) -> Problem:
        begin = _begin_of_field(text, self._delimiter, number)
        before = text[:begin]
        return Problem(line + before.count("\n"), begin - before.rfind("\n"), says)


class _NoText(Exception):
    """A line that is no text; `is_last`: what follows it cannot be read either."""

    def __init__(self, problem: Problem, *, is_last: bool = False) -> None:
        super().__init__(problem)
        self.is_last = is_last


class _Lines:
    """The lines as text, and which of them the record that is being read consists of."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._number = 0
        self._record: list[str] = []

    def begin_record(self) -> None:
        self._record.clear()

    @property
    def first(self) -> int:
        """The number of the record's first line."""
        return self._number - len(self._record) + 1

    @property
    def text(self) -> str:
        return "".join(self._record)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        if len(line) > LONGEST_LINE:
            says = f"the line is longer than {LONGEST_LINE:,} bytes"
            raise _NoText(Problem(self._number, 1, says), is_last=True)
        try:
            text = line.decode()
        except UnicodeDecodeError as problem:
            column = len(line[: problem.start].decode()) + 1
            says = "this is not UTF-8: save the file as UTF-8"
            raise _NoText(Problem(self._number, column, says)) from None
        self._record.append(text)
        return text


def _begin_of_field(text: str, delimiter: str, number: int) -> int:
    """The index in a record's text at which its field of that number, from 0, begins."""
    begin, is_quoted = 0, False
    for index, letter in enumerate(text):
        if number == 0:
            break
        if letter == '"' and (is_quoted or index == begin):
            is_quoted = not is_quoted
        elif letter == delimiter and not is_quoted:
            begin, number = index + 1, number - 1
    return begin


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
