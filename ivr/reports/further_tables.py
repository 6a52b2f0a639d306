"""The tables that the ministry's report lacks: waits, service levels, callbacks, what the data rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from ivr.figures.kpis import percentile
from ivr.figures.parts import ALL
from ivr.menus.steps import by_node
from ivr.reports.report import Report
from ivr.reports.tables import (
    Cell,
    Figure,
    Line,
    Table,
    columns_of,
    parts_of_whole,
    share,
    structures_first,
    titles,
    total_line,
)
from ivr.reports.words import (
    PaperLanguage,
    Reason,
    half_hour_text,
    lower,
    number,
    seconds,
    word,
    word_or_name,
)

WAIT_STEPS: Final = (10, 20, 30, 60, 120, 180, 300, 600)
"""Seconds up to which waits are summed."""


def agents(report: Report, language: PaperLanguage) -> Table:
    """How many calls and how much talk an agent had on a day."""
    known = titles(report, language)
    lines = [
        Line(
            known[one.name],
            [
                Figure(one.agent_days),
                Figure(one.answered_per_agent_day, "count", "no_agents"),
                Figure(_in_minutes(one.talk_seconds_per_agent_day), "minutes", "no_agents"),
            ],
            is_total=one.name == ALL,
        )
        for one in structures_first(report)
    ]
    columns = columns_of(language, "structure", "agent_days", "per_agent_day", "talk_per_agent_day")
    return Table(columns, lines, "" if report.all.agent_days else "no_agents")


def _in_minutes(value: float | None) -> float | None:
    return None if value is None else value / 60


def waits(report: Report, language: PaperLanguage) -> Table:
    """How long those waited who were answered and those who were lost."""
    answered, lost = report.all.waits, report.all.lost_waits
    lines, done = [], 0
    for low, high in zip((0, *WAIT_STEPS), (*WAIT_STEPS, None), strict=True):
        of_answered, of_lost = _between(answered, low, high), _between(lost, low, high)
        done += of_answered
        cells = [Figure(of_answered), share(done, report.all.answered, "no_answered"), Figure(of_lost)]
        lines.append(Line(_span(low, high, language), cells))
    whole = [
        Figure(report.all.answered),
        share(report.all.answered, report.all.answered, "no_answered"),
        Figure(report.all.lost),
    ]
    lines.append(total_line(word("report.total", language), whole))
    columns = columns_of(language, "wait", "answered", "cumulative", "lost")
    return Table(columns, lines, "" if answered or lost else "no_contacts")


def _between(histogram: Mapping[int, int], low: int, high: int | None) -> int:
    return sum(
        n for wait, n in histogram.items() if wait > low - (not low) and (high is None or wait <= high)
    )


def _span(low: int, high: int | None, language: PaperLanguage) -> str:
    if high is None:
        return f"> {seconds(low, language)}"
    return f"{low + bool(low)}–{seconds(high, language)}"


SERVICE_LEVELS: Final = (10, 20, 30, 60, 120, 300)


def service_levels(report: Report, language: PaperLanguage) -> Table:
    """The share of all contacts that were answered within so many seconds, by structure."""
    known = titles(report, language) | {ALL: word("report.overall", language)}
    lines = []
    for one in structures_first(report):
        found = [
            share(_between(one.waits, 0, limit), one.contacts, "no_contacts") for limit in SERVICE_LEVELS
        ]
        lines.append(Line(known[one.name], found, is_total=one.name == ALL))
    heads = [f"≤ {seconds(limit, language)}" for limit in SERVICE_LEVELS]
    return Table([*columns_of(language, "structure"), *heads], lines)


_DISPOSITIONS: Final = ("reached", "no_answer", "busy", "declined", "machine_or_no_confirmation",
                        "citizen_left_before_agent")  # fmt: skip


def attempts(report: Report, language: PaperLanguage) -> Table:
    """Our attempts by their number."""
    return _attempts(
        "attempt",
        ((number(one, language), found) for one, found in report.all.attempts.items()),
        report.all.attempts.values(),
        report.all.lost_slices["called_back"],
        language,
    )


def attempts_by_hour(report: Report, language: PaperLanguage) -> Table:
    """Our attempts by the hour they were planned in."""
    found = report.all.attempts_by_hour
    return _attempts(
        "hour",
        ((half_hour_text(hour * 2), made) for hour, made in found.items()),
        found.values(),
        report.all.lost_slices["called_back"],
        language,
    )


def _attempts(
    head: str,
    rows: Iterable[tuple[str, Mapping[str, int]]],
    every: Iterable[Mapping[str, int]],
    is_called_back: int,
    language: PaperLanguage,
) -> Table:
    lines = [Line(label, _of_attempts(found)) for label, found in rows]
    whole: dict[str, int] = {}
    for found in every:
        for name, times in found.items():
            whole[name] = whole.get(name, 0) + times
    columns = [word(f"disposition.{name}", language) for name in (*_DISPOSITIONS, "others")]
    total = total_line(word("report.total", language), _of_attempts(whole))
    return Table(
        [*columns_of(language, head, "attempts"), *columns, word("column.reached_percent", language)],
        [*lines, total],
        "" if lines else "no_numbered_attempts" if is_called_back else "no_attempts",
    )


def _of_attempts(found: Mapping[str, int]) -> list[Cell]:
    made = sum(found.values())
    known = [found.get(name, 0) for name in _DISPOSITIONS]
    counts = [Figure(made), *map(Figure, known), Figure(made - sum(known))]
    return [*counts, share(found.get("reached", 0), made, "no_attempts")]


def callback_times(report: Report, language: PaperLanguage) -> Table:
    """How long it took until those talked who were called back, in service minutes and by the clock."""
    known = titles(report, language)
    lines = []
    for one in structures_first(report):
        cells: list[Cell] = [Figure(sum(one.callback_service.values()))]
        for histogram in (one.callback_service, one.callback_clock):
            cells += [
                Figure(percentile(histogram, part), "minutes", "no_callback_times") for part in (50, 95)
            ]
        lines.append(Line(known[one.name], cells, is_total=one.name == ALL))
    heads = [
        f"{word(f'column.{which}', language)}: {lower(word(f'column.{part}', language), language)}"
        for which in ("service", "clock")
        for part in ("median", "p95")
    ]
    columns = [*columns_of(language, "structure", "talked"), *heads]
    return Table(columns, lines, "" if report.all.callback_service else "no_callback_times")


def balance(report: Report, language: PaperLanguage) -> Table:
    """What the lost come to: recovered, tried in vain, still owed, not to be called by reason."""
    found, lead = report.all.balance, word("balance.not_to_be_called", language)
    first = [name for name in _OWED if found.get(name)]
    rest = sorted((name for name in found if name not in _OWED), key=lambda name: -found[name])
    rows = [(word(f"balance.{name}", language), found[name], "") for name in first]
    rows += [(f"{lead}: {word_or_name(f'balance.{name}', language)}", found[name], "") for name in rest]
    columns = columns_of(language, "indicator", "calls", "percent")
    return parts_of_whole(columns, rows, word("report.total", language), "no_lost")


_OWED: Final = ("recovered_by_citizen", "recovered_by_us", "tried_in_vain", "still_owed")


def missed_calls(report: Report, language: PaperLanguage) -> Table:
    """From the lost contacts to the missed calls with a decision, which `data audit` counts, by reason."""
    found = report.all.missed_calls
    differing = {name: -calls for name, calls in found.lost_undecided.items()} | dict(found.decided_not_lost)
    lines = [Line(word("column.lost", language), [Figure(report.all.lost)])]
    lines += [Line(word(f"missed.{name}", language), [Figure(calls)]) for name, calls in differing.items()]
    lines.append(total_line(word("missed.decided", language), [Figure(found.decided)]))
    missing: Reason | Literal[""] = "" if found.decided else "no_decisions" if report.all.lost else "no_lost"
    return Table(columns_of(language, "indicator", "calls"), lines, missing)


def menu_nodes(report: Report, language: PaperLanguage) -> Table:
    """How callers left each node of the menu, the most visited node first."""
    lines = []
    for node in by_node(report.nodes):
        for left_by, calls in sorted(node.left.items(), key=lambda one: (-one[1], one[0])):
            cells = [_way(left_by, language), Figure(calls), share(calls, node.visits, "no_menu")]
            lines.append(Line(node.node, cells))
    columns = columns_of(language, "node", "left_by", "calls", "of_node")
    if report.all.name != ALL:
        return Table(columns, (), "of_the_hotline")
    return Table(columns, lines, "" if lines else "no_menu")


def _way(left_by: str, language: PaperLanguage) -> Cell:
    """A key as such, or what happened without one."""
    if len(left_by) == 1:
        return word("left_by.key", language, key=left_by)
    return word_or_name(f"left_by.{left_by.replace(' ', '_')}", language)


def hidden_numbers(report: Report, language: PaperLanguage) -> Table:
    """Contacts without a number, by the trunk they came in by."""
    found = sorted(report.all.hidden_numbers.items())
    lines = [
        Line(trunk or word("quality.unknown_trunk", language), [Figure(calls)]) for trunk, calls in found
    ]
    total = total_line(word("report.total", language), [Figure(sum(calls for _, calls in found))])
    return Table(
        columns_of(language, "trunk", "calls"), [*lines, total], "" if report.all.contacts else "no_contacts"
    )
