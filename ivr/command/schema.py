"""`hotline config schema`: what the YAML files may say, as JSON Schema for editors.

A section may stand in any file of the configuration, so one schema serves them all; files of menu tests have
their own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DictSchema

from ivr.command.options import fail
from ivr.command.printing import print_document, print_line
from ivr.config.model import Configuration
from ivr.menus.cases import CaseFile


def schema(
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder to write them to; else the configuration's is printed."),
    ] = None,
) -> None:
    """The JSON Schemas by which an editor completes words and underlines mistakes as they are typed."""
    if out is None:
        print_document(schemas()["configuration.json"])
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in schemas().items():
            (out / name).write_text(text, encoding="utf-8")
            print_line(f"wrote {out / name}")
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}", hint="name another folder")


def schemas() -> dict[str, str]:
    """File name → JSON Schema: of the files of the configuration, and of those of its menu tests."""
    whole = Configuration.model_json_schema(schema_generator=_ForEditors)
    tests = CaseFile.model_json_schema(schema_generator=_ForEditors)
    whole["properties"] |= tests["properties"]
    whole["$defs"] |= tests["$defs"]
    for parts in (whole, whole["$defs"]["Menu"]):
        del parts["required"]  # the others may stand in another file
    return {
        "configuration.json": _text(whole),
        "tests.json": _text(tests),
    }


_LIMITS: Final = {"ge": "minimum", "le": "maximum", "lt": "exclusiveMaximum", "multiple_of": "multipleOf"}
"""Pydantic's names, which it leaves at a duration, and JSON Schema's."""


def _text(found: dict[str, Any]) -> str:
    named = json.loads(json.dumps(found), object_hook=_limited)
    return json.dumps(named, ensure_ascii=False, indent=1) + "\n"


def _limited(part: dict[str, Any]) -> dict[str, Any]:
    return {_LIMITS.get(name, name): inner for name, inner in part.items()}


class _ForEditors(GenerateJsonSchema):
    """Without titles, which are only the fields' names again; a key of the wrong shape is underlined."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        return {**found, "additionalProperties": False} if "patternProperties" in found else found
