"""The report as HTML and on paper, read back as its readers see it."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ivr.figures.kpis import Kpi
from ivr.reports.extra import ExtraMissing
from ivr.reports.ministry_tables import structures
from ivr.reports.pages import Issue, html, pdf
from ivr.reports.words import PaperLanguage, number, percent
from tests.reports.made import empty_report, made_report, published_2024
from tests.reports.papers import pdf_lines, plain

HOSTILE = "<script>alert(\"x')</script> Ümumi \u202e\u200fİdarə " + "<b>ƏƏƏ " * 40
ISSUE = Issue(
    number="2025/7",
    by="A. Məmmədova",
    sha256="3f9ac1d2" * 8,
    letterhead=["İqtisadiyyat Nazirliyi"],
    paragraphs={"slices": "Bunlar <yoxlanılıb>."},
)


@cache
def _az_lines() -> list[str]:
    return pdf_lines(pdf(made_report(), "az", ISSUE))


def _published() -> Iterator[tuple[str, str]]:
    """Labels as printed and the published values that stand beside them."""
    year = published_2024()
    for label, name in (("Daxil olmuş zənglər", "incoming"), ("Cavablandırılmış zənglər", "answered"),
                        ("İtirilmiş zənglər", "lost")):  # fmt: skip
        yield label, number(year["calls"]["all"][name], "az")
    for label, name in (
        ("DVX", "dvx"),
        ("Nazirliyin Aparatı", "aparat"),
        ("ƏMDX", "emdx"),
        ("AİBNDX", "aibndx"),
    ):
        for value in year["calls"][name].values():
            yield label, number(value, "az")
    for kind in ("lost_calls", "topics"):
        for one in year[kind].values():
            yield one["az"][:40], number(one["calls"], "az")
            yield one["az"][:40], percent(one["percent"], "az")
    directions = (
        "Zəng zamanı dərhal",
        "Müraciət vərəqəsi üzrə Çağrı",
        "Müraciət vərəqəsi aidiyyəti",
        "İtirilmiş və əlaqə",
    )
    for label, one in zip(directions, year["directions"].values(), strict=True):
        yield label, number(one["calls"], "az")
        yield label, percent(one["percent"], "az")
    for label, name in (
        ("30 saniyə ərzində", "accepted_within_30_seconds"),
        ("10 saniyədən sonra", "lost_after_10_seconds"),
        ("Vətəndaş məmnunluğu", "satisfaction"),
        ("Sistemin fasiləsiz", "availability"),
    ):
        for value in year["kpis"][name]["values"][4:]:
            yield label, percent(value, "az")
    for kind, label in (("complaint_about_third_party", "Üçüncü şəxsdən"), ("proposal", "Təklif")):
        yield label, number(year["inquiry_sheets"]["sent_on"][kind][0], "az")


SAMPLE = [(plain(label), plain(value)) for label, value in _published()]


def test_the_sample_of_published_figures_is_large() -> None:
    assert len(SAMPLE) >= 40


@pytest.mark.parametrize(("label", "value"), SAMPLE)
def test_a_published_figure_stands_beside_its_label(label: str, value: str) -> None:
    assert any(
        label in line and re.search(rf"(?<![\d,]){re.escape(value)}(?![\d,])", line) for line in _az_lines()
    )


def test_azerbaijani_letters_survive_printing_and_capitals() -> None:
    text = "\n".join(_az_lines())
    assert "ƏMDX" in text
    assert "İQTİSADİYYAT NAZİRLİYİ" in text
    assert "İTİRİLMİŞ" in text


@pytest.mark.parametrize("language", ["az", "en"])
def test_a_hostile_title_stays_text(language: PaperLanguage) -> None:
    report = made_report()
    one_word = dict.fromkeys(("az", "en"), "x" * 300)
    titles = {**report.titles, "dvx": {"az": HOSTILE, "en": HOSTILE}, "emdx": one_word}
    hostile = replace(report, titles=titles)
    page = html(hostile, language, replace(ISSUE, by=HOSTILE, number=HOSTILE))
    assert "<script" not in page
    assert "<b>ƏƏƏ" not in page
    assert _text_of(page).count("<script>alert(\"x')</script>") > 3
    printed = pdf_lines(pdf(hostile, language))
    assert any("<script>alert(\"x')</script>" in line for line in printed)
    assert any(line.endswith(" 127 1 5 0 133") for line in printed), (
        "a long title pushes a column off the page"
    )


def _text_of(page: str) -> str:
    reader = _Reader()
    reader.feed(page)
    return "".join(reader.read)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def handle_data(self, data: str) -> None:
        self.read.append(data)


@pytest.mark.parametrize(("language", "words"), [("az", "ölçülməyib"), ("en", "not measured")])
def test_a_report_of_nothing_says_what_is_not_measured(language: PaperLanguage, words: str) -> None:
    text = "\n".join(pdf_lines(pdf(empty_report(), language)))
    assert text.count(words) > 40
    assert not re.search(r"\b(0|100)([.,]0)? %", text)


@pytest.mark.parametrize("language", ["az", "en"])
def test_the_file_needs_nothing_from_elsewhere(language: PaperLanguage) -> None:
    page = html(made_report(), language, ISSUE)
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r'(?:src|href)="(.)', page)) == {"#"}
    assert not re.search(r"url\(|@import|<script", page)


def test_an_issued_report_has_letterhead_signature_paragraphs_and_hash() -> None:
    text = "\n".join(_az_lines())
    assert "Bunlar <yoxlanılıb>." in text
    assert "A. Məmmədova" in text
    pages = int(re.findall(r"(\d+) / \1$", text, re.MULTILINE)[-1])
    assert text.count(f"Hesabat № 2025/7 · yoxlama kodu {ISSUE.sha256[:16]}") == pages


def test_a_missed_target_is_named_by_word_and_mark() -> None:
    line = next(line for line in _az_lines() if "80 %" in line and "64,9 %" in line)
    assert "yerinə yetirilməyib" in line
    assert "−11,9pisləşib" in _text_of(html(made_report(), "az"))
    assert re.search(r"✗\s*30 saniyə ərzində", _text_of(html(made_report(), "az")))


def test_a_provisional_figure_has_a_star_and_its_meaning() -> None:
    report = made_report()
    kpis = {name: replace_kpi(kpi) for name, kpi in report.all.kpis.items()}
    running = replace(report, scopes=[replace(report.all, kpis=kpis), *report.scopes[1:]])
    text = _text_of(html(running, "en"))
    assert "53.0\N{NO-BREAK SPACE}%*" in text
    assert "* provisional: the figure may still change" in text
    assert "%*" not in _text_of(html(report, "en"))


def replace_kpi(kpi: Kpi) -> Kpi:
    """As in a period that is not over."""
    return kpi._replace(is_provisional=True)


def test_a_report_of_one_structure_has_its_figures_and_nobody_elses() -> None:
    report = made_report()
    alone = replace(report, scopes=[report.scopes[3]], rows=())
    text = _text_of(html(alone, "en"))
    assert "93,786" in text
    assert "425,892" not in text
    assert "561,994" not in text
    assert [line.label for line in structures(alone, "en").lines] == ["ƏMDX"]


def test_a_file_of_the_admins_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "head.html").write_text("<h1>Salam, {{ period }}</h1>", encoding="utf-8")
    page = html(made_report(), "az", templates=tmp_path)
    assert "<h1>Salam, 2024-cü il</h1>" in page
    assert "İtirilmiş zənglər üzrə görülmüş tədbirlər" in page


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'hotline195\[report\]'"):
        html(made_report(), "az")


def test_a_year_is_printed_in_less_than_ten_seconds_of_computing() -> None:
    report = made_report()
    began = time.process_time()
    pdf(report, "az")
    assert time.process_time() - began < 10
