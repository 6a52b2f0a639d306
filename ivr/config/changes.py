"""Two configurations in, sentences out: what a citizen who calls, or is called, would notice of the change.

`hotline config diff` and `apply` print them. What no citizen notices (ports, budgets, agents' names) is left
to the difference of the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from ivr.config.callback_rules import Callback, RetryPlan
from ivr.config.model import Configuration, Hotline, Menu, Node, Retry, Structure
from ivr.config.sections import Blocked, Contact, Hours, Queue

Kind = TypeVar("Kind")
_RETRY: Final = {"wrong_key": "after a wrong key plays", "silence": "after silence plays"}
TOLD: Final[Mapping[type[BaseModel], Mapping[str, str]]] = {
    Hotline: {
        "number": "has the number",
        "languages": "speaks",
        "time_zone": "lives by the clock of",
        "own_numbers": "never calls back",
        "remember_language": "begins in the language chosen last time:",
    },
    Structure: {},
    Menu: _RETRY,
    Node: {
        "say": "says",
        "language": "speaks",
        "hours": "is open in hours",
        "closed": "when closed leads to",
        "wait": "waits for a key for",
        "queue": "joins queue",
        "order": "offers a call from queue",
        "then": "goes on to",
        "redirect": "puts callers through to",
        "otherwise": "if nobody answers there leads to",
        "hangup": "ends the call:",
        **_RETRY,
    },
    Contact: {
        "number": "has the number",
        "valid_from": "is dialled from",
        "valid_until": "is dialled until",
        "ring_for": "rings for",
    },
    Hours: {"holidays": "close on public holidays:"},
    Queue: {
        "max_wait": "keeps callers waiting for at most",
        "on_timeout": "at the end of the wait leads to",
        "hours": "is open in hours",
        "closed": "when closed leads to",
        "at_closing": "at closing time leads who waits to",
        "structure": "belongs to",
        "music": "plays the music",
        "record": "records calls:",
        "survey": "asks for a rating after the talk:",
        "announce_position": "tells callers their place:",
        "announce_every": "tells who is next every",
        "announce_places": "tells who waits their place up to",
        "announce_hold_time": "tells how long the wait has been or will be:",
        "helped_by": "is helped by the agents of",
        "ring_time": "rings each agent for",
        "order": "takes call orders:",
    },
    Callback: {
        "enabled": "are made:",
        "outcomes": "go to calls that ended",
        "wait_over": "go to who waited longer than",
        "hours": "are made in hours",
        "max_age": "are made within",
        "attempts": "are tried at most",
        "ring_for": "ring for",
        "max_hold": "keep the citizen waiting for at most",
        "confirm_times": "ask for key 1 so often:",
        "new_times": "offer as later times",
        "kinds": "go to numbers that are",
        "deny": "never go to",
        "order": "are made in the order",
    },
    RetryPlan: {field: f"after {field.replace('_', ' ')} come again in" for field in RetryPlan.model_fields},
}
"""What each field is to callers; fields that are not here are told otherwise, or noticed by nobody."""
Words = tuple[str, str, str]
"""What is said of a way that is gone, is new, or leads elsewhere."""
_KEY: Final = ("is gone; it led to {old}", "is new and leads to {new}", "leads to {new} instead of {old}")
_CALLS = ("are no longer answered", "are answered and begin in {new}", "begin in {new} instead of {old}")
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


def changes(old: Configuration, new: Configuration) -> list[str]:
    """One sentence for each thing; empty if callers notice nothing."""
    has_callbacks = old.callback.enabled or new.callback.enabled
    return [
        *_fields("the hotline", old.hotline, new.hotline),
        *_ways("calls to", _CALLS, old.hotline.delivered, new.hotline.delivered),
        *_entries("structure", old.structures, new.structures),
        *_fields("the menu", old.menu, new.menu),
        *_nodes(old.menu.nodes, new.menu.nodes),
        *_blocked(old.blocked, new.blocked),
        *_entries("contact", _redirected_to(old), _redirected_to(new)),
        *_prompts(old, new),
        *_hours(old, new),
        *_queues(old, new),
        *(_fields("callbacks", old.callback, new.callback) if has_callbacks else ()),
        *(_fields("callbacks", old.callback.retry, new.callback.retry) if has_callbacks else ()),
    ]


def _fields(subject: str, old: BaseModel, new: BaseModel) -> Iterator[str]:
    for field, what in TOLD[type(new)].items():
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield f"{subject} {what} {_say(after)} instead of {_say(before)}"


def _say(value: Any) -> str:
    """A value of the model as an admin would say it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case None | []:
            return "nothing"
        case float():
            size, unit = next((pair for pair in _UNITS if value and value % pair[0] == 0), (1, "s"))
            return f"{value / size:g} {unit}"
        case list():
            return ", ".join(map(_say, value))
        case Retry():
            return f"{value.say} up to {value.times} times, then {value.then}"
        case dict():
            return ", ".join(f"{key} after {_say(part)}" for key, part in value.items()) or "nothing"
        case BaseModel():
            return "; ".join(f"{name.replace('_', ' ')}: {_say(part)}" for name, part in value)
    return str(value)


