"""A report as JSON, as `docs/report.schema.json` describes it: nothing is rounded, null is not measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ivr.figures.inquiries import SheetSums
from ivr.figures.kpis import Kpi, percentile
from ivr.figures.misses import Miss
from ivr.reports.explained import missed_rows
from ivr.reports.lists import AGAINST
from ivr.reports.report import HeatCell, Report
from ivr.reports.scope import ScopeFigures
from ivr.reports.sentences import sentences
from ivr.reports.words import word


def document(report: Report, misses: Sequence[Miss]) -> dict[str, Any]:
    """The whole report; `misses`: of its targets."""
    period, is_known = report.period, _is_known(report)
    return {
        "version": report.version,
        "made_at": _moment(report.made_at),
        "period": {
            "kind": period.kind,
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            "time_zone": period.time_zone,
            "working_hours_only": period.working_hours_only,
        },
        "data": _data(report),
        "limits": {
            "too_short_seconds": report.limits.short_wait,
            "accepted_within_seconds": report.limits.in_time,
        },
        "scopes": {
            one.name: _figures(one, is_known) | _further(one, report.heat.get(one.name, {}))
            for one in report.scopes
        },
        "titles": {name: dict(title) for name, title in report.titles.items()},
        "topic_titles": {name: dict(title) for name, title in report.topic_titles.items()},
        "by": report.by,
        "rows": [{"label": row.label, **_figures(row.figures)} for row in report.rows],
        "last_year": {name: _figures(one) for name, one in report.last_year.items()},
        "published": {str(year): scopes for year, scopes in sorted(report.published.items())},
        "missed_targets": [
            _miss(miss, report) | {"sentence": {"az": az, "en": en}}
            for miss, az, en in zip(
                misses, sentences(misses, report, "az"), sentences(misses, report, "en"), strict=True
            )
        ],
        "callers_by_calls": None if report.repeat_callers is None else _by_text(report.repeat_callers),
        "menu_nodes": [
            {"node": node, "left_by": left_by, "calls": count}
            for (node, left_by), count in report.nodes.items()
        ],
        "requests_in_menu": report.requests_in_menu if is_known else None,
    }


def figures_of(report: Report) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Scope, label of the row or nothing, and the figures under the names of the document."""
    is_known = _is_known(report)
    yield from ((one.name, "", _figures(one, is_known)) for one in report.scopes)
    yield from ((report.all.name, row.label, _figures(row.figures)) for row in report.rows)


def _is_known(report: Report) -> bool:
    """Whether any count is; without records that are complete, no contact at all does not mean 0."""
    return bool(report.all.contacts or report.all.waiting or report.data.is_complete)


def _data(report: Report) -> dict[str, Any]:
    data = report.data
    minutes_known = data.unknown_minutes or report.all.kpis["availability"].value is not None
    return {
        "complete": data.is_complete,
        "unknown_minutes": data.unknown_minutes if minutes_known else None,
        "gaps": [
            {
                "server": gap.server,
                "from": _moment(gap.began_at),
                "to": _moment(gap.ended_at),
                "rebuilt": gap.rebuilt,
            }
            for gap in data.gaps
        ],
        "rebuilt_percent": data.rebuilt_percent,
        "suspicious_hours": [
            {"day": one.day.isoformat(), "hour": one.hour, "contacts": one.contacts, "usual": one.usual}
            for one in data.suspicious_hours
        ],
        "days_whose_records_are_deleted": data.deleted_days,
    }


def _further(one: ScopeFigures, heat: Mapping[tuple[int, int], HeatCell]) -> dict[str, Any]:
    """What a row and a year before do not have."""
    return {
        "missed_calls": {
            "decided": one.missed_calls.decided,
            "lost_without_decision": dict(one.missed_calls.lost_undecided),
            "decided_but_not_lost": dict(one.missed_calls.decided_not_lost),
        },
        "waits_answered": _by_text(one.waits),
        "waits_lost": _by_text(one.lost_waits),
        "attempts_by_number": _nested(one.attempts),
        "attempts_by_hour": _nested(one.attempts_by_hour),
        "half_hours": [
            {"weekday": weekday + 1, "half_hour": half, **cell._asdict()}
            for (weekday, half), cell in heat.items()
        ],
    }


