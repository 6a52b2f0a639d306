"""The five steps of `docs/install.md`, typed word by word on an Asterisk without the hotline."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ivr.command.config import starter_folder
from tests.lab.asterisk import another_user, installation
from tests.lab.audio import Sound
from tests.lab.house import REPOSITORY, House
from tests.lab.lab_files import CONTEXT_TRUNK
from tests.lab.phone import Caller
from tests.lab.small import CONFIG, TODAY

PAGE = REPOSITORY / "docs" / "install.md"
UNIT = "hotline.service"
INCLUDING = ("extensions.conf", "queues.conf", "queuerules.conf", "manager.conf")
"""The files that are added to: as Asterisk's distribution ships them."""
THEIR_TRUNK = "\n[from-provider]\nexten => 100,1,Hangup()\n"


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user of the machine may enter, unlike pytest's own."""
    with TemporaryDirectory(prefix="hotline-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_the_steps_bring_the_hotline_to_a_clean_asterisk_of_another_user(reachable: Path) -> None:
    """Root types them; Asterisk runs as a user who may read nothing of root's."""

    async def scenario() -> None:
        changes = {"callback.reserve": 0}
        async with House.open(reachable / "house", CONFIG, changes, TODAY, None, another_user()) as house:
            await _forget_the_hotline(house)
            shutil.copy(starter_folder() / UNIT, house.config)  # as `hotline config init` did
            page = re.sub(
                r"^```sh.*?^```$", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
            )
            *steps, unit, last = re.findall(r"^```\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
            assert len(steps) == 4
            for step in steps:
                await _follow(step, house)
            async with Caller.open("0501000001", house.sip) as phone:
                call = await phone.dial("195")
                await call.heard(Sound.load(house.sounds / "az" / "hotline" / "front.wav", "az"))
            await _follow(unit, house)
            async with _as_systemd_starts_it(house) as log:
                doctor = last.splitlines()[0].removeprefix("$ ")
                async with asyncio.timeout(20.0):
                    while (await _typed(doctor, house))[0]:
                        await asyncio.sleep(0.1)
                await _follow(last, house)
                async with Caller.open("0501000001", house.sip) as phone:
                    call = await phone.dial("195")
                    await call.heard(Sound.load(house.sounds / "az" / "hotline" / "front.wav", "az"))
                assert "agi_session_ended" not in log.read_text()

    asyncio.run(scenario())


@asynccontextmanager
async def _as_systemd_starts_it(house: House) -> AsyncIterator[Path]:
    """The unit's command and environment, once ready; its log. It reports that it lives, and stops."""
    said = (house.folder / "systemd" / UNIT).read_text(encoding="utf-8")
    unit: dict[str, list[str]] = {}
    for name, value in re.findall(r"(?m)^(\w+)=(.*)$", _here(said, house)):
        unit.setdefault(name, []).append(value)
    (folder,), log = unit["WorkingDirectory"], house.folder / "service.log"
    Path(folder).mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, log.open("wb") as output:
        systemd.bind(f"{folder}/notify")
        systemd.settimeout(30.0)
        process = await asyncio.create_subprocess_exec(
            *shlex.split(unit["ExecStart"][0]),
            cwd=folder,
            env={
                **_ours(house),
                **dict(setting.split("=", 1) for setting in unit["Environment"]),
                "NOTIFY_SOCKET": f"{folder}/notify",
                "WATCHDOG_USEC": "1000000",
            },
            stdout=output,
            stderr=output,
        )
        try:
            assert await asyncio.to_thread(systemd.recv, 100) == b"READY=1", log.read_text()
            assert await asyncio.to_thread(systemd.recv, 100) == b"WATCHDOG=1"
            yield log
            process.terminate()
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _forget_the_hotline(house: House) -> None:
    """What is left is an Asterisk with a trunk, agents' phones and the distribution's own files."""
    shutil.rmtree(house.etc / "hotline")
    (house.etc / "secrets.d").rename(house.etc / "phones.d")
    for name in INCLUDING:
        shutil.copyfile(installation().defaults / name, house.etc / name)
    shutil.copytree(installation().defaults / "manager.d", house.etc / "manager.d")
    manager, extensions = house.etc / "manager.conf", house.etc / "extensions.conf"
    listening = {r"enabled = \w+": "enabled = yes", r"port = \d+": f"port = {house.ami[1]}"}
    for setting, ours in listening.items():
        manager.write_text(re.sub(f"(?m)^{setting}", ours, manager.read_text()))
    extensions.write_text(extensions.read_text() + THEIR_TRUNK)
    pjsip = house.etc / "pjsip.conf"
    theirs = pjsip.read_text().replace("secrets.d/", "phones.d/")
    pjsip.write_text(theirs.replace(f"context = {CONTEXT_TRUNK}", "context = from-provider"))
    house.give_to_asterisk()
    await house.restart()
    assert "hotline" not in await house.asterisk.console("dialplan show")


async def _follow(step: str, house: House) -> None:
    """Type each `$ command`; each line below it must be said, `…` standing for anything."""
    for typed in step.removeprefix("$ ").split("\n$ "):
        command, *expected = typed.strip().splitlines()
        status, said = await _typed(command, house)
        assert status == 0, f"{command}: {said}"
        for line in expected:
            pattern = ".*".join(map(re.escape, _here(line, house).split("…")))
            assert re.search(pattern, said), f"{command}: no {line!r} in {said}"


def _ours(house: House) -> dict[str, str]:
    """The environment of what is typed: this house's Asterisk, and programs that change no user or unit."""
    programs = house.folder / "bin"
    words = " ".join([*installation().command, "-C", str(house.etc / "asterisk.conf")])
    if not programs.is_dir():
        programs.mkdir()
        (house.folder / "systemd").mkdir()
        does = {
            "asterisk": f'exec {words} "$@"',
            "useradd": "true",
            "chown": "true",
            "systemctl": "true",
            "runuser": 'shift 3; exec "$@"',
        }
        for name, line in does.items():
            (programs / name).write_text(f"#!/bin/sh\n{line}\n")
            (programs / name).chmod(0o755)
    path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOTLINE_ASTERISK": str(house.etc)}


async def _typed(command: str, house: House) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        _here(command, house),
        env=_ours(house),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


def _here(text: str, house: House) -> str:
    """The page's folders as they are in this house."""
    here = {
        "/etc/asterisk": house.etc,
        "/etc/hotline": house.config,
        "/etc/systemd/system": house.folder / "systemd",
        "/var/lib/hotline": house.folder / "state",
        "/usr/share/asterisk/sounds": house.sounds,
    }
    return re.sub("|".join(here), lambda there: str(here[there[0]]), text)
