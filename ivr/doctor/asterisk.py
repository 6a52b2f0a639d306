"""What a running Asterisk is asked over the AMI: logins, rights, settings, readiness, phones and trunks.

Every question is harmless: an action whose right is probed lacks what it would act on, so that Asterisk
refuses it either for the right or for that. Of phones and trunks it is asked whether a phone's contact can
send calls out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from dialplan.compiler import RIGHTS
from ivr.asterisk import readiness
from ivr.asterisk.messages import ActionRefused, AmiError, AmiEvent, Header, parse_timestamp
from ivr.asterisk.readiness import OLDEST, TESTED_WITH, TOO_OLD, Send
from ivr.asterisk.secrets import SecretMissing
from ivr.asterisk.words import CHANNEL_VARIABLES, CONTEXT_AGENTS, DB_CONTACTS, EVENT_FILTER
from ivr.config.model import Configuration, Server, Trunk
from ivr.doctor.machine import Finding, clocks_apart, error, errors, warning, well
from ivr.queues.contacts import address_of

ANSWER_WITHIN: Final = 5.0
MODULES: Final = (
    "app_dial", "app_exec", "app_mixmonitor", "app_playback", "app_queue", "app_read", "app_stack",
    "app_userevent", "chan_pjsip", "func_callerid", "func_channel", "func_cut", "func_db", "func_devstate",
    "func_dialplan", "func_env", "func_global", "func_logic", "func_sha1", "func_strings", "func_timeout",
    "pbx_config", "res_agi", "res_pjsip_header_funcs",
)  # fmt: skip
"""What the compiled dialplan, FastAGI and the row a minute cannot do without."""
PROBES: Final[Mapping[str, Mapping[str, Header]]] = {
    "originate": {"Action": "Originate"},
    "call": {"Action": "Hangup"},
    "reporting": {"Action": "CoreStatus"},
    "agent": {"Action": "QueuePause"},
    "system": {"Action": "ModuleCheck", "Module": "app_queue"},
    "command": {"Action": "Command"},
    "config": {"Action": "UpdateConfig"},
}
"""Right to write → an action that needs it and, as it stands, does nothing."""
DANGEROUS: Final = frozenset({"originate", "command", "config"})
READER: Final = "hotline-apply"
"""The user whose rights let it see modules and settings."""
RENDER: Final = "run `hotline config render`, then `manager reload` in Asterisk's console"


async def asterisk(
    configuration: Configuration, server: Server, secrets: Path
) -> tuple[list[Finding], Path | None]:
    """The findings about one server, and the folder Asterisk plays sounds from, if it told that."""
    found: list[Finding] = []
    sounds = None
    for user in RIGHTS:
        try:
            async with readiness.logged_in(server, user, secrets, ANSWER_WITHIN) as send:
                found += [well("AMI login", f"{user} is let in")]
                found += await _write_rights(send, user)
                if user == READER:
                    found += await _settings(send, configuration)
                    sounds = await readiness.sounds_folder(send)
                elif user == next(iter(RIGHTS)):  # the recorder: it is what writes the row a minute
                    found += await _readiness(send, configuration)
        except SecretMissing as missing:
            found.append(error("AMI login", str(missing), "name the folder with --secrets"))
        except ActionRefused as refused:
            what = f"Asterisk refuses {user}: {refused}"
            found.append(error("AMI login", f"{what} (another secret in {secrets}? `permit`?)", RENDER))
        except (AmiError, OSError, TimeoutError):
            what = f"nobody answers at {server.ami_host}:{server.ami_port}"
            do = "start Asterisk; else compare `servers` with manager.conf, and its `bindaddr`"
            return [*found, error("Asterisk", what, do)], None
    return found, sounds


async def _write_rights(send: Send, user: str) -> list[Finding]:
    needed = frozenset(RIGHTS[user][1].split(","))
    held = {right for right, action in PROBES.items() if await _may(send, action)}
    lacking = [f"{user} may not `{right}`" for right in sorted(needed - held)]
    spare = [f"{user} may `{right}`, which it never needs" for right in sorted(held & DANGEROUS - needed)]
    return errors("AMI rights", lacking + spare, RENDER)


async def _may(send: Send, action: Mapping[str, Header]) -> bool:
    try:
        await send(action)
    except ActionRefused as refused:
        return "permission" not in str(refused).lower()
    return True


async def _readiness(send: Send, configuration: Configuration) -> list[Finding]:
    shown = parse_timestamp((await send({"Action": "Ping"})).headers.get("Timestamp", ""))
    found = [] if shown is None else clocks_apart("clock", "Asterisk's", shown)
    lacking = await readiness.shortcomings(send, readiness.Needed.of(configuration))
    do = "run `hotline config render` and reload Asterisk; for a trunk, ask the provider"
    return found + errors("readiness", lacking, do, "a call would be answered and queued now")


async def _settings(send: Send, configuration: Configuration) -> list[Finding]:
    version, number = await readiness.version_of(send)
    found = [well("Asterisk", f"version {version}")]
    if number < OLDEST:
        found = [error("Asterisk", f"version {version}: {TOO_OLD}", f"install Asterisk {TESTED_WITH}")]
    elif number < TESTED_WITH:
        found = [warning("Asterisk", f"version {version}", f"it is tested with {TESTED_WITH}")]
    asked = {name: {"Action": "ModuleCheck", "Module": name} for name in MODULES}
    missing = [name for name in MODULES if await readiness.unless_refused(send, asked[name]) is None]
    for name in missing:
        found += [error("modules", f"{name} is not loaded", f"load {name}.so in modules.conf")]
    if not missing:
        found += [well("modules", f"all {len(MODULES)} that are needed are loaded")]
    found += _general(dict(await readiness.settings_of(send, "manager.conf", "general")))
    for user, (read, _) in RIGHTS.items():
        lines = await readiness.settings_of(send, "manager.conf", user)
        if ("eventfilter", EVENT_FILTER) not in lines:
            do = f"set `eventfilter = {EVENT_FILTER}` in its section of manager.conf, or {RENDER}"
            found += [error("AMI filter", f"{user} hears events that a caller's number forges", do)]
        if lacking := {*read.split(",")} - {*dict(lines).get("read", "").split(",")}:
            what = f"{user} does not hear events of {', '.join(sorted(lacking))}"
            found += [error("AMI rights", what, RENDER)]
    for name in await readiness.closed_by_hand(send, configuration.hours):
        found += [warning("hours", f"{name} is closed by hand", f"to open it: hotline closed {name} --open")]
    zone = ZoneInfo(configuration.hotline.time_zone)
    for queue, (name, until) in (await readiness.notices(send, configuration.queues)).items():
        ends = f"{until.astimezone(zone):%Y-%m-%d %H:%M}"
        found += [well("notice", f"{name} is heard before {readiness.heard_before(queue)} until {ends}")]
    return found + await phones_and_trunks(send, configuration)


def _general(general: Mapping[str, str]) -> Iterator[Finding]:
    if general.get("timestampevents") == "yes":
        yield well("timestampevents", "events carry Asterisk's own clock")
    else:
        do = "set `timestampevents = yes` in [general] of manager.conf"
        yield error("timestampevents", "events carry no time: waits are known to the second only", do)
    listed = frozenset(general.get("channelvars", "").split(","))
    lacking = [f"events do not carry {name}" for name in sorted(frozenset(CHANNEL_VARIABLES) - listed)]
    yield from errors("channelvars", lacking, RENDER)


Rows = Sequence[AmiEvent]
"""What Asterisk tells of an endpoint: itself, its aor, auth, transport and contacts."""


async def phones_and_trunks(send: Send, configuration: Configuration) -> list[Finding]:
    """Every finding about agents' endpoints, and about trunks' beside whether they are reachable."""
    phones = {name: await _endpoint(send, name) for name in configuration.agents}
    found = list(_phones(phones))
    is_registered = _values(phones.values(), "ContactsRegistered") - {"0"}
    if is_registered and not (await send({"Action": "DBGetTree", "Family": DB_CONTACTS})).events:
        what = "Asterisk does not keep phones' contacts in its own database: nobody looks whether one is bad"
        found += [error("agents", what, "take the line `contact = …` out of [res_pjsip] in sorcery.conf")]
    for trunk in configuration.trunks.values():
        rows = await _endpoint(send, trunk.endpoint)
        if rows is not None:  # a missing one is found as readiness
            found += _trunk(trunk, rows, _values(phones.values(), "Transport"))
    return found


def _phones(phones: Mapping[str, Rows | None]) -> Iterator[Finding]:
    if phoneless := [name for name, rows in phones.items() if rows is None]:
        do = f"make each an endpoint of that name in pjsip.conf, with `context = {CONTEXT_AGENTS}`"
        yield error("agents", f"Asterisk knows no phone {', '.join(phoneless)}: it never rings", do)
    if loose := [name for name, rows in phones.items() if "false" in _values([rows], "RewriteContact")]:
        what = f"phone {', '.join(loose)} may register any address as its own, the provider's, too"
        yield error("agents", what, "set `rewrite_contact = yes` in its endpoint of pjsip.conf")


def _trunk(trunk: Trunk, rows: Rows, phones: Iterable[str]) -> Iterator[Finding]:
    """`phones`: the transports of agents' endpoints; an empty one is any, the trunk's, too."""
    name, (host, _, port) = trunk.endpoint, address_of(trunk.server).rpartition(":")
    if "NonQualified" in _values([rows], "Status"):
        what = f"nobody asks whether trunk {name} lives: a dead one counts as reachable"
        yield warning("trunk", what, "set `qualify_frequency = 30` in its aor of pjsip.conf")
    own = _values([rows], "Transport") - {"", *phones} if "" not in phones else set()
    if _values([rows], "OutboundAuth") - {""}:
        look = f"asterisk -rx 'pjsip set logger host {host}' (401 or 407 comes after an INVITE)"
        yield well("trunk", f"{name} has a password; if the provider asks cannot be seen from here: {look}")
    elif own:
        from_port = next(iter(_values([rows], "Bind"))).rpartition(":")[2]
        ports = f"th dport {port} th sport != {from_port}"
        rule = f"nft 'add rule inet filter output ip daddr {host} meta l4proto {{ tcp, udp }} {ports} drop'"
        yield well("trunk", f"{name} has its own transport; the firewall cannot be seen from here: {rule}")
    else:
        what = f"calls of agents' phones look to the provider like calls of trunk {name}, if one gets there"
        do = "give it `transport` of its own, and `outbound_auth`, in pjsip.conf (install page, step 4)"
        yield warning("trunk", what, do)


def _values(endpoints: Iterable[Rows | None], header: str) -> set[str]:
    return {row.headers[header] for rows in endpoints for row in rows or () if header in row.headers}


async def _endpoint(send: Send, name: str) -> Rows | None:
    """What Asterisk tells of it; None if there is no such endpoint."""
    shown = await readiness.unless_refused(send, {"Action": "PJSIPShowEndpoint", "Endpoint": name})
    return None if shown is None else shown.events
