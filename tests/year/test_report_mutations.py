"""Single changes of the raw material move the figures they must, by exactly as much, and no other."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from copy import deepcopy
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.year.busy_weeks import (
    BAKU,
    DAY,
    FIRST,
    HOUR,
    LAST,
    Call,
    Weeks,
    all_of,
    busy_weeks,
    by_number,
    calls_of,
    changed,
    day_of,
    fields_of,
    is_abandoned,
    is_answered,
    moved,
    served_by,
    slices_moved,
    stored_in,
    suspicious,
    wait_of,
    weeks_of,
    with_a_hundred_waits_of_ten_seconds,
    with_transfer,
    written,
)
from tests.year.reference import contacts
from tests.year.reporting import differences, hotline, report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    folder = tmp_path_factory.mktemp("weeks")
    files = with_a_hundred_waits_of_ten_seconds(busy_weeks(folder).files, folder / "ten")
    url = stored_in(folder / "store", files, ("attempts", "minutes"))
    return Weeks(files, folder / "store" / "hotline.db", weeks_of(url))


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


def test_a_transfer_into_another_structure_is_one_contact_more_there_and_a_consultation_is_none(
    weeks: Weeks, tmp_path: Path
) -> None:
    """Of a consulted transfer queue_log has the agents' talk alone; AMI has the citizen's after it."""
    calls = calls_of(weeks.files["queue_log"])
    joined = {day_of(call): call[1][3] for call in calls.values() if served_by(call, "aibndx")}
    alone = [theirs[0] for theirs in by_number(weeks.files).values() if len(theirs) == 1]
    long_talks = [call for call in alone if served_by(call, "dvx") and int(call[-1][6]) > 60]
    into_the_queue = next(call for call in long_talks if day_of(call) in joined)
    consulted = long_talks[-1]
    assert into_the_queue is not consulted

    def transfer(calls: dict[str, Call]) -> None:
        uniqueid, end = into_the_queue[0][1], int(into_the_queue[-1][0])
        agent = joined[day_of(into_the_queue)]
        leg = [[str(end - 20), f"{end - 20}.8888881", "aibndx", "NONE", "ENTERQUEUE", "", "1101", "1"]]
        calls[uniqueid] = [
            *with_transfer(into_the_queue, leg, "APP", "Queue"),
            [str(end + 5), uniqueid, "aibndx", agent, "CONNECT", "25", f"{end + 5}.8888882", "4"],
            [str(end + 45), uniqueid, "aibndx", agent, "COMPLETEAGENT", "25", "40", "1"],
        ]
        uniqueid, end = consulted[0][1], int(consulted[-1][0])
        other = f"{end - 20}.8888883"
        leg = [
            [str(end - 20), other, "emdx", "NONE", "ENTERQUEUE", "", "1101", "1"],
            [str(end - 15), other, "emdx", "PJSIP/1301", "CONNECT", "5", f"{end - 15}.8888884", "4"],
            [str(end), other, "emdx", "PJSIP/1301", "COMPLETECALLER", "5", "15", "1"],
        ]
        halves = "Local/_attended@transfer-00000000;1", "Local/_attended@transfer-00000000;2"
        calls[uniqueid] = with_transfer(consulted, leg, "LINK", *halves)

    documents = deepcopy(weeks.report), changed(weeks, tmp_path, transfer)
    scopes = [document["scopes"] for document in documents]
    for scope in (scope for found in scopes for scope in found.values()):
        del scope["kpis"]["availability"]  # of the minutes, which are read only once
    for structure in ("dvx", "emdx", "aparat"):
        assert not differences(scopes[1][structure], scopes[0][structure]), structure
    for scope in ("aibndx", "all"):
        one, other = (found[scope] for found in scopes)
        assert moved(one, other) == {
            "contacts": 1,
            "answered": 1,
            "answered_including_callbacks": 1,
            "only_in_queue_log": 1,
        }
        kpis = ("accepted_within", "accepted_overall", "first_contact_resolution")
        for name in kpis:
            parts = [(found["kpis"][name]["part"], found["kpis"][name]["whole"]) for found in (one, other)]
            assert parts[1] == (parts[0][0] + 1, parts[0][1] + 1), name
        waits = [Counter(found["waits_answered"]) for found in (one, other)]
        assert waits[1] - waits[0] == {"25": 1}


def test_a_deleted_hour_lacks_its_contacts_and_is_suspicious(weeks: Weeks, tmp_path: Path) -> None:
    day = date(2024, 9, 18)
    midnight = (day - date(1970, 1, 1)).days * DAY
    its: defaultdict[int, list[str]] = defaultdict(list)
    begun: dict[str, int] = {}
    for one in contacts(weeks.files["queue_log"]):
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
    one, other = (report(its, "range", str(FIRST), str(LAST)) for its in (f"sqlite:///{weeks.database}", url))
    assert (one["data"]["unknown_minutes"], other["data"]["unknown_minutes"]) == (0, 60)
    wholes = [all_of(document)["kpis"]["availability"]["whole"] for document in (one, other)]
    assert wholes[1] == wholes[0] - 60


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
