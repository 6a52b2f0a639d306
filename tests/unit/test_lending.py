"""Who is lent to which queue, and who of them is paused there, against boards of a few lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback_dialer.lender import Lent, Pauses, pauses
from ivr.asterisk.words import PAUSED_BY_US
from ivr.config.lending import Loan, loans
from ivr.config.loading import configuration_of
from ivr.queues.board import Board
from tests.unit.ami_lines import START, at, events
from tests.unit.starter import load_changed

ANN, BOB = (Lent("aibndx", f"PJSIP/130{n}", "emdx") for n in (1, 2))
NOBODY = frozenset[Lent]()


def board(ann: str = "", bob: str = "") -> Board:
    """Two idle agents of emdx who also help aibndx; the reasons of their pauses there."""
    made = Board({})
    rows = [
        f"0 QueueMember Queue={queue} Location={one.interface} Status=1 Penalty={penalty} "
        f"Paused={int(bool(reason))} PausedReason={reason}"
        for one, why in ((ANN, ann), (BOB, bob))
        for queue, penalty, reason in (("emdx", 0, ""), ("aibndx", 100, why))
    ]
    made.restore(events("\n".join(rows)), START)
    return made


@pytest.mark.parametrize(
    ("ann", "bob", "short", "expected"),
    [
        ("", "", [], Pauses(NOBODY, NOBODY, NOBODY)),
        ("", "", ["aibndx"], Pauses(NOBODY, NOBODY, NOBODY)),
        ("", "", ["emdx"], Pauses(frozenset({ANN, BOB}), NOBODY, frozenset({ANN, BOB}))),
        (PAUSED_BY_US, "", ["emdx"], Pauses(frozenset({BOB}), NOBODY, frozenset({ANN, BOB}))),
        (PAUSED_BY_US, PAUSED_BY_US, [], Pauses(NOBODY, frozenset({ANN, BOB}), NOBODY)),
        ("lunch", PAUSED_BY_US, [], Pauses(NOBODY, frozenset({BOB}), NOBODY)),
        ("lunch", "", ["emdx"], Pauses(frozenset({BOB}), NOBODY, frozenset({BOB}))),
    ],
)
def test_lent_agents_are_paused_while_home_is_short_and_an_own_pause_is_left_alone(
    ann: str, bob: str, short: list[str], expected: Pauses
) -> None:
    assert pauses(board(ann, bob).members, [ANN, BOB], short) == expected


REASONS = st.sampled_from(["", "lunch", PAUSED_BY_US])


@given(REASONS, REASONS, st.sets(st.sampled_from(["emdx", "aibndx"])))
def test_a_board_on_which_the_pauses_are_done_asks_for_no_more(ann: str, bob: str, short: set[str]) -> None:
    members = dict(board(ann, bob).members)
    change = pauses(members, [ANN, BOB], short)
    for those, reason in ((change.begin, PAUSED_BY_US), (change.end, "")):
        for one in those:
            key = (one.queue, one.interface)
            assert members[key].pause_reason != "lunch"
            members[key] = replace(members[key], paused=bool(reason), pause_reason=reason)
    assert pauses(members, [ANN, BOB], short) == Pauses(NOBODY, NOBODY, change.held)


def test_whom_another_queue_lends_counts_as_idle_and_as_serving_at_home_alone() -> None:
    """Else a callback would be dialled for an agent who is not rung for it yet."""
    lending = board()
    assert len(lending.idle("emdx", at(1))) == 2
    assert not lending.idle("aibndx", at(1))


def test_each_agent_is_lent_once_to_a_queue_by_the_queue_that_helps_first() -> None:
    """1302 serves both helping queues; 1401 serves aibndx anyway and is not lent to it."""
    loaded = load_changed("queues.yaml", "{emdx: 90s}", "{emdx: 90s, aparat: 30s}")
    configuration = configuration_of(loaded)
    agents = dict(configuration.agents)
    agents["1302"] = agents["1302"].model_copy(update={"queues": ["emdx", "aparat"]})
    agents["1401"] = agents["1401"].model_copy(update={"queues": ["aibndx", "emdx"]})
    assert loans(configuration.model_copy(update={"agents": agents})) == (
        Loan("1201", "aibndx", "aparat", 30.0),
        Loan("1301", "aibndx", "emdx", 90.0),
        Loan("1302", "aibndx", "aparat", 30.0),
    )
