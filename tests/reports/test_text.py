"""The report on a terminal: one screen, whole words, no number that nothing feeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest

from ivr.reports.explained import Answer, Explained
from ivr.reports.report import Report
from ivr.reports.spans import WIDTH, head_of
from ivr.reports.text import HEIGHT, text
from ivr.reports.words import PaperLanguage
from tests.reports.made import empty_report, made_report

LANGUAGES = ("az", "en")
LONG = "Accepted within 30 seconds is 53.0 % instead of 80 %: DVX accounts for 24 of the 27 points. " * 3
MISS = Explained(
    "DVX accounts for 24 points.",
    [
        Answer("where", "Where", "DVX 24.0 points"),
        Answer("definition", "Definition", "Calls answered"),
        Answer("calls", "Which calls", "12 calls:", "hotline report year 2024 --list not_in_time"),
    ],
)


def lines(report: Report, language: PaperLanguage = "en", misses: Sequence[Explained] = ()) -> list[str]:
    return ["".join(span.text for span in line) for line in text(report, language, misses)]


def line_of(report: Report, begin: str, language: PaperLanguage = "en") -> str:
    (found,) = (line for line in lines(report, language) if line.startswith(begin))
    return " ".join(found.split())


year = partial(replace, made_report(), by=None, rows=())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("misses", [[], [MISS], [MISS._replace(sentence=LONG)] * 9])
def test_a_report_is_one_screen(language: PaperLanguage, misses: Sequence[Explained]) -> None:
    for report in (year(), empty_report()):
        found = lines(report, language, misses)
        assert len(found) <= HEIGHT
        assert max(map(len, found)) <= WIDTH


def test_the_contacts_add_up_in_one_line() -> None:
    assert "561,994 received = 513,423 answered + 0 requests + 0 excluded + 48,571 lost" in lines(year())


def test_a_kpi_stands_beside_its_structures_target_and_the_year_before() -> None:
    assert line_of(year(), "Within 30 s") == (
        "Within 30 s 53.0 % 45.0 % 98.2 % 69.8 % 92.3 % ≥ 80 % 64.9 % missed"
    )
    assert line_of(year(), "Answer, days") == (
        "Answer, days 5 days 5 days 1 day 1 day 2 days ≤ 7 days 4 days met"
    )
    assert line_of(year(), "30 san.", "az").endswith("≥ 80 % 64,9 % çatılmayıb")


def test_met_and_missed_differ_by_word_and_by_tone() -> None:
    outcomes = {line[-1].text.strip(): line[-1].tone for line in text(year(), "en") if len(line) > 5}
    assert outcomes.items() >= {"met": "good", "missed": "bad"}.items()


def test_columns_of_figures_end_at_the_same_place() -> None:
    found = [line for line in lines(year()) if line.startswith(("Within", "Accepted", "Lost after"))]
    assert len({line.index(" %") for line in found}) == 1


def test_a_miss_stands_below_the_kpis_with_where_it_is_and_what_lists_its_calls() -> None:
    found = lines(year(), misses=[MISS])
    at = found.index(MISS.sentence)
    assert found[at - 2].startswith("Satisfaction")
    assert found[at + 1] == "  Where: DVX 24.0 points · hotline report year 2024 --list not_in_time"


def test_what_follows_from_misses_gives_way_where_the_screen_is_full() -> None:
    found = lines(year(), misses=[MISS] * 6)
    assert found.count(MISS.sentence) == 6
    assert not any("--list" in line for line in found)


def test_the_lost_are_followed_to_those_who_talked() -> None:
    found = " ".join(lines(year()))
    assert "lost calls 48,571 → waited more than 10 seconds 45,370 → could be called 40,597" in found
    assert "talked with an agent 30,607" in found


def test_talk_is_called_talk_where_no_wrap_up_was_measured() -> None:
    report = year()
    assert "talk 220 s (wrap-up not measured)" in " ".join(lines(report))
    measured = replace(report.all, is_wrapup_measured=True)
    assert "handle time 220 s" in " ".join(lines(replace(report, scopes=[measured, *report.scopes[1:]])))


def test_what_nothing_feeds_says_so_and_what_would_feed_it() -> None:
    found = " ".join(" ".join(lines(empty_report())).split())
    assert "Satisfaction not measured (nobody was asked; a survey after the talk would feed it)" in found
    assert "Calls received: not measured (no call is recorded" in found
    assert " 0 " not in found


def test_figures_that_may_change_are_marked_once_if_all_of_them_are() -> None:
    report = year()
    running = [
        replace(one, kpis={name: kpi._replace(is_provisional=True) for name, kpi in one.kpis.items()})
        for one in report.scopes
    ]
    found = lines(replace(report, scopes=running))
    assert found[0].endswith("provisional")
    assert not any("*" in line for line in found)
    kpis = dict(report.all.kpis)
    kpis["lost_after"] = kpis["lost_after"]._replace(is_provisional=True)
    one_of_them = replace(report.all, kpis=kpis)
    found = lines(replace(report, scopes=[one_of_them, *report.scopes[1:]]))
    assert not found[0].endswith("provisional")
    assert "8.1 %*" in " ".join(found)
    assert "* provisional" in found


def test_rows_have_a_line_each_and_their_total() -> None:
    found = lines(made_report())
    assert found[-1].split()[:4] == ["Total", "561,994", "513,423", "48,571"]
    assert [line.split()[0] for line in found[-13:-11]] == ["January", "February"]


def test_structures_that_do_not_fit_are_counted() -> None:
    report = year()
    many = [replace(report.scopes[1], name=f"queue-{number}") for number in range(20)]
    found = lines(replace(report, scopes=[report.all, *many]))
    assert max(map(len, found)) <= WIDTH
    assert any(line.startswith("more structures, by --structure: 1") for line in found)


def test_one_structure_alone_has_no_column_of_its_own() -> None:
    report = year()
    assert line_of(replace(report, scopes=report.scopes[:2]), "Accepted").count("%") == 3


@pytest.mark.parametrize("title", ["", "=HYPERLINK(1)", "x" * 300, "Nazirliyin Aparatının Çağrı Mərkəzi"])
def test_a_head_takes_two_short_lines_at_most(title: str) -> None:
    assert len(head_of(title)) in (1, 2)
    assert max(map(len, head_of(title))) <= 17
