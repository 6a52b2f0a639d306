"""Of each missed target: where, at what hours, since when, by what definition, and which calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from ivr.figures.kpis import AT_MOST, IN_DAYS, KpiName, meets
from ivr.figures.misses import Block, Miss
from ivr.figures.parts import ALL
from ivr.reports.lists import AGAINST
from ivr.reports.ministry_tables import earlier_years
from ivr.reports.report import Report
from ivr.reports.sentences import hours_text, sentences
from ivr.reports.tables import before, kpi_label, short_titles
from ivr.reports.words import (
    PaperLanguage,
    days,
    kpi_value,
    limited,
    lower,
    number,
    ordinal,
    percent,
    row_label,
    word,
)

_MOST_NAMED: Final = 6
"""More structures or rows are counted."""
_EXPORTS: Final[Mapping[KpiName, str]] = {
    "availability": "minutes",
    "inquiry_share": "inquiries",
    "inquiry_answer_days": "inquiries",
}
"""What is exported where no list of contacts is behind a KPI."""
_BASES: Final[Mapping[KpiName, str]] = {"availability": "minutes", "satisfaction": "ratings"}
"""What is counted for a KPI that is not of calls."""


Question = Literal["where", "hours", "since", "definition", "calls", "records"]


class Answer(NamedTuple):
    """One question and its answer; `command` prints its records, `for_one` those of one structure."""

    kind: Question
    name: str
    text: str
    command: str = ""
    for_one: str = ""


class Explained(NamedTuple):
    """A missed target as one sentence, and the answers to what follows from it."""

    sentence: str
    answers: Sequence[Answer]

    @property
    def has_two_views(self) -> bool:
        """Whether the same points are laid to structures and to hours."""
        return {"where", "hours"} <= {answer.kind for answer in self.answers}


def explained(report: Report, language: PaperLanguage) -> list[Explained]:
    """Each target that the report's first scope missed."""
    found = sentences(report.misses, report, language)
    return [
        Explained(sentence, list(_answers(miss, report, language)))
        for miss, sentence in zip(report.misses, found, strict=True)
    ]


def missed_rows(report: Report, name: KpiName) -> list[str]:
    """The labels of the rows that missed the target of that KPI."""
    return [row.label for row in report.rows if row.figures.kpis[name].met is False]


def list_command(report: Report, name: str) -> str:
    """What prints the contacts of a list, of the same period and structure."""
    period = report.period
    words = ["hotline report", period.kind, period.label]
    words += ["--structure", report.all.name] if report.all.name != ALL else []
    words += ["--working-hours"] if period.working_hours_only else []
    return " ".join([*words, "--list", name])


def _answers(miss: Miss, report: Report, language: PaperLanguage) -> Iterator[Answer]:
    def answer(kind: Question, text: str, *commands: str) -> Answer:
        return Answer(kind, word(f"miss.{kind}", language), text, *commands)

    kpi = miss.kpi
    if miss.shares:
        yield answer("where", _where(miss, report, language))
    if miss.block:
        yield answer("hours", _hours(miss, miss.block, report, language))
    if since := " · ".join(_since(miss, report, language)):
        yield answer("since", since)
    definition = kpi_label(report, kpi.name, language, "definition").removesuffix(".")
    counts = "\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}".join(number(n, language) for n in (kpi.part, kpi.whole))
    yield answer("definition", f"{definition}: {counts}")
    if kpi.name in AGAINST:
        title = short_titles(report, language).get(miss.structure)
        for_one = word("miss.for_one", language, title=title, name=miss.structure) if title else ""
        command = list_command(report, AGAINST[kpi.name])
        yield answer("calls", _behind(miss, report, language), command, for_one)
    else:
        where = word("miss.terminal", language)
        yield answer("records", where, f"hotline data export {_EXPORTS[kpi.name]}")


def _behind(miss: Miss, report: Report, language: PaperLanguage) -> str:
    """How many calls count against the KPI, and what they are."""
    kpi, one = miss.kpi, report.all
    what = limited(f"behind.{AGAINST[kpi.name]}", language, report.limits)
    if kpi.name == "accepted_within":
        late = one.answered - round(kpi.part)
        counts = {"late": late, "lost": one.lost, "other": one.ordered + one.excluded}
        in_time = number(report.limits.in_time, language, None)
        what = ", ".join(
            word(f"behind.{name}", language, number=number(calls, language), in_time=in_time)
            for name, calls in counts.items()
            if calls
        )
    against = number(kpi.part if kpi.name in AT_MOST else kpi.whole - kpi.part, language)
    return word("miss.calls_behind", language, number=against, what=what)


