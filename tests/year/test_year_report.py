"""A made year through the command: its report beside the reference, and what changes of the raw files do.

The year's documents are made once for each store, whichever worker needs them first. Changes are made to six
busy weeks, in which an hour has contacts enough to be missed.
"""

from __future__ import annotations

import fcntl
import pickle
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from ivr.config.loading import configuration_of
from ivr.figures.parts import VERSION, from_text
from ivr.reading.day_figures import count_days, judging_of
from ivr.storage.engine.store import Store
from ivr.storage.records.day_figures import Made, stored_parts
from tests.loading import load_or_fail
from tests.stores import KINDS, empty_store, new_database
from tests.year.raw_year import YEAR, RawYear, make_year
from tests.year.reporting import CONFIG, differences, hotline, load, report, scopes_of
from tests.year.test_raw_year import CONTACTS, HOLIDAYS, REPORT, computed

pytestmark = pytest.mark.slow

BAKU = ZoneInfo("Asia/Baku")
THREE_DAYS = (date(2024, 1, 15), date(2024, 5, 14), date(2024, 12, 27))
SEEDS = {"sqlite": 11, "postgresql": 12}
MONTH = "2024-03"
"""It has holidays, and minutes."""
COUNTS = (
    "contacts",
    "answered",
    "ordered",
    "excluded",
    "lost",
    "waiting",
    "reached",
    "lost_slices",
    "topics",
)


class YearTold(NamedTuple):
    """Reports of the year as its days were counted, kept and purged; three days as stored and as counted.

    `refusal`: what a list of a purged year's calls prints.
    """

    counted: dict[str, Any]
    kept: dict[str, Any]
    purged: dict[str, Any]
    refusal: str
    month: dict[str, Any]
    stored: dict[date, Any]
    anew: dict[date, Any]
    reference: dict[str, Any]


@contextmanager
def new_url(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[str]:
    """Of an empty store with its schema."""
    if kind == "sqlite":
        folder.mkdir()
        empty_store(folder).close()
        yield f"sqlite:///{folder / 'hotline.db'}"
    else:
        yield from new_database(request.getfixturevalue("postgresql_server"))


@pytest.fixture(scope="module", params=KINDS)
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> YearTold:
    """Made by the first worker that asks for it."""
    run = tmp_path_factory.getbasetemp()
    folder = (run if worker_id == "master" else run.parent) / f"year-{request.param}"
    folder.mkdir(exist_ok=True)
    done = folder / "told"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            with new_url(request, request.param, folder / "store") as url:
                done.write_bytes(pickle.dumps(_told(url, folder, SEEDS[request.param])))
    found: YearTold = pickle.loads(done.read_bytes())
    return found


def _told(url: str, folder: Path, seed: int) -> YearTold:
    year = loaded(url, folder, seed)
    month, counted = report(url, "month", MONTH, "--by", "day"), report(url)
    hotline(url, "data", "figures")
    kept, store = report(url), Store(url)
    stored = {day: store.read(partial(_stored, day=day)) for day in THREE_DAYS}
    anew = store.read(_anew)
    store.close()
    config = forgetful(folder)
    hotline(url, "data", "purge", "--clock-is-right", "--secrets", str(folder / "secrets.d"), config=config)
    purged = report(url, config=config)
    with pytest.raises(RuntimeError) as refused:
        hotline(url, "report", "year", str(YEAR), "--list", "lost", config=config)
    return YearTold(counted, kept, purged, str(refused.value), month, stored, anew, computed(year))


def loaded(url: str, folder: Path, seed: int) -> RawYear:
    """A year of that seed, made in the folder and read into the store."""
    year = make_year(folder, REPORT, HOLIDAYS, seed=seed, contacts=CONTACTS)
    of_a_quarter(year.files["minutes"])
    load(url, year.files)
    return year


def of_a_quarter(minutes: Path) -> None:
    """Keep no more of them: they are as many in a small year as in a large one, and the slowest to import."""
    head, *lines = minutes.read_text("utf-8").splitlines(keepends=True)
    kept = (line for line in lines if line.split(",")[1] < f"{YEAR}-04")
    minutes.write_text("".join((head, *kept)), "utf-8")


def _stored(connection: Any, day: date) -> Any:
    ((_, text),) = stored_parts(connection, day, day, Made(VERSION, "Asia/Baku"))
    return from_text(text)


def _anew(connection: Any) -> dict[date, Any]:
    judging = judging_of(connection, configuration_of(load_or_fail(CONFIG)), BAKU)
    return dict(count_days(connection, THREE_DAYS, judging, datetime.now(UTC)))


def forgetful(folder: Path) -> Path:
    """The shipped configuration, but that calls are deleted after two months."""
    config = Path(shutil.copytree(CONFIG, folder / "config"))
    (folder / "recordings").mkdir()
    path = config / "hotline.yaml"
    text = path.read_text("utf-8").replace("365d", "62d").replace("1826d", "62d")
    at = f"agi_port: 4573\n    recordings: {folder / 'recordings'}\n"
    path.write_text(text.replace("agi_port: 4573\n", at), "utf-8")
    return config


def test_every_figure_is_the_reference_s(told: YearTold) -> None:
    assert told.reference["all"]["contacts"] == CONTACTS
    assert not differences(scopes_of(told.counted), told.reference)


def test_every_figure_of_a_third_seed_is_the_reference_s(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with new_url(request, "sqlite", tmp_path / "store") as url:
        year = loaded(url, tmp_path, seed=13)
        assert not differences(scopes_of(report(url)), computed(year))


def test_the_report_of_kept_days_is_the_report_of_counted_days(told: YearTold) -> None:
    assert not differences(told.kept | {"made_at": ""}, told.counted | {"made_at": ""})


def test_a_kept_day_is_that_day_counted_anew(told: YearTold) -> None:
    assert told.stored == told.anew
    assert all(told.stored.values())


def test_the_counts_of_a_month_are_the_sums_of_its_days(told: YearTold) -> None:
    whole, days = told.month["scopes"]["all"], told.month["rows"]
    assert [row["label"] for row in days] == sorted(
        {row["label"] for row in days if row["label"].startswith(MONTH)}
    )
    assert whole["contacts"] > 0
    for name in COUNTS:
        assert whole[name] == _sum(row[name] for row in days), name


def test_of_a_month_with_all_its_minutes_none_is_unknown(told: YearTold) -> None:
    assert told.month["data"]["unknown_minutes"] == 0
    assert told.month["scopes"]["all"]["kpis"]["availability"]["whole"] > 0


def _sum(found: Iterable[Any]) -> Any:
    values = [one for one in found if one is not None]
    if isinstance(values[0], dict):
        return dict(sum(map(Counter, values), Counter()))
    return sum(values)


def test_of_deleted_calls_the_report_stays_but_lists_and_who_called_how_often(told: YearTold) -> None:
    different = {line.partition(":")[0] for line in differences(told.purged, told.kept)}
    assert different == {"made_at", "callers_by_calls", "data.days_whose_records_are_deleted"}
    assert told.kept["callers_by_calls"]
    assert told.purged["callers_by_calls"] is None
    assert told.purged["data"]["days_whose_records_are_deleted"] > 300
    assert "not kept any more" in told.refusal
