"""What a running Asterisk is asked over the AMI: logins, rights, version, modules, settings, readiness.

Every question is harmless: an action whose right is probed lacks what it would act on, so that Asterisk
refuses it either for the right or for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.asterisk.login import logged_in, settings_of, sounds_folder
from ivr.asterisk.messages import ActionRefused, AmiError, Header, parse_timestamp
from ivr.asterisk.readiness import (
    Needed,
    Send,
    closed_by_hand,
    shortcomings,
    unless_refused,
)
from ivr.asterisk.secrets import SecretMissing
from ivr.asterisk.words import CHANNEL_VARIABLES, EVENT_FILTER
from ivr.config.model import Configuration, Server
from ivr.doctor.findings import Finding, clocks_apart, error, errors, warning, well
from ivr.doctor.sip import phones_and_trunks

ANSWER_WITHIN: Final = 5.0
TESTED_WITH: Final = 22
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

Rights = Mapping[str, tuple[str, str]]
"""AMI user → its read classes and write classes, comma-separated."""


@dataclass(frozen=True)
class House:
    """What is looked at: one server of a configuration, and the folder of its secrets."""

    configuration: Configuration
    server: Server
    secrets: Path
    rights: Rights


async def asterisk(house: House) -> tuple[list[Finding], Path | None]:
    """The findings, and the folder Asterisk plays sounds from, if it told that."""
    found: list[Finding] = []
    sounds = None
    for user in house.rights:
        try:
            async with logged_in(house.server, user, house.secrets, ANSWER_WITHIN) as send:
                found += [well("AMI login", f"{user} is let in")]
                found += await _write_rights(send, user, house.rights)
                if user == READER:
                    found += await _settings(send, house)
                    sounds = await sounds_folder(send)
                elif user == next(iter(house.rights)):  # the recorder: it is what writes the row a minute
                    found += await _readiness(send, house.configuration)
        except SecretMissing as missing:
            found.append(error("AMI login", str(missing), "name the folder with --secrets"))
        except ActionRefused:
            what = f"Asterisk refuses {user}: the secret in {house.secrets} is another, or `permit` bars us"
            found.append(error("AMI login", what, RENDER))
        except (AmiError, OSError, TimeoutError):
            what = f"nobody answers at {house.server.ami_host}:{house.server.ami_port}"
            do = "start Asterisk; else compare `servers` with manager.conf, and its `bindaddr`"
            return [*found, error("Asterisk", what, do)], None
    return found, sounds


async def _write_rights(send: Send, user: str, rights: Rights) -> list[Finding]:
    needed = frozenset(rights[user][1].split(","))
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
    pong = await send({"Action": "Ping"})
    shown = parse_timestamp(pong.headers.get("Timestamp", ""))
    found = [] if shown is None else clocks_apart("clock", "Asterisk's", shown)
    lacking = await shortcomings(send, Needed.of(configuration))
    do = "run `hotline config render` and reload Asterisk; for a trunk, ask the provider"
    return found + errors("readiness", lacking, do, "a call would be answered and queued now")


async def _settings(send: Send, house: House) -> list[Finding]:
    version = (await send({"Action": "CoreSettings"})).headers.get("AsteriskVersion", "")
    found = [well("Asterisk", f"version {version}")]
    if int(f"0{version.partition('.')[0]}") < TESTED_WITH:
        found = [warning("Asterisk", f"version {version}", f"it is tested with {TESTED_WITH}")]
    asked = {name: {"Action": "ModuleCheck", "Module": name} for name in MODULES}
    missing = [name for name in MODULES if await unless_refused(send, asked[name]) is None]
    for name in missing:
        found += [error("modules", f"{name} is not loaded", f"load {name}.so in modules.conf")]
    if not missing:
        found += [well("modules", f"all {len(MODULES)} that are needed are loaded")]
    found += _general(dict(await settings_of(send, "manager.conf", "general")))
    for user, (read, _) in house.rights.items():
        lines = await settings_of(send, "manager.conf", user)
        if ("eventfilter", EVENT_FILTER) not in lines:
            what = f"{user} hears events that a caller's number forges"
            do = f"set `eventfilter = {EVENT_FILTER}` in its section of manager.conf, or {RENDER}"
            found += [error("AMI filter", what, do)]
        has = frozenset(dict(lines).get("read", "").split(","))
        if lacking := frozenset(read.split(",")) - has:
            what = f"{user} does not hear events of {', '.join(sorted(lacking))}"
            found += [error("AMI rights", what, RENDER)]
    for name in await closed_by_hand(send, house.configuration.hours):
        found += [warning("hours", f"{name} is closed by hand", f"to open it: hotline closed {name} --open")]
    return found + await phones_and_trunks(send, house.configuration)


def _general(general: Mapping[str, str]) -> Iterator[Finding]:
    if general.get("timestampevents") == "yes":
        yield well("timestampevents", "events carry Asterisk's own clock")
    else:
        do = "set `timestampevents = yes` in [general] of manager.conf"
        yield error("timestampevents", "events carry no time: waits are known to the second only", do)
    listed = frozenset(general.get("channelvars", "").split(","))
    lacking = [f"events do not carry {name}" for name in sorted(frozenset(CHANNEL_VARIABLES) - listed)]
    yield from errors("channelvars", lacking, RENDER)
