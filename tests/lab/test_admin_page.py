"""The section of `docs/admin.md` on a structure more, followed word by word on a running hotline."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typer.testing import CliRunner

from ivr.command.root import app
from tests.admin_page import recipe
from tests.lab.house import House


def test_who_follows_the_page_has_a_structure_more_live_and_takes_it_back(tmp_path: Path) -> None:
    """In the folder that `make run` prints: its untouched copy of `config/` is applied first."""

    async def scenario() -> None:
        async with House.open(tmp_path / "house", draws=True) as house:
            house.own_sounds()

            async def hotline(*words: str) -> str:
                said = await asyncio.to_thread(
                    CliRunner().invoke,
                    app,
                    ["--config", str(house.config), *words],
                    env={"HOTLINE_ASTERISK": str(house.etc)},
                )
                assert said.exit_code == 0, said.output
                return said.output

            await hotline("config", "apply")
            recipe().follow(house.config)
            for _, _, *words in recipe().commands:
                typed = [
                    str(house.sounds) if word == "/usr/share/asterisk/sounds" else word for word in words
                ]
                said = await hotline(*typed)
                assert "config check" not in " ".join(typed) or said.startswith("no problems in ")
            assert (house.sounds / "az" / "hotline" / "customs_menu.wav").is_file()
            assert "Leyla" in await house.asterisk.console("queue show customs")
            assert "revision 3 is live" in await hotline("config", "rollback")
            assert not (house.config / "customs.yaml").exists()

    asyncio.run(scenario())
