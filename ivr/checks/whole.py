"""A folder of YAML files in; the configuration, every problem in it and the place of every value out.

`ivr.config.loading` makes typed values of the files. Here is checked what one value cannot know: first
whether what it names exists (`_REFERENCES`, for a configuration without its invalid entries), then, if
nothing is wrong with the parts, whether they make a hotline together (`_WHOLE`). Checks return problems and
raise nothing. Called by every command and daemon at start; only `load` reads files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import available_timezones

from holidays import list_supported_countries
from phonenumbers import SUPPORTED_REGIONS

from ivr.checks import calls, menu, prompts
from ivr.config import lending
from ivr.config.loading import Loaded, parse, read_folder
from ivr.config.menu_graph import BUILT_IN, takes_orders, written_ways
from ivr.config.model import Configuration
from ivr.config.problems import KeyPath, Places, Problem, errors, in_reading_order
from ivr.config.sections import OPENING_PROMPTS
from ivr.sounds.prompts import reserved

Check = Callable[[Configuration, Places], Iterator[Problem]]


def _names(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """Codes of `_named`: a name that nothing in its section has. PRM008: a prompt needs a number or a time.

    CFG009 instead, where an entry that nothing names shows that they name one that was renamed; a single name
    that is near to another one may as well be misspelt.
    """
    uses: dict[str, list[tuple[str, KeyPath, str]]] = defaultdict(list)
    for code, path, name, section in _named(configuration):
        if name and (section != "hours" or places.has("hours")):  # else CFG002 says once what is missing
            uses[section].append((code, path, name))
    for section, named in uses.items():
        top: KeyPath = ("menu", "nodes") if section == "nodes" else (section,)
        known = configuration.menu.nodes if section == "nodes" else getattr(configuration, section)
        built_in = {*reserved(configuration), *OPENING_PROMPTS} if section == "prompts" else set[str]()
        missing = [use for use in named if not places.has(*top, use[2])]
        unused = known.keys() - {name for _, _, name in named} - built_in
        is_one = len({name for _, _, name in missing}) == len(unused) == 1
        if is_one and (len(missing) > 1 or not get_close_matches(missing[0][2], known)):
            [new], (_, _, old) = unused, missing[0]
            at = ", ".join(sorted(str(places.value_at(*path)) for _, path, _ in missing))
            yield Problem.of("CFG009", places.at(*top, new), new=new, old=old, at=at)
            continue
        for code, path, name in missing:
            place = places.at(*path) if code == "HLP001" else places.value_at(*path)
            if section == "nodes" and name in BUILT_IN:
                yield Problem.of("MENU001.built_in", place, name=name)
            else:
                keys = BUILT_IN if path[-2] == "keys" else frozenset[str]()
                yield Problem.of(code, place, {*known, *keys}, name=name)
        for _, path, name in named:
            prompt = configuration.prompts.get(name) if section == "prompts" else None
            if prompt is not None and (prompt.numbers or name in OPENING_PROMPTS):
                yield Problem.of("PRM008", places.value_at(*path), name=name)


def _named(configuration: Configuration) -> Iterator[tuple[str, KeyPath, str | None, str]]:
    """The code for a mistake, where a name is written, the name, and the section it is of."""
    menu, blocked = configuration.menu, configuration.blocked
    for way in written_ways(configuration):
        if not (way.from_key and way.target in BUILT_IN):
            yield "MENU001", way.path, way.target, "nodes"
    yield "HRS001", ("callback", "hours"), configuration.callback.hours, "hours"
    yield "PRM001", ("blocked", "say"), blocked.say if blocked else None, "prompts"
    for name, queue in configuration.queues.items():
        yield "QUE001", ("queues", name, "structure"), queue.structure, "structures"
        yield "HRS001", ("queues", name, "hours"), queue.hours, "hours"
        for home in queue.helped_by:
            yield "HLP001", ("queues", name, "helped_by", home), home, "queues"
    for name, contact in configuration.contacts.items():
        yield "CON002", ("contacts", name, "structure"), contact.structure, "structures"
    for account, agent in configuration.agents.items():
        for position, name in enumerate(agent.queues):
            yield "AGT001", ("agents", account, "queues", position), name, "queues"
    for which in ("wrong_key", "silence"):
        yield "PRM001", ("menu", which, "say"), getattr(menu, which).say, "prompts"
    for name, node in menu.nodes.items():
        path: KeyPath = ("menu", "nodes", name)
        yield "QUE002", (*path, "queue"), node.queue, "queues"
        yield "QUE002", (*path, "order"), node.order, "queues"
        yield "CON001", (*path, "redirect"), node.redirect, "contacts"
        yield "HRS001", (*path, "hours"), node.hours, "hours"
        for position, prompt in enumerate(node.say):
            yield "PRM001", (*path, "say", position), prompt, "prompts"
        for which in ("wrong_key", "silence"):
            if retry := getattr(node, which):
                yield "PRM001", (*path, which, "say"), retry.say, "prompts"


def where_heard(configuration: Configuration) -> dict[str, list[str]]:
    """Prompt → why the hotline plays it by itself, and the nodes that say it: for a studio's sheet."""
    found = {name: ["outside the hours, before the `closed` node"] for name in OPENING_PROMPTS}
    found |= reserved(configuration)
    for _, path, name, section in _named(configuration):
        if section == "prompts" and name:
            words = [part for part in path if isinstance(part, str) and part not in ("nodes", "say")]
            found.setdefault(name, []).append(".".join(words))
    return found


