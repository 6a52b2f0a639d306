"""What callers are told and where called-back citizens join, over pyst2's own commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_scripts.position import decide
from agi_scripts.table import scripts_for
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Unanswered
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.storage.engine.store import Store
from tests.unit.agi_wire import OK, ScriptedWire, value
from tests.unit.ami_lines import START, at, events
from tests.unit.starter import shipped

TWO_WAIT = """
    0 QueueMember Queue=dvx Location=PJSIP/1101 Status=2
    0 QueueEntry Queue=dvx Position=1 Uniqueid=c1 Wait=50
    0 QueueEntry Queue=dvx Position=2 Uniqueid=c2 Wait=20
"""
THREE_TALKS = "\n0 AgentComplete Queue=dvx Interface=PJSIP/1101 TalkTime=50" * 3


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    """The shipped one."""
    found = shipped().configuration
    assert found is not None
    return found


def board(snapshot: str, later: str = "") -> Board:
    made = Board({"dvx": 10.0})
    made.restore(events(snapshot), START)
    for event in events(later):
        made.apply(event)
    return made


def run(
    script: str, board: Board, configuration: Configuration, *answers: str, queue: str = "dvx"
) -> list[str]:
    """The AGI commands `script` sent, for a caller c9 ten seconds after START."""
    wire = ScriptedWire(*answers)
    session = AgiSession({"agi_uniqueid": "c9", "agi_arg_1": queue}, wire)
    scripts_for(board, configuration, lambda: at(10), Store("sqlite://"), "main")[script](session)
    return wire.sent


@pytest.mark.parametrize(
    ("place", "idle", "wait", "said"),
    [
        (1, 1, 60.0, ()),
        (2, 3, None, ()),
        (1, 0, None, ("place-1",)),
        (2, 1, 61.0, ("place-2", "wait_minutes-2")),
        (3, 0, 60.0, ("place-3", "wait_minutes-1")),
        (3, 0, 0.5, ("place-3", "wait_minutes-1")),
        (30, 0, 1800.0, ("place-30", "wait_minutes-30")),
        (31, 0, 1800.5, ("place_many", "wait_many")),
    ],
)
def test_a_caller_is_told_place_and_whole_minutes_unless_an_agent_is_free_for_them(
    place: int, idle: int, wait: float | None, said: tuple[str, ...]
) -> None:
    """Nothing is said that would only delay an answer, and no wait that nobody knows."""
    assert decide(place, idle, wait, most_place=30, most_minutes=30) == said


def test_the_place_counts_callers_and_confirmed_callbacks_who_wait(configuration: Configuration) -> None:
    """Two in line: the caller is third; three talks of a minute each with one agent: three minutes."""
    sent = run(words.AGI_ANNOUNCE_POSITION, board(TWO_WAIT, THREE_TALKS), configuration, value(""), OK)
    assert sent[1:] == ['SET VARIABLE "HOTLINE_SAY" "hotline/place-3&hotline/wait_minutes-3"']


def test_only_the_place_is_told_while_no_wait_is_known(configuration: Configuration) -> None:
    """No talk yet since we look."""
    sent = run(words.AGI_ANNOUNCE_POSITION, board(TWO_WAIT), configuration, value(""), OK)
    assert sent[1:] == ['SET VARIABLE "HOTLINE_SAY" "hotline/place-3"']


def test_who_may_have_heard_a_place_before_is_told_the_wait_alone(configuration: Configuration) -> None:
    """They come on from another queue: the place there was lower, or Asterisk said that they are next."""
    sent = run(words.AGI_ANNOUNCE_POSITION, board(TWO_WAIT, THREE_TALKS), configuration, value("yes"), OK)
    assert sent == ['GET VARIABLE "HOTLINE_TOLD"', 'SET VARIABLE "HOTLINE_SAY" "hotline/wait_minutes-3"']
    assert run(words.AGI_ANNOUNCE_POSITION, board(TWO_WAIT), configuration, value("yes"))[1:] == []


STAYS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3), st.lists(st.integers(1, 40))), max_size=4)
"""Of one call: place and idle agents before joining, then the places at which Asterisk thinks of speaking."""


@given(STAYS)
def test_no_later_announcement_of_a_call_names_a_higher_place(
    stays: list[tuple[int, int, list[int]]],
) -> None:
    """Whatever becomes of the line meanwhile: Asterisk says place 1 (`announce-position-limit`) or none."""
    named = []
    for stay, (place, idle, places) in enumerate(stays):
        said = decide(place, idle, None, most_place=30, most_minutes=30, told=stay > 0)
        named += [place] * len(said) + [1 for each in places if each == 1]
    assert named == sorted(named, reverse=True)


LIMIT = 4
EVENTS = st.lists(
    st.tuples(st.sampled_from(["comes", "joins", "called back", "leaves", "announced"]), st.integers(0, 9))
)


@given(EVENTS)
def test_where_places_are_told_while_waiting_none_is_higher_than_one_told_before(
    events: list[tuple[str, int]],
) -> None:
    """Who stands at the door joins when their sentence is over, in any order; all join at the end."""
    told: dict[int, list[int]] = {}
    door: list[int] = []
    line: list[int] = []

    def announce(caller: int) -> None:
        """app_queue's `announce-position = limit`."""
        if (place := line.index(caller) + 1) <= LIMIT:
            told[caller].append(place)

    for event, which in events:
        if event == "comes":
            door.append(caller := len(told))
            place = len(line) + 1
            said = decide(place, 0, None, most_place=30, most_minutes=30, told_in_queue=LIMIT)
            told[caller] = [place] * len(said)
        elif event == "joins" and door:
            line.append(door.pop(which % len(door)))
            announce(line[-1])
        elif event == "called back":
            line.append(caller := len(told))
            told[caller] = []
        elif event == "leaves" and line:
            line.pop(which % len(line))
        elif event == "announced" and line:
            announce(line[which % len(line)])
    assert all(places == sorted(places, reverse=True) for places in told.values())


