"""What reports call things and how they write numbers and dates, in Azerbaijani and in English.

One place for text, tables and pages. The labels stand in `words.toml`, in the ministry's wording.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from math import floor, log10
from pathlib import Path
from typing import Final, Literal, assert_never
from zoneinfo import ZoneInfo

from ivr.figures.classes import Limits
from ivr.figures.kpis import IN_DAYS, KpiName, Missing
from ivr.reports.report import Period

PaperLanguage = Literal["az", "en"]
Reason = Missing | Literal[
    "no_topics", "no_answered", "no_attempts", "no_callback_times", "no_agents", "no_lost",
    "no_menu", "no_numbered_attempts", "no_decisions", "not_kept", "of_the_hotline",
]  # fmt: skip
"""Why a figure is not measured."""

KPI_ORDER: Final[tuple[KpiName, ...]] = (
    "accepted_within",
    "accepted_overall",
    "lost_after",
    "callback_level",
    "reach_level",
    "inquiry_share",
    "inquiry_answer_days",
    "availability",
    "first_contact_resolution",
    "satisfaction",
)
"""As the ministry prints them; the reach level, which it does not print, after the callback level."""

_ALPHABET: Final = "aAbBcCçÇdDeEəƏfFgGğĞhHxXıIiİjJkKqQlLmMnNoOöÖpPrRsSşŞtTuUüÜvVwWyYzZ"
_RANK: Final = {letter: rank // 2 for rank, letter in enumerate(_ALPHABET)}
_MONTHS: Final[Mapping[PaperLanguage, tuple[str, ...]]] = {
    "az": ("yanvar", "fevral", "mart", "aprel", "may", "iyun", "iyul", "avqust", "sentyabr", "oktyabr",
           "noyabr", "dekabr"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip
_WEEKDAYS: Final[Mapping[PaperLanguage, tuple[str, ...]]] = {
    "az": ("bazar ertəsi", "çərşənbə axşamı", "çərşənbə", "cümə axşamı", "cümə", "şənbə", "bazar"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_ROMAN: Final = ("I", "II", "III", "IV")
_SPACE: Final = "\N{NO-BREAK SPACE}"
_ABBREVIATED_FROM: Final = 3
"""A title of so many capitalised words is known by their initials."""
_LONGEST_SHORT: Final = 40


@cache
def _words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    path = Path(__file__).with_name("words.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def word(key: str, language: PaperLanguage, /, **values: object) -> str:
    """The words of a key such as `kpi.callback_level`, with `values` in them. Raises KeyError."""
    kind, _, name = key.partition(".")
    text = _words()[kind][name][language]
    return text.format(**values) if values else text


def word_or_name(key: str, language: PaperLanguage) -> str:
    """The same; of a name that reports do not know, the name."""
    kind, _, name = key.partition(".")
    return word(key, language) if name in _words()[kind] else name.replace("_", " ")


def limited(key: str, language: PaperLanguage, limits: Limits) -> str:
    """The words of a key in which the seconds of the configuration may stand."""
    seconds = {name: number(getattr(limits, name), language, None) for name in ("short_wait", "in_time")}
    return word(key, language, **seconds)


def not_measured(language: PaperLanguage, reason: Reason | Literal[""] = "") -> str:
    """`ölçülməyib`, with what would feed the figure if a reason is given."""
    words = word("missing.word", language)
    return f"{words} ({word(f'missing.{reason}', language)})" if reason else words


def number(value: float, language: PaperLanguage, digits: int | None = 0) -> str:
    """`425 892` or `425,892`, with so many digits after the point; None: as many as there are, up to 3."""
    text = f"{value:,.{3 if digits is None else digits}f}"
    if digits is None:
        text = text.rstrip("0").rstrip(".")
    if language == "az":
        text = text.replace(",", _SPACE).replace(".", ",")
    return text.replace("-", "\N{MINUS SIGN}")


def bare_percent(value: float, language: PaperLanguage) -> str:
    """A percentage without its sign: one digit after the point, or the first that is not 0."""
    digits = 1 if value == 0 or abs(value) >= 0.095 else -floor(log10(abs(value) * 1.05))
    return number(value, language, digits)


def percent(value: float, language: PaperLanguage) -> str:
    """`53,0 %` or `53.0 %`."""
    return f"{bare_percent(value, language)}{_SPACE}%"


def kpi_value(name: KpiName, value: float, language: PaperLanguage) -> str:
    """In percent, or in days: `5 gün`."""
    return days(value, language) if name in IN_DAYS else percent(value, language)


def days(value: float, language: PaperLanguage) -> str:
    """`5 gün`; to one digit unless it rounds to whole days."""
    rounded = round(value, 1)
    unit = "gün" if language == "az" else "day" if rounded == 1 else "days"
    return f"{number(rounded, language, None)}{_SPACE}{unit}"


def seconds(value: float, language: PaperLanguage) -> str:
    """`66 san.` or `66 s`, whole seconds."""
    return f"{number(value, language)}{_SPACE}{'san.' if language == 'az' else 's'}"


def minutes(value: float, language: PaperLanguage) -> str:
    """`15 dəq.` or `15 min`, and hours from two of them on."""
    if value < 120:
        return f"{number(value, language)}{_SPACE}{'dəq.' if language == 'az' else 'min'}"
    hours, rest = divmod(round(value), 60)
    hour, minute = ("saat", "dəq.") if language == "az" else ("h", "min")
    whole = f"{number(hours, language)}{_SPACE}{hour}"
    return f"{whole}{_SPACE}{rest}{_SPACE}{minute}" if rest else whole


def upper(text: str, language: PaperLanguage) -> str:
    """In capitals; in Azerbaijani those of i and ı are İ and I."""
    return (text.replace("i", "İ").replace("ı", "I") if language == "az" else text).upper()


def lower(text: str, language: PaperLanguage) -> str:
    """In small letters; in Azerbaijani those of İ and I are i and ı."""
    return (text.replace("İ", "i").replace("I", "ı") if language == "az" else text).lower()


def capitalised(text: str, language: PaperLanguage) -> str:
    """With its first letter in capitals."""
    return upper(text[:1], language) + text[1:]


def sort_key(text: str) -> tuple[tuple[int, int], ...]:
    """By this, sorting gives the order of the Azerbaijani alphabet; foreign letters come after it."""
    return tuple((0, _RANK[one]) if one in _RANK else (one.isalpha(), ord(one)) for one in text)


def short_title(titles: Mapping[str, str], name: str, language: PaperLanguage) -> str:
    """`ƏMDX` in both languages if the Azerbaijani title is long enough for initials, or the title."""
    title = titles.get("az") or name
    initials = [part[0] for part in title.split() if part[0].isupper()]
    if len(initials) < _ABBREVIATED_FROM:
        title = titles.get(language) or name
        return title if len(title) <= _LONGEST_SHORT else f"{title[: _LONGEST_SHORT - 1]}…"
    return "".join(initials)[:_LONGEST_SHORT]


def ordinal(value: int) -> str:
    """The ending of an ordinal number in Azerbaijani: `ci` of 2025, `cü` of 2024."""
    ones = {1: "ci", 2: "ci", 3: "cü", 4: "cü", 5: "ci", 6: "cı", 7: "ci", 8: "ci", 9: "cu"}
    tens = {1: "cu", 2: "ci", 3: "cu", 4: "cı", 5: "ci", 6: "cı", 7: "ci", 8: "ci", 9: "cı"}
    if value % 10:
        return ones[value % 10]
    return tens.get(value // 10 % 10) or ("cü" if value // 100 % 10 else "ci")


def day_text(day: date, language: PaperLanguage) -> str:
    """`14 may 2024`."""
    return f"{day.day}{_SPACE}{_MONTHS[language][day.month - 1]}{_SPACE}{day.year}"


def moment_text(moment: datetime, zone: str, language: PaperLanguage) -> str:
    """`14 may 2024, 16:20`, local time."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day_text(local.date(), language)}, {local:%H:%M}"


