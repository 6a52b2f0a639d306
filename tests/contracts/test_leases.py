"""A role at a server is one process's at a time, and another's soon after it died."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.running.liveness import Lease, is_held


@contextmanager
def threads(store: Store, count: int) -> Iterator[list[StoreThread]]:
    """Each as a process of its own would have it."""
    with ExitStack() as stack:
        opened = [
            StoreThread(Store(store.engine.url.render_as_string(hide_password=False))) for _ in range(count)
        ]
        for thread in opened:
            stack.callback(thread.close)
        yield opened


@pytest.fixture
def pair(store: Store) -> Iterator[list[Lease]]:
    """Two processes that want one role."""
    with threads(store, 2) as opened:
        yield [Lease(thread, "main", "dialer") for thread in opened]


def holds(store: Store, lease: Lease) -> bool:
    return store.write(lease.hold)


def test_the_first_who_asks_has_it_and_keeps_it_by_asking_again(store: Store, pair: list[Lease]) -> None:
    first, second = pair
    assert [holds(store, first), holds(store, second), holds(store, first)] == [True, False, True]


def test_it_is_free_when_its_holder_has_been_silent_for_too_long(store: Store, pair: list[Lease]) -> None:
    first, second = pair
    holds(store, first)
    store.write(lambda connection: connection.execute(text("UPDATE leases SET expires_at = 1000")))
    assert [holds(store, second), holds(store, first)] == [True, False]


def test_it_is_free_when_its_holder_took_it_by_a_clock_that_was_400_days_ahead(
    store: Store, pair: list[Lease]
) -> None:
    first, second = pair
    holds(store, first)
    later = timedelta(days=400) // timedelta(milliseconds=1)
    store.write(lambda c: c.execute(text(f"UPDATE leases SET expires_at = expires_at + {later}")))
    assert not store.read(lambda c: is_held(c, "main", "dialer"))
    assert [holds(store, second), holds(store, first)] == [True, False]


def test_who_leaves_it_frees_it_at_once_and_cannot_free_another_s(store: Store, pair: list[Lease]) -> None:
    first, second = pair
    holds(store, first)
    assert not store.write(second.leave)
    assert store.write(first.leave)
    assert holds(store, second)


def test_roles_and_servers_do_not_meet(store: Store) -> None:
    with threads(store, 1) as [thread]:
        found = [Lease(thread, "main", "dialer"), Lease(thread, "main", "recorder")]
        found.append(Lease(thread, "second", "dialer"))
        assert all(holds(store, lease) for lease in found)


def test_who_cannot_fill_a_role_leaves_it_to_who_can(store: Store, pair: list[Lease]) -> None:
    async def scenario() -> None:
        deaf, able = pair
        assert await deaf.ask(able=False)
        assert await able.ask(able=True)

    asyncio.run(scenario())
    assert not store.write(pair[0].leave)


def test_of_many_who_ask_at_the_same_moment_one_has_it(store: Store) -> None:
    async def scenario(opened: list[StoreThread]) -> list[bool]:
        asking = (Lease(thread, "main", "dialer").ask(able=True) for thread in opened)
        return list(await asyncio.gather(*asking))

    with threads(store, 5) as opened:
        assert sum(asyncio.run(scenario(opened))) == 1
