"""The head's page: each target with its result, last year's, and where in the period it was missed."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from ivr.figures.kpis import AT_MOST, IN_DAYS, Kpi
from ivr.reports.report import Report
from ivr.reports.svg import spark
from ivr.reports.tables import (
    Figure,
    before,
    kpi_figure,
    kpi_label,
    short_titles,
    shown,
    target_text,
    titles,
)
from ivr.reports.words import KPI_ORDER, PaperLanguage, not_measured, number, word

_MOST_COLUMNS: Final = 60
"""More would be too thin to see."""
Outcome = Literal["met", "missed", "unknown"]


class TargetLine(NamedTuple):
    """`last_year` is empty and `change` a dash where nothing is known; `spark`: the rows as SVG, or empty.

    `trend`: whether the change is for the better or the worse, as a word.
    """

    label: str
    figure: Figure
    target: str
    outcome: Outcome
    outcome_text: str
    last_year: Figure | str
    change: str
    trend: str
    spark: str
    why_missing: str


def target_lines(report: Report, language: PaperLanguage) -> list[TargetLine]:
    """Every KPI that has a target, in the ministry's order."""
    found = []
    for name in KPI_ORDER:
        kpi = report.all.kpis[name]
        if kpi.target is None:
            continue
        outcome: Outcome = "unknown" if kpi.met is None else "met" if kpi.met else "missed"
        earlier = before(report, report.all.name, name)
        found.append(
            TargetLine(
                kpi_label(report, name, language),
                kpi_figure(kpi),
                target_text(kpi, language),
                outcome,
                word(f"outcome.{outcome}", language),
                Figure(earlier[1], "days" if name in IN_DAYS else "percent") if earlier else "",
                *(_change(kpi, earlier[1], language) if earlier else ("–", "")),
                _spark(report, kpi, kpi.target, language),
                not_measured(language, kpi.missing) if kpi.missing else "",
            )
        )
    return found


def missed_elsewhere(report: Report, language: PaperLanguage) -> str:
    """The structures that miss a target which all together meet, with their values; or nothing."""
    short, found = short_titles(report, language), []
    for one in report.scopes[1:]:
        values = [
            f"{kpi_label(report, name, language, 'kpi_short')} {shown(kpi_figure(kpi), language)}"
            for name, kpi in one.kpis.items()
            if kpi.met is False and report.all.kpis[name].met
        ]
        if values:
            found.append(f"{short[one.name]}: {', '.join(values)}")
    return " · ".join(found)


def abbreviations(report: Report, language: PaperLanguage) -> str:
    """The full titles of abbreviated structures that miss a target; or nothing."""
    short, full = short_titles(report, language), titles(report, language)
    missing = [one.name for one in report.scopes[1:] if any(kpi.met is False for kpi in one.kpis.values())]
    return " · ".join(f"{short[name]}: {full[name]}" for name in missing if short[name] != full[name])


def _change(kpi: Kpi, earlier: float, language: PaperLanguage) -> tuple[str, str]:
    """Against the year before, rounded as both are printed: the number, and better or worse as a word."""
    if kpi.value is None:
        return "–", ""
    points = round(round(kpi.value, 1) - earlier, 1)
    if not points:
        return number(0, language), ""
    is_better = (points < 0) == (kpi.name in AT_MOST)
    shown = f"{'+' if points > 0 else ''}{number(points, language, None)}"
    return shown, word(f"text.{'better' if is_better else 'worse'}", language)


def _spark(report: Report, kpi: Kpi, target: float, language: PaperLanguage) -> str:
    found = (row.figures.kpis[kpi.name] for row in report.rows)
    known = [(one.value, one.met is False) for one in found if one.value is not None]
    label = kpi_label(report, kpi.name, language)
    return spark(label, known, target) if 1 < len(known) <= _MOST_COLUMNS else ""
