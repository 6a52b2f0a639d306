"""Checks of opening hours, holidays, trunks, contacts and callbacks: what never opens, or is never dialled.

Called by `ivr.checks.whole`. What takes `today` depends on the day of the check, and a configuration does not
turn bad by itself, so only `hotline config check` asks that. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations, pairwise
from typing import Final
from zoneinfo import ZoneInfo

import holidays
import phonenumbers

from ivr.calls.numbers import is_carried, normalise
from ivr.calls.opening_hours import Schedule, calendar
from ivr.config.callback_rules import RetryPlan
from ivr.config.model import Configuration, Trunk
from ivr.config.problems import Places, Problem
from ivr.config.sections import spans

ENDS_SOON: Final = timedelta(days=60)
ANNOUNCED: Final = timedelta(days=30)
"""Before a holiday its date should be known; a warning that comes earlier is only read over."""
SHORTEST_RETRY = 30.0
"""Seconds; whoever did not answer is not at the phone sooner."""
_QUARTERS = range(7 * 24 * 4)


def hours(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """HRS002-HRS005, HRS009: spans that overlap or have no length, hours that never open or contradict."""
    if not configuration.hours and not places.has("hours"):
        yield Problem.of("CFG002.hours", places.at())
    for name, schedule in configuration.hours.items():
        opening = {
            (field, str(day)): written
            for field in ("week", "special")
            for day, written in getattr(schedule, field).items()
            if written != "closed"
        }
        for (field, day), written in opening.items():
            place = places.value_at("hours", name, field, day)
            if any(opens == closes for opens, closes in spans(written)):
                yield Problem.of("HRS002.empty", place, day=day)
            elif any(begun <= closes for (_, closes), (begun, _) in pairwise(spans(written))):
                yield Problem.of("HRS002", place, day=day)
        if not places.is_whole("hours", name):
            continue
        if not opening:
            yield Problem.of("HRS003", places.at("hours", name), name=name)
        elif schedule.open_on and ("week", "mon") not in opening:
            yield Problem.of("HRS005", places.at("hours", name, "open_on"))
        for first, second in (("closed_on", "open_on"), ("closed_on", "special"), ("open_on", "special")):
            for position, day in enumerate(getattr(schedule, first)):
                if day in (there := getattr(schedule, second)):
                    key = str(day) if second == "special" else there.index(day)
                    place = places.at("hours", name, first, position)
                    other = places.at("hours", name, second, key)
                    yield Problem.of("HRS004", place, earlier=other, date=day, other=second)
        for field in ("closed_on", "open_on"):
            dates = getattr(schedule, field)
            for position, day in enumerate(dates):
                if (first_at := dates.index(day)) < position:
                    place, before = (places.at("hours", name, field, each) for each in (position, first_at))
                    yield Problem.of("HRS009", place, earlier=before, date=day, field=field)


def blocked(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """BLK001: a prefix blocks the whole country."""
    home = f"+{phonenumbers.country_code_for_region(configuration.hotline.country)}"
    for position, prefix in enumerate(configuration.blocked.numbers if configuration.blocked else []):
        if home.startswith(prefix):
            place = places.at("blocked", "numbers", position)
            yield Problem.of("BLK001", place, prefix=prefix)


def trunks(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """TRK001-TRK003: prefixes that are never dialled, networks that are none."""
    country_code = phonenumbers.country_code_for_region(configuration.hotline.country)
    home = f"+{country_code}"
    denied = configuration.callback.deny
    for name, trunk in configuration.trunks.items():
        for position, prefix in enumerate(trunk.carries):
            place = places.at("trunks", name, "carries", position)
            if country_code and not (prefix.startswith(home) or home.startswith(prefix)):
                yield Problem.of(
                    "TRK001", place, prefix=prefix, home=home, country=configuration.hotline.country
                )
            elif any(prefix.startswith(each) for each in denied):
                yield Problem.of("TRK002", place, prefix=prefix)
        for position, network in enumerate(trunk.match):
            if _network(network) is None:
                yield Problem.of("TRK003", places.at("trunks", name, "match", position), network=network)


def trunk_overlaps(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """TRK005: two trunks take the calls of one address, or carry one prefix."""
    for (earlier, first), (name, trunk) in combinations(configuration.trunks.items(), 2):
        if trunk.endpoint == first.endpoint:
            continue  # one trunk written twice, which TRK004 tells
        field = "match" if trunk.match else "server"
        for position, network in enumerate(_sources(trunk)):
            if network and any(other and network.overlaps(other) for other in _sources(first)):
                place = places.value_at("trunks", name, field, *([position] if trunk.match else []))
                before = places.value_at("trunks", earlier, "match" if first.match else "server")
                yield Problem.of("TRK005", place, earlier=before, network=network, other=earlier)
        for position, prefix in enumerate(trunk.carries):
            if prefix in first.carries:
                place = places.at("trunks", name, "carries", position)
                before = places.at("trunks", earlier, "carries", first.carries.index(prefix))
                yield Problem.of("TRK005.prefix", place, earlier=before, prefix=prefix, other=earlier)


def callback(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CBK002, CBK004, CBK005: outcomes without a plan, nobody left to call or to call with."""
    plan = configuration.callback
    for outcome in RetryPlan.model_fields:
        if not getattr(plan.retry, outcome) and places.is_whole("callback", "retry", outcome):
            yield Problem.of("CBK002", places.at("callback", "retry", outcome), outcome=outcome)
    if not plan.enabled or not places.is_whole("callback"):
        return
    for field, given in (("for", plan.outcomes), ("kinds", plan.kinds)):
        if not given:
            yield Problem.of("CBK004", places.at("callback", field), field=field)
    if not places.is_whole("agents") or not places.is_whole("queues"):
        return
    for name, queue in configuration.queues.items():
        reserve = plan.reserve if queue.reserve is None else queue.reserve
        serving = sum(name in agent.queues for agent in configuration.agents.values())
        if 0 < serving <= reserve:
            place = places.at("queues", name, "reserve")
            agents = "1 agent" if serving == 1 else f"{serving} agents"
            yield Problem.of("CBK005", place, name=name, agents=agents, reserve=reserve, enough=serving - 1)