def _new_and_gone(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    yield from (f"{what} {name} is new" for name in new if name not in old)
    yield from (f"{what} {name} is gone" for name in old if name not in new)


def _in_both(old: Mapping[str, Kind], new: Mapping[str, Kind]) -> Iterator[tuple[str, Kind, Kind]]:
    return ((name, old[name], value) for name, value in new.items() if name in old)


def _entries(what: str, old: Mapping[str, BaseModel], new: Mapping[str, BaseModel]) -> Iterator[str]:
    yield from _new_and_gone(what, old, new)
    for name, before, after in _in_both(old, new):
        yield from _fields(f"{what} {name}", before, after)


def _nodes(old: Mapping[str, Node], new: Mapping[str, Node]) -> Iterator[str]:
    yield from _new_and_gone("menu node", old, new)
    for name, before, after in _in_both(old, new):
        yield from _ways(f"in {name}, key", _KEY, before.keys or {}, after.keys or {})
        yield from _fields(f"menu node {name}", before, after)


def _ways(subject: str, words: Words, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Each key, or number dialled, that leads elsewhere now."""
    gone, is_new, changed = words
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            says = gone if key not in new else is_new if key not in old else changed
            yield f"{subject} {key} {says.format(old=old.get(key), new=new.get(key))}"


def _blocked(old: Blocked | None, new: Blocked | None) -> Iterator[str]:
    before, after = (set(each.numbers if each else ()) for each in (old, new))
    yield from (f"calls from {number} are blocked" for number in sorted(after - before))
    yield from (f"calls from {number} are let in again" for number in sorted(before - after))


def _redirected_to(configuration: Configuration) -> dict[str, Contact]:
    """The contacts that callers are put through to."""
    named = {node.redirect for node in configuration.menu.nodes.values()}
    return {name: contact for name, contact in configuration.contacts.items() if name in named}


def _prompts(old: Configuration, new: Configuration) -> Iterator[str]:
    for name, before, after in _in_both(old.prompts, new.prompts):
        for language in new.hotline.languages:
            was, now = getattr(before, language), getattr(after, language)
            if was != now:
                yield f"prompt {name} in {language} says “{now}” instead of “{was}”"


def _hours(old: Configuration, new: Configuration) -> Iterator[str]:
    for name, after in new.hours.items():
        before, users = old.hours.get(name), ", ".join(_users(new, name))
        subject = f"hours {name} ({users})"
        if not users:
            continue
        if before is None:
            days = "; ".join(f"{day} {_say(hours)}" for day, hours in after.week.items())
            yield f"{subject} are new: {days}; holidays: {'closed' if after.holidays else 'as usual'}"
            before = Hours(week=after.week, holidays=after.holidays)
        for day in {**before.week, **after.week}:
            if (was := before.week.get(day, "closed")) != (now := after.week.get(day, "closed")):
                yield f"{subject}: {day} {now} instead of {was}"
        yield from _fields(f"{subject}:", before, after)
        yield from _days(subject, before, after)


def _days(subject: str, old: Hours, new: Hours) -> Iterator[str]:
    for field, word in (("closed_on", "closed"), ("open_on", "open")):
        before, after = set(getattr(old, field)), set(getattr(new, field))
        yield from (f"{subject}: {word} on {day}" for day in sorted(after - before))
        yield from (f"{subject}: no longer {word} on {day}" for day in sorted(before - after))
    for day in sorted({**old.special, **new.special}):
        if (was := old.special.get(day, "as usual")) != (now := new.special.get(day, "as usual")):
            yield f"{subject}: {now} on {day} instead of {was}"


def _users(configuration: Configuration, hours: str) -> Iterator[str]:
    """Who is open in those hours."""
    yield from (f"queue {name}" for name, queue in configuration.queues.items() if queue.hours == hours)
    yield from (f"menu {name}" for name, node in configuration.menu.nodes.items() if node.hours == hours)
    if configuration.callback.hours == hours:
        yield "callbacks"


def _queues(old: Configuration, new: Configuration) -> Iterator[str]:
    yield from _new_and_gone("queue", old.queues, new.queues)
    for name, before, after in _in_both(old.queues, new.queues):
        yield from _fields(f"queue {name}", before, after)
        was, now = (sum(name in agent.queues for agent in it.agents.values()) for it in (old, new))
        if was != now:
            yield f"queue {name} has {now} agents instead of {was}"
