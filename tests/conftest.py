"""What the whole suite shares: its order, and one PostgreSQL server for all workers.

The order is random, but what takes long begins first, so that no worker is left alone.
"""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, zip_longest
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.postgresql import PostgreSQL

# How fast an example is says how busy the machine is, nothing else.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

LONG = ("tests/lab/test_demo", "tests/lab/")
"""Tests that live in real time, the longest first."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every second test is a long one until there are no more: workers are handed two at a time."""
    groups: dict[int, list[pytest.Item]] = {}
    for item in items:
        rank = next((n for n, start in enumerate(LONG) if item.nodeid.startswith(start)), len(LONG))
        groups.setdefault(rank, []).append(item)
    short = groups.pop(len(LONG), [])
    long = [item for rank in sorted(groups) for item in groups[rank]]
    paired = chain.from_iterable(zip_longest(long, short))
    items[:] = [item for item in paired if item is not None]


def pytest_configure() -> None:
    """A shell lets what it starts in the background ignore Ctrl-C, and so would every process of ours."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


_whole_run = pytest.StashKey[ExitStack]()
_server = pytest.StashKey[PostgreSQL]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker where the server is; the first one waits for its start."""
    stash = node.config.stash
    if _whole_run not in stash:
        stash[_whole_run] = ExitStack()
        stash[_server] = stash[_whole_run].enter_context(PostgreSQL.running())
    node.workerinput["postgresql"] = stash[_server].url("postgres")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last worker is gone."""
    if whole_run := config.stash.get(_whole_run, None):
        whole_run.close()


@pytest.fixture(scope="session")
def postgresql_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database on the suite's own server; without workers it is started when it is asked for."""
    told = getattr(request.config, "workerinput", None)
    if told is not None:
        yield told["postgresql"]
        return
    with PostgreSQL.running() as server:
        yield server.url("postgres")
