"""`hotline report` over a store without configuration: every format, files, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import Connection
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.storage.engine.store import Store
from tests.reports.test_document import check
from tests.stored_calls import Queued, store_call
from tests.stores import empty_store
from tests.terminal import on_terminal
from tests.unit.starter import changed

DAY = "2024-05-14"
Report = Callable[..., Result]
FORMULA = "=1+1"


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Runs `hotline report` on an empty store, by its words."""
    empty_store(tmp_path).close()
    monkeypatch.setenv("HOTLINE_DATABASE_URL", f"sqlite:///{tmp_path / 'hotline.db'}")
    monkeypatch.setenv("HOTLINE_ASTERISK", str(tmp_path / "etc"))

    def run(*words: str, config: Path = tmp_path / "none") -> Result:
        given = ["--config", str(config), "report", *words, "--time-zone", "Asia/Baku"]
        return CliRunner().invoke(app, given)

    return run


def store_a_day(folder: Path) -> None:
    """20 answered and 10 abandoned of two structures, none asked."""
    with closing(Store(f"sqlite:///{folder / 'hotline.db'}")) as store:
        store.write(_day)


def _day(connection: Connection) -> None:
    for number in range(30):
        outcome = "abandoned" if number % 3 == 0 else "answered"
        stay = Queued(outcome, 12.0, "q", FORMULA if number % 2 else "q")
        ended_at = datetime(2024, 5, 14, 8, 1 + number, tzinfo=UTC)
        store_call(connection, f"+9945012345{number:02}", [stay], ended_at=ended_at)


def test_of_an_empty_store_the_text_says_what_would_feed_it(report: Report) -> None:
    said = report("month", "2024-05", "--lang", "en")
    assert said.exit_code == 0, said.output
    assert "Calls received: not measured (no call is recorded in the period" in said.stdout
    assert said.stdout.splitlines()[0].startswith("Call Centre report, May 2024")
    assert "\x1b" not in said.stdout


def test_of_an_empty_store_json_has_no_number(report: Report) -> None:
    found = json.loads(report("year", "2024", "--format", "json").stdout)
    check(found)
    assert found["scopes"]["all"]["contacts"] is None
    assert found["data"]["complete"] is False


def test_of_an_empty_store_csv_has_a_reason_in_each_line(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(report("day", DAY, "--format", "csv").stdout)))
    assert rows
    assert all(not row["value"] and row["not_measured"] for row in rows)


def test_of_an_empty_store_the_workbook_is_whole(report: Report, tmp_path: Path) -> None:
    assert report("week", "2024-W20", "--format", "xlsx", "--output", str(tmp_path / "x.xlsx")).exit_code == 0
    assert len(load_workbook(tmp_path / "x.xlsx").sheetnames) > 20


def test_without_surveys_satisfaction_is_not_measured_in_any_format(report: Report, tmp_path: Path) -> None:
    store_a_day(tmp_path)
    why = "nobody was asked; a survey after the talk would feed it"
    text = report("day", DAY, "--lang", "en").stdout
    assert "30 received = 20 answered + 0 requests + 0 excluded + 10 lost" in text
    assert f"Satisfaction     not measured ({why})" in text
    whole = json.loads(report("day", DAY, "--format", "json", "--by", "hour").stdout)
    check(whole)
    found = whole["scopes"]["all"]
    assert (found["contacts"], found["survey"]) == (30, None)
    kpi = found["kpis"]["satisfaction"]
    assert (kpi["value"], kpi["met"], kpi["not_measured"]) == (None, None, why)
    rows = csv.DictReader(io.StringIO(report("day", DAY, "--format", "csv").stdout))
    assert {row["not_measured"] for row in rows if row["figure"] == "kpis.satisfaction"} == {why}
    report("day", DAY, "--format", "xlsx", "--lang", "en", "--output", str(tmp_path / "x.xlsx"))
    first = load_workbook(tmp_path / "x.xlsx").worksheets[0]
    assert [row[1].value for row in first.iter_rows() if row[0].value == "Satisfaction"] == ["not measured"]


