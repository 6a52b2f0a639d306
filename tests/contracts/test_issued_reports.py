"""An issued report stays as it was: its number is given once, and what changes later is named."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.storage.engine.store import Store
from ivr.storage.records.day_figures import forget_parts
from ivr.storage.records.issued import with_number
from ivr.storage.schema.running import issued_reports
from tests.contracts.retaining import ANNA, BORIS, house
from tests.contracts.test_purge import BAKU
from tests.reports.papers import pdf_lines, plain
from tests.stored_calls import Queued, store_call

__all__ = ["house"]

NOON = datetime(2024, 5, 14, 12, tzinfo=BAKU)
MADE = ("report", "issue", "day", "2024-05-14", "--number", "7/24", "--by", "Leyla Quliyeva")


def report(house: Path, *words: str) -> Result:
    said = CliRunner().invoke(app, ["--config", str(house / "config"), *words])
    assert isinstance(said.exception, SystemExit | None), said.exc_info
    return said


@pytest.fixture
def with_calls(store: Store) -> None:
    """One call was answered, at noon of 14 May 2024."""
    store.write(lambda c: store_call(c, ANNA, [Queued("answered", 8)], ended_at=NOON))


def late_call(store: Store) -> None:
    """Another one becomes known, as from an old queue_log: it waited for a minute and left."""

    store.write(lambda c: store_call(c, BORIS, [Queued("abandoned", 60)], ended_at=NOON))
    store.write(lambda c: forget_parts(c, NOON.date(), NOON.date()))


def texts(house: Path, text: str) -> None:
    (house / "config" / "reports").mkdir()
    (house / "config" / "reports" / "2024-05-14.yaml").write_text(text)


@pytest.mark.usefixtures("with_calls")
def test_an_issued_report_of_which_nothing_has_changed_is_as_it_was(house: Path, store: Store) -> None:
    made = report(house, *MADE)
    frozen = store.read(lambda c: with_number(c, "7/24"))
    assert frozen is not None
    assert json.loads(frozen.document)["scopes"]["all"]["contacts"] == 1
    assert "definitions" in json.loads(frozen.document)
    assert (made.exit_code, made.stdout) == (
        0,
        f"day 2024-05-14 is issued as 7/24: SHA-256 {frozen.digest}\n",
    )
    said = report(house, "report", "issued", "7/24")
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (0, "every figure is as it was")


@pytest.mark.usefixtures("with_calls")
def test_a_late_call_is_named_by_the_figures_it_changes(house: Path, store: Store) -> None:
    report(house, *MADE)
    late_call(store)
    said = report(house, "report", "issued", "7/24", "--json")
    found = {
        (one["scope"], one["figure"]): (one["then"], one["now"]) for one in json.loads(said.stdout)["changes"]
    }
    assert said.exit_code == 1
    assert found["all", "contacts"] == found["dvx", "contacts"] == (1, 2)
    assert found["dvx", "lost"] == (0, 1)
    assert ("emdx", "contacts") not in found
    assert ("all", "answered") not in found
    printed = report(house, "report", "issued", "7/24").stdout
    assert "  dvx lost: 0 → 1" in printed.splitlines()


@pytest.mark.usefixtures("with_calls")
def test_a_number_is_given_to_no_other_figures_and_no_other_period(house: Path, store: Store) -> None:
    report(house, *MADE)
    assert "already issued as 7/24" in report(house, *MADE).stdout, "the same figures may be printed again"
    other = report(house, *MADE[:3], "2024-05-15", *MADE[4:])
    assert (other.exit_code, "given already, to day 2024-05-14" in other.stderr) == (1, True)
    late_call(store)
    again = report(house, *MADE)
    assert (again.exit_code, "issued already" in again.stderr) == (1, True)
    frozen = store.read(lambda c: with_number(c, "7/24"))
    assert frozen is not None
    assert json.loads(frozen.document)["scopes"]["all"]["contacts"] == 1


@pytest.mark.usefixtures("with_calls")
def test_provisional_figures_are_issued_only_if_it_is_asked_for(house: Path, store: Store) -> None:
    store.write(lambda c: store_call(c, BORIS, [Queued("waiting", 5)], ended_at=NOON, is_over=False))
    store.write(lambda c: forget_parts(c, NOON.date(), NOON.date()))
    refused = report(house, *MADE)
    assert (refused.exit_code, "are provisional" in refused.stderr) == (1, True)
    assert store.read(lambda c: with_number(c, "7/24")) is None
    assert report(house, *MADE, "--provisional").exit_code == 0


@pytest.mark.usefixtures("with_calls")
def test_number_hash_letterhead_and_the_officer_s_words_stand_on_the_paper(house: Path, store: Store) -> None:
    texts(
        house,
        "az:\n  letterhead: [Nazirliyin əmri]\n  signature: N. Məmmədov\n"
        "  paragraphs: {targets: Bu gün sakit keçib.}\n",
    )
    report(house, *MADE, "--output", str(house / "day.pdf"))
    frozen = store.read(lambda c: with_number(c, "7/24"))
    assert frozen is not None
    lines = " ".join(pdf_lines((house / "day.pdf").read_bytes()))
    for text in ("7/24", frozen.digest[:16], "NAZİRLİYİN ƏMRİ", "N. Məmmədov", "Bu gün sakit keçib."):
        assert text in lines


@pytest.mark.usefixtures("with_calls")
def test_markup_in_number_and_paragraphs_is_text_and_braces_are_no_template(house: Path) -> None:
    hostile = """<script>alert(1)</script> {{ 7*7 }} {% if %} " ' & </style> {0} {number}"""
    texts(house, f"az:\n  letterhead: [&it {json.dumps(hostile)}]\n  paragraphs: {{targets: *it}}\n")
    made = report(house, *MADE[:5], hostile, *MADE[6:], "--output", str(house / "day.pdf"))
    assert made.exit_code == 0, made.output
    lines = " ".join(pdf_lines((house / "day.pdf").read_bytes()))
    assert lines.count(plain(hostile)) >= 2
    assert report(house, "report", "issued", hostile).exit_code == 0


