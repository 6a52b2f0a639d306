"""The rule book for two tellings of one stay: which field wins, whoever is heard first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.visits.merge import first_told, visit_merged
from ivr.visits.records import Visit
from tests.unit.ami_lines import at

HEARD = Visit(
    server="main",
    uniqueid="c.1",
    linkedid="c.1",
    queue="dvx",
    origin="inbound",
    joined_at=at(8.25),
    received_at=at(8.26),
    outcome="waiting",
    source="ami",
    precision="ms",
    call_linkedid="c.1",
    call_began_at=at(0),
    caller="0501112233",
)
READ = HEARD._replace(source="queue_log", precision="s", joined_at=at(8), received_at=at(900), linkedid="")


def left(visit: Visit, outcome: str) -> Visit:
    """Without an agent, after 12 s by AMI's clock and 11 s by queue_log's; AMI has heard no word for it."""
    wait = 12.0 if visit.source == "ami" else 11.0
    concluded = visit.source == "ami" and outcome != "interrupted"
    left_at = at(8 + wait)
    return visit._replace(
        outcome=outcome, left_at=left_at, ended_at=left_at, wait_seconds=wait, uncertain=concluded
    )


def answered(visit: Visit, **changes: Any) -> Visit:
    is_ami = visit.source == "ami"
    told = visit._replace(
        outcome="answered",
        answered_at=at(12.5) if is_ami else at(12),
        left_at=at(12.5) if is_ami else at(12),
        wait_seconds=4.25 if is_ami else 4.0,
        agent="PJSIP/1101" if is_ami else "Aygün",
        agent_name="Aygün",
        ring_seconds=1.5 if is_ami else 1.0,
    )
    return told._replace(**changes)


def over(visit: Visit, ended_by: str = "caller") -> Visit:
    talk = 8.25 if visit.source == "ami" else 8.0
    return visit._replace(ended_at=at(12.5 + talk), ended_by=ended_by, talk_seconds=talk)


stored = first_told


def merged(*told: Visit) -> Visit:
    """The record after all tellings, in this order."""
    row = stored(told[0])
    for visit in told[1:]:
        row = visit_merged(row, visit)
    return row


def both_ways(told: list[Any]) -> list[list[Any]]:
    return [told, told[::-1]]


def some(row: Visit, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)


AMI_SAYS = {
    "waiting": HEARD,
    "interrupted": left(HEARD, "interrupted"),
    "abandoned": left(HEARD, "abandoned"),
    "timeout": left(HEARD, "timeout"),
    "redirected": left(HEARD, "redirected"),
    "answered": over(answered(HEARD)),
}
LOG_SAYS = {
    "waiting": READ,
    "interrupted": left(READ, "interrupted"),
    "abandoned": left(READ, "abandoned"),
    "timeout": left(READ, "timeout"),
    "key": left(READ, "key"),
    "empty": left(READ, "empty"),
    "withdrawn": left(READ, "withdrawn"),
    "answered": over(answered(READ)),
}
NAMED_BY_LOG = ("timeout", "key", "empty", "withdrawn")


def who_is_right(ami: str, log: str) -> str:
    """The outcome of a stay AMI and queue_log tell like this, as the rule book says it in words."""
    if "answered" in (ami, log):
        return "answered"
    if log in NAMED_BY_LOG:
        return log
    if ami == "redirected":
        return "redirected"
    if log == "abandoned":
        return "abandoned"
    return log if ami == "waiting" else ami


@pytest.mark.parametrize(("ami", "log"), list(product(AMI_SAYS, LOG_SAYS)))
def test_the_outcome_of_two_sources_is_the_one_the_rules_name_whoever_is_read_first(
    ami: str, log: str
) -> None:
    heard, read = AMI_SAYS[ami], LOG_SAYS[log]
    row = merged(heard, read)
    assert row.outcome == who_is_right(ami, log)
    assert row.source == "both"
    assert merged(read, heard) == row


@pytest.mark.parametrize(("ami", "log"), list(product(AMI_SAYS, LOG_SAYS)))
def test_the_wait_is_the_wait_of_the_telling_that_named_the_outcome(ami: str, log: str) -> None:
    heard, read = AMI_SAYS[ami], LOG_SAYS[log]
    row = merged(heard, read)
    right = heard if heard.outcome == row.outcome else read
    assert some(row, "wait_seconds", "left_at", "ended_at", "talk_seconds") == some(
        right, "wait_seconds", "left_at", "ended_at", "talk_seconds"
    )
    assert (row.joined_at, row.received_at) == (heard.joined_at, heard.received_at)


@pytest.mark.parametrize(("ami", "log"), list(product(AMI_SAYS, LOG_SAYS)))
def test_telling_it_again_changes_nothing(ami: str, log: str) -> None:
    row = merged(AMI_SAYS[ami], LOG_SAYS[log])
    for again in (AMI_SAYS[ami], LOG_SAYS[log]):
        assert visit_merged(row, again) == row


AMI_NAMES = {
    outcome: left(HEARD, outcome)._replace(uncertain=False)
    for outcome in ("abandoned", "timeout", "key", "empty", "withdrawn", "redirected")
} | {"answered": AMI_SAYS["answered"]}


@pytest.mark.parametrize(("ami", "log"), list(product(AMI_NAMES, LOG_SAYS)))
def test_queue_log_never_changes_an_outcome_that_ami_told(ami: str, log: str) -> None:
    heard, read = AMI_NAMES[ami], LOG_SAYS[log]
    row = merged(heard, read)
    assert row.outcome == ami
    assert merged(read, heard) == row
    for other in LOG_SAYS.values():
        assert visit_merged(row, other).outcome == ami


@pytest.mark.parametrize("order", both_ways([left(HEARD, "timeout"), left(READ, "timeout")]))
def test_what_ami_had_to_conclude_is_certain_once_queue_log_says_it_too(order: Sequence[Visit]) -> None:
    assert not merged(*order).uncertain
    assert not merged(*order, *order).uncertain


@pytest.mark.parametrize("order", both_ways([HEARD, left(READ, "abandoned")._replace(uncertain=True)]))
def test_what_queue_log_alone_leaves_open_stays_uncertain_until_ami_tells_it(order: Sequence[Visit]) -> None:
    row = merged(*order, *order)
    assert row.uncertain
    assert not visit_merged(row, AMI_NAMES["abandoned"]).uncertain


@given(st.data())
def test_any_tellings_of_one_stay_in_any_order_make_one_record(data: st.DataObject) -> None:
    """Each source tells its story so far, any number of times; the other one comes in between."""
    heard = [HEARD, *data.draw(st.sampled_from(STORIES_OF_AMI))]
    read = [READ, *data.draw(st.sampled_from(STORIES_OF_LOG))]
    inserted = data.draw(st.integers(0, len(heard)))
    assert merged(*heard[:inserted], *read, *heard[inserted:]) == merged(*heard, *read)


STORIES_OF_AMI: Sequence[tuple[Visit, ...]] = (
    (),
    (left(HEARD, "abandoned"),),
    (left(HEARD, "redirected"),),
    (left(HEARD, "abandoned")._replace(uncertain=False),),
    (answered(HEARD),),
    (answered(HEARD), over(answered(HEARD))),
    (answered(HEARD), answered(HEARD), over(answered(HEARD), "agent")),
    (left(HEARD, "interrupted"), answered(HEARD)),
)
STORIES_OF_LOG: Sequence[tuple[Visit, ...]] = (
    (),
    (left(READ, "abandoned"),),
    (left(READ, "timeout"),),
    (answered(READ),),
    (answered(READ), over(answered(READ))),
    (left(READ, "interrupted"),),
)


def test_amis_moments_seconds_and_interface_are_finer_and_win_where_both_say_the_same() -> None:
    heard, read = over(answered(HEARD)), over(answered(READ), "agent")
    row = merged(read, heard)
    names = ("wait_seconds", "ring_seconds", "talk_seconds", "answered_at", "agent", "ended_by", "precision")
    assert some(row, *names) == (4.25, 1.5, 8.25, at(12.5), "PJSIP/1101", "caller", "ms")


@pytest.mark.parametrize("order", both_ways([answered(HEARD), over(answered(READ), "agent")]))
def test_an_end_only_queue_log_heard_is_taken_with_its_precision(order: Sequence[Visit]) -> None:
    row = merged(*order)
    assert some(row, "wait_seconds", "talk_seconds", "ended_by", "precision") == (4.25, 8.0, "agent", "s")


@pytest.mark.parametrize("order", both_ways([over(answered(HEARD), "restart"), over(answered(READ))]))
def test_a_talk_cut_off_by_a_restart_takes_the_end_the_other_source_heard(order: Sequence[Visit]) -> None:
    assert some(merged(*order), "talk_seconds", "ended_by") == (8.0, "caller")


@pytest.mark.parametrize(
    "order", both_ways([answered(HEARD, ring_seconds=None, agent_name=""), answered(READ)])
)
def test_what_ami_does_not_know_of_an_answer_queue_log_fills_in(order: Sequence[Visit]) -> None:
    assert some(merged(*order), "ring_seconds", "agent_name", "wait_seconds") == (1.0, "Aygün", 4.25)


def test_nothing_of_an_outcome_that_lost_is_mixed_into_the_one_that_won() -> None:
    assert merged(left(HEARD, "abandoned"), answered(READ, wait_seconds=None)).wait_seconds is None
    row = merged(left(HEARD, "abandoned"), answered(READ, ring_seconds=None))
    assert some(row, "wait_seconds", "ring_seconds", "left_at") == (4.0, None, at(12))


@pytest.mark.parametrize(
    "order",
    both_ways(
        [
            HEARD._replace(menu_path="1/1", language="ru", structure="", attempt_id="cb-1"),
            READ._replace(menu_path="9", language="az", structure="dvx", caller="+994"),
        ]
    ),
)
def test_who_called_is_amis_to_say_and_queue_log_fills_what_is_empty(order: Sequence[Visit]) -> None:
    row = merged(*order)
    assert some(row, "menu_path", "language", "structure", "attempt_id", "caller", "linkedid") == (
        "1/1",
        "ru",
        "dvx",
        "cb-1",
        "0501112233",
        "c.1",
    )


@pytest.mark.parametrize("first", [HEARD, READ])
def test_one_source_corrects_itself_with_its_later_word_and_never_forgets(first: Visit) -> None:
    row = merged(first._replace(language="az"), first._replace(language="ru"))
    assert some(row, "language", "source") == ("ru", first.source)
    told = answered(first)
    assert merged(told, first).outcome == "answered"
    assert merged(over(told), told).talk_seconds == over(told).talk_seconds
    assert merged(told, told._replace(agent="PJSIP/1102")).agent == "PJSIP/1102"
    assert merged(over(told), told._replace(agent="PJSIP/1102")).agent == told.agent


def test_a_source_corrects_its_answer_although_the_other_one_spoke_in_between() -> None:
    row = merged(answered(HEARD), READ, answered(HEARD, agent="PJSIP/1102"))
    assert row.agent == "PJSIP/1102"


@pytest.mark.parametrize("order", both_ways([answered(HEARD), over(answered(READ), "restart")]))
def test_a_last_sign_of_life_is_a_better_end_than_none(order: Sequence[Visit]) -> None:
    assert some(merged(*order), "ended_by", "agent") == ("restart", "PJSIP/1101")


@pytest.mark.parametrize("mark", ["recorded", "clock_stepped"])
def test_a_mark_that_one_telling_carries_stays(mark: str) -> None:
    marks: dict[str, Any] = {mark: True}
    marked, plain = HEARD._replace(**marks), left(HEARD, "abandoned")
    assert getattr(merged(marked, plain), mark) is True
    assert getattr(merged(plain, marked), mark) is True
    assert getattr(merged(plain, plain), mark) is False


def test_a_row_of_both_sources_takes_a_later_word_of_either_by_who_had_said_its_outcome() -> None:
    waits_in_both = merged(HEARD, READ)
    assert visit_merged(waits_in_both, left(READ, "timeout")).outcome == "timeout"
    guessed = merged(left(HEARD, "timeout"), READ)
    assert visit_merged(guessed, left(READ, "abandoned")).outcome == "abandoned"
    corrected = merged(left(HEARD, "abandoned"), READ)
    assert visit_merged(corrected, left(HEARD, "timeout")).outcome == "timeout"
    named = merged(HEARD, left(READ, "timeout"))
    assert visit_merged(named, left(HEARD, "abandoned")).outcome == "timeout"


def test_what_queue_log_told_is_kept_to_find_the_stay_again() -> None:
    assert some(stored(HEARD), "log_joined_at", "log_outcome") == (None, "")
    assert some(stored(left(READ, "key")), "log_joined_at", "log_outcome") == (at(8), "key")
    assert some(stored(READ._replace(is_rebuilt=True)), "log_joined_at", "log_outcome") == (None, "waiting")
    row = merged(HEARD, READ)
    assert some(row, "log_joined_at", "log_outcome") == (at(8), "waiting")
    row = visit_merged(row, left(READ, "key"))
    assert row.log_outcome == "key"
    assert visit_merged(row, READ).log_outcome == "key"
    given_up = visit_merged(row, left(READ, "abandoned"))
    assert given_up.log_outcome == "key"
    given_up = merged(HEARD, left(READ, "abandoned"), left(READ, "timeout"))
    assert given_up.log_outcome == "timeout"
    rebuilt = READ._replace(is_rebuilt=True, joined_at=at(9))
    assert visit_merged(row, rebuilt).log_joined_at == at(8)


def test_of_two_last_signs_of_life_the_later_one_stands() -> None:
    """Whoever tells it; at the same moment, what is stored."""

    def cut(visit: Visit, second: float) -> Visit:
        return left(visit, "interrupted")._replace(left_at=at(second), wait_seconds=second - 8)

    for first, second in both_ways([cut(HEARD, 15.0), cut(READ, 20.0)]):
        assert merged(first, second).left_at == at(20)
    told_later = cut(HEARD, 20.0)._replace(wait_seconds=11.75)
    assert merged(cut(READ, 20.0), told_later).wait_seconds == 12.0


@pytest.mark.parametrize(("later", "by"), [(2.5, "caller"), (2.6, "transfer")])
@pytest.mark.parametrize("is_read_first", [True, False])
def test_a_talk_ami_took_for_longer_than_it_was_ends_when_queue_log_says(
    later: float, by: str, is_read_first: bool
) -> None:
    """AMI missed its last word, so that the end of the call was taken for it."""
    read = over(answered(READ), "transfer")
    assert read.ended_at is not None
    heard = answered(HEARD, ended_at=read.ended_at + timedelta(seconds=later), ended_by="caller")
    assert merged(*((read, heard) if is_read_first else (heard, read))).ended_by == by
    assert merged(heard, read, heard, read).ended_by == by
