"""Which scheduled reports are due: what has ended, what was missed, and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from ivr.config.reports import Reports, ScheduledReport
from ivr.reports.schedule import due
from ivr.storage.records.report_runs import ReportRun

BAKU = ZoneInfo("Asia/Baku")
NOW = datetime(2024, 5, 15, 12, tzinfo=BAKU)
"""A Wednesday."""


def entry(period: str = "day", **given: Any) -> ScheduledReport:
    known = {"period": period, "at": "07:00", "formats": ["pdf"], "folder": "/reports"}
    return ScheduledReport.model_validate({**known, **given})


def run(it: ScheduledReport, label: str, state: Any = "written", at: datetime = NOW) -> ReportRun:
    return ReportRun(it.key, label, state, at, "")


def labels(it: ScheduledReport, *runs: ReportRun, now: datetime = NOW) -> list[str]:
    return [found.label for found in due([it], runs, now, BAKU)]


@pytest.mark.parametrize(
    ("period", "label"), [("day", "2024-05-14"), ("week", "2024-W19"), ("month", "2024-04")]
)
def test_of_a_new_schedule_only_the_latest_period_is_due(period: str, label: str) -> None:
    assert labels(entry(period)) == [label]


def test_a_report_is_due_at_its_local_time_and_not_before() -> None:
    at = datetime(2024, 5, 15, 3, tzinfo=UTC)
    done = run(entry(), "2024-05-13")
    assert labels(entry(), done, now=at - timedelta(seconds=1)) == []
    assert labels(entry(), done, now=at) == ["2024-05-14"]


def test_days_before_the_first_report_of_a_schedule_were_not_missed() -> None:
    assert labels(entry(), run(entry(), "2024-05-12")) == ["2024-05-13", "2024-05-14"]


@pytest.mark.parametrize(
    ("period", "first", "missed"),
    [
        ("day", "2024-04-01", [f"2024-05-{day:02}" for day in range(8, 15)]),
        ("week", "2024-W01", ["2024-W16", "2024-W17", "2024-W18", "2024-W19"]),
        ("month", "2023-06", ["2024-02", "2024-03", "2024-04"]),
    ],
)
def test_seven_days_four_weeks_and_three_months_are_made_up_for(
    period: str, first: str, missed: list[str]
) -> None:
    assert labels(entry(period), run(entry(period), first)) == missed


def test_a_week_is_called_by_its_own_year() -> None:
    assert labels(entry("week"), now=datetime(2027, 1, 5, tzinfo=BAKU)) == ["2026-W53"]


@pytest.mark.parametrize("state", ["mailing", "mailed", "mail_unknown"])
def test_what_was_mailed_or_may_have_been_is_never_due_again(
    state: Literal["mailing", "mailed", "mail_unknown"],
) -> None:
    it, long_ago = entry(recipients=["a@b.az"]), NOW - timedelta(days=1)
    done = [run(it, f"2024-05-{day:02}", state, long_ago) for day in range(8, 15)]
    assert labels(it, *done) == []


def test_what_failed_is_due_again_after_a_quarter_of_an_hour() -> None:
    written = [run(entry(), f"2024-05-{day:02}") for day in range(8, 14)]
    failed = run(entry(), "2024-05-14", "failed", NOW)
    assert labels(entry(), *written, failed, now=NOW + timedelta(minutes=14)) == []
    assert labels(entry(), *written, failed, now=NOW + timedelta(minutes=15)) == ["2024-05-14"]


def test_what_is_written_is_due_again_only_for_those_who_get_it_by_mail() -> None:
    mailed, long_ago = entry(recipients=["a@b.az"]), NOW - timedelta(hours=1)
    for it, found in ((entry(), []), (mailed, ["2024-05-14"])):
        done = [run(it, f"2024-05-{day:02}", "mailed", long_ago) for day in range(8, 14)]
        assert labels(it, *done, run(it, "2024-05-14", "written", long_ago)) == found


def test_recipients_need_a_mail_server_and_no_two_entries_write_the_same_files() -> None:
    with pytest.raises(ValueError, match="need `mail`"):
        Reports(schedule=[entry(recipients=["a@b.az"])])
    with pytest.raises(ValueError, match="same period, language and folder"):
        Reports(schedule=[entry(), entry(at="08:00")])


@pytest.mark.parametrize("address", ["a@b.az\r\nBcc: c@d.az", "a@b.az, c@d.az", "<a@b.az>", "a@b.az\n"])
def test_no_address_adds_a_header_or_a_recipient(address: str) -> None:
    with pytest.raises(ValueError, match="a mail address is written"):
        entry(recipients=[address])
