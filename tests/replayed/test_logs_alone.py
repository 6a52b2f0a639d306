"""What queue_log alone tells: transfers within a queue, overflow, agents of one name, odd files."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ivr.asterisk.queue_log import in_order
from ivr.config.loading import configuration_of
from ivr.figures.missed import missed_calls
from ivr.recording.queue_log import QueueLog
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store
from ivr.storage.owed.undecided import ended_call
from ivr.storage.records.visits import save
from ivr.storage.schema.recorded import calls
from ivr.visits.records import Visit
from tests.lab.house import REPOSITORY
from tests.loading import load_or_fail
from tests.replayed.test_five_ways import backfill, disagreeing_with_log, new_store, visits

SHIPPED = configuration_of(load_or_fail(REPOSITORY / "config"))
OURS, ANY = Watched.of(SHIPPED), Watched()
"""The shipped hotline; and any Asterisk, of which nobody knows the agents' numbers."""
TRIALS = REPOSITORY / "tests" / "recordings" / "trials"
CITIZEN = "0501000005"
FIRST_TALK = (CITIZEN, "answered", 12.0, 120.0, "transfer", "Aygün Məmmədova")
ANSWERED = (CITIZEN, "answered", 10.0, 30.0, "caller", "Rəşad Quliyev")
ABANDONED = (CITIZEN, "abandoned", 40.0, None, "caller", "")
SAME_QUEUE = {
    "same_queue_answered": ANSWERED,
    "same_queue_control": ANSWERED,
    "same_queue_abandoned": ABANDONED,
    "same_queue_abandoned_control": ABANDONED,
}


def trial(name: str) -> Path:
    return TRIALS / f"{name}.queue_log"


