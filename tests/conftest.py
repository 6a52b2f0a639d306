"""The order of the suite: random, but what takes long begins first, so that no worker is left alone."""

from itertools import chain, zip_longest

import pytest

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
