"""Fraud and nuisance: whatever is thrown at the hotline, nobody is dialled who must not be."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select
from typer.testing import CliRunner, Result

from callback_dialer.deciding import decide_call
from callback_dialer.pacing import QueueLoad
from callback_dialer.policy import Policy
from callback_dialer.starting import start_next
from ivr.calls.numbers import reader
from ivr.command.root import app
from ivr.config.callback_rules import Budget, Budgets, Burst, PrefixBudget
from ivr.reading.totals import totals
from ivr.recording.watched import Watched
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from ivr.storage.owed import callbacks, switches, undecided
from ivr.storage.schema.owed import attempts, decisions
from ivr.storage.schema.owed import callbacks as callbacks_table
from tests.callback_policy import ROUND_THE_CLOCK, policy, shipped
from tests.contracts.test_callback_decisions import ALWAYS, NUMBER
from tests.stored_calls import Queued, store_call
from tests.unit.starter import changed

MANY_IDLE = {"dvx": QueueLoad(frozenset(f"PJSIP/{n}" for n in range(100)))}
NEVER = Budget(most=10**6, within=1.0)
UNBOUNDED = dict.fromkeys(("number", "orderer", "trunk", "total"), NEVER) | {
    "prefix": PrefixBudget(most=10**6, within=1.0)
}

THROWN = [
    "0900200123", "+994900200123", "900200123",  # premium
    "+449098790000", "+19005551234", "0019005551234", "+882161234567", "+870773111632",
    "+905321234567", "00905321234567", "+79161234567", "+995599123456",  # foreign, satellite
    "112", "101", "102", "103", "+112", "911", "+994112", "00994112", "0112", "012112",  # emergency
    "195", "1951", "19511", "+994195", "0195", "012195", "1101", "1106",  # ours
    "3102800", "123102800", "0123102800", "+994123102800", "994123102800", "00994123102800", "+9940123102800",
    "", " ", "anonymous", "<unknown>", "restricted", "0", "+", "++994501234567", "050123456",
    "05012345678901", "0501234", "0123456", "0501234567;ext=9", "0501234567@evil.example", "sip:0501234567",
    "0501234567\r\nAction: Originate", "${SHELL(id)}", "0501234567|1", "٠٥٠١٢٣٤٥٦٧", "05O1234567", "\ud800",
    "0800123456", "0881234567", "+994881234567", "*21*0501234567#", "+994000000000", "9" * 4000,
]  # fmt: skip


def hotline(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(app, ["callbacks", *arguments], input=given)


@pytest.fixture
def at_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of the command."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", store.engine.url.render_as_string(hide_password=False))
    return store


def told(*numbers: str) -> list[dict[str, Any]]:
    """What `decide` says of the numbers."""
    answer = hotline("decide", "-", "--json", given="\n".join(map(json.dumps, numbers)))
    assert answer.exit_code == 0, answer.output
    return [json.loads(line) for line in answer.output.splitlines()]


def decide_all(connection: Connection, rules: Policy) -> list[str]:
    return [
        decision.verdict
        for call_id in undecided.undecided(connection, 10**6)
        for decision in decide_call(connection, call_id, rules)
    ]


def rules(**changes: Any) -> Policy:
    """Always open, every budget endless but for those named."""
    budgets = Budgets(**{**UNBOUNDED, **changes.pop("budgets", {})})
    changed = policy(max_age=86400.0, budgets=budgets, **changes)
    return replace(changed, hours=ROUND_THE_CLOCK)


def test_nothing_thrown_at_it_that_is_no_citizen_of_ours_is_ever_owed_a_call(at_store: Store) -> None:
    for answer in told(*THROWN):
        assert answer["decision"] in ("not_dialable", "not_a_citizen", "anonymous"), answer


def test_a_call_from_a_number_of_the_organisation_is_recorded_as_a_citizens_and_not_called_back(
    store: Store,
) -> None:
    published = reader(shipped())("0123102800", "provider", "")
    assert (published.e164, published.kind) == ("+994123102800", "fixed")
    assert not Watched.of(shipped()).is_ours("0123102800")

    def work(connection: Connection) -> None:
        ended = datetime(2026, 11, 23, 12, tzinfo=UTC)
        store_call(connection, published.e164, caller_kind=published.kind, ended_at=ended)
        assert decide_all(connection, rules()) == ["not_a_citizen"]
        assert callbacks.open_for(connection, published.e164) is None
        counted = totals(connection, ended.date(), ZoneInfo("UTC"))
        assert {(one.record, one.origin, one.result) for one in counted} == {
            ("visits", "inbound", "abandoned"),
            ("decisions", "inbound", "not_a_citizen"),
        }

    store.write(work)


def test_a_citizens_number_is_told_in_e164_however_it_is_written(at_store: Store) -> None:
    for answer in told("0501234567", "+994501234567", "994501234567", "4931234"):
        assert answer["decision"] == "callback"
        assert answer["caller_e164"] in (NUMBER, "+994124931234")
    assert set(answer) == {"number", "caller_e164", "decision", "why"}


def test_decide_knows_what_the_store_knows_and_stores_nothing(at_store: Store) -> None:
    at_store.write(lambda c: switches.deny(c, NUMBER, "asked"))
    assert [answer["decision"] for answer in told("0501234567")] == ["blocked"]
    at_store.write(lambda c: store_call(c, "+994502222222"))
    at_store.write(lambda c: decide_all(c, ALWAYS))
    assert [answer["decision"] for answer in told("0502222222")] == ["already_open"]
    assert at_store.read(lambda c: len(c.execute(decisions.select()).all())) == 1


def test_decide_says_it_in_plain_lines_and_refuses_what_is_no_json_string(at_store: Store) -> None:
    assert "0501234567" in hotline("decide", "0501234567").output
    assert "\x1b" not in hotline("decide", "050\x1b[31m").output
    wrong = hotline("decide", "-", given='"0501234567"\n501234567\n' + "[" * 100_000 + '\n"0502222222"\n')
    assert wrong.exit_code == 1
    assert "standard input:2" in wrong.stderr
    assert "standard input:3" in wrong.stderr
    assert [line.split()[:2] for line in wrong.stdout.splitlines()] == [
        ["0501234567", "callback"],
        ["0502222222", "callback"],
    ]
    not_unicode = CliRunner().invoke(app, ["callbacks", "decide", "-"], input=b'"\xff"\n"0501234567"\n')
    assert "standard input:1" in not_unicode.stderr
    assert "0501234567" in not_unicode.stdout
    assert hotline("decide", "0501234567", "--trunk", "nobody").exit_code == 2


def test_decide_answers_each_line_with_an_object_be_it_a_json_string_or_not(at_store: Store) -> None:
    """Else a program that writes a line and reads its answer waits for ever, or reads that of another."""
    answer = hotline("decide", "-", "--json", given='501234567\nnull\n{"a": 1}\n"0501234567\n"0501234567"\n')
    assert answer.exit_code == 1
    told = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [one["decision"] for one in told] == [*["not_dialable"] * 4, "callback"]
    assert [one["number"] for one in told] == [*[None] * 4, "0501234567"]


def test_decide_answers_where_no_trunk_is(at_store: Store, tmp_path: Path) -> None:
    files = changed("callback.yaml", "enabled: true", "enabled: false") | {"trunks.yaml": b"trunks: {}\n"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    given = ["--config", str(tmp_path), "callbacks", "decide", "0501234567"]
    assert "no trunk carries that prefix" in CliRunner().invoke(app, given).output


@pytest.mark.parametrize("number", ["+994900200123", "+79161234567", "+994195195195"])
def test_a_number_that_came_into_the_store_by_mistake_is_not_dialled(store: Store, number: str) -> None:
    def work(connection: Connection) -> None:
        store_call(connection, NUMBER)
        decide_all(connection, ALWAYS)
        connection.execute(callbacks_table.update().values(caller_e164=number))
        broad = replace(
            ALWAYS, trunks={"provider": ALWAYS.trunks["provider"].model_copy(update={"carries": ["+"]})}
        )
        assert start_next(connection, "main", MANY_IDLE, broad) is None
        assert connection.scalar(select(callbacks_table.c.state)) == "cancelled"

    store.write(work)


def test_our_own_number_is_not_dialled(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection, NUMBER)
        decide_all(connection, ALWAYS)
        assert start_next(connection, "main", MANY_IDLE, replace(ALWAYS, own=frozenset({NUMBER}))) is None

    store.write(work)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite has a flood of five thousand
def test_a_thousand_spoofed_victims_are_held_for_the_operator_and_none_is_dialled(store: Store) -> None:
    now = datetime.now(UTC)

    def work(connection: Connection) -> None:
        for n in range(1000):
            ended_at = now - timedelta(seconds=(1000 - n) * 0.6)
            stays = [Queued(wait=11.0 + n % 7)]
            store_call(
                connection, f"+99450{2000000 + n * 7919:07d}", stays, ended_at=ended_at, trunk="provider"
            )
        verdicts = decide_all(connection, rules())
        assert start_next(connection, "main", MANY_IDLE, rules()) is None
        assert set(connection.scalars(select(callbacks_table.c.state))) == {"held"}
        assert verdicts.count("held") > 900
        assert connection.execute(attempts.select()).first() is None

    store.write(work)


def test_calls_too_short_to_be_called_back_make_a_burst_too(store: Store) -> None:
    burst = rules(burst=Burst(abandons=5, within=60.0, wait_up_to=15.0))

    def work(connection: Connection) -> None:
        for n in range(5):
            store_call(connection, f"+99450200000{n}", [Queued(wait=2.0)], trunk="provider")
        store_call(connection, NUMBER, [Queued(wait=40.0)], trunk="provider")
        store_call(connection, "+994503333333", [Queued(wait=40.0)], trunk="other")
        assert decide_all(connection, burst) == [*["too_short"] * 5, "held", "callback"]
        [(name, _, why)] = switches.all_off(connection)
        assert name == switches.held("provider")
        assert "5 calls abandoned" in why

    store.write(work)


def test_a_trunk_stays_held_until_the_operator_says_otherwise(store: Store) -> None:
    def work(connection: Connection) -> None:
        switches.turn_off(connection, switches.held("provider"), "a burst")
        store_call(connection, NUMBER, trunk="provider")
        assert decide_all(connection, rules()) == ["held"]
        assert switches.turn_on(connection, switches.held("provider"))
        store_call(connection, "+994502222222", trunk="provider")
        assert decide_all(connection, rules()) == ["callback"]
        callback_id = callbacks.open_for(connection, NUMBER)
        assert callback_id is not None
        assert callbacks.let_go(connection, callback_id, "looked at")
        started = start_next(connection, "main", MANY_IDLE, rules())
        assert started is not None

    store.write(work)


BUDGETS: list[tuple[str, str, Budget, list[tuple[str, str]]]] = [
    ("number", "out_of_budget", Budget(most=2, within=3600.0), [(NUMBER, "a"), (NUMBER, "b"), (NUMBER, "c")]),
    (
        "prefix",
        "held",
        PrefixBudget(most=2, within=3600.0, digits=8),
        [("+994501230001", "a"), ("+994501230002", "b"), ("+994501230003", "c")],
    ),
    (
        "orderer",
        "out_of_budget",
        Budget(most=2, within=3600.0),
        [(NUMBER, "a"), (NUMBER, "b"), (NUMBER, "c")],
    ),
    (
        "trunk",
        "held",
        Budget(most=2, within=3600.0),
        [("+994501111111", "a"), ("+994552222222", "a"), ("+994703333333", "a")],
    ),
    (
        "total",
        "held",
        Budget(most=2, within=3600.0),
        [("+994501111111", "a"), ("+994552222222", "b"), ("+994703333333", "c")],
    ),
]


@pytest.mark.parametrize(("name", "verdict", "budget", "callers"), BUDGETS, ids=[row[0] for row in BUDGETS])
def test_a_budget_of_ones_own_refuses_what_exceeds_it_and_a_shared_one_holds_it_until_time_has_passed(
    store: Store, name: str, verdict: str, budget: Budget, callers: list[tuple[str, str]]
) -> None:
    bounded = rules(budgets={name: budget})

    def work(connection: Connection) -> None:
        verdicts = []
        for number, trunk in callers:
            store_call(connection, number, trunk=trunk)
            verdicts += decide_all(connection, bounded)
            connection.execute(callbacks_table.update().values(state="unreachable"))
        assert verdicts == ["callback", "callback", verdict]
        long_ago = datetime.now(UTC) - timedelta(hours=2)
        connection.execute(callbacks_table.update().values(created_at=long_ago, owed_at=long_ago))
        store_call(connection, *callers[-1:][0][:1], trunk=callers[-1][1])
        assert decide_all(connection, bounded) == ["callback"]

    store.write(work)


def test_no_more_callbacks_wait_for_their_first_try_than_the_ceiling_allows(store: Store) -> None:
    def work(connection: Connection) -> None:
        for n in range(4):
            store_call(connection, f"+9945020000{n}0")
        low = rules(ceiling=3)
        assert decide_all(connection, low) == ["callback"] * 3 + ["held"]
        why = connection.scalars(select(decisions.c.why).order_by(decisions.c.id.desc())).first()
        assert why == "the ceiling of 3 owed callbacks is reached"

    store.write(work)


def test_nothing_is_accepted_or_dialled_while_that_is_paused(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection, NUMBER)
        assert decide_all(connection, rules()) == ["callback"]
        switches.turn_off(connection, "accept", "drill")
        switches.turn_off(connection, "dial", "drill")
        store_call(connection, "+994502222222")
        assert decide_all(connection, rules()) == ["switched_off"]
        assert start_next(connection, "main", MANY_IDLE, rules()) is None
        switches.turn_on(connection, "dial")
        assert start_next(connection, "main", MANY_IDLE, rules()) is not None

    store.write(work)


def test_nobody_is_dialled_at_night_but_is_owed_a_call_when_it_opens(store: Store) -> None:
    def work(connection: Connection) -> None:
        store_call(connection, NUMBER)
        decide_all(connection, rules())
        today = clock_of(connection).astimezone(ROUND_THE_CLOCK.zone).date()
        closed = replace(ROUND_THE_CLOCK, exceptions=dict.fromkeys([today, today + timedelta(days=1)], ()))
        assert start_next(connection, "main", MANY_IDLE, replace(rules(), hours=closed)) is None
        [due_at] = connection.scalars(select(callbacks_table.c.due_at))
        opens = datetime.combine(today + timedelta(days=2), time(), ROUND_THE_CLOCK.zone)
        assert due_at in (opens, opens + timedelta(days=1))

    store.write(work)
