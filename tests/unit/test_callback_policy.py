"""The questions the dialer asks of the callback policy: which trunk, which numbers, when, how many agents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callback_dialer.policy import Policy
from ivr.asterisk.words import interface
from ivr.config.model import Trunk
from ivr.config.sections import Contact
from tests.callback_policy import NOON, ROUND_THE_CLOCK, policy, shipped

MOBILE = "+994501234567"


def trunk(*carries: str) -> Trunk:
    return shipped().trunks["provider"].model_copy(update={"carries": list(carries)})


def with_trunks(**trunks: Trunk) -> Policy:
    return replace(policy(), trunks=trunks)


ROADS = with_trunks(
    provider=trunk("+994"), gsm=trunk("+99450", "+99451"), zone=trunk("+994", "+1"), bare=trunk("+9945")
)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("+994501234567", "gsm"),
        ("+994551234567", "bare"),
        ("+994121234567", "provider"),
        ("+12125551234", "zone"),
        ("+905321234567", None),
    ],
)
def test_a_number_goes_out_by_the_longest_prefix_and_of_equals_by_the_first_trunk(
    number: str, name: str | None
) -> None:
    assert ROADS.trunk_for(number) == name


def test_each_prefix_is_carried_by_one_trunk_but_for_the_longer_ones_that_go_elsewhere() -> None:
    assert ROADS.carried_by(["provider"]) == (("+994", ("+99450", "+99451", "+9945")),)
    assert ROADS.carried_by(["provider", "gsm"]) == (
        ("+994", ("+9945",)),
        ("+99450", ()),
        ("+99451", ()),
    )
    assert ROADS.carried_by(["zone"]) == (("+1", ()),)
    assert ROADS.carried_by([]) == ()


OURS = replace(policy(), own=frozenset({"+994124040000"}))
PUBLISHED = shipped().hotline.model_copy(update={"own_numbers": ["+994123102800", "+994124451"]})
CONTACT = Contact(structure="dvx", name="Head", number="+994124931234")
WITH_CONTACT = Policy.of(shipped().model_copy(update={"hotline": PUBLISHED, "contacts": {"head": CONTACT}}))


@pytest.mark.parametrize(
    ("rules", "number", "why"),
    [
        (policy(), MOBILE, ""),
        (policy(), "", "no number that could be dialled"),
        (policy(), "+99450123", "no number that could be dialled"),
        (policy(), "0501234567", "no number that could be dialled"),
        (OURS, "+994124040000", "our own number"),
        (WITH_CONTACT, "+994123102800", "our own number"),
        (WITH_CONTACT, "+994124931234", "our own number"),
        (WITH_CONTACT, "+994124451999", "our own number"),
        (WITH_CONTACT, "+994124452000", ""),
        (policy(), "+994900200123", "a number of kind premium is not among callback.kinds"),
        (policy(), "+905321234567", "a number of kind international is not among callback.kinds"),
        (with_trunks(), MOBILE, "no trunk carries that prefix"),
        (replace(with_trunks(provider=trunk("+90")), country="TR"), "+905321234567", ""),
    ],
)
def test_why_a_number_is_never_dialled(rules: Policy, number: str, why: str) -> None:
    assert rules.never_dials(number) == why


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        (MOBILE, "Asia/Baku"),
        ("+12125551234", "America/New_York"),
        ("+79161234567", "Asia/Tokyo"),
        ("+88213123456", "Asia/Tokyo"),
    ],
    ids=["one zone", "another one", "many zones", "none"],
)
def test_a_citizen_is_called_by_the_clock_where_they_live_if_their_number_tells(
    number: str, zone: str
) -> None:
    rules = replace(policy(), hours=replace(policy().hours, zone=ZoneInfo("Asia/Tokyo")))
    assert rules.hours_of(number) == replace(rules.hours, zone=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("idle", "kept"), [((), 0), (("out",), 0), (("a",), 1), (("a", "out"), 1), (("a", "b", "c", "out"), 2)]
)
def test_of_agents_who_call_back_first_none_is_kept_for_live_callers(
    idle: tuple[str, ...], kept: int
) -> None:
    rules = replace(policy(reserve=2), outbound=frozenset({"out"}))
    assert rules.kept_back("dvx", idle) == kept


def test_who_calls_back_first_is_of_the_sector_outbound() -> None:
    assert policy().outbound == {"PJSIP/1103"}


def test_a_queue_s_own_reserve_goes_before_the_reserve_of_all() -> None:
    queue = policy().queues["dvx"]
    queues = {"none": queue, "zero": queue.model_copy(update={"reserve": 0})}
    rules = replace(policy(reserve=2), queues=queues)
    assert (rules.reserve("none"), rules.reserve("zero")) == (2, 0)


def test_idle_agents_have_together_every_skill_one_of_them_has() -> None:
    configuration = shipped()
    one, two, *_ = configuration.agents
    able = {
        one: configuration.agents[one].model_copy(update={"skills": ["customs", "tax"]}),
        two: configuration.agents[two].model_copy(update={"skills": ["visa"]}),
    }
    rules = Policy.of(configuration.model_copy(update={"agents": configuration.agents | able}))
    assert rules.skills_of([interface(one), interface(two), "PJSIP/9999"]) == {"customs", "tax", "visa"}
    assert rules.skills_of([interface(two)]) == {"visa"}
    assert rules.skills_of([]) == frozenset()


def test_calling_hours_are_those_of_the_hotline_s_zone_and_country() -> None:
    configuration = shipped()
    hotline = configuration.hotline.model_copy(update={"time_zone": "Europe/Istanbul", "country": "TR"})
    rules = Policy.of(configuration.model_copy(update={"hotline": hotline}))
    assert rules.hours.is_open(datetime(2026, 4, 22, 6, tzinfo=UTC))  # 09:00 in Istanbul, 10:00 in Baku
    assert not rules.hours.is_open(datetime(2026, 4, 22, 5, 59, tzinfo=UTC))
    assert not rules.hours.is_open(datetime(2026, 4, 23, 8, tzinfo=UTC))  # a holiday there only


def test_a_new_time_is_the_one_the_citizen_chose() -> None:
    rules = policy(new_times=[1800.0, "next_working_day"])
    assert rules.new_time(1, NOON) == NOON + timedelta(minutes=30)
    assert rules.new_time(2, NOON) == datetime(2026, 11, 24, 5, tzinfo=UTC)  # 09:00 in Baku on Tuesday
    assert rules.new_time(3, NOON) is None
    assert rules.new_time(0, NOON) is None


def test_the_next_working_day_of_a_friday_is_monday() -> None:
    friday = datetime(2026, 11, 27, 8, tzinfo=UTC)
    assert policy(new_times=["next_working_day"]).new_time(1, friday) == datetime(2026, 11, 30, 5, tzinfo=UTC)


def test_where_it_is_always_open_the_next_working_day_begins_at_midnight() -> None:
    rules = replace(policy(new_times=["next_working_day"]), hours=ROUND_THE_CLOCK)
    late = datetime(2026, 11, 23, 19, 59, 59, 999_999, tzinfo=UTC)  # Monday 23:59:59.999999 in Baku
    assert rules.new_time(1, late) == datetime(2026, 11, 23, 20, tzinfo=UTC)


def test_a_missed_call_is_too_old_after_the_end_of_the_next_working_day() -> None:
    assert policy().expires_at(NOON) == datetime(2026, 11, 24, 16, tzinfo=UTC)  # 20:00 in Baku on Tuesday
    assert policy(max_age=3600.0).expires_at(NOON) == NOON + timedelta(hours=1)


def test_the_key_of_hashed_numbers_is_asked_for_anew_and_empty_where_it_is_not_known() -> None:
    keys = iter(["first", "second"])
    rules = Policy.of(shipped(), lambda: next(keys))
    assert (rules.key(), rules.key()) == ("first", "second")
    assert policy().key() == ""


def test_numbers_are_read_as_this_hotline_s_trunks_deliver_them() -> None:
    """Its own number is nobody's to call, in whatever form."""
    own = shipped().trunks["provider"].caller_id
    assert policy().read(own, "provider", "").kind == "internal"


def test_an_agent_whose_account_is_a_whole_number_is_ours_however_it_is_delivered() -> None:
    configuration = shipped()
    agents = configuration.agents | {"0124989100": configuration.agents["1101"]}
    rules = Policy.of(configuration.model_copy(update={"agents": agents}))
    assert rules.read("+994124989100", "provider", "").kind == "internal"
