"""Several dialers at once on one database: one decision a missed call, one live attempt a callback."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import TypeVar

from sqlalchemy import Connection, select

from callback_dialer.deciding import decide_call
from callback_dialer.ordering import Order, place_all
from callback_dialer.pacing import QueueLoad
from callback_dialer.starting import release_next, start_next
from ivr.calls.numbers import CallerNumber
from ivr.storage.engine.store import Store
from ivr.storage.owed import undecided
from ivr.storage.schema.owed import attempts, callbacks, decisions
from tests.contracts.test_callback_decisions import ALWAYS, decide_all
from tests.stored_calls import store_call

T = TypeVar("T")
DIALERS = 4


def at_once(work: Callable[[], T]) -> list[T]:
    """What each dialer got, all of which began at the same moment."""
    together = Barrier(DIALERS)

    def one(_: int) -> T:
        together.wait()
        return work()

    with ThreadPoolExecutor(DIALERS) as dialers:
        return list(dialers.map(one, range(DIALERS)))


def miss(store: Store, *numbers: str) -> list[int]:
    """Ids of the missed calls of those numbers."""

    def work(connection: Connection) -> list[int]:
        return [store_call(connection, number) for number in numbers]

    return store.write(work)


def numbers(count: int) -> list[str]:
    return [f"+9945012345{i:02}" for i in range(count)]


def test_each_missed_call_is_decided_by_one_of_them(store: Store) -> None:
    ended = miss(store, *numbers(12))

    def decide_them() -> int:
        return sum(
            len(store.write(partial(decide_call, call_id=call_id, policy=ALWAYS))) for call_id in ended
        )

    assert sum(at_once(decide_them)) == len(ended)
    made = store.read(lambda c: Counter(c.scalars(select(decisions.c.call_id))))
    assert made == dict.fromkeys(ended, 1)


def test_calls_of_one_number_that_are_decided_at_once_share_one_callback(store: Store) -> None:
    """Each decision names it: none was made on what another dialer was about to change."""
    ended = miss(store, *[numbers(1)[0]] * DIALERS)
    rest = iter(ended)
    at_once(lambda: store.write(partial(decide_call, call_id=next(rest), policy=ALWAYS)))
    made = store.read(lambda c: c.execute(select(decisions.c.decision, decisions.c.callback_id)).all())
    assert Counter(row.decision for row in made) == {"callback": 1, "already_open": DIALERS - 1}
    [callback_id] = store.read(lambda c: c.scalars(select(callbacks.c.id)).all())
    assert {row.callback_id for row in made} == {callback_id}


def test_together_they_owe_no_more_callbacks_than_the_ceiling_allows(store: Store) -> None:
    rest = iter(miss(store, *numbers(DIALERS)))
    policy = replace(ALWAYS, callback=ALWAYS.callback.model_copy(update={"ceiling": 1}))
    at_once(lambda: store.write(partial(decide_call, call_id=next(rest), policy=policy)))
    made = store.read(lambda c: Counter(c.scalars(select(decisions.c.decision))))
    assert made == {"callback": 1, "held": DIALERS - 1}
    more = replace(ALWAYS, callback=ALWAYS.callback.model_copy(update={"ceiling": 2}))
    assert sum(at_once(lambda: store.write(partial(release_next, policy=more)))) == 1


def test_a_call_somebody_is_deciding_is_left_to_them_at_once(postgresql_store: Store) -> None:
    """SQLite's second writer waits for the first instead, and finds it decided."""
    [ended] = miss(postgresql_store, *numbers(1))

    def in_mid_decision(connection: Connection) -> None:
        assert undecided.claim(connection, ended)
        assert postgresql_store.write(partial(decide_call, call_id=ended, policy=ALWAYS)) == []

    postgresql_store.write(in_mid_decision)


def test_they_share_no_agent_and_start_one_attempt_for_each_callback(store: Store) -> None:
    miss(store, *numbers(12))
    store.write(decide_all)
    idle = {"dvx": QueueLoad(frozenset(f"PJSIP/{i}" for i in range(8)))}

    def start_all() -> int:
        started = 0
        while store.write(lambda c: start_next(c, "main", idle, ALWAYS)):
            started += 1
        return started

    assert sum(at_once(start_all)) == 8
    alive = store.read(lambda c: Counter(c.scalars(select(attempts.c.callback_id))))
    assert set(alive.values()) == {1}


def test_servers_that_share_a_trunk_have_no_more_calls_on_it_than_it_has_channels(store: Store) -> None:
    miss(store, *numbers(12))
    store.write(decide_all)
    narrow = ALWAYS.trunks["provider"].model_copy(update={"channels": 5})
    policy = replace(ALWAYS, trunks={"provider": narrow})
    servers, idle = iter("abcd"), {"dvx": QueueLoad(frozenset(f"PJSIP/{i}" for i in range(8)))}

    def start_all() -> int:
        server, started = next(servers), 0
        while store.write(lambda c: start_next(c, server, idle, policy)):
            started += 1
        return started

    assert sum(at_once(start_all)) == narrow.channels


def test_lists_with_the_same_numbers_that_are_placed_at_once_open_one_callback_for_each(store: Store) -> None:
    """In whatever order they name them: none waits for another that waits for it."""
    given = [
        Order(written=one, number=CallerNumber(one, "mobile"), queue="dvx", by=str(place), language="az")
        for place, one in enumerate(numbers(8))
    ]
    lists = iter([given, given[::-1], given[4:] + given[:4], given[::-2]])

    def place_them() -> int:
        mine = next(lists)
        placed = store.write(partial(place_all, orders=mine, policy=ALWAYS, server="main"))
        return sum(one.is_new for one in placed)

    assert sum(at_once(place_them)) == len(given)
