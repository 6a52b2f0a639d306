"""What a running Asterisk is asked over the AMI: logins, rights, version, modules, settings, readiness.

Every question is harmless: an action whose right is probed lacks what it would act on, so that Asterisk
refuses it either for the right or for that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.asterisk.actions import ActionRefused, AmiError, Header
from ivr.asterisk.closing import closed_by_hand
from ivr.asterisk.connection import utc_now
from ivr.asterisk.events import parse_timestamp
from ivr.asterisk.login import logged_in
from ivr.asterisk.readiness import Needed, Send, shortcomings
from ivr.asterisk.secrets import SecretMissing
from ivr.asterisk.words import CHANNEL_VARIABLES, EVENT_FILTER
from ivr.config.model import Configuration, Server
from ivr.doctor.findings import Finding, error, warning, well
from ivr.doctor.sip import phones_and_trunks

ANSWER_WITHIN: Final = 5.0
TESTED_WITH: Final = 22
CLOCKS_AGREE_WITHIN: Final = 2.0
"""Seconds; the recorder takes a larger step of Asterisk's clock for one."""
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
                found += [finding async for finding in _write_rights(send, user, house.rights)]
                if user == READER:
                    found += [finding async for finding in _settings(send, house)]
                    sounds = await sounds_folder(send)
                else:
                    found += [finding async for finding in _readiness(send, user, house)]
        except SecretMissing as missing:
            found.append(error("AMI login", str(missing), "name the folder with --secrets"))
        except ActionRefused:
            what = f"Asterisk refuses {user}: the secret in {house.secrets} is another, or `permit` bars us"
            found.append(error("AMI login", what, RENDER))
        except (AmiError, OSError, TimeoutError):
            where = f"{house.server.ami_host}:{house.server.ami_port}"
            what = f"nobody answers at {where}"
            do = "start Asterisk; else compare `servers` with manager.conf, and its `bindaddr`"
            return [*found, error("Asterisk", what, do)], None
    return found, sounds


async def _write_rights(send: Send, user: str, rights: Rights) -> AsyncIterator[Finding]:
    needed = frozenset(rights[user][1].split(","))
    held = {right for right, action in PROBES.items() if await _may(send, action)}
    for right in sorted(needed - held):
        yield error("AMI rights", f"{user} may not `{right}`", RENDER)
    for right in sorted(held & DANGEROUS - needed):
        yield error("AMI rights", f"{user} may `{right}`, which it never needs", RENDER)


async def _may(send: Send, action: Mapping[str, Header]) -> bool:
    try:
        await send(action)
    except ActionRefused as refused:
        return "permission" not in str(refused).lower()
    return True


async def _readiness(send: Send, user: str, house: House) -> AsyncIterator[Finding]:
    """Asked once, as the recorder: it is what writes the row a minute."""
    if user != next(iter(house.rights)):
        return
    pong = await send({"Action": "Ping"})
    if (told := parse_timestamp(pong.headers.get("Timestamp", ""))) is not None:
        apart = abs((told - utc_now()).total_seconds())
        if apart > CLOCKS_AGREE_WITHIN:
            what = f"Asterisk's clock and this machine's are {apart:.0f} s apart"
            yield error("clock", what, "run one time service (chrony) on both machines")
    found = await shortcomings(send, Needed.of(house.configuration))
    for what in found:
        do = "run `hotline config render` and reload Asterisk; for a trunk, ask the provider"
        yield error("readiness", what, do)
    if not found:
        yield well("readiness", "a call would be answered and queued now")


async def _settings(send: Send, house: House) -> AsyncIterator[Finding]:
    version = (await send({"Action": "CoreSettings"})).headers.get("AsteriskVersion", "")
    if int(f"0{version.partition('.')[0]}") < TESTED_WITH:
        yield warning("Asterisk", f"version {version}", f"it is tested with {TESTED_WITH}")
    else:
        yield well("Asterisk", f"version {version}")
    missing = [name for name in MODULES if not await _is_loaded(send, name)]
    for name in missing:
        yield error("modules", f"{name} is not loaded", f"load {name}.so in modules.conf")
    if not missing:
        yield well("modules", f"all {len(MODULES)} that are needed are loaded")
    general = await _category(send, "manager.conf", "general")
    for finding in _general(general):
        yield finding
    for user, (read, _) in house.rights.items():
        lines = await _lines(send, "manager.conf", user)
        if ("eventfilter", EVENT_FILTER) not in lines:
            what = f"{user} hears events that a caller's number forges"
            do = f"set `eventfilter = {EVENT_FILTER}` in its section of manager.conf, or {RENDER}"
            yield error("AMI filter", what, do)
        has = frozenset(dict(lines).get("read", "").split(","))
        if lacking := frozenset(read.split(",")) - has:
            what = f"{user} does not hear events of {', '.join(sorted(lacking))}"
            yield error("AMI rights", what, RENDER)
    for name in await closed_by_hand(send, house.configuration.hours):
        yield warning("hours", f"{name} is closed by hand", f"to open it: hotline closed {name} --open")
    async for finding in phones_and_trunks(send, house.configuration):
        yield finding


def _general(general: Mapping[str, str]) -> Iterator[Finding]:
    if general.get("timestampevents") == "yes":
        yield well("timestampevents", "events carry Asterisk's own clock")
    else:
        do = "set `timestampevents = yes` in [general] of manager.conf"
        yield error("timestampevents", "events carry no time: waits are known to the second only", do)
    listed = frozenset(general.get("channelvars", "").split(","))
    for name in sorted(frozenset(CHANNEL_VARIABLES) - listed):
        yield error("channelvars", f"events do not carry {name}", RENDER)


async def _is_loaded(send: Send, module: str) -> bool:
    try:
        await send({"Action": "ModuleCheck", "Module": module})
    except ActionRefused:
        return False
    return True


async def _category(send: Send, file: str, category: str) -> dict[str, str]:
    """Settings of a file of Asterisk's, as it would read them now; empty if there is no such category."""
    return dict(await _lines(send, file, category))


async def _lines(send: Send, file: str, category: str) -> list[tuple[str, str]]:
    try:
        told = await send({"Action": "GetConfig", "Filename": file, "Category": category})
    except ActionRefused:
        return []
    lines = [name.rpartition("-") for name in told.headers if name.startswith("Line-")]
    # Of several sections of one name all are told, and the first holds.
    first = min((section for section, _, _ in lines), default="")
    return list(_pairs(text for name, text in told.headers.items() if name.startswith(f"{first}-")))


def _pairs(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition("=")
        yield name, value


async def sounds_folder(send: Send) -> Path | None:
    """The folder Asterisk plays sounds from, if it tells that."""
    folder = (await _category(send, "asterisk.conf", "directories")).get("astdatadir")
    return Path(folder, "sounds") if folder else None
