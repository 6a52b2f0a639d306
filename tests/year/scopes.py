"""From sums to one scope of the JSON report: quotients alone, for the plan and the reference alike.

The words of the sums: `contacts` that ended, `answered`, `excluded`, `lost` with its `SLICES`, `reached` (of
called_back), `waiting` besides; of the answered `in time`, `known` (number), `sufficed`, `asked`, `rated`,
`content`, `with sheet`, seconds of `wait` and `talk`; seconds of `short wait`; `topic NAME`; `KIND FIGURE` of
the sheets, `answers` and `answer days` of the query sheets; minutes `up` of those `monitored`. That the
quotients are right is shown by the published report, which the plan of the full year must print.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

QUERY_KINDS: Final = ("complex_question", "e_service_error")
_COMPLAINTS: Final = ("complaint_about_third_party", "complaint_about_body_or_staff")
SHEET_KINDS: Final = (*QUERY_KINDS, *_COMPLAINTS, "reception_booking", "proposal")
SHEET_FIGURES: Final = ("prepared", "carried_in", "answered_by_centre", "sent_on", "carried_out")
SLICES: Final = ("too_short", "called_again", "called_back", "impossible", "not_called_back")


def scope(sums: Mapping[str, int], agent_days: int) -> dict[str, Any]:
    """The object of `all` or of a structure; None where nothing feeds it. `agent_days`: how many."""

    def of(what: str) -> int:
        return sums.get(what, 0)

    def sheets(what: str, kinds: Iterable[str] = SHEET_KINDS) -> int:
        return sum(of(f"{kind} {what}") for kind in kinds)

    contacts, answered, lost = of("contacts"), of("answered"), of("lost")
    over_10_seconds, talked = lost - of("too_short"), of("called_again") + of("reached")
    to_be_called = over_10_seconds - of("impossible")
    return {
        "contacts": contacts,
        "answered": answered,
        "ordered": 0,
        "excluded": of("excluded"),
        "lost": lost,
        "waiting": of("waiting"),
        "lost_slices": {name: of(name) for name in SLICES},
        "reached": of("reached"),
        "mean_wait_seconds": _ratio(of("wait"), answered),
        "mean_handle_seconds": _ratio(of("talk"), answered),
        "mean_too_short_seconds": _ratio(of("short wait"), of("too_short")),
        "answered_per_agent_day": _ratio(answered, agent_days),
        "topics": {name[6:]: number for name, number in sums.items() if name.startswith("topic ")},
        "inquiries": {kind: {what: of(f"{kind} {what}") for what in SHEET_FIGURES} for kind in SHEET_KINDS},
        "directions": {
            "answered_at_once": answered - of("with sheet"),
            "inquiry_answered_by_centre": sheets("answered_by_centre"),
            "inquiry_sent_on": sheets("sent_on"),
            "lost_without_contact": lost - talked,
        },
        "survey": {"asked": of("asked"), "rated": of("rated")},
        "kpis": {
            "accepted_within": _percent(of("in time"), contacts),
            "accepted_overall": _percent(answered, contacts),
            "lost_after": _percent(over_10_seconds, contacts),
            "callback_level": _percent(of("called_again") + of("called_back"), to_be_called),
            "reach_level": _percent(talked, to_be_called),
            "first_contact_resolution": _percent(of("sufficed"), of("known")),
            "satisfaction": _percent(of("content"), of("rated")),
            "availability": _percent(of("up"), of("monitored")),
            "inquiry_share": _percent(sheets("prepared", QUERY_KINDS), answered),
            "inquiry_answer_days": _ratio(of("answer days"), of("answers")),
        },
    }


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
