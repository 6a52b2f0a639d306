"""`hotline config`: write a starter, check the configuration, render it, put it live and take it back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from grp import getgrnam
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DictSchema

from dialplan.compiler import write
from dialplan.quoting import UnsafeText
from ivr.asterisk.connection import utc_now
from ivr.checks.calls import day_of, estimated, expired, running_out
from ivr.checks.prompts import missing_files, recordings
from ivr.checks.whole import load, unfit_database
from ivr.command.loading import as_data, lines_of, options, server_of, shelf_of
from ivr.command.options import ETC, AsJson, AsteriskFolder, Revisions, group, server_option
from ivr.command.printing import fail, or_fail, print_document, print_line, print_lines, print_result
from ivr.command.revisions import apply, diff, history, rollback
from ivr.command.store import database_url
from ivr.config.loading import Loaded, configuration_of
from ivr.config.model import Configuration
from ivr.config.problems import Problem, errors
from ivr.menus.cases import CaseFile
from ivr.revisions.menu_tests import Tested, run_tests
from ivr.revisions.shelf import Shelf

app = group(
    "The configuration: start one, check it, put it live, take it back.",
    "hotline --config config config check",
)
_LIMITS: Final = {"ge": "minimum", "le": "maximum", "lt": "exclusiveMaximum", "multiple_of": "multipleOf"}
"""Pydantic's names, which it leaves at a duration, and JSON Schema's."""


@app.command(epilog="Example: hotline config init my-hotline")
def init(folder: Annotated[Path, typer.Argument(help="Where to write it; made if it is not there.")]) -> None:
    """Write a commented starter configuration into a folder; overwrite nothing."""
    try:
        with or_fail("name another folder", f"{folder} cannot be written"):
            written = write_starter(folder)
    except NotEmpty as there:
        fail(f"{folder} already has {there}; nothing was written", hint="name another folder")
    print_lines(f"wrote {file}" for file in written)
    print_line(f"next: hotline --config {folder} config check")


@app.command(epilog="Example: hotline --config config config check --json")
def check(
    as_json: AsJson = False,
    prompts: Annotated[
        Path | None, typer.Option(help="Folder of built prompts: also report each that is missing or old.")
    ] = None,
    asterisk: AsteriskFolder = ETC,
    revisions: Revisions = None,
) -> None:
    """Report every mistake at once, each with its place, and run the menu tests; status 1 for an error."""
    folder = options().config
    loaded = load(folder)
    tested = run_tests(loaded, folder)
    problems = [*loaded.problems, *unfit_database(loaded, database_url()), *tested.problems]
    if loaded.configuration is not None:
        problems += recordings(loaded.configuration, loaded.places, folder)
        if prompts is not None:
            problems += missing_files(loaded.configuration, loaded.places, prompts, folder)
    if not errors(problems):
        problems += _calendar(loaded, shelf_of(asterisk, revisions))
    lines = (*lines_of(problems, folder), _summary(problems, loaded, tested))
    print_result(as_json, [as_data(problem, folder) for problem in problems], lines)
    raise typer.Exit(1 if errors(problems) else 0)


def _calendar(loaded: Loaded, shelf: Shelf) -> Iterator[Problem]:
    """What depends on the day: uncertain holidays, contacts that are over, a calendar that ends."""
    configuration = configuration_of(loaded)
    today = day_of(utc_now(), configuration)
    for check in (estimated, expired):
        yield from check(configuration, loaded.places, today)
    if live := shelf.live():
        live_since = day_of(datetime.fromisoformat(live.at), configuration)
        yield from running_out(live_since, loaded.places, today)


def _summary(problems: Sequence[Problem], loaded: Loaded, tested: Tested) -> str:
    """How many problems there are, and in how much, in one line."""
    files, tests = _count(len(loaded.files), "file"), _count(tested.count, "menu test")
    wrong = len(errors(problems))
    warnings = len(problems) - wrong
    none = f"no problems in {files} and {tests}" if tested.count else f"no problems in {files}"
    found = _count(wrong, "problem") if wrong else none
    return f"{found}, {_count(warnings, 'warning')}" if warnings else found


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


@app.command(epilog="Example: hotline --config config config render --out asterisk")
def render(
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write to: Asterisk's configuration folder, or a copy.")
    ],
    server: Annotated[str, server_option("Which of `servers` to render for.")] = "main",
    group: Annotated[
        str, typer.Option(help="Asterisk's group, which reads the files; default: the folder's own group.")
    ] = "",
) -> None:
    """Write Asterisk's files: dialplan, queues, manager users; make the secrets that are missing.

    In the folder's own extensions.conf, queues.conf, queuerules.conf and manager.conf, include
    `hotline/<the same name>`. Nothing is reloaded; what is equal is not touched; earlier menus stay for the
    calls that are in them.
    """
    loaded = load(options().config)
    if loaded.configuration is None:
        fail("the configuration has mistakes; nothing was written", hint="see them: hotline config check")
    server_of(loaded.configuration, server)
    if (out / "hotline").is_symlink():
        fail(f"{out / 'hotline'} belongs to `config apply`", hint="hotline config apply, or another folder")
    try:
        gid = getgrnam(group).gr_gid if group else None
    except KeyError:
        fail(f"there is no group {group!r} on this machine", hint="Debian's Asterisk runs in `asterisk`")
    try:
        with or_fail("name a folder you may write to, or run it as root"):
            written = write(loaded, out, server, day_of(utc_now(), loaded.configuration), gid)
    except UnsafeText as error:
        fail(str(error))
    print_lines(f"wrote {path}" for path in written)
    if not written:
        print_line(f"{out} is current")


app.command(epilog="Example: hotline config diff")(diff)
app.command(epilog="Example: hotline config apply -m 'news at key 2'")(apply)
app.command(epilog="Example: hotline config history")(history)
app.command(epilog="Example: hotline config rollback 7 -m 'news withdrawn'")(rollback)


@app.command(epilog="Example: hotline --config config config schema --out config/schema")
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
    with or_fail("name another folder", f"{out} cannot be written"):
        out.mkdir(parents=True, exist_ok=True)
        for name, text in schemas().items():
            (out / name).write_text(text, encoding="utf-8")
            print_line(f"wrote {out / name}")


def schemas() -> dict[str, str]:
    """File name → JSON Schema: of the files of the configuration, and of those of its menu tests."""
    whole = Configuration.model_json_schema(schema_generator=_ForEditors)
    tests = CaseFile.model_json_schema(schema_generator=_ForEditors)
    whole["properties"] |= tests["properties"]
    whole["$defs"] |= tests["$defs"]
    for parts in (whole, whole["$defs"]["Menu"]):
        del parts["required"]  # the others may stand in another file
    return {"configuration.json": _text(whole), "tests.json": _text(tests)}


def _text(found: dict[str, Any]) -> str:
    named = json.loads(
        json.dumps(found), object_hook=lambda part: {_LIMITS.get(name, name): part[name] for name in part}
    )
    return json.dumps(named, ensure_ascii=False, indent=1) + "\n"


class _ForEditors(GenerateJsonSchema):
    """Without titles, which are only the fields' names again; a key of the wrong shape is underlined."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        return {**found, "additionalProperties": False} if "patternProperties" in found else found


_HERE = Path(__file__).parent


class NotEmpty(Exception):
    """The folder already has YAML files; nothing was written. The message names them."""


def starter_folder() -> Path:
    """The starter: beside this module in an installed wheel, `config/` in a checkout."""
    installed = _HERE / "starter"
    return installed if installed.is_dir() else _HERE.parent.parent / "config"


def write_starter(folder: Path) -> list[Path]:
    """Write the starter into `folder`, made if it is not there; NotEmpty rather than overwrite anything."""
    folder.mkdir(parents=True, exist_ok=True)
    there = sorted(path.name for path in folder.glob("*.y*ml"))
    if there:
        raise NotEmpty(", ".join(there))
    source = starter_folder()
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes((source / file).read_bytes())
        (folder / file).chmod(0o640)  # it will hold numbers of agents, and of callers who are blocked
    return [folder / file for file in files]
