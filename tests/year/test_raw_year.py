"""The made year against the independent reference, and what single changes of its files do to the figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import holidays
import pytest
import yaml

from tests.year.plan import full_year
from tests.year.raw_year import YEAR, RawYear, make_year
from tests.year.reference import figures

REPORT: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("report-2024.yaml").read_text("utf-8"))
HOLIDAYS = frozenset[date](holidays.country_holidays("AZ", years=YEAR))
CONTACTS = 20_000


def computed(year: RawYear) -> dict[str, Any]:
    """By the reference."""
    return figures(year.files, YEAR, HOLIDAYS)


def changed(year: RawYear, file: str, change: Callable[[str], str]) -> dict[str, Any]:
    """The figures of all after each line of that file has been changed."""
    path = year.files[file]
    before = path.read_text("utf-8")
    path.write_text("".join(map(change, before.splitlines(keepends=True))), "utf-8")
    found: dict[str, Any] = computed(year)["all"]
    path.write_text(before, "utf-8")
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> RawYear:
    return make_year(tmp_path_factory.mktemp("year"), REPORT, HOLIDAYS, seed=3, contacts=CONTACTS)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "left_by_key"), [(1, 0), (2, 40), (3, 0)])
def test_the_reference_finds_in_the_files_what_was_planned(
    seed: int, left_by_key: int, tmp_path: Path
) -> None:
    year = make_year(tmp_path, REPORT, HOLIDAYS, seed=seed, contacts=CONTACTS, left_by_key=left_by_key)
    found = computed(year)
    assert found == year.figures
    assert found["all"]["contacts"] == CONTACTS + left_by_key


def test_the_same_seed_makes_the_same_files(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    one, other = (make_year(folder, REPORT, HOLIDAYS, contacts=2000) for folder in folders)
    for name, path in one.files.items():
        assert path.read_bytes() == other.files[name].read_bytes()


def test_a_report_whose_roundings_leave_no_counts_is_refused() -> None:
    kpis = REPORT["kpis"] | {"callback_level": {"values": [95.9, 12.0, 85.5, 93.7, 93.9, 95.6]}}
    with pytest.raises(ValueError, match="callback levels"):
        full_year(REPORT | {"kpis": kpis})


@pytest.mark.slow
def test_ten_seconds_are_too_short_and_eleven_are_not(small: RawYear) -> None:
    longer = 0

    def wait_on(line: str) -> str:
        nonlocal longer
        start, is_lost, position = line.partition("|NONE|ABANDON|")
        if not is_lost or not position.endswith("|10\n"):
            return line
        longer += 1
        at, rest = start.split("|", 1)
        return f"{int(at) + 1}|{rest}{is_lost}{position[:-3]}11\n"

    before, after = small.figures["all"], changed(small, "queue_log", wait_on)
    assert longer > 0
    assert after["lost_slices"]["too_short"] == before["lost_slices"]["too_short"] - longer
    assert sum(after["lost_slices"].values()) == after["lost"] == before["lost"]


@pytest.mark.slow
def test_without_attempts_who_was_called_back_was_not(small: RawYear) -> None:
    before = small.figures["all"]["lost_slices"]
    after = changed(small, "attempts", lambda line: line if line.startswith("number") else "")
    slices = after["lost_slices"]
    assert slices["called_back"] == after["reached"] == 0
    assert (slices["too_short"], slices["called_again"]) == (before["too_short"], before["called_again"])
    assert slices["not_called_back"] > before["not_called_back"] + before["called_back"]


@pytest.mark.slow
def test_without_numbers_nobody_called_again_nor_can_be_called(small: RawYear) -> None:
    def hidden(line: str) -> str:
        start, is_join, position = line.partition("|NONE|ENTERQUEUE||")
        return f"{start}{is_join}anonymous|{position.rpartition('|')[2]}" if is_join else line

    before, after = small.figures["all"], changed(small, "queue_log", hidden)
    assert after["lost_slices"]["impossible"] == before["lost"] - before["lost_slices"]["too_short"]
    assert after["kpis"]["first_contact_resolution"] is None
    assert after["answered"] == before["answered"]
