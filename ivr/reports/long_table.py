"""A report as one long table, a line for each figure, under the names that the JSON document has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ivr.figures.kpis import IN_DAYS
from ivr.figures.parts import ALL
from ivr.reports.document import figures_of
from ivr.reports.report import Report
from ivr.reports.words import Reason, word


class LongRow(NamedTuple):
    """One figure: `scope` is `all` or a structure, `label` the hour, day, week or month of a row.

    `value` is not rounded, and empty if it is not measured; `not_measured` says why then.
    """

    scope: str
    label: str
    figure: str
    value: float | str
    unit: str
    target: float | str
    met: str
    provisional: str
    not_measured: str


_UNITS: Final[Mapping[str, str]] = {
    "mean_wait_seconds": "seconds",
    "mean_handle_seconds": "seconds",
    "mean_wait_of_too_short_seconds": "seconds",
    "answered_per_agent_day": "contacts per agent-day",
    "talk_seconds_per_agent_day": "seconds",
    "agent_days": "agent-days",
    "minutes_to_callback": "minutes",
    "menu_nodes": "calls",
    "inquiries": "sheets",
    "topics": "topics",
    "survey": "answers",
}
"""Of figures, by the first part of their name; all others are contacts."""
_WHY: Final[Mapping[str, Reason]] = {
    "mean_wait_seconds": "no_answered",
    "mean_handle_seconds": "no_answered",
    "answered_per_agent_day": "no_agents",
    "talk_seconds_per_agent_day": "no_agents",
    "minutes_to_callback": "no_callback_times",
    "inquiries": "no_inquiries",
    "directions": "no_inquiries",
    "topics": "no_topics",
    "survey": "no_surveys",
}
"""Why they are not measured; all others, because no contact is known."""
_NO_FIGURES: Final = frozenset({"handle_includes_wrap_up"})


def long_rows(report: Report) -> Iterator[LongRow]:
    """Every figure of every scope, then of every row of the report, then of the menu."""
    for scope, label, figures in figures_of(report):
        for name, value in figures.items():
            if name == "kpis":
                for kpi, found in value.items():
                    yield _kpi(scope, label, kpi, found)
            elif name not in _NO_FIGURES:
                for figure, number in _leaves(name, value):
                    yield _row(scope, label, figure, number)
    for (node, left_by), calls in report.nodes.items() if report.all.name == ALL else ():
        yield _row(ALL, "", f"menu_nodes.{node}.{left_by}", calls)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, float | None]]:
    if isinstance(value, Mapping):
        for part, found in value.items():
            yield from _leaves(f"{name}.{part}", found)
    else:
        yield name, value


def _row(scope: str, label: str, figure: str, value: float | None) -> LongRow:
    first = figure.partition(".")[0]
    why = "" if value is not None else _why(first)
    unit = _UNITS.get(first, "contacts")
    return LongRow(scope, label, figure, "" if value is None else value, unit, "", "", "", why)


def _kpi(scope: str, label: str, name: str, found: Mapping[str, Any]) -> LongRow:
    return LongRow(
        scope,
        label,
        f"kpis.{name}",
        _or_empty(found["value"]),
        "days" if name in IN_DAYS else "percent",
        _or_empty(found["target"]),
        _word(found["met"]),
        _word(found["provisional"]),
        found["not_measured"] or "",
    )


def _why(figure: str) -> str:
    if figure == "mean_wait_of_too_short_seconds":
        return "no lost call was too short"
    return word(f"missing.{_WHY.get(figure, 'no_contacts')}", "en")


def _or_empty(value: float | None) -> float | str:
    return "" if value is None else value


def _word(value: bool | None) -> str:
    return {None: "", True: "yes", False: "no"}[value]
