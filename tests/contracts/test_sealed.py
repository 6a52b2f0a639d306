"""What reports say of a day outlives its records: a purge changes no figure, whatever it deletes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, insert, select
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.config.model import RecordRetention, Retention
from ivr.config.shapes import DAY
from ivr.menus.steps import by_node
from ivr.reading.totals import totals, ways_out
from ivr.retention.purge import purge
from ivr.storage.engine.store import Store
from ivr.storage.records.sealed import begins
from ivr.storage.schema import metadata
from ivr.storage.schema.owed import attempts, callbacks
from ivr.storage.schema.recorded import calls
from tests.contracts.retaining import ANNA, days_ago, house
from tests.contracts.test_callback_decisions import decide_all
from tests.contracts.test_purge import BAKU, purged
from tests.contracts.test_visits import CALL, OVER, put
from tests.stored_calls import Queued, store_call

__all__ = ["house"]

PERIOD = ("--from", f"{days_ago(310):%Y-%m-%d}", "--to", f"{days_ago(1):%Y-%m-%d}")


def hotline(house: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(house / "config"), *words])


def went(connection: Connection, days: int, path: str = "1", stays: int = 1, **facts: Any) -> int:
    """A call through the menu, that many days ago, into a queue or into none."""
    steps = "/0:welcome/1:ministry" if path else "/0:welcome"
    known = {"steps": steps, "menu_path": path, "ended_at": days_ago(days)}
    return store_call(connection, ANNA, [Queued()] * stays, **{**known, **facts})


def several_days(connection: Connection) -> None:
    for days in (300, 299, 250, 150, 5):
        went(connection, days)
        went(connection, days, path="12", stays=0)
        went(connection, days, path="", stays=0, ended_by="caller")
    decide_all(connection)


def test_menu_stats_before_and_after_the_purge_differ_in_the_line_that_says_so_alone(
    house: Path, store: Store
) -> None:
    store.write(several_days)
    table, document = ("menu", "stats", *PERIOD), ("menu", "stats", "--json", *PERIOD)
    before = hotline(house, *table).output, hotline(house, *document).stdout
    assert "ministry" in before[0]
    assert purged(store)["calls deleted"] == 9
    *after, sealed = hotline(house, *table).output.splitlines(keepends=True)
    assert ("".join(after), hotline(house, *document).stdout) == before
    assert sealed.startswith("sealed: ")


def test_an_export_says_of_which_days_retention_has_deleted_its_records(house: Path, store: Store) -> None:
    store.write(several_days)
    assert "deleted" not in hotline(house, "data", "export", "visits").stderr
    purged(store)
    told = f"deleted by retention: visits of 100 days up to {days_ago(201).astimezone(BAKU):%Y-%m-%d}\n"
    exported = hotline(house, "data", "export", "visits")
    assert (exported.stderr, len(exported.stdout.splitlines())) == (told, 2)
    assert "deleted by retention: attempts of 100 days" in hotline(house, "data", "export", "attempts").stderr


STEPS = "/0:welcome/1:ministry"


def test_a_call_that_is_told_late_changes_no_count_of_a_sealed_day(store: Store) -> None:
    day = OVER.joined_at.astimezone(BAKU).date()

    def counted() -> Any:
        return store.read(lambda connection: ways_out(connection, day, BAKU))

    call = CALL._replace(steps=STEPS, menu_path="1", ended_at=OVER.ended_at, ended_by="caller")
    put(store, OVER, call=call)
    before = counted()
    assert before == {("welcome", "1"): 1, ("ministry", "queue"): 1}
    purged(store, now=OVER.joined_at + timedelta(days=250))
    for name in ("c.1", "c.2"):
        late = OVER._replace(uniqueid=name, linkedid=name, call_linkedid=name)
        put(store, late, call=call._replace(uniqueid=name, linkedid=name))
    assert counted() == before


RECORDS = [table for table in metadata.sorted_tables if not table.name.startswith("sealed")]


class OldCall(NamedTuple):
    """Hours since the first day began, each part up to more than a day long."""

    begins: float
    menu: float
    waits: list[float]
    path: str
    is_over: bool

    def store(self, connection: Connection) -> None:
        stays = [Queued(wait=wait * 3600.0) for wait in self.waits]
        began = FIRST + timedelta(hours=self.begins)
        ended = began + timedelta(hours=self.menu + sum(self.waits))
        store_call(
            connection,
            ANNA,
            stays,
            ended_at=ended,
            began_at=began,
            steps=STEPS[: len("/0:welcome")] if not self.path else STEPS,
            menu_path=self.path,
            is_over=self.is_over,
        )


class OldCallback(NamedTuple):
    """Hours since the first day began; tried so many hours after it was missed, closed with the last."""

    missed: float
    tried: list[float]

    def store(self, connection: Connection) -> None:
        missed = FIRST + timedelta(hours=self.missed)
        moments = [missed + timedelta(hours=hours) for hours in sorted(self.tried)]
        told = {"server": "main", "queue": "dvx"}
        whose = {"caller_e164": ANNA, "caller": ANNA, "structure": "dvx", "language": "ru"}
        due = dict.fromkeys(("created_at", "missed_at", "waits_since", "due_at", "expires_at"), missed)
        new = insert(callbacks).values(**told, **whose, **due, state="reached", closed_at=moments[-1])
        callback_id = connection.scalar(new.returning(callbacks.c.id))
        for number, planned in enumerate(moments):
            tried = {"callback_id": callback_id, "trunk": "provider", "dial_string": ANNA, "state": "ended"}
            when = {"planned_at": planned, "deadline_at": planned}
            key = f"{callback_id}-{number}"
            connection.execute(insert(attempts).values(**told, **tried, **when, id=key, number=number))


DAYS = 4
FIRST = begins(date(2026, 3, 1), BAKU)
HOURS = st.floats(0.1, 30)
CALLS = st.builds(
    OldCall,
    st.floats(0, 24 * DAYS),
    HOURS,
    st.lists(HOURS, max_size=2),
    st.sampled_from(["", "1", "12"]),
    st.booleans(),
)
CALLBACKS = st.builds(
    OldCallback, st.floats(0, 24 * DAYS), st.lists(st.floats(0, 100), min_size=1, max_size=3)
)
AGES = st.builds(
    lambda numbers, more: RecordRetention(numbers=numbers * DAY, records=(numbers + more) * DAY),
    st.sampled_from([30, 31]),
    st.sampled_from([0, 1, 3]),
)


@pytest.fixture
def figures(store: Store) -> Any:
    """What reports say of each day."""

    def of_day(connection: Connection, day: date) -> object:
        return totals(connection, day, BAKU), by_node(ways_out(connection, day, BAKU))

    days = [FIRST.date() + timedelta(days=number) for number in range(DAYS + 10)]
    return lambda: store.read(lambda connection: [of_day(connection, day) for day in days])


def test_whatever_happened_and_whenever_it_is_purged_no_figure_changes(store: Store, figures: Any) -> None:
    """Over midnights, for days, with numbers and records kept equally long or not."""

    histories = 5 if store.engine.dialect.name == "postgresql" else 12

    # To make a failing example smaller takes minutes.
    @settings(max_examples=histories, phases=[Phase.generate])
    @given(
        st.lists(CALLS, max_size=5),
        st.lists(CALLBACKS, max_size=2),
        st.builds(Retention, calls=AGES, callbacks=AGES),
        st.integers(1, 3),
    )
    def of(some_calls: list[OldCall], some_callbacks: list[OldCallback], kept: Retention, every: int) -> None:
        def happen(connection: Connection) -> None:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
            for call in some_calls:
                call.store(connection)
            for callback in some_callbacks:
                callback.store(connection)
            decide_all(connection)

        store.write(happen)
        before = figures()
        for day in range(31, 48, every):
            list(purge(store, "key", kept, BAKU, FIRST + timedelta(days=day)))
            assert figures() == before
        assert store.read(lambda c: c.scalar(select(func.count()).select_from(calls))) == 0

    of()
