"""The stores every contract must hold on: a contract test asks for the fixture `store`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.storage.engine import Store
from ivr.storage.migrations import migrate


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with its schema."""
    opened = empty_store(tmp_path)
    yield opened
    opened.close()


def empty_store(folder: Path) -> Store:
    """A SQLite store in that folder."""
    opened = Store(f"sqlite:///{folder / 'hotline.db'}")
    migrate(opened)
    return opened
