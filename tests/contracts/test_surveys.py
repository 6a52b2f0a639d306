"""Surveys in every store: each talk asked about once, nobody asked again too soon, gone with the calls."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import permutations
from pathlib import Path

from sqlalchemy import Connection, select

from agi_scripts.table import scripts_for
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.config.loading import configuration_of
from ivr.config.sections import Survey as SurveyRule
from ivr.queues.board import Board
from ivr.reading.export import rows
from ivr.recording.unstored import Spool
from ivr.storage.engine.store import Store
from ivr.storage.records.visits import keep_surveys
from ivr.storage.schema.recorded import visits
from ivr.visits.records import Survey
from tests.contracts.retaining import ANNA, called, days_ago
from tests.contracts.test_purge import purged
from tests.loading import load_or_fail
from tests.stored_calls import Queued, store_call
from tests.unit.agi_wire import OK, ScriptedWire

ASKED = Survey("main", "c.1", "dvx", "PJSIP/1101", datetime(2026, 3, 2, 8, 0, 5, 400_000, tzinfo=UTC))
RATED = ASKED._replace(asked_at=ASKED.asked_at + timedelta(seconds=4), rating=5)
FROM_LOG = [one._replace(asked_at=one.asked_at.replace(microsecond=0)) for one in (ASKED, RATED)]
NOW = datetime.now(UTC)
SHIPPED = Path(__file__).parents[2] / "config"


def stored(store: Store) -> list[dict[str, object]]:
    return store.read(lambda connection: list(rows(connection, "surveys")))


def test_told_in_any_order_by_both_sources_it_is_one_row_with_its_rating(store: Store) -> None:
    for number, order in enumerate(permutations([ASKED, RATED, *FROM_LOG])):
        told = [one._replace(uniqueid=f"c.{number}") for one in order]
        store.write(partial(keep_surveys, told=told))
    found = stored(store)
    assert len(found) == 24
    assert {(row["asked_at"], row["rating"]) for row in found} == {("2026-03-02T08:00:05.000+00:00", 5)}


def test_who_was_asked_and_did_not_rate_has_no_rating(store: Store) -> None:
    store.write(partial(keep_surveys, told=[ASKED]))
    (row,) = stored(store)
    assert (row["agent"], row["rating"]) == ("PJSIP/1101", None)


def test_a_survey_the_database_could_not_take_waits_in_the_spool(tmp_path: Path) -> None:
    with closing(Spool(tmp_path / "spool")) as spool:
        spool.keep([ASKED, RATED], [ASKED, RATED])
        assert spool.records() == [ASKED, RATED]


def test_surveys_are_deleted_with_the_calls_of_their_day(store: Store) -> None:
    old, young = (ASKED._replace(uniqueid=f"c.{age}", asked_at=days_ago(age)) for age in (250, 150))
    store.write(partial(called, who=ANNA, days=250))
    store.write(partial(keep_surveys, told=[old, young]))
    assert purged(store)["surveys deleted"] == 1
    store.write(partial(keep_surveys, told=[old]))
    assert [row["uniqueid"] for row in stored(store)] == ["c.150"]


def asked(store: Store, uniqueid: str, queue: str = "dvx") -> bool:
    """Whether the script has the caller of that visit asked, with every survey's share at 100."""
    configuration = configuration_of(load_or_fail(SHIPPED))
    everybody = {"dvx": configuration.queues["dvx"].model_copy(update={"survey": SurveyRule()})}
    changed = configuration.model_copy(update={"queues": {**configuration.queues, **everybody}})
    wire = ScriptedWire(OK)
    session = AgiSession({"agi_uniqueid": uniqueid, "agi_arg_1": queue}, wire)
    scripts_for(Board({}), changed, lambda: NOW, store, "main")[words.AGI_SURVEY](session)
    assert wire.sent in ([], ['SET VARIABLE "HOTLINE_SURVEY" "ask"'])
    return bool(wire.sent)


def test_nobody_is_asked_again_too_soon_by_whatever_call_they_come(store: Store) -> None:
    def call(connection: Connection, caller: str) -> str:
        number = store_call(connection, caller, [Queued("answered")])
        return str(connection.scalar(select(visits.c.uniqueid).where(visits.c.call_id == number)))

    earlier, later, hidden = (store.write(partial(call, caller=who)) for who in (ANNA, ANNA, ""))
    assert asked(store, earlier)
    store.write(partial(keep_surveys, told=[ASKED._replace(uniqueid=earlier, asked_at=days_ago(29))]))
    assert not asked(store, later)
    assert asked(store, hidden)
    assert asked(store, "nobody knows it")
    assert not asked(store, hidden, queue="aparat")


def test_who_was_asked_long_enough_ago_may_be_asked_again(store: Store) -> None:
    def call(connection: Connection) -> str:
        number = store_call(connection, ANNA, [Queued("answered")])
        return str(connection.scalar(select(visits.c.uniqueid).where(visits.c.call_id == number)))

    uniqueid = store.write(call)
    store.write(partial(keep_surveys, told=[ASKED._replace(uniqueid=uniqueid, asked_at=days_ago(31))]))
    assert asked(store, uniqueid)
