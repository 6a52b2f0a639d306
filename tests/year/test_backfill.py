"""A small year through the command: `make bench` runs the same on a whole one."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ivr.storage.engine.store import Store
from tests.stores import store, url
from tests.year.backfilling import backfill, stored, write_year
from tests.year.generator import Truth

__all__ = ["store", "url"]

CALLS = 2500


def small_year(folder: Path) -> tuple[Path, list[str], Truth]:
    """The file, its lines, and what must be stored of them."""
    path = folder / "queue_log"
    _, truth = write_year(path, seed=195, calls=CALLS)
    return path, path.read_text().splitlines(keepends=True), truth


def test_a_year_is_stored_as_it_was_made_however_often_and_in_whatever_files_it_is_read(
    store: Store, url: str, tmp_path: Path
) -> None:
    path, whole, truth = small_year(tmp_path)
    number = len(whole)
    packed, newest = tmp_path / "queue_log.1.gz", tmp_path / "newest"
    packed.write_bytes(gzip.compress("".join(whole[: number // 2]).encode()))
    newest.write_text("".join(whole[number // 2 :]))
    assert f"{number:,} lines read: {CALLS:,} visits new" in backfill(url, newest, packed).said
    assert stored(store) == truth
    again = backfill(url, path, newest, packed).said
    assert ": 0 visits new, 0 changed" in again
    assert stored(store) == truth


def test_a_file_that_grew_is_read_on_from_its_bookmark_and_nothing_that_was_right_changes(
    store: Store, url: str, tmp_path: Path
) -> None:
    """Of some calls only the end stands behind the bookmark, and their agents talk to others by then."""
    path, whole, truth = small_year(tmp_path)
    path.write_text("".join(whole[:-100]))
    backfill(url, path)
    path.write_text("".join(whole))
    assert ": 0 visits new" not in backfill(url, path).said
    assert stored(store) == truth
    assert ": 0 visits new, 0 changed" in backfill(url, path).said


def test_of_a_file_and_an_older_copy_of_it_everything_is_read(store: Store, url: str, tmp_path: Path) -> None:
    path, whole, truth = small_year(tmp_path)
    copy = tmp_path / "queue_log.bak"
    copy.write_text("".join(whole[:100]))
    backfill(url, path, copy)
    assert stored(store) == truth


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_postgresql_plans_a_large_backfill_by_statistics_of_its_own_first_rows(
    store: Store, url: str, tmp_path: Path
) -> None:
    path, _, _ = small_year(tmp_path)
    backfill(url, path)
    counted = "SELECT reltuples FROM pg_class WHERE relname IN ('visits', 'calls')"
    found = store.read(lambda connection: connection.exec_driver_sql(counted).scalars().all())
    assert min(found) > 0


def test_a_backfill_says_what_ended_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="status 1"):
        backfill(f"sqlite:///{tmp_path / 'hotline.db'}", tmp_path / "nowhere")
