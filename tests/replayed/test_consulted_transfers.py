"""A citizen who is handed over to an agent that was consulted first: what is stored, whatever is not heard.

AMI alone tells that talk. Where it is not heard the talk is missing; nothing is told twice or stays open.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from ivr.figures.day import Rules
from ivr.figures.parts import added
from ivr.reading import export
from ivr.reading.day_figures import Judging, parts_of_days
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store
from ivr.storage.schema.recorded import calls
from tests.callback_policy import ROUND_THE_CLOCK
from tests.recordings import deaf
from tests.recordings.truth import Told, differences
from tests.replayed.test_exchanged_channels import ANY, MANNERS, OURS, Manner, holes_on
from tests.stores import empty_store

HEARD = [
    ("0501234567", "tax", "inbound"),
    ("1101", "office", "internal"),
    ("0501234567", "office", "inbound"),
]
CONSULTED = ("AgentConnect", "AgentComplete")
"""Either tells whom the agent consults, and in which queue."""


def is_heard(case: str, hole: deaf.Hole) -> bool:
    """Whether a recorder that was deaf then heard of the handover."""
    left = [event for number, event in enumerate(deaf.events(case)) if not hole[0] <= number < hole[1]]
    consulted = any(event.name in CONSULTED and event["Queue"] == "office" for event in left)
    return consulted and any(event.name == "AttendedTransfer" for event in left)


def handover(case: str) -> int:
    """The number of its event."""
    return next(n for n, event in enumerate(deaf.events(case)) if event.name == "AttendedTransfer")


def wrong(connection: Connection, server: str, case: str, hole: deaf.Hole) -> list[str]:
    stays = [row for row in export.rows(connection, "visits") if row["server"] == server]
    ami = "whole" if is_heard(case, hole) and hole[1] <= handover(case) else "partly"
    found = differences(case, [Told.of(row) for row in stays], ami=ami)
    if is_heard(case, hole) and len(stays) < len(HEARD):
        found.append("the handover was heard, but there is no visit")
    hears_on = hole[1] < len(deaf.events(case))
    found += [f"open: {row}" for row in stays if hears_on and not row["ended_by"]]
    is_open = calls.c.ended_at.is_(None) & (calls.c.server == server)
    return [*found, *(f"open: {call}" for call in connection.execute(select(calls).where(is_open)).all())]


@pytest.mark.parametrize(
    ("case", "watched", "tell"),
    [
        *(("consulted_transfer", OURS, tell) for tell in MANNERS),
        ("consulted_transfer_swapped", ANY, MANNERS[-1]),
    ],
)
def test_whatever_of_it_was_not_heard_nothing_is_doubled_or_left_open(
    case: str, watched: Watched, tell: Manner, tmp_path: Path
) -> None:
    problems, store = {}, empty_store(tmp_path)
    for number, hole in enumerate(holes_on(store, case)):
        server = f"server-{number}"
        for _ in range(2):
            tell(store, server, watched, case, hole)
        if found := store.read(partial(wrong, server=server, case=case, hole=hole)):
            problems[hole] = found
    store.close()
    assert problems == {}


def test_the_talk_after_a_consultation_is_a_contact_of_the_structure_it_took_place_in(store: Store) -> None:
    """And the consultation is a contact of nobody."""
    MANNERS[0](store, "main", OURS, "consulted_transfer", (0, 0))
    judging = Judging(Rules(ROUND_THE_CLOCK), lambda number: "", ["main"])
    recorded = date(2026, 11, 30), date(2026, 12, 2), judging, datetime(2027, 1, 1, tzinfo=UTC)
    days = store.read(lambda connection: dict(parts_of_days(connection, *recorded)))
    answered = {key.structure: one.count for key, one in added(days.values()).items() if key.code == "A"}
    assert answered == {"tax": 1, "office": 1}


@pytest.mark.parametrize("tell", MANNERS, ids=lambda tell: tell.__name__)
def test_the_consultation_stays_internal_and_the_talk_after_it_is_the_citizen_s(
    tell: Manner, store: Store
) -> None:
    tell(store, "main", OURS, "consulted_transfer", (0, 0))
    stays = store.read(lambda connection: list(export.rows(connection, "visits")))
    assert [(row["caller"], row["queue"], row["origin"]) for row in stays] == HEARD
    first, consultation, second = stays
    assert [row["ended_by"] for row in stays] == ["transfer", "caller", "agent"]
    assert (second["call_id"], second["linkedid"]) == (first["call_id"], first["linkedid"])
    assert second["call_id"] != consultation["call_id"]
    assert (second["structure"], second["language"], second["source"]) == ("office", "az", "ami")
    assert (second["wait_seconds"], second["agent"], second["recorded"]) == (0.0, "PJSIP/1201", True)
