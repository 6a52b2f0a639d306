"""An issued report as it was: one text that never changes, its hash, and what is different by now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, get_args

from ivr.reports.document import document
from ivr.reports.ministry_tables import definitions
from ivr.reports.report import Report
from ivr.reports.words import PaperLanguage

_COMPARED: Final = ("rows", "data", "requests_in_menu", "menu_nodes", "callers_by_calls")
"""Beside `scopes`, the figures of the period itself: not earlier years, titles and when it was made."""
_IDENTIFY: Final = ("label", "weekday", "half_hour", "node", "left_by", "server", "from", "day", "hour")
"""By these an entry of a list is the same as one of another time."""


class Change(NamedTuple):
    """A figure of a scope that is another one now; None where it was not, or is not, measured."""

    scope: str
    figure: str
    then: Any
    now: Any


def frozen(report: Report) -> str:
    """The report's JSON document with its definitions, in the one form that is hashed."""
    texts = {language: dict(definitions(report, language)) for language in get_args(PaperLanguage)}
    whole = {**document(report, report.misses), "definitions": texts}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256_of(text: str) -> str:
    """The hash that stands in the footer, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_provisional(report: Report) -> bool:
    """Whether a figure may still change because of something that is not over yet."""
    return any(
        one.provisional or one.waiting or any(kpi.is_provisional for kpi in one.kpis.values())
        for one in report.scopes
    )


def changes(then: str, now: str) -> list[Change]:
    """Every figure that differs between two frozen reports of one period; not what is only no longer kept."""
    before, after = json.loads(then), json.loads(now)
    if after["callers_by_calls"] is None:
        before["callers_by_calls"] = None
    old, new = dict(_figures(before)), dict(_figures(after))
    return [
        Change(*where, old.get(where), new.get(where))
        for where in {**old, **new}
        if old.get(where) != new.get(where)
    ]


def _figures(whole: dict[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    del whole["data"]["days_whose_records_are_deleted"]
    for scope, found in whole["scopes"].items():
        yield from (((scope, name), value) for name, value in _flat(found, ""))
    for part in _COMPARED:
        yield from ((("", name), value) for name, value in _flat(whole[part], part))


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every single value below that path, by its path."""
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        value = {" ".join(str(entry[key]) for key in _IDENTIFY if key in entry): entry for entry in value}
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value
