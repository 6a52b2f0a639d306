"""The schemas editors read: kept beside the shipped files, true of them, and as strict as loading is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import yaml
from typer.testing import CliRunner

from ivr.command.config import schemas
from ivr.command.root import app
from tests.unit.config_mistakes import MISTAKES
from tests.unit.starter import FILES

CONFIG = Path(__file__).parents[2] / "config"
VALID = {name: fastjsonschema.compile(json.loads(text)) for name, text in schemas().items()}

BEYOND = (
    r"[*&]|queue: dvx, hangup|^order: dvx$|^{over|  at_closing: sorry|redirect: head|special: .2026-02"
    r"|: \[?\d+[dh]|: \[0s|urgent, urgent|: 1:30"
)
"""What no schema tells: anchors, fields that exclude each other, words twice, how long is too long."""


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2, as editors read it: dates are text, and so are `yes` and `12:30`."""


EditorLoader.yaml_implicit_resolvers = {
    first: [
        (tag, re.compile("true|false") if tag.endswith("bool") else pattern)
        for tag, pattern in resolvers
        if not tag.endswith("timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str | bytes) -> Any:
    """What an editor makes of a file."""
    return yaml.load(text, EditorLoader)


def test_the_schemas_kept_are_what_the_command_writes(tmp_path: Path) -> None:
    """After a change of the model: `hotline config schema --out config/schema`."""
    assert CliRunner().invoke(app, ["config", "schema", "--out", str(tmp_path)]).exit_code == 0
    written, kept = (
        {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
        for folder in (tmp_path, CONFIG / "schema")
    )
    assert written == kept


@pytest.mark.parametrize("file", sorted(CONFIG.rglob("*.yaml")), ids=lambda file: file.name)
def test_every_shipped_file_names_the_schema_it_fits(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    modeline = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert modeline is not None
    schema = (file.parent / modeline[1]).resolve()
    assert schema.parent == CONFIG / "schema"
    VALID[schema.name](read(text))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (file, old, new)
        for code, file, old, new, _ in MISTAKES
        if code in ("CFG001", "CFG003") and not re.search(BEYOND, new)
    ],
)
def test_an_editor_underlines_what_loading_refuses(file: str, old: str, new: str) -> None:
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        VALID["configuration.json"](read(FILES[file].decode().replace(old, new, 1)))


def test_a_number_may_be_written_without_quotes() -> None:
    VALID["tests.json"](
        read("tests: {it rings: {given: {at: 2026-11-23 11:00, number: 195}, press: [1, silence]}}")
    )


@pytest.mark.parametrize(
    ("field", "seconds"),
    [("ring_time", 121), ("retry", 1.5), ("max_wait", 86400), ("announce_every", 14), ("helped_by", -1)],
)
def test_a_duration_without_its_unit_is_underlined(field: str, seconds: float) -> None:
    value = f"{{emdx: {seconds}}}" if field == "helped_by" else seconds
    queue = f"queues: {{dvx: {{structure: dvx, on_timeout: busy, {field}: {value}}}}}"
    VALID["configuration.json"](read(queue.replace(str(seconds), "60s")))
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        VALID["configuration.json"](read(queue))


def test_without_a_folder_the_schema_of_the_configuration_is_printed() -> None:
    assert CliRunner().invoke(app, ["config", "schema"]).stdout == schemas()["configuration.json"]