def told(row: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("caller", "outcome", "wait_seconds", "talk_seconds", "ended_by", "agent_name")
    return tuple(row[name] for name in names)


def lines(folder: Path, *text: str, end: str = "\n") -> Path:
    path = folder / "queue_log"
    path.write_text("\n".join(text) + end, encoding="utf-8")
    return path


@pytest.mark.parametrize("watched", [OURS, ANY], ids=["ours", "any"])
@pytest.mark.parametrize(("name", "second"), SAME_QUEUE.items())
def test_a_citizen_handed_over_to_the_agent_s_own_queue_has_two_visits_there(
    name: str, second: tuple[Any, ...], watched: Watched, tmp_path: Path
) -> None:
    with new_store(tmp_path) as store:
        backfill(store, trial(name), watched=watched)
        assert list(map(told, visits(store))) == [FIRST_TALK, second]
        of_call = store.read(lambda connection: connection.execute(select(calls.c.caller)).all())
        assert of_call == [(CITIZEN,)]


def ami_records(store: Store, folder: Path) -> list[Visit]:
    """The abandoned trial as AMI tells it, stored."""
    found = []
    for told_ in QueueLog("main", OURS, {}).told(in_order([trial("same_queue_abandoned_control")]), {}):
        of_ami = [call._replace(source="ami") for call in told_.changes.calls]
        found = [visit._replace(source="ami", precision="ms") for visit in told_.changes.visits]
        work = partial(save, new_calls=of_ami, new_visits=found, read_number=OURS.read_number)
        store.write(work)
    return found


@pytest.mark.parametrize("watched", [OURS, ANY], ids=["ours", "any"])
@pytest.mark.parametrize("first_line", range(5))
def test_the_log_read_over_what_ami_told_changes_no_outcome_wherever_the_reading_begins(
    first_line: int, watched: Watched, tmp_path: Path
) -> None:
    """A restart of `record --queue-log` begins at its bookmark."""
    whole = trial("same_queue_abandoned").read_text(encoding="utf-8").splitlines()
    log = lines(tmp_path, *whole[first_line:])
    with new_store(tmp_path) as store:
        ami_records(store, tmp_path)
        before = list(map(told, visits(store)))
        assert before == [FIRST_TALK, ABANDONED]
        backfill(store, log, watched=watched)
        assert [one for one in map(told, visits(store)) if one[0] == CITIZEN] == before
        assert disagreeing_with_log(store, str(tmp_path)) == []


def test_a_caller_who_overflows_keeps_the_structure_they_chose(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        backfill(store, trial("overflow"), watched=OURS)
        rows = visits(store)
        assert [(row["queue"], row["structure"], row["outcome"]) for row in rows] == [
            ("dvx", "dvx", "timeout"),
            ("aparat", "dvx", "answered"),
        ]
        call = store.read(lambda connection: ended_call(connection, 1))
        assert missed_calls(call) == ()


@pytest.mark.parametrize("repeated", [0, 1, 2])
def test_a_caller_who_overflows_while_the_log_is_rotated_keeps_the_structure(
    repeated: int, tmp_path: Path
) -> None:
    """`copytruncate` may leave some lines in both files."""
    whole = trial("overflow").read_text(encoding="utf-8").splitlines()
    before = lines(tmp_path, *whole[:2]).rename(tmp_path / "queue_log.1")
    with new_store(tmp_path) as store:
        backfill(store, before, lines(tmp_path, *whole[2 - repeated :]), watched=OURS)
        assert [(row["structure"], row["outcome"]) for row in visits(store)] == [
            ("dvx", "timeout"),
            ("dvx", "answered"),
        ]


def test_a_reading_that_goes_on_in_the_second_queue_keeps_the_structure(tmp_path: Path) -> None:
    """The first visit was over when the recorder stopped; its line is still read again."""
    whole = trial("overflow").read_text(encoding="utf-8").splitlines()
    with new_store(tmp_path) as store:
        backfill(store, lines(tmp_path, *whole[:3]), watched=OURS)
        backfill(store, lines(tmp_path, *whole), watched=OURS)
        assert [(row["structure"], row["outcome"]) for row in visits(store)] == [
            ("dvx", "timeout"),
            ("dvx", "answered"),
        ]


@pytest.mark.parametrize(
    ("way_out", "next_queue"),
    [("EXITWITHKEY|1|1|1|600", "aparat"), ("EXITWITHTIMEOUT|1|1|600", "emdx"), ("ABANDON|1|1|600", "aparat")],
)
def test_who_pressed_a_key_or_came_another_way_has_chosen_anew(
    way_out: str, next_queue: str, tmp_path: Path
) -> None:
    log = lines(
        tmp_path,
        "1767000000|1767000000.1|dvx|NONE|ENTERQUEUE||0501234567|1",
        f"1767000600|1767000000.1|dvx|NONE|{way_out}",
        f"1767000604|1767000000.1|{next_queue}|NONE|ENTERQUEUE||0501234567|1",
    )
    with new_store(tmp_path) as store:
        backfill(store, log, watched=OURS)
        assert [row["structure"] for row in visits(store)] == ["dvx", next_queue]


def named_alike(**queues: list[str]) -> Watched:
    """The shipped hotline with 1101 and others of the same name, each serving those queues."""
    agents = {account: agent for account, agent in SHIPPED.agents.items() if account != "1102"}
    for number, served in enumerate(queues.values()):
        agents[f"19{number:02}"] = SHIPPED.agents["1101"].model_copy(update={"queues": served})
    return Watched.of(SHIPPED.model_copy(update={"agents": agents}))


def a_talk(queue: str, agent: str, at: int = 1764513000) -> tuple[str, ...]:
    return (
        f"{at}|{at}.1|{queue}|NONE|ENTERQUEUE||{CITIZEN}|1",
        f"{at + 9}|{at}.1|{queue}|{agent}|CONNECT|9|{at}.2|3",
        f"{at + 60}|{at}.1|{queue}|{agent}|COMPLETECALLER|9|51|1",
    )


@pytest.mark.parametrize(
    ("watched", "queue", "agent"),
    [
        (named_alike(other=["dvx"]), "dvx", "Aygün Məmmədova"),
        (named_alike(other=["emdx"]), "dvx", "PJSIP/1101"),
        (named_alike(other=["emdx"]), "emdx", "PJSIP/1900"),
        (named_alike(other=["emdx"]), "aibndx", "PJSIP/1900"),  # which helps there
        (named_alike(other=["emdx"]), "aparat", "Aygün Məmmədova"),
        (ANY, "dvx", "PJSIP/1101"),
        (ANY, "emdx", "Aygün Məmmədova"),
    ],
)
def test_a_name_is_an_agent_s_only_where_nobody_else_who_serves_that_queue_has_it(
    watched: Watched, queue: str, agent: str, tmp_path: Path
) -> None:
    """AMI has told of one call of PJSIP/1101 in dvx."""
    with new_store(tmp_path) as store:
        for block in QueueLog("main", OURS, {}).told(
            in_order([lines(tmp_path, *a_talk("dvx", "Aygün Məmmədova"))]), {}
        ):
            of_ami = [call._replace(source="ami") for call in block.changes.calls]
            heard = [visit._replace(source="ami") for visit in block.changes.visits]
            save_heard = partial(save, new_calls=of_ami, new_visits=heard, read_number=OURS.read_number)
            store.write(save_heard)
        backfill(store, lines(tmp_path, *a_talk(queue, "Aygün Məmmədova", 1764600000)), watched=watched)
        assert [row["agent"] for row in visits(store)] == ["PJSIP/1101", agent]


@pytest.mark.parametrize(
    "data", ["|0641000114|1|Ana Anić", "|0641000114|1|", "|0641000114|1||", "|0641000114|1|1"]
)
def test_a_name_or_empty_columns_behind_the_position_are_no_part_of_the_number(
    data: str, tmp_path: Path
) -> None:
    """`log-caller-id-name = yes`; a database's export of queue_log."""
    at = 1764513000
    log = lines(
        tmp_path,
        f"{at}|{at}.1|dvx|NONE|ENTERQUEUE|{data}",
        f"{at + 9}|{at}.1|dvx|PJSIP/1101|CONNECT|9|{at}.2|3||",
        f"{at + 60}|{at}.1|dvx|PJSIP/1101|COMPLETECALLER|9|51|1||",
    )
    with new_store(tmp_path) as store:
        backfill(store, log)
        (row,) = visits(store)
        assert (row["caller"], row["outcome"], row["talk_seconds"]) == ("0641000114", "answered", 51.0)


def test_a_last_line_without_its_end_is_read_once_nothing_follows_it(tmp_path: Path) -> None:
    log = lines(tmp_path, *a_talk("dvx", "PJSIP/1101"), end="")
    with new_store(tmp_path) as store:
        for _ in range(2):
            backfill(store, log)
            assert [(row["outcome"], row["talk_seconds"]) for row in visits(store)] == [("answered", 51.0)]
        with log.open("a") as more:
            more.write("\n" + "\n".join(a_talk("dvx", "PJSIP/1101", 1764600000)))
        backfill(store, log)
        assert [row["talk_seconds"] for row in visits(store)] == [51.0, 51.0]


def test_the_last_line_of_a_damaged_package_is_not_believed(tmp_path: Path) -> None:
    packed = tmp_path / "queue_log.1.gz"
    packed.write_bytes(gzip.compress("\n".join(a_talk("dvx", "PJSIP/1101")).encode(), 0)[:-12])
    with new_store(tmp_path) as store:
        backfill(store, packed)
        assert [row["ended_by"] for row in visits(store)] == [""]
