"""What must be found in a made year, by the names of the JSON report: the plan, and sums of what was drawn.

Computed from the plan's counts and from what each contact was made to be, never from the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tests.year.import_files import Inquiries
from tests.year.moments import Contact
from tests.year.plan import Counts, Plan
from tests.year.scopes import QUERY_KINDS, SLICES, scope


def planned_figures(
    plan: Plan,
    contacts: Iterable[Contact],
    inquiries: Inquiries,
    agent_days: Mapping[str, set[tuple[str, date]]],
    topics: Mapping[tuple[str, str], int],
    minutes: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """An object for `all` and for each structure.

    `agent_days`: by structure, who answered on which day; `topics`: rows by structure and topic; `minutes`:
    `up` and `monitored`.
    """
    sums = {name: _planned(counts) for name, counts in plan.structures.items()}
    for one in contacts:
        counter, is_excluded = sums[one.structure], one.kind == "left_by_key"
        counter.update(excluded=is_excluded, contacts=is_excluded, talk=one.talk)
        counter["wait"] += one.wait * one.is_answered
        counter["short wait"] += one.wait * (one.kind == "too_short")
    for (name, topic), number in topics.items():
        sums[name][f"topic {topic}"] = number
    for name, counter in sums.items():
        counter["with sheet"] = inquiries.with_sheet[name]
        counter["answer days"], counter["answers"] = inquiries.days_of[name], inquiries.answers[name]
    sums["all"] = sum(sums.values(), Counter())
    days = {**agent_days, "all": {one for days in agent_days.values() for one in days}}
    return {name: scope({**of_scope, **minutes}, len(days[name])) for name, of_scope in sums.items()}


def _planned(counts: Counts) -> Counter[str]:
    found = Counter(
        {
            "contacts": counts.answered + counts.lost,
            "lost": counts.lost,
            "in time": counts.within_30,
            "known": counts.answered - counts.hidden,
            "sufficed": counts.resolved,
            **{name: getattr(counts, name) for name in SLICES},
            **{name: getattr(counts, name) for name in ("answered", "reached", "asked", "rated", "content")},
        }
    )
    for kind, sheets in counts.sheets.items():
        done = "answered_by_centre" if kind in QUERY_KINDS else "sent_on"
        found[f"{kind} prepared"], found[f"{kind} carried_in"] = sheets.prepared, sheets.carried_in
        found[f"{kind} carried_out"] = sheets.carried_out
        found[f"{kind} {done}"] = sheets.prepared + sheets.carried_in - sheets.carried_out
    return found
