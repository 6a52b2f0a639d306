"""Single changes of the raw material move the figures they must, by exactly as much, and no other."""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from tests.stores import empty_store
from tests.year.raw_year import YEAR, RawYear, make_year
from tests.year.reference import contacts
from tests.year.reporting import hotline, load, report
from tests.year.test_raw_year import HOLIDAYS, REPORT

pytestmark = pytest.mark.slow


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


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    folder = tmp_path_factory.mktemp("weeks")
    files = with_a_hundred_waits_of_ten_seconds(busy_weeks(folder).files, folder / "ten")
    url = stored_in(folder / "store", files, ("attempts", "minutes"))
    return Weeks(files, folder / "store" / "hotline.db", weeks_of(url))


def changed(weeks: Weeks, folder: Path, change: Callable[[dict[str, Call]], None]) -> dict[str, Any]:
    """The report after the calls of queue_log were changed in place."""
    calls = calls_of(weeks.files["queue_log"])
    change(calls)
    files = written(weeks.files, folder / "changed", (line for call in calls.values() for line in call))
    return weeks_of(stored_in(folder / "store", files))


def test_a_hundred_waits_of_eleven_seconds_instead_of_ten_are_lost_after_ten(
    weeks: Weeks, tmp_path: Path
) -> None:
    def wait_on(calls: dict[str, Call]) -> None:
        ten = [call for call in calls.values() if is_abandoned(call) and wait_of(call) == 10][:100]
        assert len(ten) == 100
        for _, left in ten:
            left[0], left[-1] = str(int(left[0]) + 1), "11"

    after = changed(weeks, tmp_path, wait_on)
    moved = slices_moved(weeks.report, after)
    assert moved["too_short"] == -100
    assert sum(moved.values()) == 0
    one, other = (all_of(document)["kpis"]["lost_after"] for document in (weeks.report, after))
    assert other["value"] == pytest.approx(one["value"] + 100 * 100 / all_of(after)["contacts"], rel=1e-9)


def test_fifty_who_call_again_after_the_deadline_were_not_called_back(weeks: Weeks, tmp_path: Path) -> None:
    two_weeks = 14 * DAY
    again = [
        calls[1]
        for calls in by_number(weeks.files).values()
        if len(calls) == 2 and is_abandoned(calls[0]) and wait_of(calls[0]) > 10 and is_answered(calls[1])
        and int(calls[1][0][0]) - int(calls[0][0][0]) < DAY
    ][:50]  # fmt: skip
    assert len(again) == 50

    def call_later(calls: dict[str, Call]) -> None:
        for call in again:
            second, number = call[0][1].split(".")
            for line in calls[call[0][1]]:
                line[0], line[1] = str(int(line[0]) + two_weeks), f"{int(second) + two_weeks}.{number}"

    after = changed(weeks, tmp_path, call_later)
    assert slices_moved(weeks.report, after) == {"called_again": -50, "not_called_back": 50}
    one, other = (all_of(document)["kpis"]["callback_level"] for document in (weeks.report, after))
    assert (other["part"], other["whole"]) == (one["part"] - 50, one["whole"])


def test_who_hides_the_number_can_be_called_back_and_be_known_no_more(weeks: Weeks, tmp_path: Path) -> None:
    alone = [calls[0] for calls in by_number(weeks.files).values() if len(calls) == 1]
    lost = next(call for call in alone if is_abandoned(call) and wait_of(call) > 10)
    answered = next(call for call in alone if is_answered(call))

    def hide(calls: dict[str, Call]) -> None:
        for call in (lost, answered):
            calls[call[0][1]][0][6] = "anonymous"

    after = changed(weeks, tmp_path, hide)
    assert slices_moved(weeks.report, after) == {"not_called_back": -1, "impossible": 1}
    one, other = all_of(weeks.report), all_of(after)
    hidden = [sum(scope["hidden_numbers_by_trunk"].values()) for scope in (one, other)]
    assert hidden[1] == hidden[0] + 2
    resolution = [scope["kpis"]["first_contact_resolution"] for scope in (one, other)]
    assert resolution[1]["whole"] == resolution[0]["whole"] - 1
    assert resolution[1]["part"] == resolution[0]["part"] - 1


def test_a_deleted_hour_lacks_its_contacts_and_is_suspicious(weeks: Weeks, tmp_path: Path) -> None:
    day = date(2024, 9, 18)
    midnight = int(datetime(2024, 9, 18, tzinfo=BAKU).timestamp())
    its: defaultdict[int, list[str]] = defaultdict(list)
    begun: dict[str, int] = {}
    for one in contacts(weeks.files["queue_log"], {"dvx": "aparat"}):
        joined = begun.setdefault(one["call"], one["joined"])
        its[(joined - midnight) // HOUR].append(one["call"])
    hour = max(range(9, 18), key=lambda hour: len(its[hour]))
    assert len(its[hour]) > 9

    def delete(calls: dict[str, Call]) -> None:
        for call in set(its[hour]):
            del calls[call]

    after = changed(weeks, tmp_path, delete)
    assert all_of(after)["contacts"] == all_of(weeks.report)["contacts"] - len(its[hour])
    missing = {(day.isoformat(), hour)}
    assert missing == suspicious(after) - suspicious(weeks.report)


def suspicious(document: dict[str, Any]) -> set[tuple[str, int]]:
    return {(one["day"], one["hour"]) for one in document["data"]["suspicious_hours"]}


def test_minutes_that_were_deleted_are_unknown(weeks: Weeks, tmp_path: Path) -> None:
    """Nobody says that they were up or down: what is known of the others stays."""
    lines = weeks.files["minutes"].read_text("utf-8").splitlines(keepends=True)
    noon = [line for line in lines if ",2024-09-18T12:" in line]
    assert len(noon) == 60
    path = tmp_path / "minutes.csv"
    path.write_text("".join(line for line in lines if line not in noon), "utf-8")
    shutil.copy(weeks.database, tmp_path / "hotline.db")
    url = f"sqlite:///{tmp_path / 'hotline.db'}"
    hotline(url, "data", "import", "minutes", str(path))
    after = weeks_of(url)
    assert after["data"]["unknown_minutes"] == weeks.report["data"]["unknown_minutes"] + 60
    one, other = (all_of(document)["kpis"]["availability"] for document in (weeks.report, after))
    assert other["whole"] == one["whole"] - 60


def test_callbacks_move_neither_the_contacts_of_their_days_nor_those_answered(
    weeks: Weeks, tmp_path: Path
) -> None:
    at = next(int(line[0]) for line in fields_of(weeks.files["queue_log"]) if line[1].startswith("cb-"))
    day = datetime.fromtimestamp(at, BAKU).date()
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=BAKU).timestamp())
    first = day - timedelta(days=3)
    lines = [
        line
        for line in fields_of(weeks.files["queue_log"])
        if midnight - 3 * DAY <= int(line[0]) < midnight + DAY
    ]
    without = [line for line in lines if not line[1].startswith("cb-")]
    figures = []
    for name, its, kinds in (("with", lines, ("attempts",)), ("without", without, ())):
        files = written(weeks.files, tmp_path / name, its)
        url = stored_in(tmp_path / f"store-{name}", files, kinds)
        figures.append(all_of(report(url, "range", first.isoformat(), day.isoformat())))
    one, other = figures
    assert one["lost_slices"]["called_back"] > 0 == other["lost_slices"]["called_back"]
    for name in ("contacts", "answered", "lost", "ordered", "waiting", "agent_days", "mean_wait_seconds"):
        assert one[name] == other[name], name
