"""A whole hotline in a folder: a lab Asterisk with a rendered configuration on ports of its own.

`House.open` copies the YAML, changes what the test wants changed, renders, links the prompts in and starts
Asterisk. The demo, `make run` and every lab test live in one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import shutil
import socket
import struct
import tempfile
import wave
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from itertools import islice
from math import pi, sin
from pathlib import Path
from typing import Any, Self

import yaml

from dialplan.compiler import write
from ivr.asterisk.secrets import FOLDER, make_missing, read_secret
from ivr.config.loading import configuration_of
from ivr.config.model import Configuration
from ivr.config.yaml_nodes import Document
from ivr.sounds.prompts import PromptFile, needed
from ivr.sounds.synthesis import NOTES, build, outdated
from tests.lab.asterisk import Asterisk, installation
from tests.lab.clock import SettableClock
from tests.lab.lab_files import Lab, files
from tests.loading import load_or_fail

REPOSITORY = Path(__file__).resolve().parents[2]
_SOUNDS = REPOSITORY / ".lab" / "sounds"
"""Built prompts, a folder for each set of texts, kept between houses."""
LOOPBACK = "127.0.0.1"
_PORTS = range(10000, 20000)
Changes = Mapping[str, Any]
"""Dotted paths into the YAML and their new values; None removes: `{"queues.dvx.max_wait": "3s"}`."""


class House:
    """A running hotline's addresses and folders."""

    def __init__(
        self,
        folder: Path,
        ports: list[int],
        run_folder: Path,
        today: date,
        clock: SettableClock | None = None,
        runs_as: int | None = None,
    ) -> None:
        self.folder = folder
        self.config = folder / "config"
        """The YAML as changed for this house."""
        self.etc = folder / "etc"
        """Asterisk's configuration folder."""
        self.sip = (LOOPBACK, ports[0])
        self._trunk_port = ports[1]
        self._run_folder = run_folder
        self._today = today
        self._runs_as = runs_as
        self.asterisk = Asterisk(self.etc, clock, runs_as)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        folder: Path,
        config: Path = REPOSITORY / "config",
        changes: Changes | None = None,
        today: date | None = None,
        clock: SettableClock | None = None,
        runs_as: int | None = None,
        draws: bool = False,
    ) -> AsyncIterator[Self]:
        """A hotline running in `folder`, stopped at the end. `today`: from its year on holidays are known.

        `clock`: Asterisk's, if it is another than the machine's. `runs_as`: Asterisk's user and group id,
        to whom its folders then belong, as on Debian. `draws`: surveys of some callers stay; else no call
        here is longer or shorter by chance.
        """
        folder = folder.resolve()
        run_folder = Path(tempfile.mkdtemp(prefix="hotline-"))
        ports = free_ports(5)
        house = cls(folder, ports, run_folder, today or date.today(), clock, runs_as)
        try:
            house._furnish(config, changes or {}, ports[2:], draws)
            house.render()
            house.give_to_asterisk()
            await house.asterisk.start()
            yield house
        finally:
            await house.asterisk.stop()
            shutil.rmtree(run_folder, ignore_errors=True)

    @property
    def ami(self) -> tuple[str, int]:
        """Host and port of the AMI."""
        server = self._configuration.servers["main"]
        return server.ami_host, server.ami_port

    @property
    def agi_port(self) -> int:
        """Where the dialplan expects FastAGI; nothing listens there until somebody does."""
        return self._configuration.servers["main"].agi_port

    @property
    def exchange(self) -> tuple[str, int]:
        """Where the far side of the trunk must listen."""
        host, _, port = next(iter(self._configuration.trunks.values())).server.partition(":")
        return host, int(port)

    @property
    def queue_log(self) -> Path:
        """Asterisk's queue_log."""
        return self.folder / "log" / "queue_log"

    @property
    def messages(self) -> Path:
        """Asterisk's log of notices, warnings and errors."""
        return self.folder / "log" / "messages"

    @property
    def sounds(self) -> Path:
        """The built prompts: `<language>/hotline/<name>.wav`."""
        return self.folder / "data" / "sounds"

    def own_sounds(self) -> None:
        """Give the house built prompts of its own, so that `prompts build` changes those of no other."""
        shared = self.sounds.resolve()
        self.sounds.unlink()
        shutil.copytree(shared, self.sounds, copy_function=os.link)

    @property
    def recordings(self) -> Path:
        """Where recorded talks are."""
        return self.folder / "recordings"

    def secret(self, user: str) -> str:
        """Secret of an AMI user or password of an agent's SIP account."""
        return read_secret(self.etc / FOLDER, user)

    async def kill(self) -> None:
        """Asterisk dies without a word."""
        await self.asterisk.kill()

    async def restart(self) -> None:
        """Asterisk starts again, after `kill` or by a stop."""
        await self.asterisk.stop()
        await self.asterisk.start()

    async def reload(self, changes: Changes) -> None:
        """Change the YAML, render again and reload, as an admin without `config apply` would."""
        change(self.config, changes)
        self.render()
        await self.asterisk.console("module reload")

    def render(self) -> None:
        """Compile the YAML into Asterisk's folder."""
        lab = Lab(
            *self.sip,
            self._trunk_port,
            str(self.folder),
            str(self._run_folder),
            str(installation().modules),
            str(self.folder / "data"),
        )
        write(load_or_fail(self.config), self.etc, "main", self._today)
        make_missing(self.etc / FOLDER, self._configuration.agents, "password")
        for name, text in files(self._configuration, lab).items():
            (self.etc / name).write_text(text, encoding="utf-8")

    @property
    def _configuration(self) -> Configuration:
        return configuration_of(load_or_fail(self.config))

    def give_to_asterisk(self) -> None:
        """Everything here belongs to Asterisk's user, where that is another one."""
        if self._runs_as is None:
            return
        for folder in (self.folder, self._run_folder):
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self._runs_as, self._runs_as, follow_symlinks=False)
        self.etc.chmod(0o750)

    def _furnish(self, config: Path, changes: Changes, ports: list[int], draws: bool) -> None:
        for name in ("etc", "lib", "spool", "log", "agi", "recordings", "data/moh"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copytree(config, self.config, dirs_exist_ok=True)
        ami, agi, exchange = ports
        configuration = configuration_of(load_or_fail(config))
        trunk, *others = configuration.trunks
        own = {
            **{f"servers.{name}": None for name in configuration.servers if name != "main"},
            **_of_other_trunks(others, exchange),
            "servers.main.ami_port": ami,
            "servers.main.agi_port": agi,
            "servers.main.recordings": str(self.recordings),
            "servers.main.queue_log": str(self.queue_log),
            f"trunks.{trunk}.server": f"{LOOPBACK}:{exchange}",
            f"trunks.{trunk}.match": ["127.0.0.0/16" if others else "127.0.0.0/8"],
            f"trunks.{trunk}.codec": "ulaw",
        }
        drawn = [
            name
            for name, queue in configuration.queues.items()
            if not draws and queue.survey and queue.survey.share < 100
        ]
        change(self.config, {**own, **{f"queues.{name}.survey": None for name in drawn}, **changes})
        sounds = _built_prompts(self.config)
        links = {"sounds": sounds, "documentation": installation().data / "documentation"}
        for name, target in links.items():
            (self.folder / "data" / name).symlink_to(target.resolve())
        _write_waiting_music(self.folder / "data" / "moh" / "waiting.wav")


def _of_other_trunks(names: Iterable[str], port: int) -> dict[str, Any]:
    """Each at an address of this machine: the lab calls nobody outside."""
    changes: dict[str, Any] = {}
    for number, name in enumerate(names, 1):
        address = f"127.{number}.0.1"
        changes |= {f"trunks.{name}.server": f"{address}:{port}", f"trunks.{name}.match": [address]}
    return changes


def free_ports(count: int) -> list[int]:
    """Ports of loopback nobody listens on now, UDP or TCP; below those the system gives out by itself."""
    candidates = random.sample(_PORTS, len(_PORTS))
    return list(islice((port for port in candidates if _is_free(port)), count))


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                return False
    return True


def change(config: Path, changes: Changes) -> None:
    """Apply dotted changes, each in the file that has most of its path; a new section gets its own file.

    A file that nothing changes stays as it is written, with its comments.
    """
    documents: dict[Path, dict[str, Any]] = {}
    for path in sorted(config.glob("*.yaml")):
        read = Document()
        read.add(path.name, path.read_bytes())
        documents[path] = dict(read.data)
    touched = set()
    for dotted, value in changes.items():
        keys = dotted.split(".")
        path = max(documents, key=lambda path: _known(documents[path], keys), default=config)
        if path == config or not _known(documents[path], keys):
            path = config / f"{keys[0]}.yaml"
        node = documents.setdefault(path, {})
        for key in keys[:-1]:
            if not isinstance(node.get(key), dict):
                node[key] = {}
            node = node[key]
        if value is None:
            node.pop(keys[-1], None)
        else:
            node[keys[-1]] = value
        touched.add(path)
    for path in touched:
        text = yaml.safe_dump(documents[path], allow_unicode=True, sort_keys=False)
        path.write_text(text, encoding="utf-8")


def _known(document: Any, keys: list[str]) -> int:
    """How many of the keys, one within the other, the document has."""
    if not keys or not isinstance(document, dict) or keys[0] not in document:
        return 0
    return 1 + _known(document[keys[0]], keys[1:])


def _built_prompts(config: Path) -> Path:
    """The folder of these prompts, built by the first house that needs them; others wait for it."""
    files = needed(configuration_of(load_or_fail(config)))
    sounds = _SOUNDS / hashlib.sha256(repr(files).encode()).hexdigest()[:12]
    _SOUNDS.mkdir(parents=True, exist_ok=True)
    with (_SOUNDS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not sounds.exists():
            _link_built(files, config, sounds)
        for _ in build(files, config, sounds):
            pass
    return sounds


def _link_built(files: Collection[PromptFile], config: Path, sounds: Path) -> None:
    """Those of the files that another house has built: most houses change a few sentences."""
    notes = {}
    for built in list(_SOUNDS.glob(f"*/{NOTES}")):
        made_from = json.loads(built.read_text())
        for file in set(files) - outdated(files, config, built.parent):
            path = str(file.path)
            if path in made_from and path not in notes:
                (sounds / path).parent.mkdir(parents=True, exist_ok=True)
                (sounds / path).hardlink_to(built.parent / path)
                notes[path] = made_from[path]
    sounds.mkdir(exist_ok=True)
    (sounds / NOTES).write_text(json.dumps(notes))


def _write_waiting_music(path: Path) -> None:
    """Two soft notes in turn: callers in a queue shall hear that the line lives."""
    rate, seconds = 8000, 8
    notes = (440.0, 550.0)
    samples = (
        int(1200 * sin(2 * pi * notes[(i // rate) % 2] * i / rate)) if i % rate < rate // 4 else 0
        for i in range(rate * seconds)
    )
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
