"""The daily information stands in a folder every morning, by the service alone, on the clock of Baku."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.lab.clock import SettableClock
from tests.lab.test_service_manager import HOTLINE, Installation

BAKU = ZoneInfo("Asia/Baku")
SECONDS = 120.0
"""In which the service, which looks three times a minute, writes what is due."""


def at(clock: SettableClock, days: int, hour: int, minute: int) -> None:
    """Set the clock to that time in Baku, so many days from now."""
    day = datetime.now(BAKU) + timedelta(days=days)
    wanted = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
    clock.set(wanted - datetime.now(BAKU))


def labels(clock: SettableClock, *days: int) -> set[str]:
    """The names of the files of these days, counted from today as it is without that clock."""
    today = datetime.now(BAKU).date()
    return {f"{today + timedelta(days=number)}.az.{form}" for number in days for form in ("json", "xlsx")}


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.1)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def test_the_day_before_is_in_the_folder_in_the_morning_and_missed_days_are_made_up_for(
    tmp_path: Path,
) -> None:
    installation, clock = Installation(tmp_path), SettableClock(tmp_path)
    folder = tmp_path / "Gündəlik məlumat"
    (tmp_path / "config" / "reports.yaml").write_text(
        f'reports: {{schedule: [{{period: day, at: "07:00", formats: [json, xlsx], folder: "{folder}"}}]}}\n'
    )
    at(clock, 0, 6, 59)
    with installation.running(**clock.environment):
        until(lambda: names(folder) == labels(clock, -2))  # a new schedule begins with the latest day
        at(clock, 0, 7, 0)
        until(lambda: names(folder) == labels(clock, -2, -1))
    at(clock, 3, 6, 0)
    with installation.running(**clock.environment):
        until(lambda: names(folder) == labels(clock, -2, -1, 0, 1))
    status = subprocess.run(
        [HOTLINE, "--config", tmp_path / "config", "status"],
        env=installation.environment | clock.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "report  " not in status.stdout
