"""Inquiry sheets are closed by their file, or by the callback that brought the citizen the answer."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from ivr.imports.columns import Kind
from ivr.reading.export import rows
from ivr.reading.inquiries import SHEETS
from ivr.storage.engine.store import Store
from ivr.storage.records.imports import Preparation, replace
from ivr.storage.schema.owed import callbacks
from tests.contracts.retaining import ANNA, called, days_ago
from tests.contracts.test_purge import purged

ID = "2026/00012345"
"""Digits enough for a phone number."""


def imported(connection: Connection, kind: Kind, name: str, *rows: dict[str, Any]) -> None:
    """Rows of a file of that name, none of which is left out."""
    prepared = Preparation(connection, kind, name)
    assert prepared.add(connection, list(enumerate(rows, 2))) == []
    replace(connection, prepared, prepared.portions)


def sheet(connection: Connection, **values: Any) -> None:
    """A sheet of a file, opened 300 days ago; without values an open one."""
    known = {"reference": ID, "kind": "complex_question", "structure": "dvx", "opened_at": days_ago(300)}
    row = {**known, "closed_at": None, "outcome": "", "call": "", "due_at": None, "extended": False, **values}
    imported(connection, "inquiries", f"{row['reference']}.csv", row)


def called_back(connection: Connection, closed_at: datetime, **facts: Any) -> None:
    moments = dict.fromkeys(("created_at", "missed_at", "waits_since", "due_at", "expires_at"), closed_at)
    known = {"reason": "inquiry_answer", "reference": ID, "state": "reached", "caller_e164": ANNA}
    row = {**moments, **known, "closed_at": closed_at, **facts}
    connection.execute(insert(callbacks).values(row))


def sheets(connection: Connection) -> list[Any]:
    return list(connection.execute(SHEETS))


def closing(store: Store) -> tuple[datetime | None, str]:
    [one] = store.read(sheets)
    return one.closed_at, one.outcome


def test_a_sheet_is_as_its_file_has_it(store: Store) -> None:
    at = days_ago(290)
    facts = {"closed_at": at, "outcome": "sent_on", "due_at": days_ago(280), "extended": True}
    store.write(lambda c: sheet(c, kind="proposal", **facts))
    assert store.read(sheets) == [
        (ID, "proposal", "dvx", days_ago(300), at, "sent_on", None, days_ago(280), True)
    ]


def test_the_first_callback_with_the_answer_that_reached_the_citizen_closes_an_open_sheet(
    store: Store,
) -> None:
    store.write(sheet)
    assert closing(store) == (None, "")
    for days in (285, 280):
        store.write(partial(called_back, closed_at=days_ago(days)))
    assert closing(store) == (days_ago(285), "answered_by_centre")


@pytest.mark.parametrize("facts", [{"reason": "inform"}, {"state": "unreachable"}, {"reference": "another"}])
def test_another_callback_closes_no_sheet(store: Store, facts: dict[str, str]) -> None:
    store.write(sheet)
    store.write(lambda c: called_back(c, days_ago(280), **facts))
    assert closing(store) == (None, "")


def test_what_the_file_says_of_the_end_stays(store: Store) -> None:
    store.write(lambda c: sheet(c, closed_at=days_ago(290), outcome="sent_on"))
    store.write(lambda c: called_back(c, days_ago(280)))
    assert closing(store) == (days_ago(290), "sent_on")


def test_an_export_of_inquiries_has_them_as_they_are_now(store: Store) -> None:
    store.write(sheet)
    store.write(lambda c: called_back(c, days_ago(280)))
    [row] = store.read(lambda c: list(rows(c, "inquiries")))
    assert (row["reference"], row["outcome"]) == (ID, "answered_by_centre")
    assert row["closed_at"] == days_ago(280).isoformat(timespec="milliseconds")


@pytest.mark.parametrize(("age", "left"), [(150, 1), (250, 0)], ids=["nameless", "deleted"])
def test_a_sheet_stays_closed_when_retention_takes_the_callback(store: Store, age: int, left: int) -> None:
    store.write(sheet)
    store.write(lambda c: called_back(c, days_ago(age), caller="0501234567"))
    purged(store)
    assert len(store.read(lambda c: list(rows(c, "callbacks")))) == left
    assert closing(store) == (days_ago(age), "answered_by_centre")


def test_an_inquiry_outlives_its_call_and_topics_go_with_it(store: Store) -> None:
    def work(connection: Connection) -> None:
        called(connection, ANNA, 250, linkedid="7.1")
        sheet(connection, call="7.1")
        row = {"call": "7.1", "structure": "dvx", "topic": "other", "server": "", "at": None}
        imported(connection, "topics", "topics.csv", row)

    store.write(work)
    [before] = store.read(sheets)
    assert before.call_id is not None
    assert purged(store)["calls deleted"] == 1
    [after] = store.read(sheets)
    assert after.call_id is None
    assert store.read(lambda c: list(rows(c, "topics"))) == []


def test_numbers_of_outside_attempts_become_pseudonyms_then_the_rows_go(store: Store) -> None:
    def work(connection: Connection) -> None:
        called(connection, ANNA, 150)
        row = {"caller_e164": ANNA, "structure": "dvx", "outcome": "busy", "agent": "", "server": ""}
        ages = ({**row, "at": days_ago(age)} for age in (250, 150, 50))
        imported(connection, "attempts", "attempts.csv", *ages)

    store.write(work)
    purged(store)
    old, young = store.read(lambda c: list(rows(c, "outside_attempts")))
    [call] = store.read(lambda c: list(rows(c, "calls")))
    assert old["caller_e164"] == call["caller_e164"] != ANNA
    assert young["caller_e164"] == ANNA