def _unused(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """QUE003, QUE004, STR002, HRS008, PRM007: queues, structures, hours and prompts that nothing uses."""
    named: dict[str, set[str | None]] = defaultdict(set)
    for code, _, name, _ in _named(configuration):
        named[code].add(name)
    for code, section, used in (
        ("QUE003", "queues", named["AGT001"]),
        ("QUE004", "queues", {node.queue for node in configuration.menu.nodes.values()}),
        ("STR002", "structures", named["QUE001"]),
        ("HRS008", "hours", named["HRS001"]),
        ("PRM007", "prompts", named["PRM001"] | reserved(configuration).keys() | set(OPENING_PROMPTS)),
    ):
        for name in getattr(configuration, section).keys() - used:
            yield Problem.of(code, places.at(section, name), name=name)


def _lists(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """HOT003, AGT003, CBK003: the same twice in a list."""
    lists: list[tuple[str, KeyPath, list[str]]] = [
        ("HOT003", ("hotline", "languages"), [*configuration.hotline.languages]),
        ("CBK003", ("callback", "for"), [*configuration.callback.outcomes]),
    ]
    for account, agent in configuration.agents.items():
        lists.append(("AGT003", ("agents", account, "queues"), agent.queues))
    for code, path, entries in lists:
        for position, entry in enumerate(entries):
            if entry in entries[:position]:
                yield Problem.of(code, places.at(*path, position), name=entry)


def _orders(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """ORD001: a time can be chosen, and none is offered; ORD002: an offer for a longer wait than there is."""
    has_no_times = not configuration.callback.new_times and places.is_whole("callback", "new_times")
    for name in takes_orders(configuration):
        queue = configuration.queues[name]
        if has_no_times and queue.order.mode == "chosen_time":
            yield Problem.of("ORD001", places.value_at("queues", name, "order", "mode"))
        over, most = queue.order.over, queue.max_wait
        if over is not None and over > most and places.is_whole("queues", name):
            limit = places.value_at("queues", name, "max_wait")
            place = places.value_at("queues", name, "order", "over")
            yield Problem.of("ORD002", place, earlier=limit, over=over, most=most)


def _agents(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """AGT002, AGT004: an account that is a number of the hotline; two agents of one name in a queue."""
    own = {configuration.hotline.number, *configuration.hotline.delivered}
    for account in configuration.agents.keys() & own:
        yield Problem.of("AGT002", places.at("agents", account), account=account)
    for (queue, name), accounts in lending.serving(configuration).items():
        first, *others = (places.value_at("agents", account, "name") for account in accounts)
        for place in others:
            yield Problem.of("AGT004", place, earlier=first, name=name, queue=queue)


def _taken(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """TRK004, SRV001: an endpoint, or an address and port, that another entry has already."""
    values: list[tuple[str, KeyPath, str]] = []
    for name, trunk in configuration.trunks.items():
        values.append(("TRK004", ("trunks", name, "endpoint"), trunk.endpoint))
    for name, server in configuration.servers.items():
        values.append(("SRV001", ("servers", name, "ami_port"), f"{server.ami_host}:{server.ami_port}"))
        values.append(("SRV001", ("servers", name, "agi_port"), f"{server.agi_host}:{server.agi_port}"))
    first: dict[tuple[str, str], KeyPath] = {}
    for code, path, value in values:
        if (other := first.setdefault((code, value), path)) != path:
            place, earlier = (places.value_at(*each) for each in (path, other))
            yield Problem.of(code, place, earlier=earlier, value=value, other=other[1], field=other[2])


def _hotline(configuration: Configuration, places: Places) -> Iterator[Problem]:
    hotline = configuration.hotline
    if hotline.time_zone not in (known := available_timezones()):
        yield Problem.of("HOT001", places.value_at("hotline", "time_zone"), known, name=hotline.time_zone)
    if hotline.country not in SUPPORTED_REGIONS or hotline.country not in list_supported_countries():
        yield Problem.of("HOT002", places.value_at("hotline", "country"), name=hotline.country)
    is_one = len(hotline.languages) == 1 and places.is_whole("hotline", "languages")
    if hotline.remember_language and is_one:
        yield Problem.of("HOT005", places.value_at("hotline", "remember_language"))
    is_unnamed = not hotline.own_numbers and places.is_whole("hotline", "own_numbers")
    if configuration.callback.enabled and is_unnamed:
        yield Problem.of("HOT006", places.at("hotline"))
    if hotline.number not in hotline.delivered and places.is_whole("hotline", "delivered"):
        yield Problem.of("HOT004", places.at("hotline", "delivered"), number=hotline.number)


def _servers(configuration: Configuration, places: Places) -> Iterator[Problem]:
    for name, server in configuration.servers.items():
        for kind in ("ami", "agi"):
            host, port = getattr(server, f"{kind}_host"), getattr(server, f"{kind}_port")
            host_at = places.value_at("servers", name, f"{kind}_host")
            if host == "0.0.0.0" or host.startswith("["):
                yield Problem.of("SRV003", host_at, host=host)
            elif kind == "agi" and host != "localhost" and not host.startswith("127."):
                yield Problem.of("SRV004", host_at, host=host, port=port)


def unfit_database(loaded: Loaded, url: str) -> tuple[Problem, ...]:
    """SRV002: each server has its dialer, and a SQLite file is for one; an empty `url` counts as one."""
    servers = [*loaded.configuration.servers] if loaded.configuration else []
    if len(servers) < 2 or (url and not url.startswith("sqlite")):
        return ()
    return (Problem.of("SRV002", loaded.places.at("servers", servers[1]), count=len(servers)),)


_REFERENCES: tuple[Check, ...] = (
    _names,
    _lists,
    _hotline,
    _servers,
    _orders,
    _taken,
    _agents,
    lending.check,
    prompts.places_only_fall,
    prompts.numbers,
    menu.nodes,
    menu.circles,
    calls.hours,
    calls.blocked,
    calls.trunks,
    calls.trunk_overlaps,
    calls.callback,
    calls.dialling,
    calls.retention,
    calls.contacts,
    prompts.texts,
    prompts.reserved_are_there,
)
"""Names that nothing has, entries that contradict themselves, and circles without a way out."""
_WHOLE: tuple[Check, ...] = (
    _unused,
    menu.reach,
    menu.ways_back,
    menu.timeouts,
    calls.callback_hours,
    prompts.heard_badly,
)
"""What nothing uses: nodes no call comes to, queues without agents, prompts never played."""


def load(folder: Path) -> Loaded:
    """Read `*.yaml` of the folder and report every problem in it; it never raises."""
    files, problems = read_folder(folder)
    return load_files(files, problems) if files else Loaded(None, in_reading_order(problems), Places())


def load_files(files: Mapping[str, bytes], problems: Iterable[Problem] = ()) -> Loaded:
    """As `load`, of files already read, by name; `problems` met in reading them come first."""
    parsed = parse(files, problems)
    configuration, places, found = parsed.configuration, parsed.places, parsed.problems
    if configuration is not None:
        found += tuple(problem for check in _REFERENCES for problem in check(configuration, places))
    if configuration is not None and not errors(found):
        found += tuple(problem for check in _WHOLE for problem in check(configuration, places))
    whole = None if errors(found) else configuration
    return replace(parsed, configuration=whole, problems=in_reading_order(found))