def _figures(one: ScopeFigures, is_known: bool = True) -> dict[str, Any]:
    counts = {
        "contacts": one.contacts,
        "answered": one.answered,
        "ordered": one.ordered,
        "excluded": one.excluded,
        "lost": one.lost,
        "waiting": one.waiting,
        "provisional": one.provisional,
        "reached": one.reached,
        "answered_including_callbacks": one.answered_including_callbacks,
        "agent_days": one.agent_days,
        "unknown_key_exits": one.unknown_key_exits,
        "only_in_queue_log": one.rebuilt,
    }
    slices = one.lost_slices
    return {
        **(counts if is_known else dict.fromkeys(counts)),
        "lost_slices": dict(slices if is_known else dict.fromkeys(slices)),
        "mean_wait_seconds": one.mean_wait_seconds,
        "mean_handle_seconds": one.mean_handle_seconds,
        "handle_includes_wrap_up": one.is_wrapup_measured,
        "mean_wait_of_too_short_seconds": one.mean_too_short_seconds,
        "answered_per_agent_day": one.answered_per_agent_day,
        "talk_seconds_per_agent_day": one.talk_seconds_per_agent_day,
        "topics": dict(one.topics) or None,
        "inquiries": _inquiries(one.inquiries) if one.inquiries.is_fed else None,
        "directions": dict(one.directions) if one.inquiries.is_fed else None,
        "kpis": {name: _kpi(kpi) for name, kpi in one.kpis.items()},
        "balance": dict(one.balance),
        "hidden_numbers_by_trunk": dict(one.hidden_numbers),
        "minutes_to_callback": {
            clock: {"median": percentile(histogram, 50), "p95": percentile(histogram, 95)}
            for clock, histogram in (
                ("by_the_clock", one.callback_clock),
                ("in_service_hours", one.callback_service),
            )
        },
        "survey": {"asked": one.asked, "ratings": _by_text(one.ratings)} if one.asked else None,
    }


def _inquiries(sums: SheetSums) -> dict[str, Any]:
    kinds = {kind: asdict(found) for kind, found in sums.kinds.items()}
    return {**asdict(sums.total), "kinds": kinds}


def _kpi(kpi: Kpi) -> dict[str, Any]:
    return {
        "value": kpi.value,
        "target": kpi.target,
        "met": kpi.met,
        "provisional": kpi.is_provisional,
        "not_measured": word(f"missing.{kpi.missing}", "en") if kpi.missing else None,
        "part": kpi.part,
        "whole": kpi.whole,
    }


def _miss(miss: Miss, report: Report) -> dict[str, Any]:
    block = miss.block
    return {
        "kpi": miss.kpi.name,
        "points": miss.points,
        "structure": miss.structure or None,
        "structure_points": miss.shares.get(miss.structure),
        "points_by_structure": dict(miss.shares),
        "weekdays": [day + 1 for day in block.weekdays] if block else None,
        "hours": [block.first_hour, block.end_hour] if block else None,
        "hours_points": miss.block_points if block else None,
        "hours_percent_of_whole": miss.block_percent if block else None,
        "rows_missed": missed_rows(report, miss.kpi.name),
        "list": AGAINST.get(miss.kpi.name),
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _by_text(histogram: Mapping[int, int]) -> dict[str, int]:
    """JSON has no whole numbers for keys."""
    return {str(value): count for value, count in sorted(histogram.items())}


def _nested(histograms: Mapping[int, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {str(value): dict(counts) for value, counts in sorted(histograms.items())}