def _hours(miss: Miss, block: Block, report: Report, language: PaperLanguage) -> str:
    return word(
        f"miss.{'worse' if miss.is_block_worse else 'no_worse'}",
        language,
        hours=hours_text(block, report.period, language),
        points=_points(miss, miss.block_points, language),
        base=word(f"miss.base_{_BASES.get(miss.kpi.name, 'calls')}", language),
        percent=percent(miss.block_percent, language),
    )


def _where(miss: Miss, report: Report, language: PaperLanguage) -> str:
    """Every structure that misses, the worst first, then by how much the others make up for it."""
    titles = short_titles(report, language)
    values = {one.name: one.kpis[miss.kpi.name].value for one in report.scopes}
    missing = sorted((n for n, share in miss.shares.items() if share > 0), key=lambda n: -miss.shares[n])
    said = [
        f"{titles[name]} {_points(miss, miss.shares[name], language)}"
        f" ({kpi_value(miss.kpi.name, values[name] or 0, language)})"
        for name in missing[:_MOST_NAMED]
    ]
    if rest := missing[_MOST_NAMED:]:
        points = _points(miss, sum(miss.shares[name] for name in rest), language)
        said.append(word("miss.more", language, number=number(len(rest), language), points=points))
    if made_up := sum(share for share in miss.shares.values() if share < 0):
        said.append(word("miss.made_up", language, points=_points(miss, -made_up, language)))
    return " · ".join(said)


def _points(miss: Miss, value: float, language: PaperLanguage) -> str:
    if miss.kpi.name in IN_DAYS:
        return days(value, language)
    text = number(value, language, 1 if abs(value) >= 0.095 else 2)
    return word("miss.point" if text == "1.0" else "miss.points", language, number=text)


def _since(miss: Miss, report: Report, language: PaperLanguage) -> Iterator[str]:
    """In which of the report's rows it was missed, and what is known of the years before."""
    name = miss.kpi.name
    known = [row.label for row in report.rows if row.figures.kpis[name].met is not None]
    missed = missed_rows(report, name)
    if report.by and len(known) > 1:
        yield _rows_text(known, missed, report.by, language)
    is_year = report.period.kind == "year"
    earlier = before(report, report.all.name, name)
    if earlier and miss.kpi.target is not None:
        is_met = meets(name, earlier[1], miss.kpi.target)
        year = f"{earlier[0]}{f'-{ordinal(earlier[0])}' * (language == 'az')}"
        when = word(f"miss.{'in_year' if is_year else 'year_before'}", language, year=year)
        value = kpi_value(name, earlier[1], language)
        yield word(f"miss.year_{'met' if is_met else 'missed'}", language, when=when, value=value)
    if is_year and (report.by or earlier):
        mine = {year: report.published[year].get(report.all.name, {}) for year in earlier_years(report)}
        older = [
            f"{year}: {kpi_value(name, values[name], language)}"
            for year, values in mine.items()
            if year < report.period.first.year - 1 and name in values
        ]
        yield from older or [word("miss.no_earlier", language)]


def _rows_text(known: Sequence[str], missed: Sequence[str], by: str, language: PaperLanguage) -> str:
    names = [lower(row_label(label, language), language) if language == "az" else row_label(label, language)
             for label in missed]  # fmt: skip
    numbers = {"number": number(len(missed), language), "whole": number(len(known), language)}
    unit = word(f"miss.{by}", language)
    if not missed:
        return word("miss.no_row", language, unit=unit, **numbers)
    first, last = names[0], names[-1]
    if len(missed) == len(known):
        every = word(f"miss.every_{by}", language)
        return word("miss.every_row", language, every=every, first=first, last=last)
    if len(missed) > 1 and list(missed) == list(known[-len(missed) :]):
        return word("miss.since_row", language, unit=unit, first=first, last=last, **numbers)
    named = ", ".join([*names[:_MOST_NAMED], *["…"] * (len(names) > _MOST_NAMED)])
    return word("miss.some_rows", language, unit=unit, names=named, **numbers)
