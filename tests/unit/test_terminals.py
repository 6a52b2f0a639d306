"""Text from outside reaches a terminal as letters to be seen: no control character, no markup, no link."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy import Connection, String, Text, literal, update

from ivr.storage.owed import switches
from ivr.storage.people.audit import note
from ivr.storage.schema import metadata
from ivr.storage.schema.columns import Told
from ivr.storage.schema.running import processes
from tests.callback_policy import NOON
from tests.contracts.test_callback_attempts import dialled
from tests.stored_calls import Queued, store_call
from tests.stores import empty_store
from tests.terminal import on_terminal, unseen
from tests.unit.starter import FILES

pytestmark = pytest.mark.slow  # its store takes seconds to fill

MARKUP: Final = "[/red][link=http://x.example]pay[/link]:skull:"
HOSTILE: Final = f"{MARKUP}\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\u200b\ufe0f\U000e0041\r\nforged"
SHOWN: Final = rf"{MARKUP}\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnp\u200b\ufe0f\udb40\udc41\r\nforged"
OURS: Final = {"server", "state", "origin", "precision", "source", "outcome", "log_outcome", "decision"}
"""Columns whose words the product itself looks for. All other texts may come from outside."""
COMMANDS: Final = (
    "callbacks list",
    "callbacks list --json --full-numbers",
    "callbacks show 1",
    "callbacks show 1 --json",
    "callbacks resume",
    "callbacks import evil.csv",
    "status",
    "status --json",
    "data audit",
    "data audit --json",
    "data totals",
    "data export visits --full-numbers",
    "data export visits --format csv",
    "data export callbacks",
    "data export attempts --format csv",
    "menu stats",
    "--config evil config check",
    "--config evil config check --json",
)


def poison(connection: Connection) -> None:
    """A callback with all that belongs to it; every text that may come from outside is hostile."""
    dialled(connection)
    store_call(connection, "+994502222222", [Queued("answered")], steps="front")
    switches.turn_off(connection, "dial", "works")
    note(connection, "somebody", "export", "visits")
    scripts = {HOSTILE: {"runs": 1, "milliseconds": 1.0, "failed": 0, "slow": 0}}
    told = json.dumps({"scripts": scripts, "closed": {HOSTILE: NOON.isoformat()}})
    at = datetime.now(UTC)
    known = {"server": "main", "part": "recorder", "process": HOSTILE, "started_at": at, "seen_at": at}
    connection.execute(processes.insert().values(**known, is_connected=True, report=told))
    for table in metadata.sorted_tables:
        bound = {*OURS, "report"} | {column.name for column in table.primary_key}
        bound |= {key.parent.name for key in table.foreign_keys}
        texts = [c for c in table.columns if isinstance(c.type, String | Told) and c.name not in bound]
        if texts:
            connection.execute(update(table).values({c: c + literal(HOSTILE, Text) for c in texts}))


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """What each command writes to a terminal about a hostile store, file or configuration."""
    folder = tmp_path_factory.mktemp("hostile")
    store = empty_store(folder)
    store.write(poison)
    store.close()
    (folder / "evil.csv").write_text(f'number,queue\n0501234567,"{HOSTILE}"\n')
    for name in ("config", "evil"):
        (folder / name).mkdir()
        for file, content in FILES.items():
            (folder / name / file).write_bytes(content)
    evil = folder / "evil" / "hotline.yaml"
    evil.write_text(evil.read_text() + f"{json.dumps(HOSTILE)}: 1\n")
    settings = {"HOTLINE_DATABASE_URL": f"sqlite:///{folder / 'hotline.db'}"}
    found = on_terminal([one.split() for one in COMMANDS], settings, folder)
    return dict(zip(COMMANDS, found, strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_whatever_the_store_a_file_or_the_yaml_holds_a_terminal_gets_visible_letters(
    said: dict[str, tuple[int, str]], command: str
) -> None:
    status, output = said[command]
    assert status in (0, 1)
    assert not unseen(output), output
    assert "Traceback" not in output
    assert not [line for line in output.splitlines() if line.startswith("forged")]


@pytest.mark.parametrize(
    "command", ["callbacks show 1", "callbacks list", "data export visits --format csv", "callbacks resume"]
)
def test_what_is_not_visible_is_shown_as_an_escape_and_markup_as_it_stands(
    said: dict[str, tuple[int, str]], command: str
) -> None:
    assert SHOWN in said[command][1].replace("\n", "")


def test_json_on_a_terminal_reads_as_what_was_stored(said: dict[str, tuple[int, str]]) -> None:
    found: dict[str, Any] = json.loads(said["callbacks show 1 --json"][1])
    assert found["journal"][0]["note"].endswith(HOSTILE)
