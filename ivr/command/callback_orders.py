"""`hotline callbacks add` and `import`: callbacks somebody asks for, one or a file of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final, cast, get_args

import typer

from callback_dialer.ordering import Order, Placed, place_all
from callback_dialer.policy import Policy
from ivr.asterisk.words import interface
from ivr.base.masking import masked, visible
from ivr.calls.numbers import ReadNumber, reader
from ivr.command.loading import moment_from, running_configuration
from ivr.command.options import key_of_pseudonyms, line_option, number_from
from ivr.command.printing import fail, print_line, print_lines, progress
from ivr.command.store import open_store, operator, remark
from ivr.config.callback_rules import Priority, Reason
from ivr.config.model import Configuration
from ivr.storage.engine.store import Store

NEEDED: Final = ("number", "queue")
OPTIONAL: Final = ("reason", "reference", "priority", "language", "not_before", "due", "agent", "skill")
LONGEST_REFERENCE: Final = 120
AT_ONCE: Final = 25
"""Rows in one transaction: nearly as fast as thousands, and who orders by key meanwhile waits for few."""


@dataclass(frozen=True)
class Desk:
    """What orders are read and placed with; `remark` is kept in their journal."""

    configuration: Configuration
    policy: Policy
    read: ReadNumber
    remark: str

    @classmethod
    def of(cls, by: str) -> Desk:
        """The desk of a checked configuration."""
        configuration = running_configuration()
        policy = Policy.of(configuration, key_of_pseudonyms)
        return cls(configuration, policy, reader(configuration), remark(by and f"--by {by}"))

    def place(self, store: Store, rows: Iterable[Mapping[str, str]]) -> list[Placed]:
        """The orders of these rows, in one transaction."""
        orders, server = [_order(row, self) for row in rows], next(iter(self.configuration.servers))
        return store.write(partial(place_all, orders=orders, policy=self.policy, server=server))


By = Annotated[str, line_option("Who asks for it, as a note; your login is counted.")]


def add(
    number: Annotated[str, typer.Argument(help="The citizen's number; `-` reads it.")],
    queue: Annotated[str, typer.Option(help="Whose agent shall talk with them.")],
    reason: Annotated[Reason, typer.Option(help="Why they are called.")] = "ordered",
    reference: Annotated[str, typer.Option(help="Such as an inquiry's number.")] = "",
    priority: Annotated[Priority, typer.Option(help="`callback.order` says what it means.")] = "normal",
    language: Annotated[str, typer.Option(help="In which they are greeted.")] = "",
    not_before: Annotated[str, typer.Option(help='"2026-11-23 14:00", the hotline\'s time.')] = "",
    due: Annotated[str, typer.Option(help="From then on it goes first.")] = "",
    agent: Annotated[str, typer.Option(help="Account; dialled only while this agent is idle.")] = "",
    skill: Annotated[str, typer.Option(help="Dialled only while an agent who has it is idle.")] = "",
    by: By = "",
) -> None:
    """Have a citizen called, under the same guards as after a missed call."""
    desk = Desk.of(by)
    number = number_from(number)
    given = {"number": number, "queue": queue, "reason": reason, "reference": reference}
    given |= {"priority": priority, "language": language, "not_before": not_before, "due": due}
    given |= {"agent": agent, "skill": skill}
    if problems := list(_problems(given, desk.configuration)):
        fail("; ".join(problems), status=2)
    with open_store() as store:
        [placed] = desk.place(store, [given])
    if not placed.is_new:
        fail(_refusal(placed), hint="hotline callbacks decide NUMBER tells what the guards say")
    held = f", held: {placed.decision.why}" if placed.decision.verdict == "held" else ""
    print_line(f"callback {placed.callback_id}: {masked(number)} in {queue}{held}")


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False)], by: By = ""
) -> None:
    """Have every citizen of a CSV file called.

    Columns, parted by commas or semicolons: number, queue; and any of reason, reference, priority, language,
    not_before, due, agent, skill.

    If a line cannot be read, none is imported. A number that is refused by the guards is told and left out.
    """
    desk = Desk.of(by)
    rows = list(_rows(file))
    unread = [(line, problem) for line, row in rows for problem in _problems(row, desk.configuration)]
    if unread:
        print_lines((f"{file}:{line}: {problem}" for line, problem in unread), err=True)
        fail("nothing was imported", hint="mend these lines and import the file again")
    refused = held = 0
    portions = [rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE)]
    with open_store() as store, progress() as bar:
        for portion in bar.track(portions, description=visible(file.name)):
            for (line, _), one in zip(portion, desk.place(store, [row for _, row in portion]), strict=True):
                held += one.decision.verdict == "held"
                if not one.is_new:
                    refused += 1
                    print_line(f"{file}:{line}: {_refusal(one)}", err=True)
    said = f", {held} of them held" if held else ""
    print_line(f"{len(rows) - refused} callbacks imported{said}, {refused} refused")
    raise typer.Exit(1 if refused else 0)


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and fields of each row; ends the command if the file has no such columns."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            parted_by = ";" if ";" in opened.readline() else ","
            opened.seek(0)
            table = csv.DictReader(opened, restval="", restkey="too many fields", delimiter=parted_by)
            for problem in _header_problems(table.fieldnames or ()):
                fail(f"{file}:1: {problem}", hint=f"columns: {', '.join((*NEEDED, *OPTIONAL))}")
            for row in table:
                yield table.line_num, row
    except (UnicodeDecodeError, csv.Error):
        fail(f"{file}: not CSV in UTF-8", hint="save it as CSV in UTF-8")


def _header_problems(columns: Sequence[str]) -> Iterator[str]:
    for unknown in sorted({*columns} - {*NEEDED, *OPTIONAL}):
        yield f"unknown column {unknown!r}"
    for twice in (column for column in columns if columns.count(column) > 1):
        yield f"column {twice!r} stands twice"
    if not {*NEEDED} <= {*columns}:
        yield "columns number and queue are needed"


def _problems(row: Mapping[str, str], configuration: Configuration) -> Iterator[str]:
    """What is wrong with the fields of one order."""
    if not row["number"].strip():
        yield "number is missing"
    serving = {name: one for name, one in configuration.agents.items() if row["queue"] in one.queues}
    words: dict[str, tuple[str, ...]] = {
        "queue": tuple(configuration.queues),
        "reason": ("", *get_args(Reason)),
        "priority": ("", *get_args(Priority)),
        "language": ("", *configuration.hotline.languages),
        "agent": ("", *serving),
        "skill": ("", *sorted({skill for one in serving.values() for skill in one.skills})),
    }
    for field, known in words.items():
        if row.get(field, "") not in known:
            yield f"{field} {row[field]!r} is unknown; known: {', '.join(filter(None, known)) or '(none)'}"
    for field in ("not_before", "due"):
        try:
            _moment(row, field)
        except ValueError:
            yield f"{field} {row[field]!r} is no moment like 2026-11-23 14:00"
    if len(row.get("reference", "")) > LONGEST_REFERENCE or not row.get("reference", "").isprintable():
        yield f"reference is no text of at most {LONGEST_REFERENCE} letters in one line"
    if "too many fields" in row:
        yield "more fields than columns"


def _order(row: Mapping[str, str], desk: Desk) -> Order:
    """The order of fields in which there is no problem."""
    configuration = desk.configuration
    account = row.get("agent", "")
    return Order(
        written=row["number"],
        number=desk.read(row["number"], "", ""),
        queue=row["queue"],
        by=operator(),
        remark=desk.remark,
        language=row.get("language") or configuration.default_language,
        reason=cast(Reason, row.get("reason") or "ordered"),
        reference=row.get("reference", ""),
        priority=cast(Priority, row.get("priority") or "normal"),
        not_before=_moment(row, "not_before"),
        due_by=_moment(row, "due"),
        agent=interface(account) if account else "",
        skill=row.get("skill", ""),
    )


def _moment(row: Mapping[str, str], field: str) -> datetime | None:
    return moment_from(row[field]) if row.get(field) else None


def _refusal(placed: Placed) -> str:
    which = f", callback {placed.callback_id}" if placed.callback_id else ""
    return f"{placed.decision.verdict}{which}: {placed.decision.why}"