def weekday_text(weekday: int, language: PaperLanguage) -> str:
    """0 is Monday."""
    return _WEEKDAYS[language][weekday]


def period_text(period: Period, language: PaperLanguage) -> str:
    """`2024-cü il`, `2024-cü ilin may ayı`; in English `May 2024`."""
    first, last = period.first, period.last
    month, year = _MONTHS[language][first.month - 1], first.year
    az_year = f"{year}-{ordinal(year)} il"
    match period.kind:
        case "year":
            return az_year if language == "az" else str(year)
        case "quarter":
            quarter = (first.month + 2) // 3
            return f"{az_year}in {_ROMAN[quarter - 1]} rübü" if language == "az" else f"Q{quarter} {year}"
        case "month":
            return f"{az_year}in {month} ayı" if language == "az" else f"{month} {year}"
        case "week":
            of_year, week, _ = first.isocalendar()
            span = _span(first, last, language)
            if language == "en":
                return f"week {week} of {of_year} ({span})"
            return f"{of_year}-{ordinal(of_year)} ilin {week}-{ordinal(week)} həftəsi ({span})"
        case "day":
            return f"{first.day} {month} {az_year}" if language == "az" else day_text(first, language)
        case "range":
            return _span(first, last, language)
        case other:
            assert_never(other)


def _span(first: date, last: date, language: PaperLanguage) -> str:
    """`13–19 may 2024`."""
    begin = (
        f"{first.day}–" if first.replace(day=1) == last.replace(day=1) else f"{day_text(first, language)} – "
    )
    return f"{begin}{day_text(last, language)}"


def row_label(label: str, language: PaperLanguage) -> str:
    """Of a report's row: `09` is an hour, `2024-05` a month, `2024-W20` a week, else a day."""
    if len(label) == 2:
        return f"{label}:00"
    if "W" in label:
        week = int(label[-2:])
        return f"{week}-{ordinal(week)} həftə" if language == "az" else f"week {week}"
    if len(label) == 7:
        name = _MONTHS[language][int(label[-2:]) - 1]
        return capitalised(name, language)
    return day_text(date.fromisoformat(label), language)


def half_hour_text(half_hour: int) -> str:
    """`09:30`."""
    return f"{half_hour // 2:02}:{half_hour % 2 * 30:02}"
