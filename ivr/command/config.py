"""`hotline config`: write a starter, check the configuration, render it, put it live and take it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ivr.command.apply import apply, rollback
from ivr.command.checking import as_data, calendar, show_problems, summary, unfit_database
from ivr.command.history import diff, history
from ivr.command.menu_tests import run_tests
from ivr.command.options import fail, options, shelf_of
from ivr.command.parameters import ETC, AsJson, AsteriskFolder, Revisions, group
from ivr.command.printing import print_json, print_line
from ivr.command.render import render
from ivr.command.schema import schema
from ivr.config.check_prompts import missing_files, stale_recordings
from ivr.config.loading import load
from ivr.config.problems import errors
from ivr.config.starter import NotEmpty, write_starter

app = group(
    "The configuration: start one, check it, put it live, take it back.",
    "hotline --config config config check",
)


@app.command(epilog="Example: hotline config init my-hotline")
def init(folder: Annotated[Path, typer.Argument(help="Where to write it; made if it is not there.")]) -> None:
    """Write a commented starter configuration into a folder; overwrite nothing."""
    try:
        written = write_starter(folder)
    except NotEmpty as there:
        fail(f"{folder} already has {there}; nothing was written", hint="name another folder")
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}", hint="name another folder")
    for file in written:
        print_line(f"wrote {file}")
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
    problems = (*loaded.problems, *unfit_database(loaded), *tested.problems)
    if loaded.configuration is not None:
        recordings = stale_recordings(loaded.configuration, loaded.places, folder)
        problems = (*problems, *recordings)
    if prompts is not None and loaded.configuration is not None:
        problems = (*problems, *missing_files(loaded.configuration, loaded.places, prompts, folder))
    if not errors(problems):
        problems = (*problems, *calendar(loaded, shelf_of(asterisk, revisions)))
    if as_json:
        print_json([as_data(problem, folder) for problem in problems])
    else:
        show_problems(problems, folder)
        print_line(summary(problems, loaded, tested))
    if errors(problems):
        raise typer.Exit(1)


app.command(epilog="Example: hotline --config config config render --out asterisk")(render)
app.command(epilog="Example: hotline config diff")(diff)
app.command(epilog="Example: hotline config apply -m 'news at key 2'")(apply)
app.command(epilog="Example: hotline config history")(history)
app.command(epilog="Example: hotline config rollback 7 -m 'news withdrawn'")(rollback)
app.command(epilog="Example: hotline --config config config schema --out config/schema")(schema)
