"""One stay whose caller's channel is exchanged is one record, whatever part of it each source tells.

queue_log tells its join under the first channel and its end under the second; AMI that did not hear the
beginning knows the second one alone (asterisk-notes 7, and a Local channel that is optimised away).
"""

from __future__ import annotations

import os
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from itertools import compress
from operator import itemgetter
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from sqlalchemy import Connection, Row, exists, select

from ivr.asterisk.queue_log import in_order
from ivr.config.loading import configuration_of
from ivr.figures.missed import MissedCall, missed_calls
from ivr.reading import export
from ivr.recording.queue_log import QueueLog, keep
from ivr.recording.watched import Watched
from ivr.storage.engine.store import Store
from ivr.storage.owed.undecided import ended_call
from ivr.storage.records.visits import save
from ivr.storage.schema.recorded import calls, visits
from ivr.visits.facts import Tick
from ivr.visits.fold import Fold
from ivr.visits.from_ami import AMI
from ivr.visits.steady import When
from tests.lab.house import REPOSITORY
from tests.loading import load_or_fail
from tests.recordings import deaf
from tests.recordings.truth import CASES, Told, differences
from tests.replayed.test_five_ways import new_store

OURS = Watched.of(configuration_of(load_or_fail(REPOSITORY / "tests" / "golden" / "config")))
"""The hotline on which the transfers were recorded."""
EVERY = {"sqlite": 2, "postgresql": 6}
"""Of the holes: PostgreSQL costs twice as much for the same rules."""
ANY = Watched()
"""Of any Asterisk: here queue_log knows no agent's number."""
CASES_TOLD = [
    pytest.param("attended_transfer_queue", OURS, id="answered-ours"),
    pytest.param("attended_transfer_abandoned", OURS, id="abandoned-ours"),
    pytest.param("attended_transfer_queue", ANY, id="answered-any"),
    pytest.param("attended_transfer_abandoned", ANY, id="abandoned-any"),
    pytest.param("local_caller_optimised", ANY, id="optimised-any"),
]


class Recorder:
    """What a recorder knows while it runs: one fold of what it hears, one of what it reads."""

    def __init__(self, store: Store, server: str, watched: Watched, case: str) -> None:
        self._store, self._server, self._watched, self._case = store, server, watched, case
        self._fold = Fold(server, AMI, watched.structures)
        self._log = QueueLog(server, watched, {})

    def hears(self, hole: deaf.Hole) -> None:
        """All but the hole, each event in its own transaction."""
        for told in deaf.ami(self._case, hole):
            self._store_told(told)
        self._time_passes()

    def reads(self) -> None:
        """queue_log at once, as a backfill does."""
        for told in self._log.told(in_order([CASES / self._case / "queue_log"]), {}):
            self._store.write(partial(keep, server=self._server, watched=self._watched, told=told))

    def hears_and_reads(self, hole: deaf.Hole) -> None:
        """Events and lines as they come."""
        for told in sorted([*deaf.ami(self._case, hole), *deaf.log(self._case)], key=itemgetter(0)):
            self._store_told(told)
        self._time_passes()

    def _store_told(self, told: deaf.Told) -> None:
        _, what = told
        if isinstance(what, deaf.Written):
            work = partial(keep, server=self._server, watched=self._watched, told=self._log.read(*what))
            self._store.write(work)
            return
        for fact in filter(self._watched.covers, what):
            self._fold.apply(fact)
        changes = self._fold.take()
        if changes.calls or changes.visits:
            read_number = self._watched.read_number
            self._store.write(
                partial(save, new_calls=changes.calls, new_visits=changes.visits, read_number=read_number)
            )

    def _time_passes(self) -> None:
        later = deaf.events(self._case)[-1].received_at + timedelta(seconds=20)
        self._store_told((later, (Tick(When(later, later, later.timestamp(), False)),)))


Manner = Callable[[Store, str, Watched, str, deaf.Hole], None]


def _hear_then_read(store: Store, server: str, watched: Watched, case: str, hole: deaf.Hole) -> None:
    recorder = Recorder(store, server, watched, case)
    recorder.hears(hole)
    recorder.reads()


def _read_then_hear(store: Store, server: str, watched: Watched, case: str, hole: deaf.Hole) -> None:
    recorder = Recorder(store, server, watched, case)
    recorder.reads()
    recorder.hears(hole)


def _both_as_they_come(store: Store, server: str, watched: Watched, case: str, hole: deaf.Hole) -> None:
    Recorder(store, server, watched, case).hears_and_reads(hole)


MANNERS = (_hear_then_read, _read_then_hear, _both_as_they_come)


def wrong(connection: Connection, servers: Iterable[str], case: str) -> dict[str, list[str]]:
    """Per server: in what its visits differ from the truth, and citizens' calls that are one too many."""
    stays = defaultdict[str, list[Mapping[str, object]]](list)
    for row in export.rows(connection, "visits"):
        stays[row["server"]].append(row)
    of_citizens = defaultdict[str, list[Row[Any]]](list)
    has_visit = exists().where(visits.c.call_id == calls.c.id)
    for call in connection.execute(select(calls, has_visit).where(calls.c.origin != "internal")):
        of_citizens[call.server].append(call)
    found = {server: _wrong(case, stays[server], of_citizens[server]) for server in servers}
    return {server: problems for server, problems in found.items() if problems}