@pytest.mark.usefixtures("with_calls")
@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("head.html", b"<p>\n{% if %}", "head.html:2"),
        ("closing.html", b"\n\n{{ report.nothing.x }}", "closing.html:3"),
        ("further.html", b"\n{{ 1 / 0 }}", "further.html:2"),
        ("report.html", b"{% extends 'report.html' %}", "report.html:1"),
        ("parts.html", b"no macro is here", "head.html:"),
        ("ministry.html", b"\xff", "templates: "),
    ],
)
def test_a_template_that_cannot_be_used_is_named_with_its_line_and_nothing_is_issued(
    house: Path, store: Store, name: str, content: bytes, line: str
) -> None:
    own = house / "config" / "reports" / "templates"
    own.mkdir(parents=True)
    (own / name).write_bytes(content)
    for words in (
        (*MADE, "--output", str(house / "day.pdf")),
        ("report", "day", "2024-05-14", "--format", "html"),
    ):
        said = report(house, *words)
        assert (said.exit_code, line in said.stderr) == (1, True), said.stderr
        assert f"take it out of {own}" in said.stderr
    assert store.read(lambda c: with_number(c, "7/24")) is None


@pytest.mark.usefixtures("with_calls")
def test_a_wrong_key_in_the_texts_is_named_with_its_line_and_nothing_is_issued(
    house: Path, store: Store
) -> None:
    texts(house, "az:\n  paragraphs:\n    tragets: Bu gün.\n")
    said = report(house, *MADE)
    assert said.exit_code == 1
    assert f"{house}/config/reports/2024-05-14.yaml:3:5" in said.stderr
    assert store.read(lambda c: with_number(c, "7/24")) is None


@pytest.mark.usefixtures("with_calls")
def test_a_stored_report_that_somebody_altered_is_not_taken_for_the_issued_one(
    house: Path, store: Store
) -> None:
    report(house, *MADE)
    frozen = store.read(lambda c: with_number(c, "7/24"))
    assert frozen is not None
    altered = frozen.document.replace('"contacts":1', '"contacts":2')
    store.write(lambda c: c.execute(update(issued_reports).values(document=altered)))
    said = report(house, "report", "issued", "7/24")
    assert (said.exit_code, "its hash differs" in said.stdout) == (1, True)


@pytest.mark.usefixtures("with_calls")
def test_issued_reports_are_listed(house: Path) -> None:
    assert report(house, "report", "issued").stdout == "no report has been issued\n"
    report(house, *MADE)
    assert "day 2024-05-14" in report(house, "report", "issued").stdout
    assert report(house, "report", "issued", "8/24").exit_code == 1
