"""From queue visits to contacts: one call in one structure, however many queues and stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ivr.figures.contacts import Contact, CountedVisit, contacts

BEGAN = datetime(2024, 5, 14, 8, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def visit(joined: float, left: float, structure: str = "dvx", **what: Any) -> CountedVisit:
    known: dict[str, Any] = {
        "call_id": 1, "server": "main", "uniqueid": "1.1", "structure": structure, "queue": structure,
        "outcome": "abandoned", "joined_at": after(joined), "received_at": None, "left_at": after(left),
        "answered_at": None, "ended_at": None, "wait_seconds": left - joined, "talk_seconds": None,
        "wrapup_seconds": None, "agent": "", "source": "ami", "caller_e164": "+994501234567",
        "caller_kind": "mobile", "presentation": "allowed", "trunk": "t", "call_ended_at": after(1000),
    }  # fmt: skip
    return CountedVisit(**(known | what))


def answered(joined: float, wait: float, talk: float, structure: str = "dvx", **what: Any) -> CountedVisit:
    end = joined + wait + talk
    return visit(
        joined, joined + wait, structure, outcome="answered", answered_at=after(joined + wait),
        ended_at=after(end), **{"agent": "PJSIP/1101", "talk_seconds": talk, **what},
    )  # fmt: skip


def of(*visits: CountedVisit) -> list[Contact]:
    return list(contacts(visits))


def test_an_overflow_into_another_queue_stays_one_contact_that_waited_from_first_join_to_answer() -> None:
    (one,) = of(visit(0, 60, outcome="timeout"), answered(65, 20, 100, queue="aparat", agent="PJSIP/2201"))
    assert (one.wait_seconds, one.talk_seconds, one.agents) == (85.0, 100.0, ("PJSIP/2201",))
    assert set(one.queues) == {"dvx", "aparat"}


def test_a_contact_is_answered_when_its_first_agent_took_it() -> None:
    (one,) = of(answered(0, 10, 50), answered(70, 30, 40))
    assert one.answered_at == after(10)
    (lost,) = of(visit(0, 30))
    assert (lost.answered_at, lost.talk_seconds, lost.wrapup_seconds, lost.agents) == (None, None, None, ())


def test_a_talk_of_unknown_length_adds_nothing() -> None:
    (one,) = of(answered(0, 10, 50), answered(70, 30, 40, talk_seconds=None))
    assert (one.talk_seconds, one.wrapup_seconds) == (50.0, None)


def test_a_transfer_into_another_structure_is_a_second_contact_with_a_wait_of_its_own() -> None:
    first, second = of(answered(0, 10, 50), answered(60, 30, 40, "emdx"))
    assert [(one.structure, one.wait_seconds, one.talk_seconds) for one in (first, second)] == [
        ("dvx", 10.0, 50.0), ("emdx", 30.0, 40.0),
    ]  # fmt: skip


def test_a_transfer_within_the_structure_adds_talk_and_keeps_the_first_wait() -> None:
    (one,) = of(answered(0, 10, 50), answered(70, 30, 40, wrapup_seconds=5.0))
    assert (one.wait_seconds, one.talk_seconds, one.wrapup_seconds) == (10.0, 90.0, 5.0)


def test_a_lost_contact_waited_until_its_last_leave() -> None:
    (one,) = of(visit(0, 30, outcome="timeout"), visit(40, 55))
    assert (one.wait_seconds, one.left_at, one.outcome) == (55.0, after(55), "abandoned")


def test_each_call_has_contacts_of_its_own() -> None:
    assert [one.call_id for one in of(visit(0, 5), visit(1, 6, call_id=2))] == [1, 2]


def test_a_contact_only_queue_log_reports_is_rebuilt() -> None:
    (told,), (known,) = of(visit(0, 5, source="queue_log")), of(visit(0, 5), visit(6, 9, source="queue_log"))
    assert (told.is_rebuilt, known.is_rebuilt) == (True, False)


def test_a_caller_who_hides_the_number_is_hidden_even_if_the_trunk_names_it() -> None:
    for what in ({"presentation": "prohib_passed_screen"}, {"caller_kind": "anonymous"}):
        (one,) = of(visit(0, 5, **what))
        assert one.is_hidden
    (shown,) = of(visit(0, 5))
    assert not shown.is_hidden
