"""The report counts each decision about a missed call once, whatever the call was."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection

from ivr.figures.day import Rules
from ivr.figures.kpis import scope
from ivr.figures.parts import ALL, added
from ivr.reading.day_figures import Judging, parts_of_days
from ivr.reports.scope import MissedCalls, missed_calls
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from ivr.storage.schema.owed import decisions
from tests.callback_policy import ROUND_THE_CLOCK
from tests.contracts.test_callback_decisions import count, decide_all
from tests.stored_calls import Queued, store_call


def reported(connection: Connection) -> tuple[int, MissedCalls]:
    """Lost contacts and missed calls of the last two days, in every structure."""
    now = clock_of(connection)
    judging = Judging(Rules(ROUND_THE_CLOCK), lambda number: "", ["main"])
    today: date = now.astimezone(ROUND_THE_CLOCK.zone).date()
    days = parts_of_days(connection, today - timedelta(days=1), today, judging, now)
    sums = scope(added(parts for _, parts in days), ALL)
    return sums.lost, missed_calls(sums)


def test_the_missed_calls_of_the_report_are_the_decisions_in_the_store(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection)
        store_call(connection, stays=[Queued("timeout"), Queued(structure="emdx", queue="emdx")])
        store_call(connection, origin="internal")
        store_call(connection, origin="callback", attempt_id="cb-1")
        store_call(connection, origin="callback", attempt_id="cb-2", stays=[Queued("answered")])
        store_call(connection, "+994502222222", [Queued("answered")])
        assert len(decide_all(connection)) == count(connection, decisions) == 5
        store_call(connection, "+994503333333")
        assert reported(connection) == (
            4, MissedCalls(5, {"not_decided": 1}, {"callback": 1, "internal": 1}),
        )  # fmt: skip

    store.write(work)
