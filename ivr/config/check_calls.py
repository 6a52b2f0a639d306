"""Checks of opening hours, trunks and callbacks: what could never open, never be dialled or never be tried.

Called by `ivr.config.crosscheck`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations

import phonenumbers

from ivr.config.callback_rules import Callback, RetryPlan
from ivr.config.hours import clock
from ivr.config.model import Configuration, Trunk
from ivr.config.places import KeyPath, Places
from ivr.config.problems import Problem, Severity, did_you_mean


def schedules(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """HRS001: hours are named that nothing defines."""
    if not configuration.hours and not places.has("hours"):
        # One file is missing, not a schedule for each that names one.
        hint = "give at least the hours of callbacks; `hotline config init` shows some"
        yield Problem("CFG002", places.at(), "the section `hours` is missing", hint)
        return
    for path, schedule in _named(configuration):
        if schedule and not places.has("hours", schedule):
            hint = did_you_mean(schedule, configuration.hours)
            yield Problem("HRS001", places.value_at(*path), f"there are no hours `{schedule}`", hint)


def unused_schedules(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """HRS008: hours that decide nothing."""
    for name in configuration.hours.keys() - {schedule for _, schedule in _named(configuration)}:
        message = f"no queue, menu node or callback has the hours `{name}`"
        hint = f"write `hours: {name}` where they are meant, or delete them"
        yield Problem("HRS008", places.at("hours", name), message, hint, Severity.WARNING)


def _named(configuration: Configuration) -> Iterator[tuple[KeyPath, str | None]]:
    yield ("callback", "hours"), configuration.callback.hours
    for name, queue in configuration.queues.items():
        yield ("queues", name, "hours"), queue.hours
    for name, node in configuration.menu.nodes.items():
        yield ("menu", "nodes", name, "hours"), node.hours


def hours(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """HRS002-HRS005, HRS009: hours that close before they open, never open, or contradict themselves."""
    for name, schedule in configuration.hours.items():
        opening = {day: clock(written) for day, written in schedule.week.items() if written != "closed"}
        special = {day: clock(written) for day, written in schedule.special.items() if written != "closed"}
        spans = {("week", str(day)): span for day, span in opening.items()}
        spans |= {("special", str(day)): span for day, span in special.items()}
        for (field, day), (opens, closes) in spans.items():
            if closes <= opens:
                place = places.value_at("hours", name, field, day)
                hint = "a day ends at 24:00; hours after midnight belong to the next day"
                yield Problem("HRS002", place, f"{day} closes before it opens", hint)
        if not places.is_whole("hours", name):
            continue
        if not opening and not special:
            hint = 'give a day opening hours: `mon: "09:00-18:00"`'
            yield Problem("HRS003", places.at("hours", name), f"`{name}` never opens", hint)
        elif schedule.open_on and "mon" not in opening:
            place = places.at("hours", name, "open_on")
            hint = "give `mon` opening hours: they apply on these days"
            yield Problem(
                "HRS005", place, "days in `open_on` have the hours of Monday, which is closed", hint
            )
        for first, second in (("closed_on", "open_on"), ("closed_on", "special"), ("open_on", "special")):
            for position, date in enumerate(getattr(schedule, first)):
                if date in (there := getattr(schedule, second)):
                    place = places.at("hours", name, first, position)
                    key = str(date) if second == "special" else there.index(date)
                    other = places.at("hours", name, second, key)
                    hint = f"there at {other}; keep one of them"
                    yield Problem("HRS004", place, f"{date} is also in `{second}`", hint, earlier=other)
        for field in ("closed_on", "open_on"):
            dates = getattr(schedule, field)
            for position, date in enumerate(dates):
                if (first := dates.index(date)) < position:
                    place, before = (places.at("hours", name, field, each) for each in (position, first))
                    hint = f"first written at {before}; was another day meant?"
                    yield Problem("HRS009", place, f"{date} is in `{field}` twice", hint, earlier=before)


def blocked(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """BLK001: a prefix blocks the whole country."""
    home = f"+{phonenumbers.country_code_for_region(configuration.hotline.country)}"
    for position, prefix in enumerate(configuration.blocked.numbers if configuration.blocked else []):
        if home.startswith(prefix):
            place = places.at("blocked", "numbers", position)
            yield Problem(
                "BLK001", place, f"{prefix} blocks every caller of the country", "write more digits"
            )


def trunks(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """TRK001-TRK004: prefixes that are never dialled, addresses and endpoints that cannot be told apart."""
    endpoints: dict[str, str] = {}
    country_code = phonenumbers.country_code_for_region(configuration.hotline.country)
    home = f"+{country_code}"
    denied = configuration.callback.deny
    for name, trunk in configuration.trunks.items():
        for position, prefix in enumerate(trunk.carries):
            place = places.at("trunks", name, "carries", position)
            if country_code and not (prefix.startswith(home) or home.startswith(prefix)):
                hint = f"only numbers of {configuration.hotline.country} ({home}) are called back"
                yield Problem("TRK001", place, f"{prefix} is never dialled", hint)
            elif any(prefix.startswith(each) for each in denied):
                hint = "take it out of `callback.deny` or out of `carries`"
                yield Problem("TRK002", place, f"{prefix} is denied by `callback.deny`", hint)
        for position, network in enumerate(trunk.match):
            if _network(network) is None:
                place = places.at("trunks", name, "match", position)
                yield Problem("TRK003", place, f"{network} is no network", "write it like 192.0.2.0/24")
        earlier = endpoints.setdefault(trunk.endpoint, name)
        if earlier != name:
            place = places.value_at("trunks", name, "endpoint")
            message = f"endpoint `{trunk.endpoint}` is already that of trunk `{earlier}`"
            before = places.value_at("trunks", earlier, "endpoint")
            hint = f"first used at {before}; give each trunk an endpoint of its own"
            yield Problem("TRK004", place, message, hint, earlier=before)


def trunk_overlaps(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """TRK005: two trunks take the calls of one address, or carry one prefix."""
    for (earlier, first), (name, trunk) in combinations(configuration.trunks.items(), 2):
        if trunk.endpoint == first.endpoint:
            continue  # one trunk written twice, which TRK004 tells
        field = "match" if trunk.match else "server"
        for position, network in enumerate(_sources(trunk)):
            both = network and any(other and _meet(network, other) for other in _sources(first))
            if both:
                place = places.value_at("trunks", name, field, *([position] if trunk.match else []))
                before = places.value_at("trunks", earlier, "match" if first.match else "server")
                message = f"calls from {network} are also those of trunk `{earlier}`"
                hint = f"see {before}; give `match` the addresses of this trunk alone"
                yield Problem("TRK005", place, message, hint, earlier=before)
        for position, prefix in enumerate(trunk.carries):
            if prefix in first.carries:
                place = places.at("trunks", name, "carries", position)
                before = places.at("trunks", earlier, "carries", first.carries.index(prefix))
                message = f"{prefix} is already carried by trunk `{earlier}`, which always takes it"
                hint = f"first written at {before}; give it a longer prefix, or take it out of one"
                yield Problem("TRK005", place, message, hint, earlier=before)


def callback(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CBK002-CBK005: outcomes without a plan, doubled outcomes, nobody left to call or to call with."""
    plan = configuration.callback
    for outcome in RetryPlan.model_fields:
        if not getattr(plan.retry, outcome) and places.is_whole("callback", "retry", outcome):
            place = places.at("callback", "retry", outcome)
            hint = "give at least one delay, for example [10m]"
            yield Problem("CBK002", place, f"no delay is given after `{outcome}`", hint)
    for position, outcome in enumerate(plan.outcomes):
        if outcome in plan.outcomes[:position]:
            place = places.at("callback", "for", position)
            yield Problem("CBK003", place, f"`{outcome}` is in this list twice", "keep one of them")
    if plan.enabled:
        yield from _nobody_to_call(plan, places)
        yield from _nobody_to_call_with(configuration, places)


