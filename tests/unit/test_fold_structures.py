"""In which structure a visit counts: the one the caller chose, also where a full queue sent them on."""

from __future__ import annotations

import pytest

from ivr.asterisk.words import VAR_STRUCTURE
from ivr.visits.facts import GaveUp, Party, ResultKnown, Tick
from ivr.visits.fold import Fold
from ivr.visits.from_ami import AMI
from ivr.visits.from_queue_log import QUEUE_LOG
from tests.unit.facts_told import answered, completed, joined, when

STRUCTURES = {"dvx": "tax", "aparat": "ministry", "emdx": "property"}
OVERFLOWS = {"dvx": ["aparat"], "aparat": ["emdx"]}


def left(fold: Fold, second: float, queue: str, result: str) -> None:
    """The caller c.1 leaves that queue without an agent."""
    fold.apply(GaveUp(when(second), Party("c.1"), queue, None))
    fold.apply(ResultKnown(when(second), "c.1", queue, result))


def overflowed(*queues: str, result: str = "TIMEOUT", carries: str = "") -> Fold:
    """The caller c.1 goes from queue to queue, and leaves all but the last with that result."""
    fold = Fold("main", QUEUE_LOG, STRUCTURES, OVERFLOWS)
    for number, queue in enumerate(queues):
        if number:
            left(fold, 10 * number, queues[number - 1], result)
        variables = {VAR_STRUCTURE: carries} if carries else {}
        fold.apply(joined(10 * number, queue=queue, variables=variables))
    return fold


def structures(fold: Fold) -> list[str]:
    return [visit.structure for visit in fold.take().visits]


def test_a_visit_has_the_structure_its_channel_carries_and_else_its_queue_s() -> None:
    fold = Fold("main", AMI, {"dvx": "customs"})
    for fact in (
        joined(1),
        joined(2, "c.2", variables={VAR_STRUCTURE: "tax"}),
        joined(3, "c.3", "emdx"),
    ):
        fold.apply(fact)
    assert structures(fold) == ["customs", "tax", ""]


@pytest.mark.parametrize("result", ["TIMEOUT", "LEAVEEMPTY", "LEAVEUNAVAIL"])
def test_whom_a_queue_sends_on_stays_in_the_structure_they_chose(result: str) -> None:
    assert structures(overflowed("dvx", "aparat", "emdx", result=result)) == ["tax", "tax", "tax"]


@pytest.mark.parametrize(
    ("queues", "result", "last"),
    [
        (("dvx", "aparat"), "KEY", "ministry"),
        (("dvx", "aparat"), "WITHDRAW", "ministry"),
        (("dvx", "emdx"), "TIMEOUT", "property"),
        (("emdx", "aparat"), "TIMEOUT", "ministry"),
        (("dvx", "emdx", "aparat"), "TIMEOUT", "ministry"),
    ],
    ids=["by key", "withdrawn", "elsewhere", "from where nobody is sent on", "not from the last"],
)
def test_who_comes_to_a_queue_another_way_has_chosen_its_structure(
    queues: tuple[str, ...], result: str, last: str
) -> None:
    assert structures(overflowed(*queues, result=result))[-1] == last


def test_a_channel_that_carries_its_structure_has_it_wherever_it_is_sent() -> None:
    assert structures(overflowed("dvx", "aparat", carries="customs")) == ["customs", "customs"]


@pytest.mark.parametrize(("queue", "oldest"), [("dvx", 1), ("emdx", None)])
def test_a_stay_is_read_again_while_the_next_one_may_have_its_structure(
    queue: str, oldest: int | None
) -> None:
    fold = overflowed(queue)
    left(fold, 10, queue, "TIMEOUT")
    fold.apply(Tick(when(20)))
    fold.take()
    assert fold.oldest_open == oldest


def test_a_caller_who_waited_long_keeps_the_structure_whenever_the_records_are_taken() -> None:
    """Nothing is said of a call while it waits; its leave is a sign of life."""
    fold = overflowed("dvx")
    left(fold, 600, "dvx", "TIMEOUT")
    fold.take()
    fold.apply(Tick(when(602)))
    fold.apply(joined(604, queue="aparat"))
    assert structures(fold)[-1] == "tax"


def test_a_caller_keeps_the_structure_however_long_the_talk_is_after_an_overflow() -> None:
    """The stay that tells the structure is kept as long as any stay of its call is open."""
    fold = overflowed("dvx", "aparat")
    fold.apply(answered(when(12), queue="aparat"))
    fold.apply(Tick(when(300)))
    fold.take()
    fold.apply(Tick(when(600)))
    fold.apply(completed(when(900), "c.1", queue="aparat"))
    assert structures(fold) == ["tax"]