def callback_hours(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CBK006, CBK007: a citizen dialled again at once, or only while the queue that owes it is closed."""
    plan = configuration.callback
    for outcome in RetryPlan.model_fields:
        for position, after in enumerate(getattr(plan.retry, outcome)):
            if after < SHORTEST_RETRY:
                place = places.at("callback", "retry", outcome, position)
                yield Problem.of("CBK006", place, outcome=outcome, after=after, shortest=SHORTEST_RETRY)
    calling = open_quarters(configuration, plan.hours)
    never = [
        f"`{name}`"
        for name, queue in configuration.queues.items()
        if calling.isdisjoint(open_quarters(configuration, queue.hours))
    ]
    if plan.enabled and never:
        place = places.value_at("callback", "hours")
        yield Problem.of("CBK007", place, names=", ".join(never), hours=plan.hours)


def open_quarters(configuration: Configuration, name: str | None) -> frozenset[int]:
    """The quarters of an hour of a usual week, from Monday on, when those hours are open; all for None."""
    if name is None:
        return frozenset(_QUARTERS)
    hotline = configuration.hotline
    usual = configuration.hours[name].model_copy(
        update={"holidays": False, "closed_on": [], "open_on": [], "special": {}}
    )
    schedule = Schedule.of(usual, hotline.time_zone, hotline.country)
    monday = datetime(2026, 1, 5, tzinfo=schedule.zone)
    return frozenset(each for each in _QUARTERS if schedule.is_open(monday + timedelta(minutes=15 * each)))


def dialling(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CBK001: callbacks are on, and no trunk may dial anybody."""
    carried = {path[1] for path in places.keys if path[:1] == ("trunks",) and path[2:] == ("carries", 0)}
    if configuration.callback.enabled and not carried:
        yield Problem.of("CBK001", places.at("callback"))


def retention(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """RET001: records would be deleted before their numbers are made nameless."""
    for kind in ("calls", "callbacks"):
        kept = getattr(configuration.retention, kind)
        if kept.records < kept.numbers:
            yield Problem.of("RET001", places.value_at("retention", kind, "records"), kind=kind)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """None for what is a host's name, or nothing at all."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _sources(trunk: Trunk) -> list[IPv4Network | IPv6Network | None]:
    """Where its calls come from."""
    return [_network(each) for each in trunk.match or [trunk.server.partition(":")[0]]]


def day_of(moment: datetime, configuration: Configuration) -> date:
    """The day of that moment in the hotline's time zone, whatever the machine's is."""
    return moment.astimezone(ZoneInfo(configuration.hotline.time_zone)).date()


def estimated(configuration: Configuration, places: Places, today: date) -> Iterator[Problem]:
    """HRS006: working days soon that the library takes for holidays by the moon, not by an announcement.

    Told once for all schedules that have the same ones; a day that an exception names is decided.
    """
    hotline = configuration.hotline
    last = today + ANNOUNCED
    named = holidays.country_holidays(
        hotline.country, years=range(today.year, last.year + 1), language="en_US"
    )
    doubtful = {
        day: name for day, name in sorted(named.items()) if today <= day <= last and "estimated" in name
    }
    schedules: dict[str, list[str]] = {}
    for name, hours in configuration.hours.items():
        schedule = Schedule.of(hours, hotline.time_zone, hotline.country)
        days = [day for day in doubtful if day.weekday() in schedule.week and day not in schedule.exceptions]
        if hours.holidays and days:
            told = ", ".join(f"{day} {doubtful[day].partition(' (')[0]}" for day in days)
            schedules.setdefault(told, []).append(name)
    for told, names in schedules.items():
        yield Problem.of("HRS006", places.at("hours", names[0]), names="`, `".join(names), days=told)


def running_out(live_since: date, places: Places, today: date) -> Iterator[Problem]:
    """HRS007: what was put live on that day knows the holidays of too few days to come."""
    last = calendar(live_since)[1]
    if last - today < ENDS_SOON:
        yield Problem.of("HRS007", places.at("hours"), last=last)


def contacts(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CON003, CON004: not to be dialled, valid on no day."""
    denied = configuration.callback.deny
    for name, contact in configuration.contacts.items():
        place = places.value_at("contacts", name, "number")
        carried = any(is_carried(contact.number, trunk) for trunk in configuration.trunks.values())
        number = normalise(contact.number, country=configuration.hotline.country)
        if number.e164 != contact.number or number.kind == "premium":
            yield Problem.of("CON003", place, number=contact.number)
            continue
        is_denied = contact.number.startswith(tuple(denied))
        if (is_denied or not carried) and places.is_whole("trunks"):
            yield Problem.of("CON003.not_carried", place, number=contact.number)
        if contact.valid_from and contact.valid_until and contact.valid_until < contact.valid_from:
            yield Problem.of("CON004", places.value_at("contacts", name, "valid_until"), name=name)


def expired(configuration: Configuration, places: Places, today: date) -> Iterator[Problem]:
    """CON005: nobody is put through to that contact any more."""
    for name, contact in configuration.contacts.items():
        if contact.valid_until and contact.valid_until < today:
            place = places.value_at("contacts", name, "valid_until")
            yield Problem.of("CON005", place, name=name, day=contact.valid_until)
