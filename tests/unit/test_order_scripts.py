"""What callers hear of their orders, and that owed callers are known, over pyst2's own commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agi_scripts.caller import reply_to_order
from agi_scripts.table import scripts_for, scripts_of_orders
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Unanswered
from ivr.calls.callbacks import CallOrder, OrderAnswer, read_order
from ivr.calls.opening_hours import calling_hours
from ivr.queues.board import Board
from ivr.storage.engine.store import Store, StoreAway
from tests.callback_policy import shipped
from tests.unit.agi_wire import OK, ScriptedWire, value
from tests.unit.ami_lines import START, at, events

BAKU = ZoneInfo("Asia/Baku")
CALLING = calling_hours(shipped())
NOON = datetime(2026, 11, 23, 12, tzinfo=BAKU)
TOLD = "1795417200|0552223344|0501234567|provider|ru|2|31"


@pytest.mark.parametrize(
    ("called_from", "heard"),
    [
        (None, "refused order_refused"),
        (NOON - timedelta(hours=1), "accepted order_soon"),
        (NOON, "accepted order_soon"),
        (NOON + timedelta(minutes=30), "accepted order_today"),
        (NOON + timedelta(hours=11, minutes=59), "accepted order_today"),
        (NOON + timedelta(hours=12), "accepted order_next_day"),
        (NOON + timedelta(hours=32), "accepted order_next_day"),
        (NOON + timedelta(hours=36), "accepted order_noted"),
        (NOON + timedelta(days=7), "accepted order_noted"),
    ],
)
def test_a_citizen_hears_when_to_expect_the_call(called_from: datetime | None, heard: str) -> None:
    word, prompts = reply_to_order(OrderAnswer(called_from), CALLING, NOON.astimezone(UTC), is_chosen=False)
    assert f"{word} {' '.join(prompts)}" == heard


@pytest.mark.parametrize(
    ("after", "heard"),
    [
        (timedelta(minutes=30), "order_today_at clock-12 clock-30"),
        (timedelta(hours=2, minutes=5), "order_today_at clock-14 digit-0 digit-5"),
        (timedelta(hours=21), "order_next_day_at digit-9 digit-0 digit-0"),
        (timedelta(hours=-1), "order_soon"),
        (timedelta(days=2), "order_noted"),
    ],
)
def test_who_chose_a_time_hears_the_hour_and_minute_of_the_call(after: timedelta, heard: str) -> None:
    _, prompts = reply_to_order(OrderAnswer(NOON + after), CALLING, NOON.astimezone(UTC), is_chosen=True)
    assert " ".join(prompts) == heard


def test_whose_request_is_held_is_promised_no_call() -> None:
    answer = OrderAnswer(NOON, is_held=True)
    assert reply_to_order(answer, CALLING, NOON.astimezone(UTC), is_chosen=True) == (
        "accepted",
        ("order_noted",),
    )


def test_after_a_friday_the_next_working_day_is_monday_and_nothing_later() -> None:
    friday = NOON + timedelta(days=4)
    monday, tuesday = (
        reply_to_order(OrderAnswer(friday + timedelta(days=days)), CALLING, friday, is_chosen=False)[1]
        for days in (3, 4)
    )
    assert (monday, tuesday) == (("order_next_day",), ("order_noted",))


def run(script: str, *arguments: str, answer: OrderAnswer | None = None) -> tuple[list[str], list[CallOrder]]:
    """The AGI commands of `script` for the caller 0501234567, and the orders it took before them."""
    taken: list[CallOrder] = []

    def take(order: CallOrder) -> OrderAnswer:
        if answer is None:
            raise StoreAway("no answer within 1 s")
        assert not wire.sent
        taken.append(order)
        return answer

    wire = ScriptedWire(OK, OK)
    headers = {f"agi_arg_{number}": argument for number, argument in enumerate(arguments, 1)}
    session = AgiSession({"agi_uniqueid": "17.5", "agi_callerid": "0501234567", **headers}, wire)
    scripts = scripts_of_orders(shipped(), "main", take, {"+994501234567"}.__contains__, lambda: NOON)
    scripts[script](session)
    return wire.sent, taken


def test_an_order_is_committed_before_the_citizen_hears_of_it() -> None:
    sent, taken = run(words.AGI_ORDER_CALLBACK, "dvx", TOLD, answer=OrderAnswer(NOON + timedelta(hours=1)))
    assert sent == [
        'SET VARIABLE "HOTLINE_SAY" '
        '"hotline/order_today_at&hotline/clock-13&hotline/digit-0&hotline/digit-0"',
        'SET VARIABLE "HOTLINE_ORDERED" "accepted"',
    ]
    asked_at = datetime.fromtimestamp(1795417200, UTC)
    wanted = ("main", "17.5", "dvx", asked_at, "0552223344", "0501234567", "provider", "ru", 2, 31.0)
    assert taken == [CallOrder(*wanted)]


def test_a_citizen_whose_order_could_not_be_committed_hears_nothing_of_python() -> None:
    """The dialplan leaves the order in queue_log and says that it is noted."""
    with pytest.raises(Unanswered, match=r"^database: "):
        run(words.AGI_ORDER_CALLBACK, "dvx", TOLD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        TOLD + "|",
        TOLD.replace("1795417200", "0"),
        TOLD.replace("1795417200", "253402300799"),
        TOLD.replace("1795417200", "\u0661795417200"),
        TOLD.replace("0501234567", "0501234567\x1b[31m"),
        TOLD.replace("provider", "provider\x1b[31m"),
        TOLD.replace("provider", "p" * 32),
        TOLD.replace("|ru|", "|ru\r\n|"),
        TOLD.replace("|31", "|-1"),
        "|" * 6,
        "9" * 5000 + TOLD,
    ],
)
def test_what_is_no_order_is_not_taken_for_one(text: str) -> None:
    assert read_order("main", "17.5", "dvx", text) is None
    assert run(words.AGI_ORDER_CALLBACK, "dvx", text, answer=OrderAnswer(NOON)) == ([], [])


@pytest.mark.parametrize(
    "text", [TOLD.replace("provider", "elsewhere"), TOLD.replace("|ru|", "|de|")], ids=["trunk", "language"]
)
def test_a_request_over_a_trunk_or_in_a_language_that_is_not_configured_is_not_taken(text: str) -> None:
    with pytest.raises(Unanswered, match="trunk or language"):
        run(words.AGI_ORDER_CALLBACK, "dvx", text, answer=OrderAnswer(NOON))


@pytest.mark.parametrize("uniqueid", ["", "1.1\x1b", "1.1|2", "1" * 3000])
def test_a_line_with_an_id_that_is_not_asterisk_s_is_no_order(uniqueid: str) -> None:
    assert read_order("main", uniqueid, "dvx", TOLD) is None


@pytest.mark.parametrize("script", [words.AGI_ORDER_CALLBACK, words.AGI_OWED_CALLBACK])
def test_a_script_answers_only_about_queues_and_trunks_of_the_configuration(script: str) -> None:
    with pytest.raises(Unanswered, match="names nothing in the live"):
        run(script, "nowhere", TOLD, answer=OrderAnswer(NOON))


def test_only_a_caller_who_is_owed_a_call_and_shows_their_number_is_told_so() -> None:
    sent, _ = run(words.AGI_OWED_CALLBACK, "provider", "allowed_passed_screen")
    assert sent == ['SET VARIABLE "HOTLINE_OWED" "yes"']
    assert run(words.AGI_OWED_CALLBACK, "provider", "prohib_passed_screen")[0] == []


@pytest.mark.parametrize(("talk", "offers"), [(50, False), (160, True)])
def test_an_order_is_offered_where_the_expected_wait_is_longer_than_the_queue_allows(
    talk: int, offers: bool
) -> None:
    """dvx offers one over three minutes; with one agent and one caller waiting the next takes two talks."""
    board = Board({"dvx": 10.0})
    line = (
        "0 QueueMember Queue=dvx Location=PJSIP/1101 Status=2\n0 QueueEntry Queue=dvx Position=1 Uniqueid=c1"
    )
    board.restore(events(line), START)
    for event in events(f"\n0 AgentComplete Queue=dvx Interface=PJSIP/1101 TalkTime={talk}" * 3):
        board.apply(event)
    wire = ScriptedWire(value(""), OK, OK)
    scripts = scripts_for(board, shipped(), lambda: at(10), Store("sqlite://"), "main")
    script = scripts[words.AGI_ANNOUNCE_POSITION]
    script(AgiSession({"agi_uniqueid": "c9", "agi_arg_1": "dvx"}, wire))
    assert ('SET VARIABLE "HOTLINE_OFFER" "yes"' in wire.sent) is offers
