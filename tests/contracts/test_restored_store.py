"""A store that was restored or lost: nobody is rung again who was reached, refused or is dialled now."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from typer.testing import CliRunner

from callback_dialer import continuity
from callback_dialer.continuity import Continuity, LastAttempt
from callback_dialer.milestones import dialled_since
from callback_dialer.resolving import resolve
from callback_dialer.starting import start_next
from ivr.command.root import app
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.owed import attempts, callbacks, switches
from ivr.storage.owed.callbacks import Callback
from ivr.storage.schema.owed import callbacks as callbacks_table
from tests.contracts.test_callback_attempts import TWO_IDLE
from tests.contracts.test_callback_decisions import ALWAYS, decide_all
from tests.restoring import copied
from tests.stored_calls import store_call

REACHED, REFUSED, BUSY, RINGING = (f"+99450111111{last}" for last in range(4))
SAID: Mapping[str, tuple[str, ...]] = {
    REACHED: ("CBANSWERED|", "CBCONFIRMED|", "CONNECT|1|a.1|1", "COMPLETEAGENT|1|20|1", "CBEND|ANSWER 16"),
    REFUSED: ("CBANSWERED|", "CBREFUSED|", "CBEND|ANSWER 16"),
    BUSY: ("CBEND|BUSY 17",),
    RINGING: (),
}
"""What follows CBSTART in queue_log."""


class Machine:
    """One machine's files and its dialer, without Asterisk: what it would write is written by `dials`."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.queue_log, self.file = folder / "queue_log", folder / "hotline-main.last-attempt"
        self.queue_log.write_text(f"{int(time.time()) - 7200}|NONE|NONE|NONE|QUEUESTART|\n")
        self.start()

    def start(self, file: Path | None = None, queue_log: Path | None = None) -> None:
        """A dialer begins."""
        self.store = Store(self.url)
        self.thread = StoreThread(self.store)
        self.last = LastAttempt(file or self.file)
        log = queue_log or self.queue_log
        self.continuity = Continuity(ALWAYS, "main", self.thread, self.last, log)

    def stop(self) -> None:
        """Its process ends."""
        self.thread.close()

    def may_dial(self) -> bool:
        return asyncio.run(self.continuity.holds())

    def goes_on(self) -> bool:
        """Whether somebody may be dialled once all has been looked at."""
        return any(self.may_dial() for _ in range(4))

    def miss(self, *numbers: str) -> None:
        def work(connection: Connection) -> None:
            for number in numbers:
                store_call(connection, number)
            decide_all(connection)

        self.store.write(work)

    def plan(self) -> tuple[str, str] | None:
        """Whom the dialer would dial next, as attempt and number."""
        start = self.store.write(lambda c: start_next(c, "main", TWO_IDLE, ALWAYS))
        return (start.attempt.id, start.callback.caller_e164) if start else None

    def dials(self, count: int, *, is_stored: bool = True) -> list[str]:
        """Numbers dialled, with all that Asterisk writes; what each attempt came to is stored, or not yet."""
        numbers = []
        for _ in range(count):
            assert self.may_dial()
            planned = self.plan()
            assert planned is not None
            attempt_id, number = planned
            assert self.store.write(partial(self.originate, attempt_id=attempt_id))
            self.last.note(attempt_id)
            self.logs(attempt_id, f"CBSTART|provider {number[1:]}", *SAID[number])
            if is_stored and SAID[number]:
                self.store.write(partial(self._resolve, attempt_id=attempt_id))
            numbers.append(number)
        return numbers

    def originate(self, connection: Connection, attempt_id: str) -> bool:
        now = clock_of(connection)
        return self.last.is_known(connection) and attempts.advance(connection, attempt_id, "originating", now)

    def _resolve(self, connection: Connection, attempt_id: str) -> None:
        attempt = attempts.find(connection, attempt_id)
        assert attempt is not None
        dialled, _ = dialled_since(self.queue_log, attempt.planned_at, {})
        resolve(connection, attempt, ALWAYS, dialled[attempt_id])

    def logs(self, attempt_id: str, *events: str) -> None:
        with self.queue_log.open("a") as log:
            log.writelines(f"{int(time.time())}|{attempt_id}|dvx|NONE|{event}\n" for event in events)

    def why_off(self) -> str:
        return self.store.read(lambda c: switches.why_off(c, "dial:main")) or ""

    def callbacks(self) -> dict[str, Callback]:
        """The latest of each number."""
        ids = self.store.read(lambda c: list(c.scalars(select(callbacks_table.c.id).order_by("id"))))
        found = [self.store.read(partial(callbacks.find, callback_id=one)) for one in ids]
        return {one.caller_e164: one for one in found if one is not None}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was sent is still on its way to Asterisk."""
    monkeypatch.setattr(continuity, "SETTLES", timedelta())


@pytest.fixture
def machine(url: str, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(url, tmp_path)
    yield machine
    machine.stop()


@pytest.mark.parametrize("is_running", [True, False])
def test_after_a_restore_nobody_is_rung_again_who_was_reached_refused_or_is_dialled_now(
    machine: Machine, is_running: bool
) -> None:
    """Not even while nobody has looked yet, and then it goes on by itself."""
    machine.miss(REACHED, REFUSED)
    assert machine.may_dial()
    bring_back = copied(machine.url)
    machine.dials(2)
    machine.miss(BUSY, RINGING)  # of whom the copy knows nothing at all
    machine.dials(2)
    if not is_running:
        machine.stop()
    bring_back()
    if not is_running:
        machine.start()
    assert not machine.may_dial()
    assert "restored" in machine.why_off()
    assert machine.plan() is None
    assert machine.goes_on()
    assert machine.why_off() == ""
    found = machine.callbacks()
    assert {number: one.state for number, one in found.items()} == {
        REACHED: "reached",
        REFUSED: "refused",
        BUSY: "owed",
        RINGING: "dialing",
    }
    assert machine.store.read(lambda c: switches.is_denied(c, REFUSED, ""))
    assert found[BUSY].attempts_used == 1
    assert found[BUSY].due_at > machine.store.read(clock_of) + timedelta(minutes=1)
    assert [one.state for one in machine.store.read(lambda c: attempts.live(c, "main"))] == ["originating"]
    assert machine.plan() is None


def test_a_restore_that_takes_back_a_single_attempt_is_noticed(machine: Machine) -> None:
    machine.miss(REACHED, REFUSED)
    machine.dials(1)
    bring_back = copied(machine.url)
    [again] = machine.dials(1)
    bring_back()
    assert not machine.may_dial()
    assert machine.goes_on()
    assert machine.callbacks()[again].state in ("reached", "refused")


def test_a_store_as_the_last_attempt_left_it_is_dialled_from_at_once(machine: Machine) -> None:
    machine.miss(*SAID)
    machine.dials(2)
    machine.stop()
    machine.start()
    assert machine.may_dial()


def test_a_crash_between_database_and_file_neither_stops_dialling_nor_hides_a_restore(
    machine: Machine,
) -> None:
    """Such an attempt was never sent."""
    machine.miss(REACHED, REFUSED, BUSY)
    machine.dials(1)
    bring_back = copied(machine.url)
    machine.dials(1)
    planned = machine.plan()
    assert planned is not None
    assert machine.store.write(partial(machine.originate, attempt_id=planned[0]))
    machine.stop()
    machine.start()
    assert machine.may_dial()
    bring_back()
    assert not machine.may_dial()


def test_who_was_missed_again_after_they_were_reached_is_still_owed_that_call(machine: Machine) -> None:
    machine.miss(REACHED)
    bring_back = copied(machine.url)
    machine.dials(1)
    bring_back()
    assert not machine.may_dial()
    later = machine.store.read(clock_of) + timedelta(seconds=2)
    machine.store.write(lambda c: [store_call(c, REACHED, ended_at=later), decide_all(c)])
    assert machine.goes_on()
    assert machine.callbacks()[REACHED].state == "owed"


def test_a_call_before_they_were_reached_that_is_known_only_afterwards_is_not_called_back(
    machine: Machine,
) -> None:
    assert machine.may_dial()
    bring_back = copied(machine.url)
    machine.miss(REACHED)
    machine.dials(1)
    bring_back()
    assert machine.goes_on()
    ended = machine.store.read(clock_of) - timedelta(seconds=30)
    decided = machine.store.write(lambda c: [store_call(c, REACHED, ended_at=ended), *decide_all(c)])
    assert decided[1:] == ["served_elsewhere"]


def test_an_empty_store_takes_in_every_attempt_there_ever_was_and_dialling_goes_on(
    machine: Machine, tmp_path: Path
) -> None:
    empty = copied(machine.url)
    machine.miss(*SAID)
    machine.dials(2)
    (tmp_path / "queue_log.1.gz").write_bytes(gzip.compress(machine.queue_log.read_bytes()))
    machine.queue_log.write_text("")
    machine.dials(2)
    machine.stop()
    empty()
    machine.start()
    assert not machine.may_dial()
    assert machine.goes_on()
    states = sorted(one.state for one in machine.callbacks().values())
    assert states == ["dialing", "owed", "reached", "refused"]


def test_where_queue_log_does_not_reach_back_far_enough_an_operator_decides_by_the_line_status_shows(
    machine: Machine,
) -> None:
    """Who refused before it begins is lost with the store."""
    empty = copied(machine.url)
    machine.file.write_text("1700000000 cb-lost")
    empty()
    assert not machine.goes_on()
    shown = CliRunner().invoke(app, ["status"], env={"HOTLINE_DATABASE_URL": machine.url}).output
    assert "dial:main is off: the database is restored, or another one" in shown
    assert "since 2023-11-14" in shown
    line = next(line for line in shown.splitlines() if "hotline callbacks resume" in line)
    done = CliRunner().invoke(
        app, line.partition(": hotline ")[2].split(), env={"HOTLINE_DATABASE_URL": machine.url}
    )
    assert done.output == "dial:main goes on\n"
    assert machine.may_dial()


def test_attempts_without_a_number_or_without_their_queue_log_leave_the_decision_to_an_operator(
    machine: Machine, tmp_path: Path
) -> None:
    """As an earlier version of ours wrote them, or where Asterisk is on another machine."""
    machine.miss(REACHED)
    bring_back = copied(machine.url)
    machine.dials(1)
    machine.logs("cb-earlier", "CBSTART|provider", "CBEND|BUSY 17")
    bring_back()
    assert not machine.goes_on()
    assert "whom each attempt" in machine.why_off()
    machine.stop()
    machine.start(queue_log=tmp_path / "not here")
    assert not machine.goes_on()
    assert "whom each attempt" in machine.why_off()


def test_a_file_and_a_store_that_went_back_together_are_noticed_by_queue_log(machine: Machine) -> None:
    machine.miss(BUSY)
    machine.dials(1)
    machine.miss(REACHED)
    bring_back, file = copied(machine.url), machine.file.read_bytes()
    machine.dials(1)
    machine.stop()
    bring_back()
    machine.file.write_bytes(file)
    machine.start()
    assert not machine.may_dial()
    assert machine.goes_on()
    assert machine.callbacks()[REACHED].state == "reached"


def test_another_dialer_that_takes_over_notices_what_the_first_one_did_before_a_restore(
    machine: Machine, tmp_path: Path
) -> None:
    machine.miss(REACHED)
    bring_back = copied(machine.url)
    machine.dials(1)
    machine.stop()
    bring_back()
    machine.start(tmp_path / "second.token")
    assert not machine.may_dial()
    assert machine.goes_on()
    assert machine.callbacks()[REACHED].state == "reached"


def test_a_pause_of_one_server_holds_for_every_dialer_of_the_database(machine: Machine) -> None:
    machine.miss(REACHED)
    machine.store.write(lambda c: switches.turn_off(c, "dial:other", "restored"))
    assert machine.may_dial()
    assert machine.plan() is None


def test_a_file_that_cannot_be_written_lets_nothing_be_sent_and_names_itself(machine: Machine) -> None:
    machine.file.with_name(f"{machine.file.name}.new").mkdir()
    with pytest.raises(OSError, match=r"last-attempt\.new"):
        machine.last.note("cb-1")


def test_a_second_restore_while_nobody_is_dialled_is_no_operators_decision(machine: Machine) -> None:
    machine.miss(REACHED)
    assert machine.may_dial()
    bring_back = copied(machine.url)
    machine.dials(1)
    bring_back()
    assert not machine.may_dial()
    bring_back()
    assert not machine.may_dial()
    assert machine.goes_on()
    assert machine.callbacks()[REACHED].state == "reached"
