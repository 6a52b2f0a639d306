"""Every number of the published report, by its path in the YAML, beside a JSON report's figure for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.year.plan import CONTRADICTIONS, JSON_NAMES, KPI_COLUMNS, SHEET_COLUMNS, half_unit
from tests.year.scopes import QUERY_KINDS

_SLICES = {
    "called_again_and_answered": "called_again",
    "called_back": "called_back",
    "system_error": "impossible",
    "waited_under_10_seconds": "too_short",
    "not_called_back": "not_called_back",
}


class Number(NamedTuple):
    """`path`: in the YAML, a column by its name; `found` is None where the report has nothing."""

    path: str
    printed: float
    found: float | None

    @property
    def is_found(self) -> bool:
        """It lies within half a unit of the last digit printed."""
        within = half_unit(self.printed) + 1e-9
        return self.found is not None and abs(self.found - self.printed) <= within


def wrong(report: Mapping[str, Any], scopes: Mapping[str, Any], before: Mapping[str, float]) -> list[str]:
    """The paths that are not found, but for those in which the report contradicts its own counts."""
    missing = {one.path for one in numbers(report, scopes, before) if not one.is_found}
    return sorted(missing - CONTRADICTIONS)


def numbers(
    report: Mapping[str, Any], scopes: Mapping[str, Any], before: Mapping[str, float]
) -> Iterator[Number]:
    """All 173: the YAML, beside `scopes` and the KPIs `before`, the year before's by their JSON names."""
    whole = scopes["all"]
    for scope, row in report["calls"].items():
        for what, name in (("incoming", "contacts"), ("answered", "answered"), ("lost", "lost")):
            yield Number(f"calls.{scope}.{what}", row[what], scopes[scope][name])
    means = report["answered_calls"]
    for what, name in (
        ("mean_wait_seconds", "mean_wait_seconds"),
        ("mean_handle_seconds", "mean_handle_seconds"),
        ("answered_per_agent_per_working_day", "answered_per_agent_day"),
    ):
        yield Number(f"answered_calls.{what}", means[what], whole[name])
    yield from _parts("lost_calls", report["lost_calls"], {
        what: whole["lost_slices"][name] for what, name in _SLICES.items()
    })  # fmt: skip
    short = report["lost_calls"]["waited_under_10_seconds"]["mean_wait_seconds"]
    path = "lost_calls.waited_under_10_seconds.mean_wait_seconds"
    yield Number(path, short, whole["mean_too_short_seconds"])
    yield from _parts("topics", report["topics"], whole["topics"])
    yield from _parts("directions", report["directions"], whole["directions"])
    yield from _sheets(report["inquiry_sheets"], scopes)
    for kpi, row in report["kpis"].items():
        name = JSON_NAMES.get(kpi, kpi)
        for column, printed in zip(KPI_COLUMNS, row["values"], strict=True):
            found = before.get(name) if column == "all_2023" else scopes[column]["kpis"][name]
            yield Number(f"kpis.{kpi}.{column}", printed, found)


def _parts(section: str, rows: Mapping[str, Any], found: Mapping[str, int]) -> Iterator[Number]:
    """Calls, and percent of their sum."""
    whole = sum(found[name] for name in rows)
    for name, row in rows.items():
        yield Number(f"{section}.{name}.calls", row["calls"], found[name])
        yield Number(f"{section}.{name}.percent", row["percent"], 100 * found[name] / whole)


def _sheets(printed: Mapping[str, Any], scopes: Mapping[str, Any]) -> Iterator[Number]:
    for place, scope in enumerate(SHEET_COLUMNS):
        kinds = scopes[scope]["inquiries"]
        prepared = sum(kind["prepared"] for kind in kinds.values())
        yield Number(f"inquiry_sheets.prepared.{scope}", printed["prepared"][place], prepared)
        for kind in QUERY_KINDS:
            for what, row in printed[kind].items():
                yield Number(f"inquiry_sheets.{kind}.{what}.{scope}", row[place], kinds[kind][what])
        sent_on = sum(kind["sent_on"] for kind in kinds.values())
        for kind, row in printed["sent_on"].items():
            found = sent_on if kind == "total" else kinds[kind]["sent_on"]
            yield Number(f"inquiry_sheets.sent_on.{kind}.{scope}", row[place], found)
