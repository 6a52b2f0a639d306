"""The demo's judgement: what a phone saw against what is stored, and each way in which they can differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.lab.audio import Hearing
from tests.lab.calllog import Log, What
from tests.lab.demo_compare import Expected, Exports, Result, SeenTry, compare
from tests.lab.demo_heard import SeenCall, SeenVisit
from tests.lab.demo_story import LONG, SHORT, GivesUp
from tests.lab.rtp import Spoken

CALLER = "+994502110004"
SEEN = SeenVisit(CALLER, "inbound", "dvx", "answered", "az", 100.0, 2.0, "1101", 5.0)
ROW: dict[str, Any] = {
    "caller_e164": CALLER,
    "origin": "inbound",
    "queue": "dvx",
    "outcome": "answered",
    "language": "az",
    "joined_at": "2026-11-22T10:00:00.000Z",
    "wait_seconds": 2.1,
    "agent": "PJSIP/1101",
    "talk_seconds": 5.1,
}
REACHED = SeenTry(CALLER, "reached", "ru", 1.0)
OWED = Expected(CALLER, "ru", "callback", "reached", tries=1)
CALLBACK = {"id": 1, "caller_e164": CALLER, "state": "reached"}
ATTEMPT = {"callback_id": 1, "number": 1, "disposition": "reached"}


def _judge(*rows: dict[str, Any]) -> Result:
    return compare(1, [SEEN], [], [], Exports(rows, (), ()))


def _judge_callback(tries: list[SeenTry], callbacks: list[Any], attempts: list[Any]) -> Result:
    return compare(0, [], tries, [OWED], Exports((), callbacks, attempts))


def test_a_visit_stored_as_the_phone_saw_it_matches() -> None:
    result = _judge(ROW)
    assert (result.matched, result.differences) == (1, ())


@pytest.mark.parametrize(
    ("field", "stored", "told"),
    [
        ("queue", "aparat", "queue dvx at the phone, aparat stored"),
        ("outcome", "abandoned", "outcome answered at the phone, abandoned stored"),
        ("language", "ru", "language az at the phone, ru stored"),
        ("agent", "PJSIP/1102", "agent PJSIP/1101 at the phone, PJSIP/1102 stored"),
        ("wait_seconds", 2.51, "wait_seconds 2.00 s at the phone, 2.51 s stored"),
        ("talk_seconds", 5.21, "talk_seconds 5.00 s at the phone, 5.21 s stored"),
        ("talk_seconds", None, "talk_seconds 5.00 s at the phone, none stored"),
    ],
)
def test_each_field_that_differs_is_told(field: str, stored: object, told: str) -> None:
    result = _judge({**ROW, field: stored})
    assert result.matched == 0
    assert [told in difference for difference in result.differences] == [True]


def test_a_visit_that_is_not_stored_is_missed() -> None:
    assert _judge().differences == (f"{CALLER} in dvx (inbound): answered at the phone, not stored",)


def test_a_visit_no_phone_saw_is_told() -> None:
    other = {**ROW, "caller_e164": "+994552110002"}
    assert _judge(ROW, other).differences == ("+994552110002 in dvx (inbound): answered stored, at no phone",)


def test_a_callback_that_went_as_the_phone_saw_it_matches() -> None:
    result = _judge_callback([REACHED], [CALLBACK], [ATTEMPT])
    assert (result.differences, result.duplicate_dials) == ((), 0)
    assert result.dispositions == {"reached": 1}
    assert result.p95_key_to_agent == 1.0


def test_a_phone_that_rings_twice_for_one_attempt_was_dialled_twice() -> None:
    result = _judge_callback([REACHED, REACHED], [CALLBACK], [ATTEMPT])
    assert result.duplicate_dials == 1
    assert any("rang 1 times more often" in difference for difference in result.differences)


def test_a_callback_in_another_language_than_the_first_call_is_told() -> None:
    result = _judge_callback([replace(REACHED, language="az")], [CALLBACK], [ATTEMPT])
    assert result.differences == (f"{CALLER}: called back in az, first call was in ru",)


def test_a_citizen_who_is_owed_a_call_and_has_no_callback_is_told() -> None:
    assert _judge_callback([], [], []).differences == (f"{CALLER}: is owed a call, no callback is stored",)


def test_a_citizen_who_is_called_but_owed_nothing_is_told() -> None:
    result = compare(0, [], [REACHED], [], Exports((), (), ()))
    assert f"{CALLER}: is owed no call, but has been called" in result.differences


def test_a_disposition_other_than_the_phone_saw_is_told() -> None:
    result = _judge_callback([REACHED], [CALLBACK], [{**ATTEMPT, "disposition": "no_answer"}])
    assert result.differences == (f"{CALLER}: reached at the phone, attempts stored as no_answer",)


def test_an_agent_who_comes_later_than_five_seconds_after_key_1_is_too_late() -> None:
    result = _judge_callback([replace(REACHED, key_to_agent=5.1)], [CALLBACK], [ATTEMPT])
    assert result.differences == ("from pressing 1 to an agent took 5.1 s; 5 s are allowed",)


def _call(log: Log, hearings: list[Hearing], spoken: list[Spoken], *queues: str) -> list[SeenVisit]:
    return list(SeenCall(CALLER, "inbound", queues, "az", log, hearings, spoken).visits())


def _log(*happenings: tuple[What, float]) -> Log:
    log = Log()
    for what, at in happenings:
        log.add(what, at=at)
    return log


def test_a_wait_runs_from_the_end_of_the_notice_after_the_last_key_to_the_agents_voice() -> None:
    log = _log((What.KEY, 10.0), (What.ENDED, 25.0))
    notice = Hearing("calls_recorded", "az", 10.0, 3.0, True)
    [visit] = _call(log, [notice], [Spoken("1101", 20.0, 24.9)], "dvx")
    assert (visit.outcome, visit.agent) == ("answered", "1101")
    assert (visit.joined_at, visit.wait_seconds, visit.talk_seconds) == (13.0, 7.0, 5.0)


def test_a_caller_who_hears_no_notice_joins_with_the_last_key() -> None:
    [visit] = _call(_log((What.KEY, 10.0), (What.ENDED, 22.0)), [], [], "dvx")
    assert (visit.outcome, visit.wait_seconds) == ("abandoned", 12.0)


def test_an_overflow_is_a_timeout_in_one_queue_and_a_second_stay_in_the_next() -> None:
    log = _log((What.KEY, 10.0), (What.ENDED, 40.0))
    hold = Hearing("please_hold", "az", 28.0, 2.0, True)
    first, second = _call(log, [hold], [Spoken("1201", 31.0, 39.0)], "dvx", "aparat")
    assert (first.queue, first.outcome, first.wait_seconds) == ("dvx", "timeout", 18.0)
    assert (second.queue, second.outcome, second.wait_seconds) == ("aparat", "answered", 1.0)


@pytest.mark.parametrize("play", [LONG, SHORT])
def test_in_the_story_no_number_has_two_fates(play: Any) -> None:
    owed = [story.number for story in play.stories if story.owed and story.owed.fates]
    assert len(owed) == len(set(owed))


def test_the_story_shows_a_wait_on_either_side_of_ten_seconds() -> None:
    waits = {story.ending.after for story in SHORT.stories if isinstance(story.ending, GivesUp)}
    assert min(waits) < 10.0 < max(waits)
