"""What one value cannot know: does what it names exist, and do all parts make a hotline together.

`check_references` may be given a configuration without its invalid entries; `check_whole` judges the sum, so
it is asked only when nothing is wrong with the parts. Both return problems and raise nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import available_timezones

from holidays import list_supported_countries
from phonenumbers import SUPPORTED_REGIONS

from ivr.config import announcing, check_calls, check_contacts, check_menu, check_prompts, lending
from ivr.config.menu_graph import takes_orders
from ivr.config.model import Configuration
from ivr.config.places import Places
from ivr.config.problems import Problem, Severity, did_you_mean

Check = Callable[[Configuration, Places], Iterator[Problem]]


def check_references(configuration: Configuration, places: Places) -> tuple[Problem, ...]:
    """Names that nothing has, entries that contradict themselves, and circles without a way out."""
    return _run(_REFERENCES, configuration, places)


def check_whole(configuration: Configuration, places: Places) -> tuple[Problem, ...]:
    """What nothing uses: nodes no call comes to, queues without agents, prompts never played."""
    return _run(_WHOLE, configuration, places)


def _run(checks: tuple[Check, ...], configuration: Configuration, places: Places) -> tuple[Problem, ...]:
    return tuple(problem for check in checks for problem in check(configuration, places))


def _queues(configuration: Configuration, places: Places) -> Iterator[Problem]:
    for name, queue in configuration.queues.items():
        if not places.has("structures", queue.structure):
            place = places.value_at("queues", name, "structure")
            hint = did_you_mean(queue.structure, configuration.structures)
            yield Problem("QUE001", place, f"there is no structure `{queue.structure}`", hint)
    for name, node in configuration.menu.nodes.items():
        for field in ("queue", "order"):
            named = getattr(node, field)
            if named and not places.has("queues", named):
                place = places.value_at("menu", "nodes", name, field)
                hint = did_you_mean(named, configuration.queues)
                yield Problem("QUE002", place, f"there is no queue `{named}`", hint)


def _orders(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """ORD001: calls are ordered for a time, and none is offered."""
    if configuration.callback.new_times or not places.is_whole("callback", "new_times"):
        return
    for name in takes_orders(configuration):
        if configuration.queues[name].order.mode == "chosen_time":
            hint = "list them, for example [30m, next_working_day]"
            place = places.value_at("queues", name, "order", "mode")
            yield Problem("ORD001", place, "`callback.new_times` offers no time to choose", hint)


def _offers(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """ORD002: a call is offered for a wait only that nobody is let to wait."""
    for name in takes_orders(configuration):
        queue = configuration.queues[name]
        over, most = queue.order.over, queue.max_wait
        if over is not None and over > most and places.is_whole("queues", name):
            place, limit = (
                places.value_at("queues", name, *path) for path in (("order", "over"), ("max_wait",))
            )
            message = f"a call is offered for a wait over {over:g} s, and nobody waits longer than {most:g} s"
            hint = f"give a time no longer than `max_wait`, which is at {limit}"
            yield Problem("ORD002", place, message, hint, Severity.WARNING, earlier=limit)


def _agents(configuration: Configuration, places: Places) -> Iterator[Problem]:
    own = {configuration.hotline.number, *configuration.hotline.delivered}
    for account, agent in configuration.agents.items():
        if account in own:
            hint = "give the agent another account"
            place = places.at("agents", account)
            yield Problem("AGT002", place, f"{account} is already a number of the hotline", hint)
        for position, queue in enumerate(agent.queues):
            place = places.at("agents", account, "queues", position)
            if not places.has("queues", queue):
                hint = did_you_mean(queue, configuration.queues)
                yield Problem("AGT001", place, f"there is no queue `{queue}`", hint)
            if queue in agent.queues[:position]:
                yield Problem("AGT003", place, f"`{queue}` is in this list twice", "keep one of them")


def _manned_queues(configuration: Configuration, places: Places) -> Iterator[Problem]:
    served = {queue for agent in configuration.agents.values() for queue in agent.queues}
    entered = {node.queue for node in configuration.menu.nodes.values()}
    for name in configuration.queues:
        place = places.at("queues", name)
        if name not in served:
            hint = f"add `{name}` to the queues of an agent"
            yield Problem("QUE003", place, f"no agent serves queue `{name}`", hint, Severity.WARNING)
        if name not in entered:
            hint = f"lead there with a node: `{{queue: {name}}}`"
            yield Problem("QUE004", place, f"no menu node leads to queue `{name}`", hint, Severity.WARNING)


def _digits(configuration: Configuration, places: Places) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name, structure in configuration.structures.items():
        earlier = first.setdefault(structure.digit, name)
        if earlier != name:
            place, before = (places.value_at("structures", each, "digit") for each in (name, earlier))
            message = f"digit {structure.digit} is already that of structure `{earlier}`"
            yield Problem("STR001", place, message, f"first used at {before}", earlier=before)


def _structures_served(configuration: Configuration, places: Places) -> Iterator[Problem]:
    owning = {queue.structure for queue in configuration.queues.values()}
    for name in configuration.structures.keys() - owning:
        hint = f"add a queue with `structure: {name}`"
        place = places.at("structures", name)
        yield Problem("STR002", place, f"structure `{name}` has no queue", hint, Severity.WARNING)


def _hotline(configuration: Configuration, places: Places) -> Iterator[Problem]:
    hotline = configuration.hotline
    if hotline.time_zone not in available_timezones():
        hint = did_you_mean(hotline.time_zone, available_timezones())
        place = places.value_at("hotline", "time_zone")
        yield Problem("HOT001", place, f"there is no time zone `{hotline.time_zone}`", hint)
    if hotline.country not in SUPPORTED_REGIONS or hotline.country not in list_supported_countries():
        place = places.value_at("hotline", "country")
        message = f"neither numbers nor holidays of country `{hotline.country}` are known"
        yield Problem("HOT002", place, message, "write the two letters of ISO 3166, for example AZ")
    for position, language in enumerate(hotline.languages):
        if language in hotline.languages[:position]:
            place = places.at("hotline", "languages", position)
            yield Problem("HOT003", place, f"`{language}` is in this list twice", "keep one of them")
    is_one = len(hotline.languages) == 1 and places.is_whole("hotline", "languages")
    if hotline.remember_language and is_one:
        place = places.value_at("hotline", "remember_language")
        hint = "leave it out: it has each call wait for Python"
        yield Problem("HOT005", place, "there is one language only to remember", hint, Severity.WARNING)
    is_unnamed = not hotline.own_numbers and places.is_whole("hotline", "own_numbers")
    if configuration.callback.enabled and is_unnamed:
        hint = 'list your published numbers, for example `own_numbers: ["+994123102800"]`'
        message = "no number of your own is named: a call from your switchboard would be called back"
        yield Problem("HOT006", places.at("hotline"), message, hint, Severity.WARNING)
    if hotline.number not in hotline.delivered and places.is_whole("hotline", "delivered"):
        place = places.at("hotline", "delivered")
        hint = f'add `"{hotline.number}": …` with the node where its calls begin'
        yield Problem("HOT004", place, f"{hotline.number} itself leads nowhere", hint)


def _servers(configuration: Configuration, places: Places) -> Iterator[Problem]:
    first: dict[tuple[str, int], str] = {}
    for name, server in configuration.servers.items():
        doors = {
            "ami_port": (server.ami_host, server.ami_port),
            "agi_port": (server.agi_host, server.agi_port),
        }
        for field, door in doors.items():
            host_at = places.value_at("servers", name, field.replace("port", "host"))
            if door[0] == "0.0.0.0" or door[0].startswith("["):
                message = f"Asterisk and the service cannot meet at {door[0]}"
                hint = "write 127.0.0.1, or the one IPv4 address at which they do"
                yield Problem("SRV003", host_at, message, hint)
            elif field == "agi_port" and door[0] != "localhost" and not door[0].startswith("127."):
                message = f"FastAGI at {door[0]} is open to other machines"
                hint = f"write 127.0.0.1, or let a firewall keep all but Asterisk from port {door[1]}"
                yield Problem("SRV004", host_at, message, hint, Severity.WARNING)
            earlier = first.setdefault(door, f"{name}.{field}")
            if earlier != f"{name}.{field}":
                message = f"{door[0]}:{door[1]} is already `{earlier}`"
                place = places.value_at("servers", name, field)
                before = places.value_at("servers", *earlier.split("."))
                hint = f"see {before}; give each an address or port of its own"
                yield Problem("SRV001", place, message, hint, earlier=before)


def shared_file(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """SRV002, where the database is a SQLite file: each server has its dialer, and such a file is for one."""
    if (count := len(configuration.servers)) > 1:
        second = list(configuration.servers)[1]
        message = f"{count} servers have a dialer each, and a SQLite file is for one"
        hint = "set HOTLINE_DATABASE_URL to a PostgreSQL database, such as postgresql://user@host/hotline"
        yield Problem("SRV002", places.at("servers", second), message, hint)


_REFERENCES: tuple[Check, ...] = (
    _hotline,
    _servers,
    _queues,
    _orders,
    _offers,
    _digits,
    _agents,
    lending.check,
    announcing.places_only_fall,
    announcing.numbers,
    check_menu.targets,
    check_menu.names,
    check_menu.languages,
    check_menu.circles,
    check_calls.schedules,
    check_calls.hours,
    check_calls.blocked,
    check_calls.trunks,
    check_calls.trunk_overlaps,
    check_calls.callback,
    check_calls.dialling,
    check_calls.retention,
    check_contacts.named,
    check_contacts.contacts,
    check_prompts.said,
    check_prompts.texts,
    check_prompts.reserved_are_there,
)
_WHOLE: tuple[Check, ...] = (
    _manned_queues,
    _structures_served,
    check_menu.reach,
    check_menu.ways_back,
    check_calls.unused_schedules,
    check_prompts.unused,
    check_prompts.long_texts,
)
