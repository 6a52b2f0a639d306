"""The call centre's KPIs from sums of cells, each by its formula; percentages are not rounded.

A figure nothing feeds is None, with the reason: never 0 or 100 for want of data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal, NamedTuple

from ivr.config.model import Targets
from ivr.figures.classes import COUNTED, LOST, Code, Limits
from ivr.figures.inquiries import DatedSheet, SheetSums
from ivr.figures.parts import AGENTS, ALL, MINUTES, NOT_INBOUND, WHOLE_DAY, Cell, CellKey, Parts, added

KpiName = Literal[
    "accepted_within",
    "accepted_overall",
    "lost_after",
    "callback_level",
    "reach_level",
    "first_contact_resolution",
    "satisfaction",
    "availability",
    "inquiry_share",
    "inquiry_answer_days",
]
AT_MOST: Final[frozenset[KpiName]] = frozenset({"lost_after", "inquiry_share", "inquiry_answer_days"})
"""Their targets are upper limits; the others' are lower ones."""
IN_DAYS: Final[frozenset[KpiName]] = frozenset({"inquiry_answer_days"})
"""The others are percentages."""
OF_ATTEMPTS: Final[frozenset[KpiName]] = frozenset({"callback_level", "reach_level"})
Missing = Literal[
    "",
    "no_contacts",
    "nothing_to_call_back",
    "no_attempts",
    "no_known_numbers",
    "no_surveys",
    "no_ratings",
    "no_minutes",
    "no_inquiries",
    "none_closed",
]
"""Why a figure is not measured; the reports' words say what would feed it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The sums of one structure or of all: a cell for each code, and the minutes of the whole hotline.

    `not_inbound`: by origin, missed calls with a decision that are no contacts.
    """

    cells: Mapping[Code, Cell]
    minutes: Mapping[str, int]
    agent_days: int
    not_inbound: Mapping[str, int]

    def count(self, *codes: Code) -> int:
        """How many contacts have one of these codes."""
        return sum(self.cells[code].count for code in codes if code in self.cells)

    def provisional(self, *codes: Code) -> int:
        """How many of them may change."""
        return sum(self.cells[code].provisional for code in codes if code in self.cells)

    def tally(self, name: str, *codes: Code) -> int:
        """The tally of that name over the cells of these codes, of all if none is given."""
        return self.tallies(name, *codes)[""]

    def tallies(self, prefix: str, *codes: Code) -> Counter[str]:
        """The tallies whose names begin so, by the rest of their names."""
        found: Counter[str] = Counter()
        for cell in (self.cells[code] for code in codes or self.cells if code in self.cells):
            for name, number in cell.tallies.items():
                if name.startswith(prefix):
                    found[name.removeprefix(prefix)] += number
        return found

    @property
    def contacts(self) -> int:
        """N: all but those that still wait."""
        return self.count(*COUNTED)

    @property
    def lost(self) -> int:
        """L."""
        return self.count(*LOST)


class Kpi(NamedTuple):
    """`value` in percent or days, None if it is not measured, and `missing` says why; `met` beside `target`.

    `part` of `whole`: the counts it comes from.
    """

    name: KpiName
    value: float | None
    target: float | None
    met: bool | None
    is_provisional: bool
    missing: Missing
    part: float
    whole: float


def scope(parts: Parts, structure: str) -> Scope:
    """The sums of that structure, or of all of them with `ALL`."""
    whole = added(
        [parts],
        lambda key: (
            key._replace(structure=structure, half_hour=WHOLE_DAY) if _belongs(key, structure) else None
        ),
    )
    cells: dict[Code, Cell] = {
        code: cell for key, cell in whole.items() for code in (*COUNTED, "W") if key.code == code
    }
    minutes: Counter[str] = Counter()
    not_inbound: Counter[str] = Counter()
    for key, cell in parts.items():
        if key.code == MINUTES:
            minutes.update(cell.tallies)
        elif key.code == NOT_INBOUND and structure in (ALL, key.structure):
            not_inbound.update(cell.tallies)
    agents = parts.get(CellKey(structure, WHOLE_DAY, AGENTS), Cell())
    return Scope(cells, minutes, agents.count, not_inbound)


def _belongs(key: tuple[str, int, str], structure: str) -> bool:
    return key[2] in _CODES and structure in (ALL, key[0])


