"""What a check found, and what is looked at beside Asterisk.

That is: revisions and prompts on disk, FastAGI server, time zone, database. `ivr.doctor.asterisk` looks at
Asterisk and gives findings of the same kind.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from grp import getgrgid
from pathlib import Path
from typing import Final, Literal

from ivr.asterisk.connection import utc_now
from ivr.asterisk.secrets import SecretMissing, agi_answer, read_secret_file
from ivr.asterisk.words import AGI_CALLBACK_POSITION, FASTAGI_QUESTION, FASTAGI_SECRET
from ivr.base.permissions import is_open_to_others
from ivr.checks.prompts import missing_files
from ivr.checks.whole import load
from ivr.config.loading import Loaded
from ivr.config.model import Configuration, Server
from ivr.revisions.shelf import Shelf
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store, StoreAway, StoreUnfit
from ivr.storage.migrations import require_tables

Level = Literal["ok", "warning", "error"]
CLOCKS_AGREE_WITHIN: Final = 2.0
"""Seconds; the recorder takes a larger step of Asterisk's clock for one."""
_SHOWN: Final = 3
_NONCE: Final = re.compile(re.escape(FASTAGI_QUESTION).replace("%s", "([0-9a-f]+)"))


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` groups findings; `do` is the next step, empty exactly where all is well."""

    check: str
    level: Level
    what: str
    do: str = ""


def well(check: str, what: str) -> Finding:
    """All is as it should be."""
    return Finding(check, "ok", what)


def warning(check: str, what: str, do: str) -> Finding:
    """The hotline works, but not as well as it could."""
    return Finding(check, "warning", what, do)


def error(check: str, what: str, do: str) -> Finding:
    """Something citizens, agents or records need is not there."""
    return Finding(check, "error", what, do)


def errors(check: str, whats: Iterable[str], do: str, otherwise: str = "") -> list[Finding]:
    """One for each of `whats`; where there is none, all is well: `otherwise`, if that is worth a line."""
    all_well = [well(check, otherwise)] if otherwise else []
    return [error(check, what, do) for what in whats] or all_well


def clocks_apart(check: str, whose: str, shown: datetime) -> list[Finding]:
    """An error where that clock, which shows `shown` now, and this machine's are apart."""
    apart = abs((shown - utc_now()).total_seconds())
    if apart <= CLOCKS_AGREE_WITHIN:
        return []
    what = f"{whose} clock and this machine's are {apart:.0f} s apart"
    return [error(check, what, "run one time service (chrony) on both machines")]


def configuration(loaded: Loaded, folder: Path) -> Finding:
    """The YAML as `hotline config check` sees it."""
    do = f"see them: hotline --config {folder} config check"
    if loaded.configuration is None:
        return error("configuration", f"{folder} has mistakes", do)
    if loaded.problems:
        return warning("configuration", f"{folder}: {len(loaded.problems)} warnings", do)
    return well("configuration", f"no problems in {len(loaded.files)} files of {folder}")


def draft(draft: Path, live: Path) -> Iterator[Finding]:
    """A draft beside what is live, if it has mistakes: it hurts nobody before the next apply."""
    if draft != live and load(draft).configuration is None:
        do = f"before the next apply: hotline --config {draft} config check"
        yield warning("draft", f"{draft} has mistakes; what is live goes on", do)


def revisions(shelf: Shelf) -> Finding:
    """What `hotline config apply` put live, or left unverified when it was cut off."""
    try:
        live = shelf.live()
        if shelf.link.is_symlink() and not shelf.is_settled:
            what = f"an apply was cut off, or goes on now: nobody has verified what {shelf.link} holds"
            return warning("revisions", what, "run `hotline config apply` once more, or `config rollback`")
    except OSError as problem:
        return warning("revisions", f"{problem.filename}: {problem.strerror}", "let this user read it")
    return well("revisions", f"revision {live.number} is live" if live else "nothing has been applied so far")


def secrets(folder: Path, asterisk: Path) -> Finding:
    """Asterisk's group reads the secrets, and nobody else; `asterisk` is its configuration folder."""
    try:
        gid = asterisk.stat().st_gid
        paths = (folder, *sorted(folder.iterdir()))
        open_to_all = [path for path in paths if path.stat().st_mode & 0o007]
        of_others = [path for path in paths if path.stat().st_gid != gid]
    except OSError as problem:
        what = f"{problem.filename}: {problem.strerror}"
        return error("secrets", what, f"add this user to the group of {folder}, or name it with --secrets")
    mend = f"chgrp -R {_name(gid)} {folder}; chmod 2750 {folder}; chmod 0640 {folder}/*"
    if open_to_all:
        return error("secrets", f"every user of this machine may read {open_to_all[0]}", mend)
    if of_others:
        what = f"{of_others[0]} is not of the group of {asterisk}: Asterisk may not read it"
        return warning("secrets", what, mend)
    return well("secrets", f"{folder} is for the group {_name(gid)} only")


def _name(gid: int) -> str:
    try:
        return getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def prompts(loaded: Loaded, sounds: Path, recordings: Path | None) -> Finding:
    """Every sentence of the configuration where Asterisk plays it from."""
    assert loaded.configuration is not None
    missing = [
        problem.message.partition(" ")[0]
        for problem in missing_files(loaded.configuration, loaded.places, sounds, recordings)
    ]
    if not missing:
        return well("prompts", f"all are in {sounds}")
    shown = ", ".join(missing[:_SHOWN]) + (" …" if len(missing) > _SHOWN else "")
    do = f"run `hotline prompts build --out {sounds}`"
    return error("prompts", f"{len(missing)} not in {sounds}: {shown}", do)


async def fastagi(server: Server, configuration: Configuration, secrets: Path) -> Finding:
    """A script is asked for as Asterisk does, proof included, and must say a word while a call would wait."""
    try:
        secret = read_secret_file(secrets, FASTAGI_SECRET)
    except SecretMissing as missing:
        what = f"{missing}; until then calls go on without Python"
        return error("FastAGI", what, "then restart the daemon")
    where = f"{server.agi_host}:{server.agi_port}"
    queue = next(iter(configuration.queues), "")
    asked = f"agi_network_script: {AGI_CALLBACK_POSITION}\nagi_uniqueid: doctor\nagi_arg_1: {queue}\n\n"
    said = b""
    try:
        async with asyncio.timeout(server.agi_deadline):
            reader, writer = await asyncio.open_connection(server.agi_host, server.agi_port)
            with closing(writer):
                writer.write(asked.encode())
                question = (await reader.readline()).decode(errors="replace")
                nonce = _NONCE.match(question)
                writer.write(f"{agi_answer(secret, nonce[1] if nonce else '')}\n".encode())
                with suppress(ConnectionResetError):
                    said = await reader.read(1)
    except TimeoutError:
        what = f"{where} says nothing within {server.agi_deadline:g} s: calls go on without their place"
        return error("FastAGI", what, "restart the daemon (`hotline run`); its log says what holds it up")
    except OSError:
        what = f"nobody listens at {where}: callers hear no place, callbacks join at the end"
        return error("FastAGI", what, "start the daemon: hotline run")
    if question and not nonce:
        what = f"{where} asks for no proof: another program, or an older daemon"
        return error("FastAGI", what, "end it, and start the daemon: hotline run")
    if not said:
        what = f"{where} hangs up: the dialer does not know the queues (yet), or has another FastAGI secret"
        do = "look again in a moment; if it stays, restart the daemon"
        return warning("FastAGI", what, do)
    return well("FastAGI", f"{where} answers who proves to be this Asterisk")


def time_zone(zone: str) -> Finding:
    """Asterisk reads the machine's time zone files, and takes UTC without a word where one is missing."""
    folder = Path(os.environ.get("TZDIR", "/usr/share/zoneinfo"))
    if (folder / zone).is_file():
        return well("time zone", f"{zone} is known")
    what = f"{folder / zone} is missing: Asterisk would take opening hours for UTC"
    return error("time zone", what, "install the machine's tzdata")


def database(url: str) -> Finding:
    """Reached, of this version, sound, and of the same time."""
    try:
        with closing(Store(url)) as store:
            require_tables(store)
            store.check()
            apart = clocks_apart("database", "its", store.read(clock_of))
    except StoreUnfit as unfit:
        return error("database", unfit.what, unfit.hint)
    except StoreAway as away:
        do = "start it, make room for it, or set HOTLINE_DATABASE_URL"
        return error("database", f"cannot be reached: {away}", do)
    if apart:
        return apart[0]
    return well("database", f"{store.engine.dialect.name}, with the tables of this version")


def privacy(url: str, paths: Iterable[Path]) -> Finding:
    """SQLite's file and all files at or below the paths hold citizens' numbers: others must not read them."""
    with suppress(StoreUnfit), closing(Store(url)) as store:
        paths = [store.file, *paths] if store.is_sqlite else paths
    exposed = list(filter(_holds_an_open_file, paths))
    if not exposed:
        return well("privacy", "no other user of this machine can read database, revisions or configuration")
    names = " ".join(map(str, exposed))
    do = f"run `chmod -R o= {names}`; Asterisk and the daemon read by their group"
    return warning("privacy", f"every user of this machine can read citizens' numbers in {names}", do)


def _holds_an_open_file(path: Path) -> bool:
    with suppress(OSError):  # where this user may not look, others may not either
        return any(is_open_to_others(each) and each.is_file() for each in (path, *path.rglob("*")))
    return False
