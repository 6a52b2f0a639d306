"""One structure's figures, or those of all together, as plain values under the names that programs read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from ivr.figures.classes import Code
from ivr.figures.inquiries import SheetSums
from ivr.figures.kpis import Basis, Kpi, KpiName, Scope, kpis, mean_seconds

SLICES: Final[dict[str, Code]] = {
    "called_again": "R",
    "called_back": "C",
    "impossible": "E",
    "too_short": "S",
    "not_called_back": "M",
}
"""In the ministry's order."""


_NOT_LOST: Final[dict[str, Code]] = {"answered": "A", "ordered": "O", "excluded": "X", "waiting": "W"}


@dataclass(frozen=True, slots=True)
class MissedCalls:
    """The missed calls with a callback decision, which `data audit` counts, beside the lost contacts.

    `decided` is lost − the sum of `lost_undecided` + the sum of `decided_not_lost`. `lost_undecided`: lost
    contacts without a decision, `left_by_key` (a key is no missed call) or `not_decided` (yet, or never).
    `decided_not_lost`: decisions about contacts of another class, and about visits of origin `callback` or
    `internal`, which are no contacts. Reasons that do not occur are left out.
    """

    decided: int
    lost_undecided: Mapping[str, int]
    decided_not_lost: Mapping[str, int]


def missed_calls(sums: Scope) -> MissedCalls:
    """How the missed calls of one scope differ from its lost contacts."""
    classes = {word: sums.tally("missed", code) for word, code in _NOT_LOST.items()}
    others = {word: number for word, number in (classes | dict(sums.not_inbound)).items() if number}
    decided = sums.tally("missed") + sum(sums.not_inbound.values())
    return MissedCalls(decided, sums.tallies("undecided:"), others)


@dataclass(frozen=True, slots=True)
class ScopeFigures:
    """Counts are contacts; `None` is not measured.

    `name`: `all` or the structure's. `reached`: called back and talked with an agent.
    `mean_handle_seconds`: talk alone unless `is_wrapup_measured`. `balance`: what became of the lost ones.
    `waits`, `lost_waits`: contacts by whole seconds waited, rounded up. `callback_clock`, `callback_service`:
    contacts by minutes until a citizen who was called back talked with an agent. `attempts`: by number of the
    attempt, `attempts_by_hour`: by hour; then by disposition.
    """

    name: str
    contacts: int
    answered: int
    ordered: int
    excluded: int
    lost: int
    waiting: int
    lost_slices: Mapping[str, int]
    provisional: int
    reached: int
    answered_including_callbacks: int
    mean_wait_seconds: float | None
    mean_handle_seconds: float | None
    is_wrapup_measured: bool
    mean_too_short_seconds: float | None
    agent_days: int
    answered_per_agent_day: float | None
    talk_seconds_per_agent_day: float | None
    topics: Mapping[str, int]
    inquiries: SheetSums
    directions: Mapping[str, int]
    kpis: Mapping[KpiName, Kpi]
    balance: Mapping[str, int]
    missed_calls: MissedCalls
    hidden_numbers: Mapping[str, int]
    unknown_key_exits: int
    waits: Mapping[int, int]
    lost_waits: Mapping[int, int]
    callback_clock: Mapping[int, int]
    callback_service: Mapping[int, int]
    attempts: Mapping[int, Mapping[str, int]]
    attempts_by_hour: Mapping[int, Mapping[str, int]]
    asked: int
    ratings: Mapping[int, int]
    rebuilt: int


class Attempts(NamedTuple):
    """How many attempts had a number, an hour and a disposition."""

    by_number: Mapping[int, Mapping[str, int]]
    by_hour: Mapping[int, Mapping[str, int]]


def figures(name: str, sums: Scope, sheets: SheetSums, attempts: Attempts, basis: Basis) -> ScopeFigures:
    """Every figure of one scope."""
    answered, lost = sums.count("A"), sums.lost
    reached = sums.tally("called_back_talked", "C")
    answers = sums.cells.get("A")
    short = sums.cells.get("S")
    all_sheets = sheets.total
    return ScopeFigures(
        name=name,
        contacts=sums.contacts,
        answered=answered,
        ordered=sums.count("O"),
        excluded=sums.count("X"),
        lost=lost,
        waiting=sums.count("W"),
        lost_slices={word: sums.count(code) for word, code in SLICES.items()},
        provisional=sum(cell.provisional for cell in sums.cells.values()),
        reached=reached,
        answered_including_callbacks=answered + sums.count("O") + reached,
        mean_wait_seconds=mean_seconds(answers.wait_ms, answered) if answers else None,
        mean_handle_seconds=mean_seconds(answers.talk_ms + answers.wrapup_ms, answered) if answers else None,
        is_wrapup_measured=bool(answers and answers.handled),
        mean_too_short_seconds=mean_seconds(short.wait_ms, short.count) if short else None,
        agent_days=sums.agent_days,
        answered_per_agent_day=answered / sums.agent_days if sums.agent_days else None,
        talk_seconds_per_agent_day=mean_seconds(answers.talk_ms, sums.agent_days) if answers else None,
        topics=sums.tallies("topic:"),
        inquiries=sheets,
        directions={
            "answered_at_once": answered - sums.tally("with_sheet"),
            "inquiry_answered_by_centre": all_sheets.answered_by_centre,
            "inquiry_sent_on": all_sheets.sent_on,
            "lost_without_contact": lost - sums.count("R") - reached,
        },
        kpis={kpi.name: kpi for kpi in kpis(sums, sheets, basis)},
        balance=sums.tallies("balance:"),
        missed_calls=missed_calls(sums),
        hidden_numbers=sums.tallies("hidden:"),
        unknown_key_exits=sums.tally("key_unknown"),
        waits=answers.waits if answers else {},
        lost_waits=_added(cell.waits for code, cell in sums.cells.items() if code in SLICES.values()),
        callback_clock=_minutes(sums.tallies("callback_clock:")),
        callback_service=_minutes(sums.tallies("callback_service:")),
        attempts=attempts.by_number,
        attempts_by_hour=attempts.by_hour,
        asked=sums.tally("asked"),
        ratings={int(rating): number for rating, number in sums.tallies("rated:").items()},
        rebuilt=sums.tally("rebuilt"),
    )


def _minutes(tallies: Mapping[str, int]) -> dict[int, int]:
    return {int(minutes): number for minutes, number in tallies.items()}


def _added(histograms: Iterable[Mapping[int, int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for histogram in histograms:
        total.update(histogram)
    return total
