"""For each target that was missed one sentence: by how much, and which structure and hours account for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ivr.figures.kpis import AT_MOST, IN_DAYS
from ivr.figures.misses import Block, Miss
from ivr.reports.report import Period, Report
from ivr.reports.tables import kpi_label, short_titles
from ivr.reports.words import PaperLanguage, capitalised, days, number, percent, weekday_text, word

_WHOLE_FROM: Final = 10.0
"""From so many points on they are rounded to whole ones."""
_NEARLY_ALL: Final = 0.99
_EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)
_IN_A_ROW: Final = 3
"""So many weekdays or more are named by the first and the last."""


def sentences(misses: Iterable[Miss], report: Report, language: PaperLanguage) -> list[str]:
    """A sentence each, such as `Accepted within 30 seconds is 53.0 % instead of 80 %: DVX accounts for 24 of
    the 27 points, Monday and Tuesday 10:00–12:00 for 9.` Hours that are no worse than others are not named.
    """
    titles = short_titles(report, language)
    return [_sentence(miss, report, titles, language) for miss in misses]


def _sentence(miss: Miss, report: Report, titles: Mapping[str, str], language: PaperLanguage) -> str:
    name = miss.kpi.name
    value, target = _value_and_target(miss, language)
    if name in AT_MOST:
        target = word("why.at_most", language, target=target)
    label = kpi_label(report, name, language)
    said = capitalised(word("why.missed", language, kpi=label, target=target, value=value), language)
    groups = []
    if miss.structure:
        title = word("why.structure", language, what=titles.get(miss.structure, miss.structure))
        groups.append((title, "accounts", miss.shares[miss.structure]))
    if miss.block and miss.is_block_worse:
        is_plural = 1 < len(miss.block.weekdays) < len(_EVERY_DAY)
        hours = word("why.block", language, what=hours_text(miss.block, report.period, language))
        groups.append((hours, "account" if is_plural else "accounts", miss.block_points))
    return f"{said}: {_shares(miss, groups, language)}." if groups else f"{said}."


def _value_and_target(miss: Miss, language: PaperLanguage) -> tuple[str, str]:
    """As they are printed everywhere, the value with more digits if it would seem to meet the target."""
    name, value, target = miss.kpi.name, miss.kpi.value or 0.0, miss.kpi.target or 0.0
    if name in IN_DAYS:
        return days(value, language), days(target, language)
    shown = percent(value, language)
    for digits in (1, 2, 3):
        if round(value, digits) != target:
            shown = f"{number(value, language, digits)} %" if digits > 1 else shown
            break
    return shown, f"{number(target, language, None)} %"


def _shares(miss: Miss, groups: Sequence[tuple[str, str, float]], language: PaperLanguage) -> str:
    """What the groups account for: all of the miss, and no more, where other groups made up for it."""
    is_days = miss.kpi.name in IN_DAYS
    digits = 0 if miss.points >= _WHOLE_FROM else 1 if miss.points >= 0.1 else 2
    parts = [share for *_, share in groups if share < miss.points * _NEARLY_ALL]
    if any(round(share, digits) >= round(miss.points, digits) for share in parts):
        digits += 1
    total = _points(miss.points, None if is_days else digits, language)
    found = []
    for place, (what, accounts, share) in zip(("first", "second"), groups, strict=False):
        form = place if share in parts else f"all_{place}"
        values = {"points": number(share, language, digits), "unit": "günü" if is_days else "bəndi"}
        found.append(word(f"why.{form}", language, what=what, accounts=accounts, total=total, **values))
    return word("why.between", language).join(found)


def _points(value: float, digits: int | None, language: PaperLanguage) -> str:
    """Without digits they are days."""
    if digits is None:
        return f"{days(value, language)}{'lük' * (language == 'az')}"
    text = number(value, language, digits)
    if language == "az":
        return f"{text} faiz bəndlik"
    return f"{text} point{'s' * (round(value, digits) != 1)}"


def hours_text(block: Block, period: Period, language: PaperLanguage) -> str:
    """`Monday and Tuesday 10:00–12:00`; of one day without its name."""
    hours = f"{block.first_hour:02}:00–{block.end_hour:02}:00"
    if period.first == period.last:
        return word("why.at", language, hours=hours)
    return word("why.hours", language, weekdays=_weekdays(block.weekdays, language), hours=hours)


def _weekdays(weekdays: Sequence[int], language: PaperLanguage) -> str:
    names = [weekday_text(day, language) for day in weekdays]
    if tuple(weekdays) == _EVERY_DAY:
        return word("why.daily", language)
    if len(weekdays) >= _IN_A_ROW and weekdays[-1] - weekdays[0] == len(weekdays) - 1:
        return f"{names[0]}–{names[-1]}"
    *most, last = names
    return f"{', '.join(most)} {word('why.and', language)} {last}" if most else last
