"""What exceeds a budget that many share is held, and owed once there is room: no flood loses anybody."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import pytest
from sqlalchemy import Connection, func, insert, select
from typer.testing import CliRunner

from callback_dialer.deciding import decide_call
from callback_dialer.following import finish
from callback_dialer.pacing import QueueLoad
from callback_dialer.policy import Policy
from callback_dialer.resolving import known
from callback_dialer.starting import release_next, start_next
from ivr.command.root import app
from ivr.config.callback_rules import Budget, Burst, PrefixBudget
from ivr.storage.engine.store import Store
from ivr.storage.owed import switches
from ivr.storage.schema.owed import callbacks, decisions
from tests.contracts.test_callback_decisions import NUMBER
from tests.contracts.test_callback_guards import rules
from tests.moved_clock import MovedClock, moved_clock
from tests.stored_calls import Queued, store_call

HOUR: Final = 3600.0
STEP: Final = timedelta(minutes=10)
CALLS_COME: Final = 54
STEPS: Final = 66
"""Eleven hours; calls come in the first nine."""
SPOOFED: Final = 5000
HONEST: Final = 20
COPIES: Final = 40
"""The dialer decides each spoofed call until one is held, and then one in forty: the rest are its copies."""
FLOODED: Final = rules(
    budgets={
        "trunk": Budget(most=24, within=HOUR),
        "prefix": PrefixBudget(most=2, within=HOUR),
        "total": Budget(most=36, within=HOUR),
    }
)
"""An eighth of the shipped budgets, so that few are dialled; 93 calls in ten minutes are no burst."""
FOUR_IDLE: Final = {"dvx": QueueLoad(frozenset({"PJSIP/1101", "PJSIP/1102", "PJSIP/1103", "PJSIP/1104"}))}


def spoofed(chance: random.Random) -> list[str]:
    """Numbers of sixty prefixes, in any order."""
    return [f"+99450{200 + n % 60}{n:04}" for n in chance.sample(range(1000, 10**4), SPOOFED)]


def honest() -> list[tuple[str, float, bool]]:
    """Number, wait, and whether an agent has talked with them: each has one thing that speaks for them."""
    known = [(f"+99450{200 + n}0{n:03}", 12.0, True) for n in range(7)]
    patient = [(f"+99450{210 + n}0{n:03}", 60.0 + n, False) for n in range(7)]
    elsewhere = [(f"+99455{300 + n}0{n:03}", 12.0, False) for n in range(HONEST - 14)]
    return [*known, *patient, *elsewhere]


T = TypeVar("T")


def share(all_of_them: list[T], step: int) -> list[T]:
    """Those that come in one step."""
    return all_of_them[step * len(all_of_them) // CALLS_COME : (step + 1) * len(all_of_them) // CALLS_COME]


@dataclass
class Day:
    """A flood in ten-minute steps, in which four idle agents call back, 24 an hour."""

    clock: MovedClock
    chance: random.Random = field(default_factory=lambda: random.Random(195))

    def step(self, connection: Connection, flood: list[str], citizens: list[tuple[str, float, bool]]) -> None:
        """Calls that gave up, decisions, and a turn of the dialer."""
        while release_next(connection, FLOODED):
            pass
        while flood:
            number = flood.pop()
            self.miss(connection, number, self.chance.uniform(11, 25))
            row = (
                connection.execute(select(callbacks).where(callbacks.c.caller_e164 == number))
                .mappings()
                .one()
            )
            if row["state"] == "held":
                copied = [self.copy(row, flood.pop()) for _ in flood[: COPIES - 1]]
                connection.execute(insert(callbacks), copied)
        for number, wait, _ in citizens:
            self.miss(connection, number, wait)
        self.dial(connection)

    def miss(self, connection: Connection, number: str, wait: float) -> None:
        """A call that gave up in the last ten minutes, and what was decided."""
        stays, now = [Queued(wait=wait)], self.clock.now() - STEP * self.chance.random()
        decide_call(
            connection, store_call(connection, number, stays, ended_at=now, trunk="provider"), FLOODED
        )

    def copy(self, row: Any, number: str) -> dict[str, Any]:
        """As another number's call would be held in the same minute."""
        other = {
            **row,
            "caller_e164": number,
            "orderer": number,
            "credit_seconds": self.chance.uniform(11, 25),
        }
        return {name: value for name, value in other.items() if name != "id"}

    def dial(self, connection: Connection) -> None:
        """Whoever is called for a spoofed call does not pick up."""
        started = []
        while (start := start_next(connection, "main", FOUR_IDLE, FLOODED)) is not None:
            started.append(start)
        for start in started:
            is_honest = start.callback.caller_e164 in {number for number, _, _ in honest()}
            finish(connection, known(start.attempt), "reached" if is_honest else "no_answer", FLOODED)


