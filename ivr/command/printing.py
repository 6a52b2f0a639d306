"""What a command writes to its terminal: lines, tables, JSON and a progress bar, whatever text they hold.

The only module that writes: `make lint` refuses `typer.echo`, `print` and rich's console elsewhere. No text
is taken for markup, and what would not be seen, or would move the cursor, is written as an escape.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, NoReturn, TextIO

import typer

from ivr.base.masking import spreadsheet_cell, visible, visible_lines
from ivr.base.permissions import write_whole

if TYPE_CHECKING:
    from rich.progress import Progress

_PROSE: Final = frozenset({"why", "note"})
"""Columns whose cells may take several lines."""


class Styled(str):
    """Text that is ready for a terminal."""


def styled(text: str, **style: Any) -> Styled:
    """The text in that colour or weight (`typer.style`)."""
    return Styled(typer.style(visible(text), **style))


class Table(NamedTuple):
    """The rows below the names of their columns; those named in `right` are figures."""

    columns: Sequence[str]
    rows: Iterable[Sequence[str]]
    right: Iterable[str] = ()
    title: str = ""


def run_together(parts: Iterable[Styled]) -> Styled:
    """The parts as they are, in one line."""
    return Styled("".join(parts))


def joined(*parts: str) -> Styled:
    """The parts with a space between them, in one line."""
    return Styled(" ".join(part if isinstance(part, Styled) else visible(part) for part in parts))


def print_line(line: str = "", *, err: bool = False) -> None:
    """One line."""
    typer.echo(joined(line), err=err)


def print_lines(lines: Iterable[str | Table], *, err: bool = False) -> None:
    """One line for each; a table, which goes to stdout, as a whole."""
    for line in lines:
        if isinstance(line, Table):
            _print_table(line)
        else:
            print_line(line, err=err)


def fail(message: str, *, hint: str = "", status: int = 1) -> NoReturn:
    """End the command: one sentence on stderr, what to do next below it, no stack trace."""
    print_line(styled(message, fg="red"), err=True)
    if hint:
        print_line(f"  {hint}", err=True)
    raise typer.Exit(status)


@contextmanager
def or_fail(hint: str, what: str = "") -> Iterator[None]:
    """End the command as `fail` does if the block raises OSError: `what`, else the file's name, and why."""
    try:
        yield
    except OSError as problem:
        fail(f"{what or problem.filename}: {problem.strerror}", hint=hint)


def print_document(text: str) -> None:
    """Text of ours in several lines, such as a picture, with no line end added."""
    typer.echo(visible_lines(text), nl=False)


def print_json(data: Any) -> None:
    """One JSON document, for programs."""
    typer.echo(json_text(data), nl=False)


def json_text(data: Any) -> str:
    """The document as text, indented."""
    return visible_lines(json.dumps(data, ensure_ascii=False, indent=2, default=_plain) + "\n")


def put(content: bytes, path: Path | None) -> None:
    """To stdout as it is, or as a whole to the file; what is no plain file, such as a pipe, is written to.

    Ends the command if the file cannot be written.
    """
    if path is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    with or_fail("name a file that can be written with --output", what=str(path)):
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            write_whole(path, content)


def print_result(as_json: bool, data: Any, lines: Iterable[str | Table]) -> None:
    """What a command found: with `--json` the data as one document, else the lines and tables."""
    if as_json:
        print_json(data)
    else:
        print_lines(lines)


def print_records(
    form: Literal["jsonl", "csv"],
    columns: Sequence[str],
    records: Iterable[Mapping[str, Any]],
    *,
    delimiter: str = ",",
    has_bom: bool = False,
    file: TextIO | None = None,
) -> None:
    """A JSON object a line, or CSV with a header, whose texts no spreadsheet runs; none is kept in memory.

    `has_bom`: CSV begins with the mark by which Excel knows UTF-8. `file`: instead of stdout.
    """
    file = file or sys.stdout
    if form == "jsonl":
        for record in records:
            file.write(visible(json.dumps(record, ensure_ascii=False)) + "\n")
        return
    file.write("\ufeff" * has_bom)
    writer = csv.DictWriter(file, columns, lineterminator="\n", delimiter=delimiter)
    writer.writeheader()
    for record in records:
        texts = {name: spreadsheet_cell(it) for name, it in record.items() if isinstance(it, str)}
        writer.writerow({**record, **texts})


def _print_table(table: Table) -> None:
    from rich import table as drawing  # commands that print no table start sooner without rich
    from rich.console import Console

    drawn = drawing.Table(box=None, padding=(0, 2, 0, 0), title=table.title or None, title_justify="left")
    drawn.header_style = "bold"
    for column in table.columns:
        justify: Any = "right" if column in table.right else "left"
        drawn.add_column(column, justify=justify, no_wrap=column not in _PROSE)
    for row in table.rows:
        drawn.add_row(*map(visible, row))
    Console(highlight=False, markup=False, emoji=False).print(drawn)


def progress() -> Progress:
    """A progress bar on stderr, if that is a terminal. Names of its tasks must be visible text already."""
    from rich import progress as bar
    from rich.console import Console

    columns = (bar.TextColumn("{task.description}", markup=False), bar.BarColumn())
    ends = (bar.TaskProgressColumn(), bar.TimeRemainingColumn())
    return bar.Progress(*columns, *ends, console=Console(stderr=True), disable=not sys.stderr.isatty())


def _plain(value: Any) -> Any:
    """A moment or a day as JSON has it; else one of our own values."""
    if isinstance(value, date):
        return value.isoformat()
    return {field.name: getattr(value, field.name) for field in fields(value)}
