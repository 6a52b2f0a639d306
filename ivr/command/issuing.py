"""`hotline report issue` and `issued`: figures under a number, and what has changed of them since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from traceback import extract_tb
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from ivr import __version__
from ivr.asterisk.connection import utc_now
from ivr.command.loading import configuration_if_any, options, show_problems, timestamp
from ivr.command.options import AsJson, line_option
from ivr.command.printing import fail, json_text, or_fail, print_line, print_result, put
from ivr.command.store import noted, open_store
from ivr.config.loading import content_of, load_single
from ivr.config.reports import IssueTexts, ScheduledFormat
from ivr.reports import pages
from ivr.reports.assembly import make_report
from ivr.reports.document import document
from ivr.reports.extra import ExtraMissing
from ivr.reports.frozen import Change, changes, frozen, is_provisional, sha256_of
from ivr.reports.period import NotAPeriod, period_of
from ivr.reports.report import Report
from ivr.reports.rows import ROWS_ON_PAPER
from ivr.reports.words import PaperLanguage
from ivr.reports.workbook import workbook
from ivr.storage.engine.store import Store
from ivr.storage.records import issued
from ivr.storage.records.issued import IssuedKind, IssuedReport

app = typer.Typer()

TEXTS: Final = "reports"
"""Folder beside the YAML files: texts of issued reports, and `templates` instead of the shipped ones."""


class Unprintable(Exception):
    """The extra is missing, or a template of the admin's cannot be used; the text says what to do."""


@app.command("issue", epilog="Example: hotline report issue year 2024 --number 12 --by 'Leyla Quliyeva'")
def issue(
    kind: Annotated[IssuedKind, typer.Argument(help="Of what period.", show_default=False)],
    label: Annotated[str, typer.Argument(metavar="PERIOD", help="Such as 2024.", show_default=False)],
    number: Annotated[str, line_option("The report's number, given once.")],
    by: Annotated[str, line_option("Name of the officer who issues it.")],
    language: Annotated[PaperLanguage, typer.Option("--lang", help="Of the paper.")] = "az",
    output: Annotated[Path | None, typer.Option(help="The paper as PDF.", dir_okay=False)] = None,
    provisional: Annotated[bool, typer.Option("--provisional", help="Although figures may change.")] = False,
) -> None:
    """Freeze a report's figures, definitions and version under a number; both and a hash stand in the footer.

    Letterhead, signature and an officer's paragraphs come from `reports/PERIOD.yaml` in --config. The same
    figures with the same number are printed again; other figures are refused.
    """
    if not number.strip() or not by.strip():
        fail("--number and --by must not be empty", status=2)
    with open_store() as store:
        report = report_now(store, kind, label, options().zone)
        texts = getattr(_texts(options().config, f"{TEXTS}/{label}.yaml"), language)
        if is_provisional(report) and not provisional:
            fail(
                f"figures of {label} are provisional: they may still change",
                hint="wait until they are final, or give --provisional",
            )
        document = frozen(report)
        digest = sha256_of(document)
        fresh = IssuedReport(number, kind, label, report.made_at, by, __version__, digest, document)
        known = store.read(lambda c: issued.with_number(c, number))
        it = known or fresh
        _require_same(it, fresh)
        report = replace(report, made_at=_made_at(it), version=it.version)
        name = texts.signature or it.issued_by
        signed = pages.Issue(number, name, it.digest, texts.letterhead, texts.paragraphs)
        try:
            paper = printed(report, language, signed) if output else b""
        except Unprintable as wrong:
            fail(str(wrong))
        if known is None and not store.write(
            lambda c: noted(c, "report issued", number, f"{kind} {label}", by, done=issued.keep(c, fresh))
        ):
            fail(f"number {number} was given to another report just now")
    if output:
        put(paper, output)
    done = "is already issued" if known else "is issued"
    print_line(f"{kind} {label} {done} as {number}: SHA-256 {it.digest}")


def _require_same(it: IssuedReport, fresh: IssuedReport) -> None:
    """End the command if the number was given to another period or to other figures."""
    another = "choose another --number"
    if (it.kind, it.label) != (fresh.kind, fresh.label):
        fail(f"number {it.number} is given already, to {it.kind} {it.label}", hint=another)
    if found := changes(it.document, fresh.document):
        fail(
            f"number {it.number} is issued already, and {len(found)} figures have changed since",
            hint=f"see them: hotline report issued {it.number}; or {another}",
        )


def _made_at(it: IssuedReport) -> datetime:
    return datetime.fromisoformat(json.loads(it.document)["made_at"])


