"""The section of `docs/admin.md` on a structure more, followed word by word on a running hotline."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

from typer.testing import CliRunner

from ivr.command.root import app
from tests.admin_page import recipe
from tests.lab.house import REPOSITORY, House


def test_who_follows_the_page_has_a_structure_more_live(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with House.open(tmp_path / "house") as house:
            config = _of_an_admin(house, tmp_path)
            recipe().follow(config)
            for _, _, *words in recipe().commands:
                typed = [
                    str(house.sounds) if word == "/usr/share/asterisk/sounds" else word for word in words
                ]
                said = await asyncio.to_thread(
                    CliRunner().invoke,
                    app,
                    ["--config", str(config), *typed],
                    env={"HOTLINE_ASTERISK": str(house.etc)},
                )
                assert said.exit_code == 0, said.output
            assert (house.sounds / "az" / "hotline" / "customs_menu.wav").is_file()
            assert "Leyla" in await house.asterisk.console("queue show customs")

    asyncio.run(scenario())


def _of_an_admin(house: House, folder: Path) -> Path:
    """The shipped files as they are written, but for the port of this Asterisk; and sounds of its own."""
    config = folder / "config"
    shutil.copytree(REPOSITORY / "config", config)
    hotline = config / "hotline.yaml"
    text = re.sub(r"ami_port: \d+", f"ami_port: {house.ami[1]}", hotline.read_text(encoding="utf-8"))
    hotline.write_text(text, encoding="utf-8")
    built = house.sounds.resolve()
    house.sounds.unlink()
    shutil.copytree(built, house.sounds)
    return config
