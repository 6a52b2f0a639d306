"""A stay whose caller's channel was exchanged is one row under one call; nobody else's is ever part of it."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from typing import Any

from sqlalchemy import Connection, insert, select

from ivr.calls.numbers import reader
from ivr.reading.agreement import LogComparison, Period
from ivr.reading.export import rows
from ivr.storage.engine.store import Store
from ivr.storage.records.stored import open_records
from ivr.storage.records.visits import save
from ivr.storage.schema.owed import decisions
from ivr.storage.schema.recorded import calls, visits
from ivr.visits.records import Call, Visit
from tests.contracts.test_visits import CALL, WAITING
from tests.unit.ami_lines import at

READ = reader(None)
OVER = {
    "outcome": "answered",
    "left_at": at(12),
    "answered_at": at(12),
    "wait_seconds": 4.0,
    "ended_at": at(20),
    "ended_by": "caller",
    "talk_seconds": 8.0,
}
HANDED_OVER, ALONE = "0501112233", "0509998877"
CITIZEN = CALL._replace(caller=HANDED_OVER, ended_at=at(20))
AGENT = CALL._replace(linkedid="a.2", uniqueid="a.2", origin="internal", caller="1101", began_at=at(7))
OTHER = CALL._replace(linkedid="c.5", uniqueid="c.5", caller=ALONE, began_at=at(6), ended_at=at(20))
FROM_LOG = {"source": "queue_log", "precision": "s", "joined_at": at(8)}


def of(call: Call, **told: Any) -> tuple[Call, Visit]:
    """A visit under that call."""
    known = {name: getattr(call, name) for name in ("uniqueid", "linkedid", "caller", "origin")}
    under = {"call_linkedid": call.linkedid, "call_began_at": call.began_at}
    source = str(told.get("source", "ami"))
    return call._replace(source=source), WAITING._replace(**{**known, **under, **told})


AMI_JOIN = of(AGENT, joined_at=at(8.3), received_at=at(8.3))
"""An agent waits, for whom is not heard."""
AMI_END = of(CITIZEN, **OVER, agent="PJSIP/1301", joined_at=at(7.9), precision="s", is_rebuilt=True)
LOG_JOIN = of(AGENT, **FROM_LOG)
LOG_END = of(CITIZEN, **OVER, **FROM_LOG, agent="PJSIP/1301", uniqueid="a.2", place="c.1")
AMI_OTHER = of(OTHER, **OVER, agent="PJSIP/1302", joined_at=at(8.3), received_at=at(8.4))
LOG_OTHER = of(OTHER, **OVER, **FROM_LOG, agent="PJSIP/1302")
THEIRS = ("a.2", "c.1", HANDED_OVER, "inbound", "PJSIP/1301", "both")
ONE_S_OWN = ("c.5", "", ALONE, "inbound", "PJSIP/1302", "both")


def put(store: Store, *told: tuple[Call, Visit], server: str = "main") -> None:
    for call, visit in told:
        new_calls, new_visits = (call._replace(server=server),), (visit._replace(server=server),)
        store.write(partial(save, new_calls=new_calls, new_visits=new_visits, read_number=READ))


def stored(store: Store, server: str = "main") -> list[tuple[Any, ...]]:
    """Channels, caller, origin, agent and source of each visit."""
    names = ("uniqueid", "place", "caller", "origin", "agent", "source")

    def read(connection: Connection) -> list[tuple[Any, ...]]:
        query = select(*(visits.c[name] for name in names)).where(visits.c.server == server)
        return sorted(tuple(row) for row in connection.execute(query))

    return store.read(read)


def linkedids(store: Store, server: str = "main") -> list[str]:
    query = select(calls.c.linkedid).where(calls.c.server == server)
    return store.read(lambda connection: sorted(connection.scalars(query)))


def test_whoever_tells_first_of_two_who_joined_in_one_second_each_has_one_visit_and_one_call(
    store: Store,
) -> None:
    told = (AMI_END, LOG_JOIN, LOG_END, AMI_OTHER, LOG_OTHER)
    for number, order in enumerate(permutations(told)):
        if order.index(LOG_JOIN) < order.index(LOG_END):
            put(store, *order, server=f"s{number}")
            assert stored(store, f"s{number}") == [THEIRS, ONE_S_OWN], order
            assert linkedids(store, f"s{number}") == ["c.1", "c.5"], order


def test_who_was_heard_to_join_as_an_agent_and_is_read_to_end_as_a_citizen_is_the_citizen(
    store: Store,
) -> None:
    for number, order in enumerate(permutations((AMI_JOIN, LOG_JOIN, LOG_END))):
        if order.index(LOG_JOIN) < order.index(LOG_END):
            put(store, *order, AMI_JOIN, server=f"s{number}")
            assert stored(store, f"s{number}") == [THEIRS], order


def test_two_rows_of_one_stay_are_one_once_that_is_known_under_the_call_of_who_waited(store: Store) -> None:
    put(store, AMI_JOIN, AMI_END)
    assert len(stored(store)) == 2
    put(store, LOG_JOIN, LOG_END)
    assert stored(store) == [THEIRS]
    (row,) = store.read(lambda connection: list(rows(connection, "visits")))
    of_citizen = select(calls.c.id).where(calls.c.linkedid == "c.1")
    assert store.read(lambda connection: connection.scalars(of_citizen).all()) == [row["call_id"]]
    assert row["caller_e164"] == "+994501112233"
    assert row["joined_at"] == at(8.3).isoformat(timespec="milliseconds")


def test_a_line_read_again_from_before_the_exchange_changes_nothing(store: Store) -> None:
    put(store, LOG_JOIN, LOG_END)
    before = store.read(lambda connection: list(rows(connection, "visits")))
    put(store, LOG_JOIN)
    assert store.read(lambda connection: list(rows(connection, "visits"))) == before
    assert linkedids(store) == ["c.1"]


def test_a_call_somebody_decided_on_stays_though_its_visit_was_another_call_s(store: Store) -> None:
    put(store, LOG_JOIN)
    store.write(
        lambda connection: connection.execute(
            insert(decisions).values(
                call_id=select(calls.c.id).scalar_subquery(),
                structure="dvx",
                decision="not_a_citizen",
                why="",
                caller_e164="",
                wait_seconds=1.0,
                decided_at=at(30),
            )
        )
    )
    put(store, LOG_END)
    assert linkedids(store) == ["a.2", "c.1"]


def test_a_new_recorder_knows_who_stands_in_the_place_now(store: Store) -> None:
    talking = LOG_END[1]._replace(ended_at=None, ended_by="", talk_seconds=None)
    put(store, (LOG_END[0]._replace(ended_at=None), talking))
    found, stays = store.read(lambda connection: open_records(connection, "main"))
    assert [call.uniqueid for call in found] == ["c.1"]
    assert [(stay.party.uniqueid, stay.place) for stay, _ in stays] == [("a.2", "c.1")]


def test_the_audit_finds_a_stay_by_the_channel_that_ended_it(store: Store) -> None:
    put(store, AMI_END)
    comparison = LogComparison(store, "main", Period(at(0), at(60)), None)
    assert comparison.compare([LOG_END[1]]) == []