def test_a_place_that_asterisk_tells_on_joining_is_not_told_before(configuration: Configuration) -> None:
    """In queue aibndx Python tells the wait; the place only beyond those Asterisk tells."""
    lines = [
        f"0 QueueEntry Queue=aibndx Position={place} Uniqueid=c{place + 20} Wait=1" for place in range(1, 11)
    ]
    ask = words.AGI_ANNOUNCE_POSITION
    tenth = run(ask, board("\n".join(lines[:9])), configuration, value(""), queue="aibndx")
    assert tenth == ['GET VARIABLE "HOTLINE_TOLD"']
    eleventh = run(ask, board("\n".join(lines)), configuration, value(""), OK, queue="aibndx")
    assert eleventh[1:] == ['SET VARIABLE "HOTLINE_SAY" "hotline/place-11"']


@pytest.mark.parametrize("name", ["nowhere", 'dvx"', "aparat&x", "dvx\x1b", "provider "])
@pytest.mark.parametrize(
    "script",
    [
        words.AGI_ANNOUNCE_POSITION,
        words.AGI_CALLBACK_POSITION,
        words.AGI_CALLER_LANGUAGE,
        words.AGI_SURVEY,
    ],
)
def test_a_script_answers_only_about_queues_and_trunks_of_the_configuration(
    script: str, name: str, configuration: Configuration
) -> None:
    """Whatever the argument holds, nothing is made of it."""
    with pytest.raises(Unanswered, match="names nothing in the live"):
        run(script, board(TWO_WAIT), configuration, OK, queue=name)


@pytest.mark.parametrize("script", [words.AGI_ANNOUNCE_POSITION, words.AGI_CALLBACK_POSITION])
def test_nothing_is_set_while_the_board_is_not_fresh(script: str, configuration: Configuration) -> None:
    """With the AMI lost nobody's place is known: nothing is said, and a callback joins at the end."""
    stale = board(TWO_WAIT)
    stale.lose(START)
    assert run(script, stale, configuration, value("15"), OK) == []


@pytest.mark.parametrize(
    ("credit", "place"),
    [("0", 3), ("29", 3), ("30", 2), ("59", 2), ("60", 1), ("999", 1), ("", 3), ("-1", 3), ("x", 3)],
)
def test_a_callback_joins_behind_who_waited_longer_and_before_the_rest(
    credit: str, place: int, configuration: Configuration
) -> None:
    """The line has waited 60 s and 30 s by now; a credit that is no number counts as none."""
    sent = run(words.AGI_CALLBACK_POSITION, board(TWO_WAIT), configuration, value(credit), OK)
    assert sent == ['GET VARIABLE "HOTLINE_CREDIT"', f'SET VARIABLE "HOTLINE_POSITION" "{place}"']


def test_the_credit_of_a_callback_that_waits_counts_as_its_wait(configuration: Configuration) -> None:
    """A callback with 100 s of credit that joined just now is not overtaken by one with 90 s."""
    line = board(TWO_WAIT, "9 QueueCallerJoin Queue=dvx Uniqueid=cb Position=1 $HOTLINE_CREDIT=100")
    sent = run(words.AGI_CALLBACK_POSITION, line, configuration, value("90"), OK)
    assert sent[-1] == 'SET VARIABLE "HOTLINE_POSITION" "2"'


def test_a_callback_joins_behind_everybody_who_waited_longer_even_out_of_order(
    configuration: Configuration,
) -> None:
    """If somebody who waited less stands in front, the last who waited longer still goes first."""
    line = board(
        """
        0 QueueEntry Queue=dvx Position=1 Uniqueid=c1 Wait=5
        0 QueueEntry Queue=dvx Position=2 Uniqueid=c2 Wait=50
        """
    )
    sent = run(words.AGI_CALLBACK_POSITION, line, configuration, value("30"), OK)
    assert sent[-1] == 'SET VARIABLE "HOTLINE_POSITION" "3"'


def test_a_callback_that_began_before_places_were_told_is_put_before_nobody_who_hears_one(
    configuration: Configuration,
) -> None:
    """The menu it began in asks for its place; the one that is live now tells places in that queue."""
    line = board(TWO_WAIT.replace("dvx", "aibndx"))
    assert configuration.queues["aibndx"].tells_places
    assert run(words.AGI_CALLBACK_POSITION, line, configuration, queue="aibndx") == []
