"""A line of queue_log gives its facts whatever stands in the fields Asterisk does not escape."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ivr.visits.facts import Fact, Surveyed, Tick
from ivr.visits.fold import Fold
from ivr.visits.from_queue_log import QUEUE_LOG, LogReader, read_line
from ivr.visits.records import Visit


def visits(lines: Iterable[str]) -> list[Visit]:
    """What these lines tell in the end, in the order of the joins."""
    reader, fold = LogReader(lambda caller: caller == "1101", {}), Fold("main", QUEUE_LOG)
    for line in lines:
        for fact in reader.facts(line):
            fold.apply(fact)
    if reader.last is not None:
        fold.apply(Tick(reader.last))
    return sorted(fold.take().visits, key=lambda visit: visit.joined_at)


def told(*lines: str) -> list[tuple[str, str, str, float | None, str, float | None]]:
    return [
        (v.caller, v.queue, v.outcome, v.wait_seconds, v.agent or v.ended_by, v.talk_seconds)
        for v in visits(lines)
    ]


def facts(line: str) -> list[Fact]:
    return list(LogReader(lambda caller: False, {}).facts(line))


JOIN = "1795364067|c.1|dvx|NONE|ENTERQUEUE||0501112233|1"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["1795364079|c.1|dvx|NONE|ABANDON|1|1|12"], ("abandoned", 12.0, "caller", None)),
        (["1795364079|c.1|dvx|NONE|EXITWITHTIMEOUT|1|1|12"], ("timeout", 12.0, "queue", None)),
        (["1795364079|c.1|dvx|NONE|EXITEMPTY|1|1|12"], ("empty", 12.0, "queue", None)),
        (["1795364079|c.1|dvx|NONE|EXITWITHKEY|5|1|1|12"], ("key", 12.0, "caller", None)),
        (["1795364079|c.1|dvx|NONE|WITHDRAW|1|1|12|sent|home"], ("withdrawn", 12.0, "staff", None)),
        (
            ["1795364079|c.1|dvx|PJSIP/1101|CONNECT|12|a.1|3", "1795364080|NONE|NONE|NONE|QUEUESTART|"],
            ("answered", 12.0, "PJSIP/1101", None),
        ),
        (
            [
                "1795364079|c.1|dvx|Ana|Bo|CONNECT|12|a.1|3",
                "1795364099|c.1|dvx|Ana|Bo|COMPLETEAGENT|12|20|1",
            ],
            ("answered", 12.0, "Ana|Bo", 20.0),
        ),
        (
            [
                "1795364079|c.1|dvx|Ana|Bo|CONNECT|12|a.1|3",
                "1795364099|c.1|dvx|Ana|Bo|ATTENDEDTRANSFER|LINK|x|y|12|20|1",
            ],
            ("answered", 12.0, "Ana|Bo", 20.0),
        ),
        (
            [
                "1795364079|c.1|dvx|PJSIP/1101|CONNECT|12|a.1|3",
                "1795364099|c.1|dvx|PJSIP/1101|BLINDTRANSFER|em|dx|agents|12|20|1",
            ],
            ("answered", 12.0, "PJSIP/1101", 20.0),
        ),
        (["1795364071|NONE|NONE|NONE|CONFIGRELOAD|"], ("waiting", None, "", None)),
        (["1795364075|NONE|NONE|NONE|QUEUESTART|"], ("interrupted", 0.0, "restart", None)),
    ],
)
def test_every_way_out_of_a_queue(
    lines: list[str], expected: tuple[str, float | None, str, float | None]
) -> None:
    assert told(JOIN, *lines) == [("0501112233", "dvx", *expected)]


@pytest.mark.parametrize("number", ["05|01", "|CONNECT|1|2|3", "x|COMPLETEAGENT|1|2|1", "|||", "\ufffd"])
def test_a_caller_s_number_may_hold_anything(number: str) -> None:
    assert told(f"1795364067|c.1|dvx|NONE|ENTERQUEUE||{number}|1") == [
        (number, "dvx", "waiting", None, "", None)
    ]


@pytest.mark.parametrize(
    ("data", "number"),
    [("0501112233|1|Ana", "0501112233"), ("05|01|2|", "05|01"), ("<unknown>|1|1101", "")],
)
def test_a_caller_s_name_may_follow_the_position(data: str, number: str) -> None:
    """`log-caller-id-name = yes` in queues.conf."""
    assert [one[0] for one in told(f"1795364067|c.1|dvx|NONE|ENTERQUEUE||{data}")] == [number]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1795364067",
        "1795364067|c.1|dvx|NONE",
        "|c.1|dvx|NONE|ABANDON|1|1|12",
        "-5|c.1|dvx|NONE|ABANDON|1|1|12",
        "99999999999999|c.1|dvx|NONE|ABANDON|1|1|12",
        "253402300799|c.1|dvx|NONE|ENTERQUEUE||0501112233|1",
        f"{'9' * 5000}|c.1|dvx|NONE|ABANDON|1|1|12",
        "1795364067|c.1|dvx|NONE|ABANDON|1|1|",
        "1795364067|c.1|dvx|NONE|ABANDON|1|1|nan",
        "1795364067|c.1|dvx|NONE|ABANDON|1|1| 12",
        "1795364067|c.1|dvx|NONE|ABANDON|1|1|1_2",
        "1795364067|c.1|dvx|NONE|ABANDON|1|1|١٢",
        "1795364067|c.1|dvx|NONE|ABANDON|1|1|12|1",
        "1795364067|c.1|dvx|NONE|ENTERQUEUE||0501",
        "1795364067|c.1|dvx|NONE|ENTERQUEUE||0501|x",
        "1795364067|c.1|dvx|PJSIP/1101|CONNECT|12|a.1|3|1",
        "1795364067|c.1|dvx|PJSIP/1101|COMPLETEAGENT|12|20",
        "1795364067|c.1|dvx|NONE|EXITWITHKEY|1|1|12",
        "1795364067|NONE|NONE|NONE|QUEUESTART|1",
        "1795364067|c.1|dvx|PJSIP/1101|CONNECT|12|a.1",
        "1795364067|c.1|dvx|PJSIP/1101|RINGNOANSWER|4000",
        "1795364067|NONE|dvx|PJSIP/1101|PAUSE|lunch|CONNECT|1|a.1|1",
        "1795364067|c.1|dvx|NONE|QUEUESTART|",
        f"1795364067|{'c' * 151}|dvx|NONE|ENTERQUEUE||0501112233|1",
    ],
)
def test_what_is_no_whole_line_about_a_call_tells_nothing(line: str) -> None:
    assert facts(line) == []


@pytest.mark.parametrize(
    ("data", "ratings"),
    [("asked", [None]), ("1", [1]), ("5", [5]), ("6", []), ("", []), ("5|good", [5]), ("yes", [])],
)
def test_a_survey_is_asked_or_rated_from_1_to_5_and_another_plan_s_line_tells_nothing(
    data: str, ratings: list[int | None]
) -> None:
    found = facts(f"1772439000|c.1|dvx|PJSIP/1101|SURVEY|{data}")
    assert [(fact.agent, fact.rating) for fact in found if isinstance(fact, Surveyed)] == [
        ("PJSIP/1101", rating) for rating in ratings
    ]


def test_a_pause_reason_is_read_as_one() -> None:
    line = read_line("1795364067|NONE|dvx|PJSIP/1101|PAUSE|lunch|late")
    assert line is not None
    assert (line.event, line.data) == ("PAUSE", ["lunch", "late"])


def test_a_clock_set_back_makes_no_negative_time_and_marks_the_visit() -> None:
    (visit,) = visits([JOIN, "1795360479|c.1|dvx|NONE|ABANDON|1|1|-3588"])
    assert (visit.outcome, visit.wait_seconds, visit.clock_stepped) == ("abandoned", 0.0, True)


def test_two_lines_that_changed_places_are_no_step_of_the_clock() -> None:
    (visit,) = visits([JOIN, "1795364066|c.1|dvx|NONE|ABANDON|1|1|0"])
    assert (visit.wait_seconds, visit.clock_stepped) == (0.0, False)


def test_a_line_told_twice_is_told_once() -> None:
    lines = [JOIN, "1795364079|c.1|dvx|NONE|ABANDON|1|1|12"]
    assert told(*[line for line in lines for _ in range(2)]) == told(*lines)


def test_the_same_queue_again_within_the_second_is_a_second_stay() -> None:
    out = "1795364067|c.1|dvx|NONE|EXITEMPTY|1|1|0"
    assert [one[2] for one in told(JOIN, out, JOIN, out)] == ["empty", "empty"]


def test_an_abandon_of_a_caller_who_goes_on_elsewhere_is_a_redirection() -> None:
    """queue_log has no other word for it."""
    found = told(
        JOIN,
        "1795364079|c.1|dvx|NONE|ABANDON|1|1|12",
        "1795364080|c.1|emdx|NONE|ENTERQUEUE||0501112233|1",
    )
    assert [(queue, outcome) for _, queue, outcome, *_ in found] == [
        ("dvx", "redirected"),
        ("emdx", "waiting"),
    ]


@pytest.mark.parametrize("told_of", ["c.1", "a.2"], ids=["the citizen's channel", "the agent's"])
@pytest.mark.parametrize("transferring", ["1101", "0509998877"], ids=["known as ours", "unknown number"])
def test_after_an_attended_transfer_the_citizen_stands_where_the_agent_waited(
    transferring: str, told_of: str
) -> None:
    """Which of the exchanged channels the transfer's line names is chance."""
    found = visits(
        [
            JOIN,
            "1795364069|c.1|dvx|PJSIP/1101|CONNECT|2|a.1|2",
            f"1795364080|a.2|emdx|NONE|ENTERQUEUE||{transferring}|1",
            f"1795364082|{told_of}|dvx|PJSIP/1101|ATTENDEDTRANSFER|APP|Queue|2|13|1",
            "1795364085|c.1|emdx|PJSIP/1301|CONNECT|5|a.3|2",
            "1795364095|c.1|emdx|PJSIP/1301|COMPLETECALLER|5|10|1",
        ]
    )
    assert [(v.caller, v.uniqueid, v.outcome, v.wait_seconds, v.ended_by, v.talk_seconds) for v in found] == [
        ("0501112233", "c.1", "answered", 2.0, "transfer", 13.0),
        ("0501112233", "a.2", "answered", 5.0, "caller", 10.0),
    ]


