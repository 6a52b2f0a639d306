"""The page of data quality: what is known of the records, and figures that belong to no table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ivr.reports.report import Report
from ivr.reports.tables import Figure, shown
from ivr.reports.words import PaperLanguage, day_text, moment_text, not_measured, number, word


class QualityLines(NamedTuple):
    """`statement`: whether the records are complete, and why not; `no_gaps`: what an empty `gaps` means.
    `can_change_figures`: whether what is not known can.

    `figures`: label and text; `gaps`: server, from, until, contacts rebuilt. `suspicious`: day, hour,
    contacts, usual ones.
    """

    statement: str
    can_change_figures: bool
    no_gaps: str
    figures: list[tuple[str, str]]
    gaps: list[tuple[str, str, str, str]]
    suspicious: list[tuple[str, str, str, str]]


def quality_lines(report: Report, language: PaperLanguage) -> QualityLines:
    """The texts of that page."""
    data, zone = report.data, report.period.time_zone
    reasons = [] if data.is_complete else list(_reasons(report, language))
    harmless = word("quality.complete" if data.is_complete else "quality.other_minutes_unknown", language)
    incomplete = f"{word('quality.incomplete', language)}: {', '.join(reasons)}"
    return QualityLines(
        incomplete if reasons else harmless,
        bool(reasons),
        word(f"quality.{'never_connected' if data.rebuilt_percent == 100 else 'no_gaps'}", language),
        [(label, _text(cell, language)) for label, cell in quality_figures(report, language)],
        [
            (
                gap.server,
                moment_text(gap.began_at, zone, language),
                moment_text(gap.ended_at, zone, language),
                word("quality.not_rebuilt", language)
                if gap.rebuilt is None
                else number(gap.rebuilt, language),
            )
            for gap in data.gaps
        ],
        [
            (
                day_text(day, language),
                f"{hour:02}:00–{hour:02}:59",
                number(contacts, language),
                number(usual, language),
            )
            for day, hour, contacts, usual in data.suspicious_hours
        ],
    )


def quality_figures(report: Report, language: PaperLanguage) -> list[tuple[str, Figure]]:
    """What is known of the records as a whole: labels and figures."""
    data, one = report.data, report.all
    repeat = report.repeat_callers
    again = Figure(None, "count", "not_kept")
    if repeat is not None:
        again = Figure(sum(numbers for contacts, numbers in repeat.items() if contacts > 1))
        again = again if repeat else Figure(None, "count", "no_contacts")
    measured = {
        "unknown_minutes": Figure(data.unknown_minutes)
        if data.unknown_minutes or one.kpis["availability"].value is not None
        else Figure(None, "count", "no_minutes"),
        "rebuilt_percent": Figure(data.rebuilt_percent, "percent", "no_contacts"),
        "provisional": _of_contacts(report, one.provisional),
        "unknown_keys": _of_contacts(report, one.unknown_key_exits),
        "including_callbacks": _of_contacts(report, one.answered_including_callbacks),
        "simple_pair": _of_contacts(report, one.contacts - one.answered),
        "asked": Figure(one.asked) if one.asked else Figure(None, "count", "no_surveys"),
        "rated": Figure(sum(one.ratings.values())) if one.asked else Figure(None, "count", "no_surveys"),
        "repeat_callers": again,
        "deleted_days": Figure(data.deleted_days),
    }
    return [(word(f"quality.{name}", language), cell) for name, cell in measured.items()]


def _reasons(report: Report, language: PaperLanguage) -> Iterator[str]:
    """Why the records are incomplete, with what that means for the figures."""
    data = report.data
    counts = {"gaps_not_rebuilt": [gap.rebuilt for gap in data.gaps].count(None),
              "minutes_unknown": data.unknown_minutes}  # fmt: skip
    for name, n in counts.items():
        if n:
            yield word(f"quality.{name}", language, number=number(n, language))
    if not any(counts.values()) and not report.all.contacts and report.all.kpis["availability"].value is None:
        yield word("quality.not_recorded", language)


def _of_contacts(report: Report, value: int) -> Figure:
    return Figure(value) if report.all.contacts else Figure(None, "count", "no_contacts")


def _text(cell: Figure, language: PaperLanguage) -> str:
    if cell.value is None:
        return not_measured(language, cell.missing)
    return shown(cell, language)
