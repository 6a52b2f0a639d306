"""The report for programs: JSON by its published schema, and the same figures as one long table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from ivr.reports.document import document
from ivr.reports.long_table import LongRow, long_rows
from ivr.reports.report import Report
from tests.reports.made import empty_report, made_report
from tests.reports.test_misses import slow_mornings

SCHEMA: Any = json.loads(Path("docs/report.schema.json").read_text(encoding="utf-8"))
REPORTS: dict[str, Callable[[], Report]] = {
    "full": made_report,
    "empty": empty_report,
    "missed": slow_mornings,
}
check = fastjsonschema.compile(SCHEMA)


def written(report: Report) -> Any:
    return json.loads(json.dumps(document(report, report.misses)))


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_as_the_schema_says(name: str) -> None:
    check(written(REPORTS[name]()))


def test_the_schema_refuses_what_it_does_not_name() -> None:
    found = written(made_report())
    found["scopes"]["all"]["median_wait"] = 1
    with pytest.raises(fastjsonschema.JsonSchemaException):
        check(found)


def objects(schema: Any, at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(schema, dict):
        yield at, schema
    for name, part in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if isinstance(part, dict | list):
            yield from objects(part, f"{at}/{name}")


def test_every_field_is_described_by_one_sentence_and_every_object_is_closed() -> None:
    for at, found in objects(SCHEMA):
        for name, field in found.get("properties", {}).items() if not at.endswith("properties") else ():
            said = field.get("description", "")
            assert said.endswith("."), f"{at}/{name}"
            assert ". " not in said, f"{at}/{name}"
        if "properties" in found and "type" in found and not at.endswith("properties"):
            assert "additionalProperties" in found, at


def test_counts_and_kpis_have_the_names_of_the_published_report() -> None:
    found = written(made_report())["scopes"]
    assert list(found) == ["all", "dvx", "aparat", "emdx", "aibndx"]
    whole = found["all"]
    assert (whole["contacts"], whole["answered"], whole["lost"]) == (561994, 513423, 48571)
    assert sum(whole["lost_slices"].values()) == whole["lost"]
    assert whole["kpis"]["accepted_within"] | {"part": 0, "whole": 0} == {
        "value": pytest.approx(52.97405),
        "target": 80,
        "met": False,
        "provisional": False,
        "not_measured": None,
        "part": 0,
        "whole": 0,
    }


def test_what_nothing_feeds_is_null_with_a_reason_and_never_0() -> None:
    found = written(empty_report())
    whole = found["scopes"]["all"]
    assert whole["contacts"] is whole["lost_slices"]["called_back"] is whole["inquiries"] is None
    assert whole["survey"] is whole["directions"] is whole["topics"] is found["requests_in_menu"] is None
    assert all(kpi["value"] is None and kpi["not_measured"] for kpi in whole["kpis"].values())
    assert found["data"]["unknown_minutes"] is None


def test_a_missed_target_names_what_accounts_for_it() -> None:
    (found, *_) = written(slow_mornings())["missed_targets"]
    assert (found["kpi"], found["structure"], found["weekdays"], found["hours"]) == (
        "accepted_within", "dvx", [1, 2], [10, 12],
    )  # fmt: skip
    assert found["sentence"]["en"].startswith("Accepted within 30 seconds is")


def rows(report: Report) -> dict[tuple[str, str, str], LongRow]:
    return {(row.scope, row.label, row.figure): row for row in long_rows(report)}


def test_the_long_table_has_the_figures_of_the_document_each_in_its_unit() -> None:
    found = rows(made_report())
    assert found["all", "", "contacts"].value == 561994
    assert found["dvx", "", "lost_slices.called_back"][3:5] == (9541, "contacts")
    kpi = found["all", "", "kpis.lost_after"]
    assert (kpi.unit, kpi.target, kpi.met, kpi.provisional) == ("percent", 5, "no", "no")
    assert found["all", "", "kpis.inquiry_answer_days"].unit == "days"
    assert found["all", "2024-05", "answered"].value == 35790
    assert found["all", "", "mean_wait_seconds"].unit == "seconds"
    assert found["all", "", "menu_nodes.ministry.emdx"][3:5] == (93786, "calls")


def test_in_the_long_table_a_row_without_a_value_says_why() -> None:
    for row in long_rows(empty_report()):
        assert (row.value == "") is bool(row.not_measured), row