def _nobody_to_call(plan: Callback, places: Places) -> Iterator[Problem]:
    for field, given in (("for", plan.outcomes), ("kinds", plan.kinds)):
        if not given:
            hint = "to switch callbacks off, write `enabled: false`"
            place = places.at("callback", field)
            if places.is_whole("callback"):
                yield Problem("CBK004", place, f"`{field}` is empty: nobody is ever called back", hint)


def _nobody_to_call_with(configuration: Configuration, places: Places) -> Iterator[Problem]:
    for name, queue in configuration.queues.items():
        reserve = configuration.callback.reserve if queue.reserve is None else queue.reserve
        serving = sum(name in agent.queues for agent in configuration.agents.values())
        if 0 < serving <= reserve and all(map(places.is_whole, ("agents", "callback", "queues"))):
            place = places.at("queues", name, "reserve")
            agents = "1 agent" if serving == 1 else f"{serving} agents"
            message = f"`{name}` has {agents} and keeps {reserve} back: it never calls anybody back"
            hint = f"give it `reserve: {serving - 1}`, or more agents"
            yield Problem("CBK005", place, message, hint, Severity.WARNING)


def dialling(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """CBK001: callbacks are on, and no trunk may dial anybody."""
    carried = {path[1] for path in places.keys if path[:1] == ("trunks",) and path[2:] == ("carries", 0)}
    if configuration.callback.enabled and not carried:
        hint = 'give a trunk its prefixes: `carries: ["+994"]`; or write `enabled: false`'
        place = places.at("callback")
        yield Problem("CBK001", place, "no trunk carries any number, so nobody can be called back", hint)


def retention(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """RET001: records would be deleted before their numbers are made nameless."""
    for kind in ("calls", "callbacks"):
        kept = getattr(configuration.retention, kind)
        if kept.records < kept.numbers:
            place = places.value_at("retention", kind, "records")
            hint = "give `records` the longer time, or both the same"
            yield Problem("RET001", place, f"{kind} are deleted before their numbers are hashed", hint)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """None for what is a host's name, or nothing at all."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _sources(trunk: Trunk) -> list[IPv4Network | IPv6Network | None]:
    """Where its calls come from."""
    return [_network(each) for each in trunk.match or [trunk.server.partition(":")[0]]]


def _meet(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return one.version == other.version and one.overlaps(other)
