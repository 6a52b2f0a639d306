"""Names, numbers, dates and capitals in Azerbaijani and English."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from ivr.figures.kpis import KpiName, Missing
from ivr.reports import words
from ivr.reports.period import period_of
from ivr.reports.report import Kind
from ivr.reports.scope import SLICES
from tests.reports.made import published_2024
from tests.reports.papers import plain

ALL_WORDS = tomllib.loads(Path(words.__file__).with_name("words.toml").read_text(encoding="utf-8"))


def test_every_word_is_there_in_both_languages_with_the_same_values() -> None:
    for kind, names in ALL_WORDS.items():
        for name, texts in names.items():
            assert set(texts) == {"az", "en"}, (kind, name)
            if kind != "why":  # whose sentences are built in another order
                assert texts["az"].count("{") == texts["en"].count("{"), (kind, name)


def test_every_kpi_has_a_name_and_a_definition_and_every_reason_a_sentence() -> None:
    assert set(words.KPI_ORDER) == set(get_args(KpiName))
    for name in get_args(KpiName):
        assert name in ALL_WORDS["kpi"]
        assert name in ALL_WORDS["kpi_short"]
        assert ALL_WORDS["definition"][name]["az"].endswith(".")
    for reason in filter(None, get_args(Missing)):
        assert words.not_measured("en", reason).startswith("not measured (")


def test_slices_are_called_what_the_ministry_calls_them() -> None:
    theirs = (
        "called_again_and_answered",
        "called_back",
        "system_error",
        "waited_under_10_seconds",
        "not_called_back",
    )
    for ours, name in zip(SLICES, theirs, strict=True):
        printed = published_2024()["lost_calls"][name]["az"]
        assert words.word(f"slice.{ours}", "az", short_wait=10) == printed


@pytest.mark.parametrize(
    ("value", "azerbaijani", "english"),
    [(52.974, "53,0 %", "53.0 %"), (0.0348, "0,03 %", "0.03 %"), (0.00236, "0,002 %", "0.002 %"),
     (0.9006, "0,9 %", "0.9 %"), (100.0, "100,0 %", "100.0 %"), (0.0, "0,0 %", "0.0 %")],
)  # fmt: skip
def test_a_small_percentage_keeps_its_first_digit(value: float, azerbaijani: str, english: str) -> None:
    assert plain(words.percent(value, "az")) == azerbaijani
    assert plain(words.percent(value, "en")) == english


def test_thousands_are_parted_as_the_language_does() -> None:
    assert plain(words.number(425892, "az")) == "425 892"
    assert words.number(425892, "en") == "425,892"
    assert plain(words.days(5.0, "az")) == "5 gün"
    assert plain(words.minutes(314, "en")) == "5 h 14 min"


def test_azerbaijani_capitals_keep_the_dot() -> None:
    assert words.upper("itirilmiş əmdx xətti", "az") == "İTİRİLMİŞ ƏMDX XƏTTİ"
    assert words.lower("İTİRİLMİŞ ZƏNGLƏR, QIZIL", "az") == "itirilmiş zənglər, qızıl"
    assert words.upper("missed", "en") == "MISSED"


def test_names_sort_by_the_azerbaijani_alphabet() -> None:
    names = ["Zaur", "İlqar", "Ismayıl", "Əli", "Eldar", "Xəzər", "Həsən", "Qara", "Kamil", "Çinar", "Cavid"]
    expected = [
        "Cavid",
        "Çinar",
        "Eldar",
        "Əli",
        "Həsən",
        "Xəzər",
        "Ismayıl",
        "İlqar",
        "Kamil",
        "Qara",
        "Zaur",
    ]
    assert sorted(names, key=words.sort_key) == expected


@pytest.mark.parametrize(
    ("kind", "label", "azerbaijani", "english"),
    [("year", "2024", "2024-cü il", "2024"),
     ("quarter", "2025-Q2", "2025-ci ilin II rübü", "Q2 2025"),
     ("month", "2026-05", "2026-cı ilin may ayı", "May 2026"),
     ("week", "2024-W20", "2024-cü ilin 20-ci həftəsi (13–19 may 2024)",
      "week 20 of 2024 (13–19 May 2024)"),
     ("day", "2029-10-14", "14 oktyabr 2029-cu il", "14 October 2029")],
)  # fmt: skip
def test_periods_are_named_as_people_say_them(kind: Kind, label: str, azerbaijani: str, english: str) -> None:
    period = period_of(kind, label, "Asia/Baku")
    assert plain(words.period_text(period, "az")) == azerbaijani
    assert plain(words.period_text(period, "en")) == english


def test_a_structure_with_a_long_title_is_known_by_its_initials() -> None:
    titles = published_2024()["structures"]
    assert words.short_title(titles["emdx"], "emdx", "en") == "ƏMDX"
    assert words.short_title(titles["aibndx"], "aibndx", "az") == "AİBNDX"
    assert words.short_title(titles["aparat"], "aparat", "en") == "Ministry Apparatus"
    assert words.short_title({}, "queue-7", "az") == "queue-7"


def test_a_row_is_named_by_its_month_day_week_or_hour() -> None:
    named = [
        words.row_label(label, "az") for label in ("2024-04", "2024-W20", "09", date(2024, 5, 14).isoformat())
    ]
    assert list(map(plain, named)) == ["Aprel", "20-ci həftə", "09:00", "14 may 2024"]
