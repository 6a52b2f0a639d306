"""Every recorded case comes out true of the fold, however it is heard."""

from datetime import datetime
from itertools import product

import pytest

from ivr.visits.fold import Fold
from ivr.visits.from_ami import AMI, AmiReader
from ivr.visits.records import Visit
from tests.recordings.listening import Manner, heard
from tests.recordings.truth import CASES, STEPPED, WHOLE, WITH_A_HOLE, Told, differences

pytestmark = pytest.mark.slow

MANNERS = [Manner(*given) for given in product((1.0, 0.0), (False, True), (True, False))]


def recorded(case: str, manner: Manner) -> list[Visit]:
    """The visits of a case, each as it was told last."""
    reader, fold = AmiReader(), Fold("main", AMI)
    known: dict[tuple[str, str, datetime], Visit] = {}
    for told in heard(CASES / case, manner):
        for fact in reader.facts(told):
            fold.apply(fact)
        known |= {(visit.uniqueid, visit.queue, visit.received_at): visit for visit in fold.take().visits}
    return list(known.values())


def as_told(visit: Visit) -> Told:
    return Told(
        visit.caller,
        visit.queue,
        visit.outcome,
        visit.joined_at,
        visit.wait_seconds,
        visit.agent,
        visit.agent_name,
        visit.talk_seconds,
    )


@pytest.mark.parametrize("manner", MANNERS, ids=str)
@pytest.mark.parametrize("case", WHOLE)
def test_a_recorded_case_comes_out_true(case: str, manner: Manner) -> None:
    ami = "whole" if manner.speed or manner.timestamps else "untimed"
    assert differences(case, [as_told(visit) for visit in recorded(case, manner)], ami=ami) == []


@pytest.mark.parametrize("manner", [Manner(), Manner(twice=True)], ids=str)
@pytest.mark.parametrize("case", STEPPED)
def test_a_step_of_the_recorded_asterisk_s_clock_changes_no_duration(case: str, manner: Manner) -> None:
    visits = recorded(case, manner)
    assert differences(case, [as_told(visit) for visit in visits]) == []
    assert all(visit.clock_stepped for visit in visits)


@pytest.mark.parametrize("case", WHOLE)
def test_timestamps_give_times_to_the_millisecond_unless_asterisk_itself_went_away(case: str) -> None:
    for visit in recorded(case, Manner()):
        assert visit.precision == ("s" if visit.outcome == "interrupted" else "ms")


@pytest.mark.parametrize("manner", MANNERS, ids=str)
@pytest.mark.parametrize("case", sorted(WITH_A_HOLE))
def test_a_stream_with_a_hole_gives_each_stay_heard_of_once(case: str, manner: Manner) -> None:
    visits = recorded(case, manner)
    assert [(visit.caller, visit.outcome) for visit in visits] == [
        ("0641000083", "answered"),
        ("0641000085", "answered"),
    ]