def _wrong(case: str, told: list[Mapping[str, object]], heard: list[Row[Any]]) -> list[str]:
    *_, has_visit = zip(*heard, strict=True)
    citizens = list(compress(heard, has_visit))
    found = differences(case, [Told.of(row) for row in told])
    found += [f"{row['queue']}: {row['origin']}" for row in told if row["origin"] != "inbound"]
    found += [f"no visit: {call}" for call in heard if call not in citizens]
    found += [f"open: {call}" for call in citizens if call.ended_at is None]
    return found if len(citizens) == 1 else [*found, *map(repr, citizens)]


def missed(connection: Connection, server: str) -> list[MissedCall]:
    ids = connection.scalars(select(calls.c.id).where(calls.c.server == server)).all()
    return [one for number in ids for one in missed_calls(ended_call(connection, number))]


def holes_on(store: Store, case: str) -> list[deaf.Hole]:
    """Every hole with `make fuzz`; here every second or sixth, in each run others."""
    holes = list(deaf.holes(case))
    every = 1 if "HOTLINE_FUZZ" in os.environ else EVERY[store.engine.dialect.name]
    return holes[random.randrange(every) :: every]


@pytest.mark.parametrize("tell", MANNERS, ids=lambda tell: tell.__name__)
@pytest.mark.parametrize(("case", "watched"), CASES_TOLD)
def test_whatever_of_it_was_not_heard_it_is_one_true_record_of_one_call(
    case: str, watched: Watched, tell: Manner, store: Store
) -> None:
    holes = {f"server-{number}": hole for number, hole in enumerate(holes_on(store, case))}
    for _ in range(2):
        for server, hole in holes.items():
            tell(store, server, watched, case, hole)
        problems = store.read(partial(wrong, servers=holes, case=case))
        assert {str(holes[server]): found for server, found in problems.items()} == {}


@pytest.mark.parametrize("tell", MANNERS, ids=lambda tell: tell.__name__)
def test_who_was_handed_over_and_gave_up_is_one_missed_call_of_a_citizen(tell: Manner, store: Store) -> None:
    case, problems = "attended_transfer_abandoned", {}
    for number, hole in enumerate(holes_on(store, case)):
        server = f"server-{number}"
        tell(store, server, OURS, case, hole)
        found = store.read(partial(missed, server=server))
        if [(one.queue, one.origin, one.caller_e164) for one in found] != [
            ("office", "inbound", "+994501234567")
        ]:
            problems[hole] = found
    assert problems == {}


def _told_under_the_waiting_leg(case: str, folder: Path) -> str:
    """The case had Asterisk ended the first talk under the agent's second leg, as it does now and then."""
    copied = copytree(CASES / case, folder / f"{Path(case).name}-leg")
    caller, leg = re.findall(r"\|([\d.]+)\|\w+\|NONE\|ENTERQUEUE", (copied / "queue_log").read_text())
    log, ami = copied / "queue_log", copied / "ami.txt"
    log.write_text(re.sub(rf"{caller}(?=.*\|ATTENDEDTRANSFER\|)", leg, log.read_text()))
    told = ami.read_bytes().decode().split("\r\n\r\n")
    for number, event in enumerate(told):
        if "Event: AgentComplete" in event and "Reason: transfer" in event:
            told[number] = re.sub(rf"(?m)^(Uniqueid|Linkedid): {caller}", rf"\g<1>: {leg}", event)
    ami.write_bytes("\r\n\r\n".join(told).encode())
    return str(copied)


@pytest.mark.parametrize("tell", MANNERS, ids=lambda tell: tell.__name__)
def test_a_first_talk_ended_under_the_leg_that_waits_stays_the_citizen_s_whenever_we_began_to_listen(
    tell: Manner, store: Store, tmp_path: Path
) -> None:
    case = _told_under_the_waiting_leg("attended_transfer_queue", tmp_path)
    began_late = (hole for hole in deaf.holes(case) if hole[0] == 0)
    holes = {f"server-{number}": hole for number, hole in enumerate(began_late)}
    for server, hole in holes.items():
        tell(store, server, ANY, case, hole)
    assert store.read(partial(wrong, servers=holes, case=case)) == {}


@pytest.mark.parametrize("watched", [OURS, ANY], ids=["ours", "any"])
@pytest.mark.parametrize("tell", MANNERS, ids=lambda tell: tell.__name__)
@pytest.mark.parametrize("case", ["attended_transfer_same_queue", "attended_transfer_same_queue_abandoned"])
def test_a_transfer_into_the_agent_s_own_queue_is_two_visits_of_one_citizen(
    case: str, tell: Manner, watched: Watched, tmp_path: Path
) -> None:
    """Whichever channel queue_log names at the end of the first talk, and whatever was not heard."""
    with new_store(tmp_path) as store:
        every = list(deaf.holes(case))
        some = every if "HOTLINE_FUZZ" in os.environ else [every[-1], *random.sample(every, 3)]
        leg = _told_under_the_waiting_leg(case, tmp_path)
        for told, heard in ((case, some), (leg, [(0, 0), (0, len(deaf.events(leg)))])):
            holes = {f"{Path(told).name} {hole}": hole for hole in heard}
            for _ in range(2):
                for server, hole in holes.items():
                    tell(store, server, watched, told, hole)
                problems = store.read(partial(wrong, servers=holes, case=told))
                assert {str(holes[server]): found for server, found in problems.items()} == {}