@pytest.fixture
def clock(store: Store) -> Iterator[MovedClock]:
    """The store's own."""
    with moved_clock(store) as clock:
        yield clock


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # PostgreSQL has the thousand of another test
def test_of_five_thousand_spoofed_abandons_in_a_day_none_keeps_twenty_citizens_from_being_dialled(
    store: Store, clock: MovedClock
) -> None:
    day, citizens = Day(clock), honest()
    flood = spoofed(day.chance)

    def earlier(connection: Connection) -> None:
        for number, _, is_known in citizens:
            if is_known:
                at = clock.now() - timedelta(days=9)
                store_call(connection, number, [Queued("answered")], ended_at=at)

    store.write(earlier)
    day.chance.shuffle(citizens)
    for step in range(STEPS):
        calls, others = share(flood, step), share(citizens, step)
        store.write(partial(day.step, flood=calls, citizens=others))
        clock.ahead += STEP
    query = select(callbacks.c.state).where(
        callbacks.c.caller_e164.in_([number for number, _, _ in citizens])
    )
    assert store.read(lambda c: c.scalars(query).all()) == ["reached"] * HONEST
    held = select(func.count()).where(callbacks.c.state == "held")
    assert store.read(lambda c: c.scalars(held).one()) > SPOOFED * 0.9


TIGHT: Final = rules(budgets={"trunk": Budget(most=1, within=HOUR)})
OTHERS: Final = ["+994502222222", "+994503333333", "+994504444444", "+994505555555"]


def missed_by(connection: Connection, *numbers: str, wait: float = 12.0, policy: Policy = TIGHT) -> list[str]:
    """The verdicts on one call of each number."""
    ids = [store_call(connection, number, [Queued(wait=wait)], trunk="provider") for number in numbers]
    return [decision.verdict for call_id in ids for decision in decide_call(connection, call_id, policy)]


def by_number(connection: Connection) -> dict[str, tuple[str, str]]:
    """State of each callback, and what it is or was held for."""
    rows = connection.execute(select(callbacks.c.caller_e164, callbacks.c.state, callbacks.c.held_for))
    return {row.caller_e164: (row.state, row.held_for) for row in rows}


def make_room(connection: Connection) -> None:
    """What became owed did so long ago."""
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    connection.execute(callbacks.update().where(callbacks.c.owed_at.is_not(None)).values(owed_at=long_ago))


def test_who_is_held_for_a_budget_is_owed_a_call_when_it_has_room_and_only_then(store: Store) -> None:
    def work(connection: Connection) -> None:
        assert missed_by(connection, NUMBER, *OTHERS[:2]) == ["callback", "held", "held"]
        assert switches.all_off(connection) == []
        assert not release_next(connection, TIGHT)
        assert by_number(connection)[OTHERS[0]] == ("held", "window")
        make_room(connection)
        assert release_next(connection, TIGHT)
        assert not release_next(connection, TIGHT)
        assert sorted(by_number(connection).values()) == [
            ("held", "window"),
            ("owed", ""),
            ("owed", "window"),
        ]

    store.write(work)


def test_first_go_numbers_an_agent_knows_then_the_longest_wait_then_each_prefix_in_turn(store: Store) -> None:
    known, patient, same_prefix, elsewhere = (
        "+994502220001",
        "+994502220002",
        "+994502220003",
        "+994509990004",
    )

    def work(connection: Connection) -> None:
        store_call(connection, known, [Queued("answered")], ended_at=datetime.now(UTC) - timedelta(days=3))
        missed_by(connection, NUMBER)
        for number, wait in ((same_prefix, 40.0), (elsewhere, 11.0), (patient, 50.0), (known, 12.0)):
            assert missed_by(connection, number, wait=wait) == ["held"]
        for number in (known, elsewhere, patient, same_prefix):
            make_room(connection)
            assert release_next(connection, TIGHT)
            assert by_number(connection)[number] == ("owed", "window"), number

    store.write(work)