def test_a_callback_s_own_visit_is_known_by_its_id_and_an_agent_s_call_by_its_number() -> None:
    found = visits(
        [
            "1795364067|cb-1f|dvx|NONE|ENTERQUEUE||0501112233|1",
            "1795364068|c.2|dvx|NONE|ENTERQUEUE||1101|1",
            "1795364069|c.3|dvx|NONE|ENTERQUEUE||0501112244|1",
        ]
    )
    assert [(v.origin, v.attempt_id) for v in found] == [
        ("callback", "cb-1f"),
        ("internal", ""),
        ("inbound", ""),
    ]


def test_a_stay_whose_join_is_in_a_lost_file_is_rebuilt_from_the_seconds() -> None:
    (visit,) = visits(["1795364079|c.1|dvx|PJSIP/1101|CONNECT|12|a.1|3"])
    assert (visit.joined_at.timestamp(), visit.wait_seconds, visit.is_rebuilt) == (1795364067, 12.0, True)


def test_who_is_answered_after_a_hole_in_the_file_does_not_stand_where_another_citizen_waited() -> None:
    answered = "1795364079|c.2|dvx|PJSIP/1101|CONNECT|12|a.2|3"
    found = visits([JOIN, answered, "1795364089|c.2|dvx|PJSIP/1101|COMPLETEAGENT|12|10|1"])
    assert {(visit.uniqueid, visit.caller, visit.outcome) for visit in found} == {
        ("c.1", "0501112233", "waiting"),
        ("c.2", "", "answered"),
    }


