"""Six busy weeks of raw material: their calls as lines, changed in place, and the report of them."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.stores import empty_store
from tests.year.raw_year import YEAR, RawYear, make_year
from tests.year.reporting import load, report
from tests.year.test_raw_year import HOLIDAYS, REPORT

FIRST, LAST = date(2024, 9, 2), date(2024, 10, 11)
"""Six busy weeks."""
BAKU = ZoneInfo("Asia/Baku")
HOUR = 3600
DAY = 24 * HOUR


UNTIL = "2024-10-31"
BUSY = 5000
Files = Mapping[str, Path]
Call = list[list[str]]


def busy_weeks(folder: Path) -> RawYear:
    days = (date(YEAR, 1, 1) + timedelta(days=number) for number in range(366))
    quiet = frozenset(day for day in days if not FIRST <= day <= LAST)
    return make_year(folder, REPORT, quiet | HOLIDAYS, seed=12, contacts=BUSY)


def fields_of(path: Path) -> list[list[str]]:
    return [line.split("|") for line in path.read_text("utf-8").splitlines()]


def calls_of(path: Path) -> dict[str, Call]:
    found: defaultdict[str, Call] = defaultdict(list)
    for line in fields_of(path):
        found[line[1]].append(line)
    return dict(found)


def written(files: Files, folder: Path, lines: Iterable[Sequence[str]]) -> Files:
    """The same files but for queue_log, which has these lines in the order of their moments."""
    folder.mkdir()
    path = folder / "queue_log"
    in_order = sorted(lines, key=lambda line: int(line[0]))
    path.write_text("".join("|".join(line) + "\n" for line in in_order), "utf-8")
    return {**files, "queue_log": path}


def events_of(call: Call) -> list[str]:
    return [line[4] for line in call]


def number_of(call: Call) -> str:
    return call[0][6]


def wait_of(call: Call) -> int:
    return int(call[-1][0]) - int(call[0][0])


def is_abandoned(call: Call) -> bool:
    return events_of(call) == ["ENTERQUEUE", "ABANDON"]


def is_answered(call: Call) -> bool:
    """Once, in one structure, without lines that carry a proof."""
    events = events_of(call)
    return events.count("CONNECT") == 1 and events[-1].startswith("COMPLETE")


def is_dialable(number: str) -> bool:
    return len(number) == 10 and number[:2] != "00"


def by_number(files: Files) -> dict[str, list[Call]]:
    """Dialable numbers that nobody tried to call back, each with its calls in their order."""
    with files["attempts"].open(encoding="utf-8") as file:
        tried = {row["number"].replace("+994", "0") for row in csv.DictReader(file)}
    found: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls_of(files["queue_log"]).values():
        if call[0][4] == "ENTERQUEUE" and is_dialable(number_of(call)) and number_of(call) not in tried:
            found[number_of(call)].append(call)
    return dict(found)


def with_a_hundred_waits_of_ten_seconds(files: Files, folder: Path) -> Files:
    """A hundred callers, who waited longer, hang up sooner; not those who call twice."""
    calls = calls_of(files["queue_log"])
    times = Counter(number_of(call) for call in calls.values() if events_of(call)[0] == "ENTERQUEUE")
    chosen = [
        call for call in calls.values()
        if is_abandoned(call) and wait_of(call) > 11 and times[number_of(call)] != 2
    ][-100:]  # fmt: skip
    assert len(chosen) == 100
    for joined, left in chosen:
        left[0], left[-1] = str(int(joined[0]) + 10), "10"
    return written(files, folder, (line for call in calls.values() for line in call))


class Weeks(NamedTuple):
    """The six weeks in a store, and its report."""

    files: Files
    database: Path
    report: dict[str, Any]


def stored_in(folder: Path, files: Files, kinds: Iterable[str] = ("attempts",)) -> str:
    """URL of a new store that has read them."""
    folder.mkdir()
    empty_store(folder).close()
    url = f"sqlite:///{folder / 'hotline.db'}"
    load(url, files, kinds)
    return url


def weeks_of(url: str) -> dict[str, Any]:
    return report(url, "range", str(FIRST), UNTIL)


def all_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["scopes"]["all"]
    return found


def slices_moved(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    one, other = all_of(before), all_of(after)
    assert (one["contacts"], one["answered"], one["lost"]) == (
        other["contacts"], other["answered"], other["lost"],
    )  # fmt: skip
    moved = {name: number - one["lost_slices"][name] for name, number in other["lost_slices"].items()}
    return {name: number for name, number in moved.items() if number}


def changed(weeks: Weeks, folder: Path, change: Callable[[dict[str, Call]], None]) -> dict[str, Any]:
    """The report after the calls of queue_log were changed in place."""
    calls = calls_of(weeks.files["queue_log"])
    change(calls)
    files = written(weeks.files, folder / "changed", (line for call in calls.values() for line in call))
    return weeks_of(stored_in(folder / "store", files))


def with_transfer(call: Call, leg: Call, *how: str) -> Call:
    """The call, handed over when its talk ends; `leg`: the agent's own call before, 20 s earlier."""
    _, uniqueid, queue, agent, _, hold, talk, position = call[-1]
    handed_over = [call[-1][0], uniqueid, queue, agent, "ATTENDEDTRANSFER", *how, hold, talk, position]
    return [*call[:-1], *leg, handed_over]


def served_by(call: Call, queue: str) -> bool:
    return events_of(call)[:2] == ["ENTERQUEUE", "CONNECT"] and is_answered(call) and call[1][2] == queue


def day_of(call: Call) -> date:
    return datetime.fromtimestamp(int(call[0][0]), BAKU).date()


def moved(one: dict[str, Any], other: dict[str, Any]) -> dict[str, int]:
    """The counts that differ, by how much."""
    counts = {name: number for name, number in one.items() if type(number) is int}
    return {name: other[name] - number for name, number in counts.items() if other[name] != number}


def suspicious(document: dict[str, Any]) -> set[tuple[str, int]]:
    return {(one["day"], one["hour"]) for one in document["data"]["suspicious_hours"]}
