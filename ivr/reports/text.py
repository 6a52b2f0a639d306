"""A report on one screen of a terminal, as lines of text with a tone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ivr.figures.kpis import percentile
from ivr.figures.parts import ALL
from ivr.reports.explained import Explained
from ivr.reports.kpi_lines import is_provisional, kpi_lines
from ivr.reports.ministry_tables import by_period, slices
from ivr.reports.report import Report
from ivr.reports.spans import (
    GAP,
    WIDTH,
    Column,
    Span,
    Spans,
    Tone,
    cut,
    head_of,
    parted,
    plain,
    prose,
    table,
    wrapped,
)
from ivr.reports.tables import (
    Figure,
    Line,
    count,
    handle,
    shown,
    titles,
)
from ivr.reports.words import (
    PaperLanguage,
    capitalised,
    limited,
    lower,
    minutes,
    not_measured,
    number,
    percent,
    period_text,
    seconds,
    word,
)

_OF_ATTEMPTS: Final = ("treated", "talked")
"""Steps of the funnel that nobody knows without attempts."""
HEIGHT: Final = 45
"""Lines, but for the rows of `--by`."""


def text(report: Report, language: PaperLanguage, misses: Sequence[Explained] = ()) -> list[Spans]:
    """The lines of the report; `misses`: the missed targets.

    At most HEIGHT lines of WIDTH characters, then a line for each of `report.rows`.
    """
    first = [make(report, language) for make in (_head, _contacts, kpi_lines)]
    after = [make(report, language) for make in (_slices, _times, _funnel)]
    above, below = parted(first), parted(after)
    why = _misses(misses, HEIGHT - len(above) - len(below) - 2)
    rows = _rows(report, language) if report.by else ()
    return [plain(line) for line in parted((above, why, below, rows))]


def _head(report: Report, language: PaperLanguage) -> Iterator[Spans]:
    period, data = report.period, report.data
    title = word("report.title", language, period=period_text(period, language))
    line = [Span(cut(title, WIDTH), "bold")]
    said = [period.time_zone]
    if report.all.name != ALL:
        said.append(titles(report, language)[report.all.name])
    if period.working_hours_only:
        said.append(word("report.working_hours", language))
    if is_provisional(report):
        said.append(word("short.provisional", language))
    yield [*line, Span(cut("".join(f" · {one}" for one in said), WIDTH - len(line[0].text)), "dim")]
    known = [word("quality.complete" if data.is_complete else "quality.incomplete", language)]
    counts = {
        "gaps": len(data.gaps),
        "unknown": data.unknown_minutes,
        "suspicious": len(data.suspicious_hours),
        "deleted": data.deleted_days,
    }
    known += [word(f"short.{name}", language, number=number(n, language)) for name, n in counts.items() if n]
    if data.rebuilt_percent:
        known.append(word("short.rebuilt", language, number=percent(data.rebuilt_percent, language)))
    yield from wrapped(known, "dim" if data.is_complete else "")


def _contacts(report: Report, language: PaperLanguage) -> Iterator[Spans]:
    one = report.all
    received = count(report, one, one.contacts)
    if received.value is None:
        label = word("call.received", language)
        yield from prose(f"{label}: {not_measured(language, received.missing)}")
        return
    parts = {
        lower(word("column.answered", language), language): one.answered,
        word("short.ordered", language): one.ordered,
        word("short.excluded", language): one.excluded,
        lower(word("column.lost", language), language): one.lost,
    }
    spans = [
        Span(f"{number(one.contacts, language)}", "bold"),
        Span(f" {lower(word('column.received', language), language)} = "),
    ]
    for label, value in parts.items():
        spans += [Span(number(value, language), "bold"), Span(f" {label} + ")]
    spans[-1] = Span(spans[-1].text.removesuffix(" + "))
    yield spans
    beside = {"waiting": one.waiting, "requests_in_menu": report.requests_in_menu}
    for name, value in beside.items():
        if value:
            yield [Span(f"{word(f'call.{name}', language)}: {number(value, language)}", "dim")]


def _misses(misses: Sequence[Explained], most: int) -> Iterator[Spans]:
    """A sentence each; where it is, since when and the calls behind it, too, if all of that fits."""
    lines = [line for one in misses for line in (*prose(one.sentence), *_answers(one))]
    if len(lines) > most:
        lines = [line for one in misses for line in prose(one.sentence)]
    yield from lines[:most] if len(lines) <= most else [*lines[: most - 1], [Span("…", "dim")]]


def _answers(one: Explained) -> Iterator[Spans]:
    said = [f"{answer.name}: {answer.text}" for answer in one.answers if answer.kind in ("where", "since")]
    said += [answer.command for answer in one.answers if answer.command]
    yield from wrapped((f"{GAP}{said[0]}", *said[1:]), "dim")


def _slices(report: Report, language: PaperLanguage) -> Iterator[Spans]:
    found = slices(report, language)
    if found.missing:
        if report.all.contacts:
            yield from prose(f"{word('call.lost', language)}: {not_measured(language, found.missing)}")
        return
    cells = [
        [Span(shown(line.cells[place], language), _tone(line.is_total)) for line in found.lines]
        for place in (0, 1)
    ]
    if not _are_attempts_known(report):
        called_back = list(report.all.lost_slices).index("called_back")
        cells[0][called_back], cells[1][called_back] = Span("–"), Span(not_measured(language))
    labels = [Span(line.label, _tone(line.is_total)) for line in found.lines]
    head = Column([word("section.slices", language)], labels, True)
    yield from table([head, *(Column([""], column) for column in cells)])


def _times(report: Report, language: PaperLanguage) -> Iterator[Spans]:
    one = report.all
    if one.mean_wait_seconds is None or one.mean_handle_seconds is None:
        return
    median, p95 = (seconds(percentile(one.waits, part) or 0, language) for part in (50, 95))
    mean = seconds(one.mean_wait_seconds, language)
    said = [word("short.wait", language, mean=mean, median=median, p95=p95)]
    spoken = f"short.{handle(one, 'handle', 'talk')}"
    said.append(word(spoken, language, mean=seconds(one.mean_handle_seconds, language)))
    if one.answered_per_agent_day is not None:
        said.append(word("short.agent_day", language, number=number(one.answered_per_agent_day, language)))
    yield from wrapped(said)


def _funnel(report: Report, language: PaperLanguage) -> Iterator[Spans]:
    """From the lost to those who talked, and how long that took."""
    one = report.all
    if not one.lost:
        return
    treated = one.lost_slices["called_again"] + one.lost_slices["called_back"]
    owed = one.lost - one.lost_slices["too_short"]
    steps = {
        "lost": one.lost,
        "owed": owed,
        "possible": owed - one.lost_slices["impossible"],
        "treated": treated,
        "talked": one.lost_slices["called_again"] + one.reached,
    }
    said = [
        f"{lower(limited(f'funnel.{name}', language, report.limits), language)} {number(value, language)}"
        for name, value in steps.items()
        if name not in _OF_ATTEMPTS or _are_attempts_known(report)
    ]
    said[0] = f"{word('short.funnel', language)}: {said[0]}"
    yield from wrapped(said, between=" → ")
    yield from wrapped(_of_callbacks(report, language))


def _are_attempts_known(report: Report) -> bool:
    return report.all.kpis["callback_level"].missing != "no_attempts"


def _of_callbacks(report: Report, language: PaperLanguage) -> Iterator[str]:
    one = report.all
    median, p95 = (percentile(one.callback_service, part) for part in (50, 95))
    if median is None or p95 is None:
        why = not_measured(language, "no_callback_times" if _are_attempts_known(report) else "no_attempts")
        yield word("short.no_callback", language, why=why)
    else:
        yield word("short.callback", language, median=minutes(median, language), p95=minutes(p95, language))
    made = sum(sum(found.values()) for found in one.attempts.values())
    if made:
        reached = sum(found.get("reached", 0) for found in one.attempts.values())
        share = percent(reached / made * 100, language)
        yield word("short.attempts", language, number=number(made, language), percent=share)


def _rows(report: Report, language: PaperLanguage) -> Iterator[Spans]:
    """A line for each row, and their total."""
    found = by_period(report, language)
    lines = [line for line in found.lines if line.is_total or _is_any_contact(line)]
    label, *heads = found.columns
    columns = [Column([label], [Span(line.label, _tone(line.is_total)) for line in lines], True)]
    for place, head in enumerate(heads):
        cells = []
        for line in lines:
            cell = line.cells[place]
            value = "–" if isinstance(cell, Figure) and cell.value is None else shown(cell, language)
            cells.append(Span(value, _tone(line.is_total)))
        columns.append(Column(head_of(capitalised(head, language)), cells))
    yield from table(columns)


def _is_any_contact(line: Line) -> bool:
    """Whether the first cell, the number received, is not 0."""
    first = line.cells[0]
    return not isinstance(first, Figure) or bool(first.value)


def _tone(is_total: bool) -> Tone:
    return "bold" if is_total else ""
