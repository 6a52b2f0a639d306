"""A visit is one row, whoever tells of it and how often, and never becomes poorer."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, select, update

from ivr.calls.numbers import reader
from ivr.reading.export import rows
from ivr.storage.engine.store import Store
from ivr.storage.records.stored import open_records
from ivr.storage.records.visits import save
from ivr.storage.schema.recorded import calls
from ivr.visits.records import Call, Visit
from tests.unit.ami_lines import at

CALL = Call("main", "c.1", "c.1", "inbound", at(0), at(0), at(0), caller="0501112233", trunk="provider")
WAITING = Visit(
    server="main",
    uniqueid="c.1",
    linkedid="c.1",
    queue="dvx",
    origin="inbound",
    joined_at=at(8),
    received_at=at(8.1),
    outcome="waiting",
    source="ami",
    precision="ms",
    call_linkedid="c.1",
    call_began_at=at(0),
    caller="0501112233",
)
ANSWERED = WAITING._replace(
    outcome="answered",
    left_at=at(12),
    answered_at=at(12),
    wait_seconds=4.0,
    agent="PJSIP/1101",
    agent_name="Aygün",
)
OVER = ANSWERED._replace(ended_at=at(20), ended_by="caller", talk_seconds=8.0)
FROM_LOG = OVER._replace(
    source="queue_log",
    precision="s",
    joined_at=at(7),
    received_at=at(900),
    agent_name="",
    talk_seconds=7.0,
)
READ = reader(None)


def put(store: Store, *told: Visit, call: Call = CALL) -> list[dict[str, Any]]:
    """Save the visits one after the other; what is exported then."""
    for visit in told:
        store.write(partial(save, new_calls=(call,), new_visits=(visit,), read_number=READ))
    return store.read(lambda connection: list(rows(connection, "visits")))


def test_a_visit_grows_in_its_row(store: Store) -> None:
    (row,) = put(store, WAITING, ANSWERED, OVER)
    assert (row["outcome"], row["wait_seconds"], row["talk_seconds"], row["handle_seconds"]) == (
        "answered",
        4.0,
        8.0,
        8.0,
    )


def test_a_visit_told_again_in_an_earlier_state_keeps_its_end(store: Store) -> None:
    assert put(store, OVER) == put(store, WAITING, ANSWERED)


def test_two_sources_whose_joins_differ_by_a_second_tell_one_visit_with_the_finer_times(store: Store) -> None:
    (row,) = put(store, OVER, FROM_LOG)
    assert (row["source"], row["precision"], row["talk_seconds"], row["agent_name"]) == (
        "both",
        "ms",
        8.0,
        "Aygün",
    )


def test_what_live_listening_missed_is_filled_in_by_the_other_source(store: Store) -> None:
    (row,) = put(store, WAITING, FROM_LOG)
    assert (row["source"], row["outcome"], row["agent"]) == ("both", "answered", "PJSIP/1101")


def test_the_order_of_two_sources_does_not_matter_to_what_is_known(store: Store) -> None:
    (row,) = put(store, FROM_LOG, OVER)
    assert (row["source"], row["precision"], row["talk_seconds"]) == ("both", "ms", 8.0)


def test_an_interrupted_visit_takes_the_outcome_that_turns_up_later(store: Store) -> None:
    cut = WAITING._replace(outcome="interrupted", left_at=at(10), ended_at=at(10), wait_seconds=2.0)
    (row,) = put(store, cut, FROM_LOG)
    assert row["outcome"] == "answered"


def test_of_two_last_signs_of_life_the_later_counts_whoever_told_it_first(store: Store) -> None:
    cut = WAITING._replace(outcome="interrupted", left_at=at(10), ended_at=at(10), wait_seconds=2.0)
    log = cut._replace(source="queue_log", precision="s", joined_at=at(8), left_at=at(11), wait_seconds=3.0)
    for told in ((cut, log, cut), (log, cut, log)):
        put(store, *told)
    assert [row["wait_seconds"] for row in put(store)] == [3.0]


def test_the_same_channel_in_the_same_queue_again_is_the_second_stay(store: Store) -> None:
    again = WAITING._replace(joined_at=at(9.5), received_at=at(9.6))
    found = put(store, OVER, again)
    assert [row["visit_id"] for row in found] == ["main/c.1/dvx/1", "main/c.1/dvx/2"]


def test_two_recorders_without_timestamps_tell_one_stay(store: Store) -> None:
    first, heard_later = OVER._replace(precision="s"), timedelta(seconds=0.4)
    second = first._replace(joined_at=at(8) + heard_later, received_at=at(8.1) + heard_later)
    assert [row["outcome"] for row in put(store, first, second)] == ["answered"]


def test_a_join_known_only_roughly_is_the_one_another_recorder_heard(store: Store) -> None:
    rebuilt = OVER._replace(precision="s", is_rebuilt=True, joined_at=at(7), received_at=at(12))
    assert len(put(store, rebuilt, OVER)) == 1


def test_without_timestamps_a_channel_that_left_and_joined_at_once_has_two_stays(store: Store) -> None:
    first = WAITING._replace(precision="s", outcome="key", left_at=at(9), wait_seconds=1.0)
    again = WAITING._replace(precision="s", joined_at=at(9), received_at=at(9))
    assert [row["outcome"] for row in put(store, first, again)] == ["key", "waiting"]
    assert [row["outcome"] for row in put(store, again, first)] == ["key", "waiting"]


def test_stays_are_numbered_by_their_joins_not_by_who_told_first(store: Store) -> None:
    earlier = OVER._replace(joined_at=at(1), received_at=at(1.1))
    assert [row["visit_id"] for row in put(store, WAITING, earlier)] == ["main/c.1/dvx/1", "main/c.1/dvx/2"]
    assert [row["outcome"] for row in put(store)] == ["answered", "waiting"]


def test_two_servers_may_use_one_uniqueid(store: Store) -> None:
    elsewhere = WAITING._replace(server="second")
    put(store, WAITING)
    put(store, elsewhere, call=CALL._replace(server="second"))
    assert len(put(store)) == 2


def test_the_caller_s_number_is_read_once_when_the_call_is_recorded(store: Store) -> None:
    (row,) = put(store, WAITING)
    (call,) = store.read(lambda connection: connection.execute(select(calls)).all())
    assert row["caller_e164"] == call.caller_e164 == "+994501112233"
    assert call.caller_kind == "mobile"


def test_a_number_its_caller_asked_to_hide_is_kept_as_delivered_and_counts_as_anonymous(store: Store) -> None:
    hidden = CALL._replace(presentation="prohib")
    (row,) = put(store, WAITING._replace(presentation="prohib"), call=hidden)
    (call,) = store.read(lambda connection: connection.execute(select(calls)).all())
    assert (row["caller"], row["caller_e164"], call.caller_kind) == ("0501112233", "", "anonymous")


def test_news_of_a_call_the_dialer_has_decided_on_puts_it_before_the_dialer_again(store: Store) -> None:
    put(store, WAITING, call=CALL._replace(ended_at=at(30)))
    decide_all(store)
    put(store, OVER, call=CALL._replace(ended_at=at(30)))
    assert undecided(store) == 1


def test_a_visit_told_again_leaves_the_decision_alone(store: Store) -> None:
    put(store, OVER, call=CALL._replace(ended_at=at(30)))
    decide_all(store)
    put(store, OVER, call=CALL._replace(ended_at=at(30)))
    assert undecided(store) == 0


def test_a_call_on_the_line_again_has_no_end_and_no_decision(store: Store) -> None:
    put(store, WAITING, call=CALL._replace(ended_at=at(30), last_seen_at=at(30)))
    decide_all(store)
    put(store, WAITING, call=CALL._replace(last_seen_at=at(40)))
    (call,) = store.read(lambda connection: connection.execute(select(calls)).all())
    assert (call.ended_at, call.decided_at) == (None, None)


def test_old_news_of_a_call_does_not_reopen_it(store: Store) -> None:
    put(store, WAITING, call=CALL._replace(ended_at=at(30), last_seen_at=at(30)))
    put(store, WAITING, call=CALL)
    (call,) = store.read(lambda connection: connection.execute(select(calls)).all())
    assert call.ended_at == at(30)


def test_a_new_recorder_takes_over_open_calls_and_stays_and_nothing_else(store: Store) -> None:
    put(store, OVER, call=CALL._replace(ended_at=at(30)))
    other = CALL._replace(linkedid="c.2", uniqueid="c.2", began_at=at(50))
    talking = ANSWERED._replace(uniqueid="c.2", linkedid="c.2", call_linkedid="c.2", call_began_at=at(50))
    put(store, talking._replace(joined_at=at(51), answered_at=at(55), received_at=at(51)), call=other)
    found, stays = store.read(lambda connection: open_records(connection, "main"))
    assert [call.linkedid for call in found] == ["c.2"]
    assert [(stay.queue, stay.is_talking, call.linkedid) for stay, call in stays] == [("dvx", True, "c.2")]
    assert store.read(lambda connection: open_records(connection, "second")) == ((), ())


def decide_all(store: Store) -> None:
    later = at(30) + timedelta(minutes=1)
    store.write(lambda connection: connection.execute(update(calls).values(decided_at=later)))


def undecided(store: Store) -> int:
    def count(connection: Connection) -> int:
        return len(connection.execute(select(calls).where(calls.c.decided_at.is_(None))).all())

    return store.read(count)


def test_text_no_database_takes_as_it_is_costs_no_visit(store: Store) -> None:
    """A caller id may be as long as a SIP header, and hold what no database column does."""
    (row,) = put(
        store, OVER._replace(caller="0\0" + "5" * 500, agent_name="Ay\udcffgün " * 40, menu_path="1/" * 99)
    )
    assert (row["caller"], len(row["agent_name"]), len(row["menu_path"])) == ("0" + "5" * 79, 128, 80)
    assert row["outcome"] == "answered"
