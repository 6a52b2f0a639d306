"""A real Asterisk as a child process: found on the machine or in the checkout, started, stopped, killed.

Knows nothing of the hotline; `tests.lab.house` gives it a configuration folder.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.lab.clock import SettableClock

_REPOSITORY = Path(__file__).resolve().parents[2]
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_OLDEST = 22
_READY_SECONDS = 30.0
_STOP_SECONDS = 10.0
PRIVATE_UMASK = 0o027
"""Recordings become 0640: Asterisk makes its files by its umask."""


class AsteriskMissing(Exception):
    """No Asterisk 22 here; the message says how to get one."""


@dataclass(frozen=True)
class Installation:
    """How to run Asterisk, where its modules and data lie, and the configuration its distribution ships."""

    command: tuple[str, ...]
    modules: Path
    data: Path
    defaults: Path


@cache
def installation() -> Installation:
    """The machine's own Asterisk if it is 22 or newer, else the one `make setup` put into the checkout.

    `HOTLINE_ASTERISK_ROOT` names the root of an unpacked one. Raises AsteriskMissing.
    """
    root = Path(os.environ.get("HOTLINE_ASTERISK_ROOT", _REPOSITORY / ".lab" / "asterisk"))
    if (
        "HOTLINE_ASTERISK_ROOT" not in os.environ
        and (own := shutil.which("asterisk"))
        and _version(own) >= _OLDEST
    ):
        return Installation((own,), _machine_modules(), Path("/usr/share/asterisk"), Path("/etc/asterisk"))
    libraries = root / _LIBRARIES
    program = root / "usr/sbin/asterisk"
    if not program.exists():
        raise AsteriskMissing(f"there is no {program}; run `make setup`")
    path = f"{libraries}:{root / 'lib/x86_64-linux-gnu'}"
    loader = (str(libraries / "ld-linux-x86-64.so.2"), "--library-path", path)
    return Installation(
        (*loader, str(program)),
        libraries / "asterisk/modules",
        root / "usr/share/asterisk",
        root / "etc/asterisk",
    )


def _version(program: str) -> int:
    said = subprocess.run([program, "-V"], capture_output=True, text=True, check=False).stdout
    major = said.removeprefix("Asterisk ").partition(".")[0]
    return int(major) if major.isdigit() else 0


def _machine_modules() -> Path:
    places = (Path("/usr/lib/x86_64-linux-gnu/asterisk/modules"), Path("/usr/lib/asterisk/modules"))
    return next((place for place in places if place.is_dir()), places[0])


class Asterisk:
    """One running Asterisk over the configuration folder `etc`; ended by `stop` or `kill`."""

    def __init__(self, etc: Path, clock: SettableClock | None = None, runs_as: int | None = None) -> None:
        """`clock`: another than the machine's. `runs_as`: the user and group id it gets instead of ours."""
        self._environment = {**os.environ, **(clock.environment if clock else {})}
        self._command = (*installation().command, "-C", str(etc / "asterisk.conf"))
        self._console = etc.parent / "console.txt"
        self._runs_as = runs_as
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Process id of the running Asterisk."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it is up; RuntimeError with its last words if it ends instead."""
        with self._console.open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                "-f",
                "-n",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                umask=PRIVATE_UMASK,
                env=self._environment,
                user=self._runs_as,
                group=self._runs_as,
                extra_groups=None if self._runs_as is None else (),
            )
        async with asyncio.timeout(_READY_SECONDS):
            while "fully booted" not in await self.console("core waitfullybooted"):
                if self._process.returncode is not None:
                    raise RuntimeError(
                        f"Asterisk ended at start: {self._console.read_text(errors='replace')[-2000:]}"
                    )
                await asyncio.sleep(0.05)

    async def console(self, command: str) -> str:
        """What Asterisk's own console answers to a command; empty while it is not up."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            "-rx",
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        said, _ = await process.communicate()
        return said.decode("utf-8", "replace")

    async def stop(self) -> None:
        """End it as a service manager does (SIGTERM); SIGKILL if it does not obey."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL: it writes nothing more."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def another_user() -> int | None:
    """The id of a user without any rights, if we may start Asterisk as them and they reach it; else None."""
    nobody = 65534
    if os.geteuid() != 0:
        return None
    try:
        command = (*installation().command, "-V")
        subprocess.run(command, user=nobody, group=nobody, extra_groups=(), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return nobody
