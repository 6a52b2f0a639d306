"""`hotline report`: a period's figures on the terminal, as data, as tables and on paper."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection

from ivr import __version__
from ivr.asterisk.connection import utc_now
from ivr.base.masking import masked, visible
from ivr.command import issuing, scheduling
from ivr.command.issuing import Unprintable, file_of, printed
from ivr.command.loading import TimeZone, configuration_if_any, options
from ivr.command.options import Bom, Delimiter, group
from ivr.command.printing import fail, print_line, print_records, put, run_together, styled
from ivr.command.queue_logs import collect_rarely
from ivr.command.store import open_store
from ivr.config.model import Configuration
from ivr.figures.parts import ALL
from ivr.reading.day_figures import judging_of
from ivr.reports.assembly import make_report
from ivr.reports.explained import Explained, explained
from ivr.reports.lists import LISTABLE, ListedContact, NotKept, listed
from ivr.reports.long_table import LongRow, long_rows
from ivr.reports.period import EXAMPLES, NotAPeriod, period_of, range_of
from ivr.reports.report import By, Period, Report
from ivr.reports.rows import ROWS_ON_PAPER
from ivr.reports.spans import Tone
from ivr.reports.text import text

Format = Literal["text", "json", "csv", "xlsx", "html", "pdf"]
ReportLanguage = Literal["az", "en"]
_ON_PAPER: Final[frozenset[Format]] = frozenset({"xlsx", "pdf"})
"""Not for a terminal."""
_OF_LISTS: Final[frozenset[Format]] = frozenset({"text", "json", "csv"})
_STYLES: Final[Mapping[Tone, dict[str, Any]]] = {
    "": {},
    "bold": {"bold": True},
    "dim": {"dim": True},
    "good": {"fg": "green"},
    "bad": {"fg": "red", "bold": True},
}

app = group("A period's figures: text, data, tables, paper.", "hotline report month 2024-05 --lang en")


@dataclass(frozen=True)
class _Wanted:
    """The options every report has."""

    structure: str
    by: By | None
    language: ReportLanguage
    form: Format
    slice: str
    output: Path | None
    has_bom: bool
    delimiter: str

    def rows_of(self, period: Period) -> By | None:
        """What there is a row for: as asked, else on pages and in workbooks what suits the period."""
        return self.by or (ROWS_ON_PAPER[period.kind] if self.form in ("html", "pdf", "xlsx") else None)


Structure = Annotated[str, typer.Option(help="Only this structure.", show_default="all of them")]
ByWhat = Annotated[By | None, typer.Option(help="A row for each of these.")]
Lang = Annotated[ReportLanguage, typer.Option("--lang", help="Of texts, workbooks and papers.")]
Form = Annotated[Format, typer.Option("--format", help="What comes out.")]
Slice = Annotated[
    str,
    typer.Option("--list", metavar="SLICE", help=f"The contacts behind a figure: {', '.join(LISTABLE)}."),
]
Output = Annotated[Path | None, typer.Option(help="A file instead of the terminal.", dir_okay=False)]
WorkingHours = Annotated[bool, typer.Option("--working-hours", help="Only within service hours.")]


def _report(read: Callable[..., Period], label: Any, what: str) -> Callable[..., None]:
    """The command whose argument `label` is annotated so, and read as a period by `read`."""

    def command(
        label: Any,
        structure: Structure = ALL,
        by: ByWhat = None,
        language: Lang = "az",
        form: Form = "text",
        slice_: Slice = "",
        output: Output = None,
        working_hours: WorkingHours = False,
        has_bom: Bom = False,
        delimiter: Delimiter = ",",
        time_zone: TimeZone = "",
    ) -> None:
        zone = options().zone
        try:
            period = read(label, zone.key, working_hours_only=working_hours)
        except NotAPeriod as wrong:
            fail(str(wrong), status=2)
        _run(period, zone, _Wanted(structure, by, language, form, slice_, output, has_bom, delimiter))

    command.__annotations__["label"] = label
    command.__doc__ = what
    return command


def _range(days: tuple[datetime, datetime], time_zone: str, *, working_hours_only: bool) -> Period:
    first, last = (day.date() for day in days)
    return range_of(first, last, time_zone, working_hours_only=working_hours_only)


for _kind, _example in EXAMPLES.items():
    _label = Annotated[str, typer.Argument(metavar=_example, help=f"The {_kind}.", show_default=False)]
    app.command(_kind, epilog=f"Example: hotline report {_kind} {_example}")(
        _report(partial(period_of, _kind), _label, f"The report of one {_kind}.")
    )
_days = typer.Argument(formats=["%Y-%m-%d"], metavar="FROM TO", help="The first and the last day.")
app.command("range", epilog="Example: hotline report range 2024-05-01 2024-05-14 --by day")(
    _report(
        _range,
        Annotated[tuple[datetime, datetime], _days],
        "The report from one day to another, both included.",
    )
)
app.add_typer(issuing.app)
app.add_typer(scheduling.app)


def _run(period: Period, zone: ZoneInfo, wanted: _Wanted) -> None:
    _refuse(wanted)
    collect_rarely()
    configuration = configuration_if_any()
    with open_store() as store:
        if wanted.slice:
            store.read(lambda connection: _print_list(connection, period, configuration, wanted))
            return
        report = store.read(
            lambda connection: make_report(
                connection, period, configuration, zone, utc_now(), __version__,
                by=wanted.rows_of(period), structure=wanted.structure,
            )
        )  # fmt: skip
    if wanted.structure not in (ALL, *report.titles):
        known = ", ".join(report.titles) or "none yet"
        fail(f"there is no structure {wanted.structure!r}", hint=f"known: {known}", status=2)
    why = explained(report, wanted.language)
    if wanted.form == "text" and wanted.output is None:
        for line in text(report, wanted.language, why):
            print_line(run_together(styled(span.text, **_STYLES[span.tone]) for span in line))
        return
    try:
        content = _content(report, wanted, why)
    except Unprintable as problem:
        fail(str(problem), hint="text, json and csv need no package and no template")
    put(content, wanted.output)


def _refuse(wanted: _Wanted) -> None:
    """End the command if the options do not go together."""
    if wanted.slice and wanted.slice not in LISTABLE:
        fail(f"there is no list {wanted.slice!r}", hint=f"one of {', '.join(LISTABLE)}", status=2)
    if wanted.slice and wanted.form not in _OF_LISTS:
        fail(f"no list comes out as {wanted.form}", hint="--format json or csv", status=2)
    if wanted.form != "csv" and (wanted.has_bom or wanted.delimiter != ","):
        fail("--bom and --delimiter are of CSV", hint="add --format csv", status=2)
    if wanted.form in _ON_PAPER and wanted.output is None and sys.stdout.isatty():
        fail(f"a terminal cannot show {wanted.form}", hint="name a file with --output", status=2)


def _content(report: Report, wanted: _Wanted, why: Sequence[Explained]) -> bytes:
    """The whole report in that format. Raises Unprintable."""
    match wanted.form:
        case "text":
            lines = text(report, wanted.language, why)
            return "".join(visible("".join(span.text for span in line)) + "\n" for line in lines).encode()
        case "csv":
            return _records("csv", LongRow._fields, map(LongRow._asdict, long_rows(report)), wanted)
        case "html":
            return printed(report, wanted.language, as_html=True)
        case "pdf" | "xlsx" | "json" as form:
            return file_of(report, wanted.language, form)


def _records(
    form: Literal["jsonl", "csv"], columns: Sequence[str], rows: Iterable[Mapping[str, Any]], wanted: _Wanted
) -> bytes:
    file = StringIO(newline="")
    print_records(form, columns, rows, delimiter=wanted.delimiter, has_bom=wanted.has_bom, file=file)
    return file.getvalue().encode()


def _print_list(
    connection: Connection, period: Period, configuration: Configuration | None, wanted: _Wanted
) -> None:
    judging = judging_of(connection, configuration, options().zone)
    contacts = listed(connection, period, judging, wanted.slice, wanted.structure, utc_now())
    rows = (_listed(row) for row in contacts)
    form: Literal["jsonl", "csv"] = "csv" if wanted.form == "csv" else "jsonl"
    try:
        content = _records(form, ListedContact._fields, rows, wanted)
    except NotKept:
        fail("the calls of these days are not kept any more, only their sums")
    put(content, wanted.output)


def _listed(row: ListedContact) -> dict[str, Any]:
    """With its number masked and its moment as JSON has it."""
    return row._asdict() | {"joined_at": row.joined_at.isoformat(), "caller": masked(row.caller)}
