"""The report that other tests print is the ministry's, count for count."""

from __future__ import annotations

from tests.reports.made import empty_report, made_report, published_2024


def test_the_made_report_has_the_published_counts() -> None:
    report, published = made_report(), published_2024()
    for scope in report.scopes:
        printed = published["calls"][scope.name]
        assert (scope.contacts, scope.answered, scope.lost) == tuple(printed.values())
    lost = published["lost_calls"]
    assert list(report.all.lost_slices.values()) == [
        lost[name]["calls"]
        for name in ("called_again_and_answered", "called_back", "system_error", "waited_under_10_seconds",
                     "not_called_back")
    ]  # fmt: skip
    assert list(report.all.directions.values()) == [one["calls"] for one in published["directions"].values()]
    assert dict(report.all.topics) == {name: one["calls"] for name, one in published["topics"].items()}
    assert sum(row.figures.contacts for row in report.rows) == report.all.contacts


def test_the_empty_report_has_no_measured_kpi() -> None:
    assert all(kpi.missing for scope in empty_report().scopes for kpi in scope.kpis.values())