_CODES: Final = frozenset((*COUNTED, "W"))


@dataclass(frozen=True, slots=True)
class Basis:
    """By what sums become figures.

    `sheets`: every inquiry sheet that was open in the period. `is_running`: it is not over yet.
    `are_attempts_known`: anything feeds attempts to call back, ours or another system's; without, nobody
    knows who was called. `are_sheets_known`: there is any inquiry sheet, of whatever period.
    """

    sheets: Sequence[DatedSheet]
    targets: Targets
    limits: Limits
    is_running: bool
    are_attempts_known: bool
    are_sheets_known: bool


def kpis(sums: Scope, sheets: SheetSums, basis: Basis) -> list[Kpi]:
    """Every KPI of one scope, in the ministry's order."""
    found = []
    for name, part, whole, is_provisional, missing in _ratios(sums, sheets, basis.limits):
        if name in OF_ATTEMPTS and not missing and not basis.are_attempts_known:
            missing = "no_attempts"
        value = None if missing else part / whole * (1 if name in IN_DAYS else 100)
        target = getattr(basis.targets, name, None)
        met = None if value is None or target is None else meets(name, value, target)
        found.append(Kpi(name, value, target, met, basis.is_running or is_provisional, missing, part, whole))
    return found


def meets(name: KpiName, value: float, target: float) -> bool:
    """Whether a value of that KPI is on the right side of the target, or at it."""
    return value <= target if name in AT_MOST else value >= target


def _ratios(
    sums: Scope, sheets: SheetSums, limits: Limits
) -> Iterator[tuple[KpiName, float, float, bool, Missing]]:
    contacts, lost, answered = sums.contacts, sums.lost, sums.count("A")
    waiting = bool(sums.count("W"))
    may_order = waiting or bool(sums.provisional("O"))
    may_recover = may_order or bool(sums.provisional(*LOST))
    nobody: Missing = "" if contacts else "no_contacts"
    yield "accepted_within", within(sums, limits.in_time), contacts, waiting, nobody
    yield "accepted_overall", answered, contacts, waiting, nobody
    yield "lost_after", lost - sums.count("S"), contacts, may_order, nobody
    base = lost - sums.count("S", "E")
    nothing: Missing = "" if base else "nothing_to_call_back"
    yield "callback_level", sums.count("R", "C"), base, may_recover, nothing
    reached = sums.count("R") + sums.tally("called_back_talked", "C")
    yield "reach_level", reached, base, may_recover, nothing
    known, resolved = sums.tally("known"), sums.tally("resolved")
    may_return = bool(sums.tally("resolved_provisional"))
    unknown: Missing = "" if known else "no_known_numbers"
    yield "first_contact_resolution", resolved, known, may_return, unknown
    rated = sums.tallies("rated:")
    satisfied = sum(number for rating, number in rated.items() if int(rating) >= 4)
    unrated: Missing = "" if rated else "no_ratings" if sums.tally("asked") else "no_surveys"
    yield "satisfaction", satisfied, rated.total(), False, unrated
    up, down = sums.minutes.get("up", 0), sums.minutes.get("down", 0)
    yield "availability", up, up + down, False, "" if up + down else "no_minutes"
    no_share: Missing = "no_inquiries" if not sheets.is_fed else "" if answered else "no_contacts"
    yield "inquiry_share", sheets.queries_prepared, answered, False, no_share
    closed = sheets.queries_closed
    no_days: Missing = "no_inquiries" if not sheets.is_fed else "" if closed else "none_closed"
    yield "inquiry_answer_days", sheets.days_to_close, closed, False, no_days


def within(sums: Scope, seconds: float) -> int:
    """How many contacts were answered with a wait of at most so many seconds, exactly so many included."""
    waits = sums.cells["A"].waits if "A" in sums.cells else {}
    return sum(number for wait, number in waits.items() if wait <= seconds)


def mean_seconds(milliseconds: int, count: int) -> float | None:
    """None if there is nothing to divide by."""
    return milliseconds / count / 1000 if count else None


def percentile(histogram: Mapping[int, int], percent: float) -> int | None:
    """The least value at or below which so many percent lie; None of nothing."""
    rank, seen = ceil(sum(histogram.values()) * percent / 100), 0
    for value, number in sorted(histogram.items()):
        seen += number
        if seen >= rank:
            return value
    return None