def test_who_must_not_be_called_any_more_uses_up_no_room(store: Store) -> None:
    denied, answered, late, waits = OTHERS

    def work(connection: Connection) -> None:
        missed_by(connection, NUMBER, *OTHERS)
        switches.deny(connection, denied, "asked")
        store_call(
            connection, answered, [Queued("answered")], ended_at=datetime.now(UTC) + timedelta(seconds=1)
        )
        over = callbacks.update().where(callbacks.c.caller_e164 == late)
        connection.execute(over.values(expires_at=datetime.now(UTC) - timedelta(minutes=1)))
        make_room(connection)
        wide = rules(budgets={"trunk": Budget(most=2, within=HOUR)})
        assert release_next(connection, wide)
        assert not release_next(connection, wide)
        states = {number: state for number, (state, _) in by_number(connection).items()}
        assert states == {NUMBER: "owed"} | {
            denied: "cancelled", answered: "called_again", late: "expired", waits: "owed"
        }  # fmt: skip

    store.write(work)


def test_a_further_call_of_a_held_number_joins_it_and_its_wait_counts(store: Store) -> None:
    def work(connection: Connection) -> None:
        missed_by(connection, NUMBER, OTHERS[0])
        assert missed_by(connection, OTHERS[0], wait=33.0) == ["already_open"]
        query = select(callbacks.c.state, callbacks.c.held_for, callbacks.c.credit_seconds)
        [one] = connection.execute(query.where(callbacks.c.caller_e164 == OTHERS[0]))
        assert one == ("held", "window", 33.0)

    store.write(work)


def test_more_than_the_ceiling_of_held_callbacks_are_not_held_but_refused(store: Store) -> None:
    few = rules(budgets={"trunk": Budget(most=1, within=HOUR)}, held_ceiling=2)

    def work(connection: Connection) -> None:
        verdicts = missed_by(connection, NUMBER, *OTHERS, policy=few)
        assert verdicts == ["callback", "held", "held", "out_of_budget", "out_of_budget"]
        query = select(decisions.c.why).order_by(decisions.c.id.desc()).limit(1)
        assert connection.scalar(query) == "the ceiling of 2 held callbacks is reached"

    store.write(work)


def test_a_burst_keeps_for_the_operator_what_waited_for_a_budget(store: Store) -> None:
    bursts = rules(budgets={"trunk": Budget(most=1, within=HOUR)}, burst=Burst(abandons=4, within=60.0))

    def work(connection: Connection) -> None:
        assert missed_by(connection, NUMBER, *OTHERS[:3], policy=bursts)[-1] == "held"
        assert set(by_number(connection).values()) == {("held", "operator")}
        make_room(connection)
        assert not release_next(connection, bursts)

    store.write(work)


def test_the_operator_sees_what_is_held_for_what_and_releases_all_that_waits_for_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))

    def work(connection: Connection) -> None:
        assert missed_by(connection, NUMBER, *OTHERS[:2]) == ["callback", "held", "held"]
        switches.turn_off(connection, switches.held("provider"), "a burst")
        assert missed_by(connection, OTHERS[2]) == ["held"]

    store.write(work)
    hotline = partial(CliRunner().invoke, app)
    status = " ".join(hotline(["status"]).output.split())
    assert "1 held for operator: hotline callbacks list" in status
    assert "2 held for window: hotline callbacks list" in status
    listed = hotline(["callbacks", "list", "--state", "held"]).output
    assert (listed.count("held for operator"), listed.count("held for window")) == (1, 2)
    assert hotline(["callbacks", "release", "--all"]).output == "callback 4 owed\n"
    assert hotline(["callbacks", "release", "2"]).output == "callback 2 owed\n"
    states = store.read(by_number)
    assert states[OTHERS[1]] == ("held", "window")
