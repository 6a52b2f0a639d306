"""A number typed where the menu expects a key is nowhere afterwards; the steps of the call are."""

from __future__ import annotations

import asyncio
import json
import re
from functools import partial
from pathlib import Path

from sqlalchemy import select
from typer.testing import CliRunner

from ivr.command.root import app
from ivr.storage.schema.recorded import calls
from tests.lab.phone import Caller
from tests.lab.recorded import recorded_house
from tests.lab.small import CITIZEN, OPEN, until
from tests.lab.test_nothing_leaks import all_files

TYPED = "559134478"
"""To the menu: two wrong keys, English, the ministry, more, four wrong keys."""
MEANT = "9/1/3"
PATIENT = {"menu.wrong_key.times": 9, "menu.nodes.more.wait": "20s"}


def test_a_typed_number_is_in_no_file_and_the_steps_are_counted(tmp_path: Path) -> None:
    """Only keys that mean something in the menu are kept; whatever else is pressed leaves no trace."""
    (tmp_path / "house").mkdir()

    async def scenario() -> None:
        async with (
            recorded_house(tmp_path / "house", PATIENT) as recorded,
            Caller.open(CITIZEN, recorded.ear.house.sip) as phone,
        ):
            call = await phone.dial("195", OPEN)
            await call.heard(*recorded.ear.prompts("az", "front"))
            for key in TYPED:
                await call.press(key)
            await call.heard(*recorded.ear.prompts("en", "wrong_key", "more"))
            await call.hang_up()
            path = select(calls.c.menu_path).where(calls.c.ended_at.is_not(None))
            look = partial(recorded.store.read, lambda connection: connection.scalar(path))
            assert await until(look, "the end of the call", 10.0) == MEANT

    asyncio.run(scenario())
    env = {"HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path / 'house' / 'hotline.db'}"}
    hotline = ["--config", str(tmp_path / "house" / "config")]
    counted = CliRunner().invoke(app, [*hotline, "menu", "stats", "--json"], env=env)
    shown = CliRunner().invoke(app, [*hotline, "menu", "stats"], env=env)
    assert {node["node"]: node["left"] for node in json.loads(counted.stdout)} == {
        "front": {"9": 1, "1": 1},
        "in_english": {"on": 1},
        "ministry": {"3": 1},
        "more": {"hung up": 1},
    }
    assert re.search(r"^front +2 +1: 1, 9: 1 *$", shown.output, re.MULTILINE), shown.output

    typed = re.compile(r"\D{0,3}".join(TYPED))
    told = {path: path.read_bytes().decode(errors="replace") for path in all_files(tmp_path / "house")}
    told[Path("stats")] = counted.output + shown.output
    assert [path for path, text in told.items() if MEANT in text], "the search itself finds nothing"
    assert [path for path, text in told.items() if typed.search(text)] == []
