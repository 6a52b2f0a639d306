"""`hotline config …` as an admin types it, against a lab house."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from ivr.command.root import app
from tests.lab.house import House, change
from tests.lab.service import Said


@dataclass(frozen=True)
class Admin:
    """Edits a house's YAML and applies it."""

    house: House

    @property
    def revisions(self) -> Path:
        """Where revisions are kept."""
        return self.house.etc / "hotline-revisions"

    def edit(self, **changes: Any) -> None:
        """Change the YAML; `__` stands for the dot of `tests.lab.house.Changes`."""
        change(self.house.config, {name.replace("__", "."): value for name, value in changes.items()})

    async def hotline(self, *words: str, **environment: str) -> Said:
        """What `hotline config WORDS` says; run here, for starting Python takes longer than an apply."""
        ran = await asyncio.to_thread(
            CliRunner().invoke, app, self._words(*words), env=self._environment | environment
        )
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exc_info
        return Said(ran.exit_code, ran.stdout, ran.stderr)

    async def start(self, program: tuple[str, ...], *words: str) -> asyncio.subprocess.Process:
        """The same by a program of its own, running."""
        return await asyncio.create_subprocess_exec(
            *program,
            *self._words(*words),
            env=os.environ | self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    def _words(self, *words: str) -> list[str]:
        return ["--config", str(self.house.config), "config", *words]

    @property
    def _environment(self) -> dict[str, str]:
        database = f"sqlite:///{self.house.etc.parent / 'hotline.db'}"
        return {"HOTLINE_DATABASE_URL": database, "HOTLINE_ASTERISK": str(self.house.etc)}

    async def report(self, *words: str) -> Any:
        """The JSON document that `hotline config WORDS --json` gives; it must succeed."""
        said = await self.hotline(*words, "--json")
        assert said.status == 0, said
        return json.loads(said.out)

    async def plan(self) -> str:
        """The dialplan as Asterisk runs it."""
        return await self.house.asterisk.console("dialplan show")

    def files(self) -> Mapping[str, str]:
        """What Asterisk would read if it started now."""
        tree = self.house.etc / "hotline"
        return {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("*.conf")}
