"""The stores every contract must hold on: a contract test asks for the fixture `store`."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ivr.storage.engine.store import Store
from ivr.storage.migrations import migrate
from tests.plans import watched
from tests.postgresql import create_database, drop_database

KINDS = ("sqlite", "postgresql")

_numbers = itertools.count(1)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty store with its schema is, of each kind."""
    if request.param == "sqlite":
        empty_store(tmp_path).close()
        yield f"sqlite:///{tmp_path / 'hotline.db'}"
    else:
        yield from new_database(request.getfixturevalue("postgresql_server"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store with its schema, of each kind."""
    opened = Store(url)
    with watched(opened) as scans:
        yield opened
    opened.close()
    assert not scans, "\n\n".join(scans)


Databases = Callable[[], AbstractContextManager[str]]
"""Each call makes one more empty store with its schema; its URL, for as long as the context lasts."""


@pytest.fixture(params=KINDS)
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    """As many as are wanted, all of one kind."""

    def new_file() -> Iterator[str]:
        folder = tmp_path / f"store-{next(_numbers)}"
        folder.mkdir()
        empty_store(folder).close()
        yield f"sqlite:///{folder / 'hotline.db'}"

    if request.param == "sqlite":
        return contextmanager(new_file)
    return contextmanager(partial(new_database, request.getfixturevalue("postgresql_server")))


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database with the schema."""
    yield from new_database(postgresql_server)


@pytest.fixture
def postgresql_store(postgresql: str) -> Iterator[Store]:
    """An empty store on PostgreSQL."""
    opened = Store(postgresql)
    yield opened
    opened.close()


def new_database(server: str) -> Iterator[str]:
    """URL of a database that is there until the iteration goes on."""
    url = create_database(server, f"test_{os.getpid()}_{next(_numbers)}")
    yield url
    drop_database(url)


def empty_store(folder: Path) -> Store:
    """A SQLite store in that folder."""
    (folder / "hotline.db").write_bytes(_migrated())
    return Store(f"sqlite:///{folder / 'hotline.db'}")


@cache
def _migrated() -> bytes:
    """A file with the schema and no records, as the migrations leave it."""
    with TemporaryDirectory() as folder:
        opened = Store(f"sqlite:///{folder}/hotline.db")
        migrate(opened)
        opened.close()
        return Path(folder, "hotline.db").read_bytes()
