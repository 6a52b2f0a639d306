"""The store against the phones, call by call. Pure: rows of `hotline data export` and what phones saw.

Every difference is one sentence; none means that each visit, callback and attempt is what the phones lived.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.lab.demo_heard import SeenVisit

WAIT_TOLERANCE = 0.5
TALK_TOLERANCE = 0.2
LONGEST_KEY_TO_AGENT = 5.0
Row = Mapping[str, Any]
"""One line of an export."""


@dataclass(frozen=True, slots=True)
class SeenTry:
    """One INVITE at a citizen's phone: what became of it, its language, and key 1 to agent in seconds."""

    caller: str
    disposition: str
    language: str
    key_to_agent: float | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the story says of one missed call."""

    caller: str
    language: str
    decision: str
    state: str
    tries: int


@dataclass(frozen=True)
class Result:
    """The demo's verdict; `as_json` is its last line."""

    calls: int
    visits: int
    matched: int
    differences: tuple[str, ...]
    dispositions: Mapping[str, int]
    duplicate_dials: int
    p95_key_to_agent: float | None
    pairs: tuple[tuple[SeenVisit, Row], ...]
    """Each visit at a phone beside what is stored of it."""

    @property
    def as_json(self) -> dict[str, object]:
        return {
            "calls": self.calls,
            "visits": self.visits,
            "matched": self.matched,
            "differences": list(self.differences),
            "callbacks": dict(self.dispositions),
            "duplicate_dials": self.duplicate_dials,
            "p95_key_to_agent_seconds": self.p95_key_to_agent,
        }


@dataclass(frozen=True)
class Exports:
    """What the product says happened."""

    visits: Sequence[Row]
    callbacks: Sequence[Row]
    attempts: Sequence[Row]


def compare(
    calls: int,
    seen: Sequence[SeenVisit],
    tries: Sequence[SeenTry],
    expected: Sequence[Expected],
    stored: Exports,
    troubles: Iterable[str] = (),
) -> Result:
    """Judge the exports by what phones saw and the story asked for. `troubles`: calls that went astray."""
    pairs, unpaired = _pair(seen, stored.visits)
    wrong = [difference for visit, row in pairs if (difference := _visit_difference(visit, row))]
    duplicates = _duplicate_dials(tries, stored)
    waits = sorted(it.key_to_agent for it in tries if it.key_to_agent is not None)
    p95 = round(waits[math.ceil(0.95 * len(waits)) - 1], 2) if waits else None
    differences = [*troubles, *unpaired, *wrong, *_callback_differences(expected, tries, stored)]
    if duplicates:
        differences.append(f"citizens' phones rang {duplicates} times more often than attempts are stored")
    if p95 is not None and p95 > LONGEST_KEY_TO_AGENT:
        differences.append(
            f"from pressing 1 to an agent took {p95} s; {LONGEST_KEY_TO_AGENT:g} s are allowed"
        )
    dispositions = Counter(str(row["disposition"]) for row in stored.attempts)
    matched = len(pairs) - len(wrong)
    return Result(
        calls, len(stored.visits), matched, tuple(differences), dispositions, duplicates, p95, tuple(pairs)
    )


def _pair(seen: Sequence[SeenVisit], rows: Sequence[Row]) -> tuple[list[tuple[SeenVisit, Row]], list[str]]:
    """Each visit at a phone with its row: the same caller and origin, in order of joining."""
    waiting: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: str(row["joined_at"])):
        waiting.setdefault((str(row["caller_e164"] or ""), str(row["origin"])), []).append(row)
    pairs, unpaired = [], []
    for visit in sorted(seen, key=lambda visit: visit.joined_at):
        if found := waiting.get((visit.caller, visit.origin)):
            pairs.append((visit, found.pop(0)))
        else:
            unpaired.append(f"{_name(visit)}: {visit.outcome} at the phone, not stored")
    for left in (row for rest in waiting.values() for row in rest):
        who = left["caller_e164"] or "anonymous"
        unpaired.append(f"{who} in {left['queue']} ({left['origin']}): {left['outcome']} stored, at no phone")
    return pairs, unpaired


def _visit_difference(visit: SeenVisit, row: Row) -> str:
    """What is wrong with a stored visit, empty if nothing is."""
    agent = f"PJSIP/{visit.agent}" if visit.agent else ""
    texts = {
        "queue": visit.queue,
        "outcome": visit.outcome,
        "language": visit.language,
        "agent": agent,
    }
    wrong = [
        f"{field} {phone or 'none'} at the phone, {row[field] or 'none'} stored"
        for field, phone in texts.items()
        if (row[field] or "") != phone
    ]
    times = {
        "wait_seconds": (visit.wait_seconds, WAIT_TOLERANCE),
        "talk_seconds": (visit.talk_seconds, TALK_TOLERANCE),
    }
    for field, (phone, tolerance) in times.items():
        if not _is_near(phone, row[field], tolerance):
            wrong.append(f"{field} {_seconds(phone)} at the phone, {_seconds(row[field])} stored")
    return f"{_name(visit)}: {'; '.join(wrong)}" if wrong else ""


def _is_near(phone: float | None, stored: float | None, tolerance: float) -> bool:
    if phone is None or stored is None:
        return phone is None and not stored
    return abs(phone - stored) <= tolerance


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f} s"


def _name(visit: SeenVisit) -> str:
    return f"{visit.caller or 'anonymous'} in {visit.queue} ({visit.origin})"


def _callback_differences(
    expected: Sequence[Expected], tries: Sequence[SeenTry], stored: Exports
) -> list[str]:
    wrong = []
    callbacks = {str(row["caller_e164"]): row for row in stored.callbacks}
    by_callback: dict[str, list[Row]] = {}
    for row in stored.attempts:
        by_callback.setdefault(str(row["callback_id"]), []).append(row)
    owed = {it.caller: it for it in expected if it.decision == "callback"}
    for caller in sorted(callbacks.keys() | owed.keys() | {it.caller for it in tries}):
        wanted, found = owed.get(caller), callbacks.get(caller)
        mine = [it for it in tries if it.caller == caller]
        if wanted is None:
            wrong.append(f"{caller}: is owed no call, but has {'a callback' if found else 'been called'}")
            continue
        if found is None:
            wrong.append(f"{caller}: is owed a call, no callback is stored")
            continue
        if found["state"] != wanted.state:
            wrong.append(f"{caller}: callback is {found['state']}, the story says {wanted.state}")
        attempts = by_callback.get(str(found["id"]), [])
        noted = [str(it["disposition"]) for it in sorted(attempts, key=lambda it: int(it["number"]))]
        if noted != [it.disposition for it in mine]:
            lived = ", ".join(it.disposition for it in mine) or "no call"
            wrong.append(f"{caller}: {lived} at the phone, attempts stored as {', '.join(noted) or 'none'}")
        if len(mine) != wanted.tries:
            wrong.append(f"{caller}: called {len(mine)} times, the story says {wanted.tries}")
        if strange := sorted({it.language for it in mine if it.language} - {wanted.language}):
            wrong.append(
                f"{caller}: called back in {', '.join(strange)}, first call was in {wanted.language}"
            )
    return wrong


def _duplicate_dials(tries: Sequence[SeenTry], stored: Exports) -> int:
    """INVITEs that reached a citizen's phone beyond one per attempt."""
    number_of = {str(row["id"]): str(row["caller_e164"]) for row in stored.callbacks}
    attempts = Counter(number_of.get(str(row["callback_id"]), "") for row in stored.attempts)
    rang = Counter(it.caller for it in tries)
    return sum(max(0, count - attempts[caller]) for caller, count in rang.items())