def test_csv_runs_no_formula_and_takes_a_mark_and_a_delimiter(report: Report, tmp_path: Path) -> None:
    store_a_day(tmp_path)
    said = report("day", DAY, "--format", "csv", "--bom", "--delimiter", ";", "--by", "hour").stdout
    assert said.startswith("\ufeffscope;label;figure;value;unit;target;met;provisional;not_measured\n")
    rows = list(csv.DictReader(io.StringIO(said.removeprefix("\ufeff")), delimiter=";"))
    assert {row["scope"] for row in rows} == {"all", "q", f"'{FORMULA}"}
    assert [row["value"] for row in rows if row["label"] == "12" and row["figure"] == "contacts"] == ["30"]


def test_one_structure_alone_is_all_there_is(report: Report, tmp_path: Path) -> None:
    store_a_day(tmp_path)
    found = json.loads(report("day", DAY, "--format", "json", "--structure", "q").stdout)
    assert list(found["scopes"]) == ["q"]
    said = report("day", DAY, "--structure", "none")
    assert (said.exit_code, said.stderr.splitlines()) == (
        2, ["there is no structure 'none'", "  known: =1+1, q"],
    )  # fmt: skip


def test_a_list_has_the_contacts_of_a_figure_with_masked_numbers(report: Report, tmp_path: Path) -> None:
    store_a_day(tmp_path)
    listed = [json.loads(line) for line in report("day", DAY, "--list", "abandoned").stdout.splitlines()]
    assert len(listed) == 10
    assert {one["outcome"] for one in listed} == {"abandoned"}
    assert all("*****" in one["caller"] for one in listed)
    assert report("day", DAY, "--list", "lost", "--format", "csv").stdout.count("\n") == 11


def test_a_file_is_written_whole_and_replaces_the_one_before(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "folder" / "report.json"
    for form in ("csv", "text", "json"):
        said = report("day", DAY, "--format", form, "--output", str(file))
        assert (said.exit_code, said.stdout) == (0, "")
    assert json.loads(file.read_text())["period"]["kind"] == "day"
    assert [one.name for one in file.parent.iterdir()] == ["report.json"]
    assert "\x1b" not in file.read_text()


def test_a_file_that_cannot_be_written_is_named(report: Report, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    said = report("day", DAY, "--output", str(tmp_path / "taken" / "x.txt"))
    assert said.exit_code == 1
    assert "taken" in said.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("day", "2024-05-32"), "there is no day 2024-05-32"),
        (("day", "May"), "no day is written 'May'; one is 2024-05-14"),
        (("range", "2024-05-14", "2024-05-13"), "2024-05-13 is before 2024-05-14"),
        (("day", DAY, "--list", "nobody"), "there is no list 'nobody'"),
        (("day", DAY, "--list", "lost", "--format", "pdf"), "no list comes out as pdf"),
        (("day", DAY, "--bom"), "--bom and --delimiter are of CSV"),
    ],
)
def test_options_that_mean_nothing_are_refused(report: Report, words: tuple[str, ...], why: str) -> None:
    said = report(*words)
    assert (said.exit_code, said.stderr.splitlines()[0]) == (2, why)


def test_a_terminal_gets_the_text_and_no_workbook(report: Report, tmp_path: Path) -> None:
    del report
    store_a_day(tmp_path)
    words = ["--config", "none", "report", "day", DAY, "--time-zone", "Asia/Baku", "--lang", "en"]
    settings = {
        "HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path / 'hotline.db'}",
        "HOTLINE_ASTERISK": str(tmp_path / "etc"),
    }
    (status, shown), (refused, why) = on_terminal([words, [*words, "--format", "xlsx"]], settings, tmp_path)
    assert (status, refused) == (0, 2)
    assert "missed" in shown
    assert "a terminal cannot show xlsx" in why


def test_the_seconds_of_the_service_level_are_those_of_the_configuration(
    report: Report, tmp_path: Path
) -> None:
    store_a_day(tmp_path)
    for seconds, in_time in (("30s", 20), ("12s", 20), ("11s", 0)):
        folder = tmp_path / seconds
        folder.mkdir()
        for name, content in changed("hotline.yaml", "within: 30s", f"within: {seconds}").items():
            (folder / name).write_bytes(content)
        found = json.loads(report("day", DAY, "--format", "json", config=folder).stdout)
        assert found["scopes"]["all"]["kpis"]["accepted_within"]["part"] == in_time
