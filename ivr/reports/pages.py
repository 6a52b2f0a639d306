"""A report as one HTML file and as PDF, from the same templates; an issued one with its letterhead.

Texts stand in `templates/`; a file of that name in a folder of the caller's takes the place of one of them.
The result is complete in itself: nothing is fetched, whatever a template says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ivr.reports import charts, further_tables, ministry_tables, tables, words
from ivr.reports.explained import explained, list_command
from ivr.reports.extra import report_extra
from ivr.reports.quality import quality_lines
from ivr.reports.report import Report
from ivr.reports.targets import abbreviations, missed_elsewhere, target_lines
from ivr.reports.words import PaperLanguage

if TYPE_CHECKING:
    import jinja2

SHIPPED: Final = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Issue:
    """What makes a report an issued one.

    `paragraphs`: the officer's words by section, such as `answered_lost`; `sha256` of the frozen figures.
    """

    number: str
    by: str
    sha256: str
    letterhead: Sequence[str] = ()
    paragraphs: Mapping[str, str] = field(default_factory=dict)


def html(
    report: Report,
    language: PaperLanguage,
    issue: Issue | None = None,
    templates: Path | None = None,
) -> str:
    """The report as one HTML file.

    Raises ExtraMissing, and jinja2.TemplateError for a template of the admin's that cannot be used.
    """
    return _environment(templates).get_template("report.html").render(
        **_context(report, language), issue=issue
    )  # fmt: skip


def pdf(
    report: Report,
    language: PaperLanguage,
    issue: Issue | None = None,
    templates: Path | None = None,
) -> bytes:
    """The report on A4. Raises what `html` raises."""
    text = html(report, language, issue, templates)
    with report_extra():
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    printed: bytes = HTML(string=text, url_fetcher=URLFetcher(allowed_protocols=())).write_pdf()
    return printed


def _environment(templates: Path | None) -> jinja2.Environment:
    with report_extra():
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    folders = [folder for folder in (templates, SHIPPED) if folder]
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _context(report: Report, language: PaperLanguage) -> dict[str, Any]:
    """What templates may use: the report, its tables and charts, and functions that give words."""
    from markupsafe import Markup

    made = {
        name: getattr(module, name)(report, language) for module, names in _TABLES.items() for name in names
    }
    return {
        "report": report,
        "language": language,
        "tables": made,
        "charts": {name: Markup(drawn) for name, drawn in charts.drawn(report, language).items()},
        "sections": {name: number for number, name in enumerate(_SECTIONS, 1)},
        "fewest_judged": charts.FEWEST_JUDGED,
        "misses": explained(report, language),
        "list_command": partial(list_command, report),
        "targets": [(line, Markup(line.spark)) for line in target_lines(report, language)],
        "missed_elsewhere": missed_elsewhere(report, language),
        "abbreviations": abbreviations(report, language),
        "quality": quality_lines(report, language),
        "key_figures": tables.key_figures(report, language),
        "definitions": ministry_tables.definitions(report, language),
        "word": partial(_word, report, language),
        "shown": lambda cell: tables.shown(cell, language),
        "not_measured": partial(words.not_measured, language),
        "period": words.period_text(report.period, language),
        "made": words.moment_text(report.made_at, report.period.time_zone, language),
        "title": words.word("report.title", language, period=words.period_text(report.period, language)),
    }


_SECTIONS: Final = (
    "answered_lost", "slices", "topics", "structures", "inquiries", "directions", "kpis", "heat", "waits",
    "callbacks", "menu", "quality", "definitions",
)  # fmt: skip
_TABLES: Final[Mapping[Any, Sequence[str]]] = {
    ministry_tables: (
        "answered_and_lost", "by_period", "slices", "slices_by_structure", "topics", "structures", "sheets",
        "sheets_carried", "queries_carried", "directions", "kpi_table", "kpis_by_period",
    ),
    further_tables: (
        "agents", "waits", "service_levels", "attempts", "attempts_by_hour", "callback_times", "balance",
        "menu_nodes", "missed_calls", "hidden_numbers",
    ),
}  # fmt: skip


def _word(report: Report, language: PaperLanguage, key: str, **values: object) -> str:
    if values:
        return words.word(key, language, **values)
    return words.limited(key, language, report.limits)
