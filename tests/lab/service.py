"""The product as its users run it: the `hotline` command as a process of its own, against a lab house.

Started for the demo, for `make run` and for tests; `broken` plants faults of `tests.lab.faults` in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from ivr.config.loading import configuration_of
from tests.lab.clock import SettableClock
from tests.lab.house import REPOSITORY, House
from tests.loading import load_or_fail

_READY_SECONDS = 30.0
_STOP_SECONDS = 15.0
_LOGINS = ("hotline-recorder", "hotline-dialer")
_CONSOLE_COLUMN = 15
"""`manager show connected` cuts names to this."""


class ServiceFailed(Exception):
    """The `hotline` command ended when it should not have; the message holds its last words."""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str


class HotlineService:
    """`hotline run` over a house's configuration; its database is a SQLite file there, unless given."""

    def __init__(
        self,
        house: House,
        broken: Sequence[str] = (),
        database_url: str = "",
        name: str = "hotline",
        *,
        only: str = "",
        config: Path | None = None,
        clock: SettableClock | None = None,
    ) -> None:
        """`only`: that part of it alone. `config`: a folder other than the house's, with the same queues.

        `clock`: another than the machine's, for its commands too.
        """
        self.house = house
        self._only = only
        self._config = config or house.config
        self._clock = clock
        self._command = _command(broken)
        self.database_url = database_url or f"sqlite:///{house.folder / 'hotline.db'}"
        self.log = house.folder / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls, house: House, broken: Sequence[str] = ()) -> AsyncIterator[Self]:
        """Started and logged in to Asterisk; stopped by SIGTERM at the end."""
        service = cls(house, broken)
        try:
            await service.start()
            yield service
        finally:
            await service.stop()

    async def start(self) -> None:
        """Return once the recorder and the dialer are logged in and AGI listens. Raises ServiceFailed."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                *("--config", str(self._config), "run", *(("--only", self._only) if self._only else ())),
                cwd=REPOSITORY,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            await self.until_ready()
        except ServiceFailed:
            await self.stop()
            raise

    async def until_ready(self) -> None:
        """Return once it is logged in and AGI listens. Raises ServiceFailed."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while not await self._is_ready():
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise ServiceFailed(f"not ready in {_READY_SECONDS:g} s: {self.last_words}") from None

    async def stop(self) -> int | None:
        """End it as a service manager does; its exit status, None if it was never started."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
            except TimeoutError:
                await self.kill()
        return self._process.returncode

    async def kill(self) -> None:
        """SIGKILL: every Python process of the product is dead."""
        assert self._process is not None, "the service was never started"
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def hotline(self, *words: str) -> Said:
        """What another `hotline` command says of this house."""
        process = await asyncio.create_subprocess_exec(
            *_command(""),
            *("--config", str(self.house.config), *words),
            cwd=REPOSITORY,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Said(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    async def export(self, kind: str) -> list[dict[str, Any]]:
        """Rows of `hotline data export KIND`, numbers in full. Raises ServiceFailed."""
        said = await self.hotline("data", "export", kind, "--format", "jsonl", "--full-numbers")
        if said.status:
            raise ServiceFailed(f"export {kind}: {said.err[-2000:]}")
        return [json.loads(line) for line in said.out.splitlines()]

    @property
    def pid(self) -> int:
        """Process id of the running service."""
        assert self._process is not None
        return self._process.pid

    @property
    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    @property
    def environment(self) -> dict[str, str]:
        """What the `hotline` command finds this house's database and secrets by."""
        return {
            **os.environ,
            "HOTLINE_DATABASE_URL": self.database_url,
            "HOTLINE_SPOOL": str(self.log.with_suffix(".spool")),
            "HOTLINE_SECRETS": str(self.house.etc / "secrets.d"),
            "HOTLINE_ASTERISK": str(self.house.etc),
            **(self._clock.environment if self._clock else {}),
        }

    async def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            raise ServiceFailed(f"ended with status {self._process.returncode}: {self.last_words}")
        connected = await self.house.asterisk.console("manager show connected")
        users = [user for user in _LOGINS if self._only in user]
        if not all(user[:_CONSOLE_COLUMN] in connected for user in users):
            return False
        return self._only == "recorder" or await self._agi_listens()

    @cached_property
    def _agi_port(self) -> int:
        return configuration_of(load_or_fail(self._config)).servers["main"].agi_port

    async def _agi_listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._agi_port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True


def _command(broken: Sequence[str]) -> tuple[str, ...]:
    if broken:
        return (sys.executable, "-m", "tests.lab.faults", ",".join(broken))
    return (str(Path(sys.executable).with_name("hotline")),)
