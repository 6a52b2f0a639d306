"""What of a day belongs to no contact: people, attempts, requests, minutes, the menu; when it is final."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ivr.calls.opening_hours import Schedule
from ivr.figures.day import OtherCounts, Rules, counted
from ivr.figures.evidence import Evidence, OtherMissedCall, PlannedAttempt
from ivr.figures.parts import (
    AGENTS,
    ALL,
    ATTEMPTS,
    CALLERS,
    MINUTES,
    NODES,
    NOT_INBOUND,
    REQUESTS,
    WHOLE_DAY,
    Cell,
    CellKey,
    added,
    from_text,
    to_text,
)
from ivr.reading.day_figures import why_never
from tests.callback_policy import shipped
from tests.unit.test_figure_classes import NUMBER
from tests.unit.test_figure_day import BAKU, HOUR, NOON, NOW, RULES, TUESDAY, answered, lost, parts_of


def test_requests_of_calls_without_a_queue_have_a_line_of_their_own_on_their_local_day() -> None:
    just_begun, later = datetime(2024, 5, 13, 20, 5, tzinfo=UTC), NOON + timedelta(days=1, hours=1)
    parts = parts_of(menu_requests=[NOON, NOON, just_begun, later])
    assert parts == {CellKey(ALL, 24, REQUESTS): Cell(count=2), CellKey(ALL, 0, REQUESTS): Cell(count=1)}


def test_missed_calls_that_are_no_contacts_count_on_their_local_day() -> None:
    just_begun = datetime(2024, 5, 13, 20, 5, tzinfo=UTC)
    made = [OtherMissedCall(at, "dvx", "internal") for at in (just_begun, just_begun, just_begun - HOUR)]
    assert parts_of(other_missed=made) == {CellKey("dvx", 0, NOT_INBOUND): Cell(tallies={"internal": 2})}


def test_minutes_and_ways_out_of_nodes_are_kept_as_they_are() -> None:
    other = OtherCounts({18: (20, 4, 6)}, {("welcome", "wrong key"): 3, ("welcome", "1"): 5})
    assert counted(Evidence(), TUESDAY, other, RULES, NOW) == {
        CellKey(ALL, 18, MINUTES): Cell(tallies={"up": 20, "down": 4, "unknown": 6}),
        CellKey(ALL, WHOLE_DAY, NODES): Cell(tallies={"welcome wrong key": 3, "welcome 1": 5}),
    }


def test_a_redial_counts_until_the_next_working_day_closes_wherever_the_hotline_is() -> None:
    for zone in map(ZoneInfo, ("Pacific/Kiritimati", "Asia/Baku", "Pacific/Pago_Pago")):
        rules = Rules(Schedule(zone, RULES.hours.week, (), {}))
        assert rules.redial_until(TUESDAY) == datetime(2024, 5, 15, 18, tzinfo=zone)
        assert rules.redial_until(date(2024, 5, 17)) == datetime(2024, 5, 20, 18, tzinfo=zone)


def test_a_day_is_settled_after_sixteen_days_or_when_redials_are_later() -> None:
    assert RULES.settled_at(TUESDAY) == datetime.combine(date(2024, 5, 30), time.max, BAKU)
    closed = {TUESDAY + timedelta(days=number): () for number in range(30)}
    rules = Rules(Schedule(BAKU, RULES.hours.week, (), closed))
    assert rules.settled_at(TUESDAY) == rules.redial_until(TUESDAY) > datetime(2024, 6, 13, tzinfo=BAKU)


def test_an_agent_of_two_structures_is_one_agent_of_all() -> None:
    parts = parts_of(answered(), answered(structure="emdx"), answered(agents=("PJSIP/1102",)))
    days = {key.structure: cell.count for key, cell in parts.items() if key.code == AGENTS}
    assert days == {"dvx": 2, "emdx": 1, ALL: 2}


def test_callers_are_counted_by_how_often_they_came_that_day() -> None:
    numbers = (NUMBER, NUMBER, "+994551234567", "+994551234568", "")
    cell = parts_of(*(lost(number=number) for number in numbers))[CellKey(ALL, WHOLE_DAY, CALLERS)]
    assert cell.tallies == {"2": 1, "1": 2}


def test_attempts_belong_to_the_half_hour_they_were_planned_in() -> None:
    just_begun = datetime(2024, 5, 13, 20, 5, tzinfo=UTC)
    planned = [
        PlannedAttempt(NOON, "dvx", 2, "busy"), PlannedAttempt(NOON + timedelta(days=1), "dvx", 1, "busy"),
        PlannedAttempt(just_begun, "dvx", 1, ""),
    ]  # fmt: skip
    assert parts_of(planned=planned) == {
        CellKey("dvx", 24, ATTEMPTS): Cell(tallies={"2:busy": 1}),
        CellKey("dvx", 0, ATTEMPTS): Cell(tallies={"1:live": 1}),
    }


def test_parts_come_back_from_their_text_and_days_add_up() -> None:
    parts = parts_of(answered(), lost(), lost(wait=5.0))
    assert from_text(to_text(parts)) == parts
    twice = added([parts, from_text(to_text(parts))])
    assert {key: cell.count for key, cell in twice.items()} == {
        key: 2 * cell.count for key, cell in parts.items()
    }
    assert all(cell.waits == {w: 2 * n for w, n in parts[key].waits.items()} for key, cell in twice.items())


def test_a_number_of_another_country_is_not_dialable_by_the_shipped_configuration() -> None:
    why = why_never(frozenset({"+994502222222"}), shipped())
    assert [why(number) for number in ("+994501234567", "+4930123456", "+994502222222")] == [
        "", "not_dialable", "denied",
    ]  # fmt: skip