def _texts(folder: Path, name: str) -> IssueTexts:
    """The texts of that file, empty ones without it. Ends the command if the file is wrong."""
    if not (folder / name).exists():
        return IssueTexts()
    with or_fail("make it a readable file"):
        content = content_of(folder / name)
    texts, problems, _ = load_single(IssueTexts, name, content)
    if texts is None:
        show_problems(problems, folder, err=True)
        fail(f"{folder / name} has errors")
    return texts


def report_now(store: Store, kind: IssuedKind, label: str, zone: ZoneInfo) -> Report:
    """The report of all structures as it is now, with its rows; ends the command at a wrong period."""
    try:
        period = period_of(kind, label, zone.key)
    except NotAPeriod as wrong:
        fail(str(wrong), status=2)
    configuration = configuration_if_any()
    return store.read(
        lambda c: make_report(c, period, configuration, zone, utc_now(), __version__, by=ROWS_ON_PAPER[kind])
    )


def file_of(report: Report, language: PaperLanguage, form: ScheduledFormat) -> bytes:
    """The whole report as a file of that format. Raises Unprintable."""
    match form:
        case "pdf":
            return printed(report, language)
        case "json":
            return json_text(document(report, report.misses)).encode()
        case "xlsx":
            try:
                return workbook(report, language)
            except ExtraMissing as missing:
                raise Unprintable(str(missing)) from missing


def printed(
    report: Report, language: PaperLanguage, signed: pages.Issue | None = None, *, as_html: bool = False
) -> bytes:
    """The report as PDF or HTML, by the admin's own templates if there are any. Raises Unprintable."""
    own = options().config / TEXTS / "templates"
    templates = own if own.is_dir() else None
    try:
        if as_html:
            return pages.html(report, language, signed, templates).encode()
        return pages.pdf(report, language, signed, templates)
    except ExtraMissing as missing:
        raise Unprintable(str(missing)) from missing
    except Exception as wrong:  # an admin's template may raise anything
        where = _where(wrong, own)
        if templates is None or not where:
            raise
        do = f"correct it, or take it out of {own}: the shipped one is used then"
        raise Unprintable(f"{where}: {wrong or type(wrong).__name__}; {do}") from wrong


def _where(wrong: Exception, own: Path) -> str:
    """`FILE:LINE` of the template that raised it; a shipped one, too, may miss something of the admin's."""
    if isinstance(wrong, UnicodeDecodeError):
        return f"a template in {own}"
    of_templates = [
        one for one in extract_tb(wrong.__traceback__) if Path(one.filename).parent in (own, pages.SHIPPED)
    ]
    return f"{of_templates[-1].filename}:{of_templates[-1].lineno}" if of_templates else ""


@app.command("issued", epilog="Example: hotline report issued 12")
def show_issued(
    number: Annotated[str, typer.Argument(help="Compare this one with now.", show_default="list all")] = "",
    as_json: AsJson = False,
) -> None:
    """List issued reports; of one, every figure that has changed since, status 1 if any has.

    Compared are the figures of its own period, but for what retention has deleted since.
    """
    with open_store() as store:
        if not number:
            found = store.read(issued.every_issued)
            none = "no report has been issued"
            print_result(as_json, [_facts(it) for it in found], [_said(it) for it in found] or [none])
            return
        it = store.read(lambda c: issued.with_number(c, number)) or fail(f"no report has the number {number}")
        zone = ZoneInfo(json.loads(it.document)["period"]["time_zone"])
        different = changes(it.document, frozen(report_now(store, it.kind, it.label, zone)))
    is_whole = sha256_of(it.document) == it.digest
    facts = {**_facts(it), "is_whole": is_whole, "changes": [one._asdict() for one in different]}
    print_result(as_json, facts, _compared(it, different, is_whole=is_whole))
    raise typer.Exit(1 if different or not is_whole else 0)


def _facts(it: IssuedReport) -> dict[str, Any]:
    facts = asdict(it)
    del facts["document"]
    return facts


def _said(it: IssuedReport) -> str:
    return f"{it.number}: {it.kind} {it.label}, issued {timestamp(it.issued_at)} by {it.issued_by}"


def _compared(it: IssuedReport, different: Sequence[Change], *, is_whole: bool) -> Iterator[str]:
    yield _said(it)
    yield f"SHA-256 {it.digest}" if is_whole else "the stored report is NOT what was issued: its hash differs"
    yield f"{len(different)} figures have changed since:" if different else "every figure is as it was"
    for one in different:
        yield f"  {f'{one.scope} {one.figure}'.lstrip()}: {_shown(one.then)} → {_shown(one.now)}"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    if isinstance(value, str):
        return value
    return "–" if value is None else json.dumps(value, ensure_ascii=False)