def test_a_talk_of_a_local_channel_ends_under_the_channel_that_took_its_place() -> None:
    """Optimised away after the answer (recorded: `Dial(Local/…)` into a queue, without `/n`)."""
    answered = (JOIN, "1795364069|c.1|dvx|PJSIP/1101|CONNECT|2|a.1|2")
    end = "1795364072|c.0|dvx|PJSIP/1101|COMPLETECALLER|2|3|1"
    assert told(*answered, end) == [("0501112233", "dvx", "answered", 2.0, "PJSIP/1101", 3.0)]
    of_another = end.replace("|2|3|1", "|2|300|1")
    assert [talk for *_, talk in told(*answered, of_another)] == [300.0, None]


def test_two_talks_of_one_caller_with_one_agent_that_end_at_once_are_told_apart_by_their_seconds() -> None:
    """A supervisor sent the caller out of the first and into the same queue (recorded: AMI Redirect)."""
    assert told(
        JOIN,
        "1795364069|c.1|dvx|PJSIP/1101|CONNECT|2|a.1|2",
        "1795364074|c.1|dvx|NONE|ENTERQUEUE||0501112233|1",
        "1795364077|c.1|dvx|PJSIP/1101|CONNECT|3|a.2|1",
        "1795364079|c.1|dvx|PJSIP/1101|COMPLETECALLER|3|2|1",
        "1795364079|c.1|dvx|PJSIP/1101|COMPLETECALLER|2|10|1",
    ) == [
        ("0501112233", "dvx", "answered", 2.0, "PJSIP/1101", 5.0),
        ("0501112233", "dvx", "answered", 3.0, "PJSIP/1101", 2.0),
    ]
