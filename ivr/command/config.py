"""`hotline config`: write a starter, check the configuration, render it for Asterisk."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ivr.command.menu_tests import Tested, case_files, run_tests
from ivr.command.options import fail, options
from ivr.command.render import render
from ivr.command.schema import schema
from ivr.command.store import database_url
from ivr.config.check_prompts import missing_files
from ivr.config.crosscheck import shared_file
from ivr.config.loading import Loaded, load
from ivr.config.problems import Problem, Severity, errors
from ivr.config.starter import NotEmpty, write_starter

app = typer.Typer(
    help="The configuration: start one, check it, render it for Asterisk.",
    epilog="Example: hotline --config config config check",
    no_args_is_help=True,
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
        typer.echo(f"wrote {file}")
    typer.echo(f"next: hotline --config {folder} config check")


@app.command(epilog="Example: hotline --config config config check --json")
def check(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")] = False,
    prompts: Annotated[
        Path | None, typer.Option(help="Folder of built prompts: also report each file missing there.")
    ] = None,
) -> None:
    """Report every mistake at once, each with its place, and run the menu tests; status 1 for an error."""
    folder = options(context).config
    loaded = load(folder)
    problems = (*loaded.problems, *unfit_database(loaded))
    tested = Tested()
    if loaded.configuration is not None:
        tested = run_tests(loaded.configuration, folder, case_files(folder))
        problems = (*problems, *tested.problems)
    if prompts is not None and loaded.configuration is not None:
        problems = (*problems, *missing_files(loaded.configuration, loaded.places, prompts))
    if as_json:
        typer.echo(
            json.dumps([_as_data(problem, folder) for problem in problems], ensure_ascii=False, indent=2)
        )
    else:
        show_problems(problems, folder)
        typer.echo(_summary(problems, loaded, tested))
    if errors(problems):
        raise typer.Exit(1)


app.command(epilog="Example: hotline --config config config render --out asterisk")(render)
app.command(epilog="Example: hotline --config config config schema --out config/schema")(schema)


def load_or_stop(folder: Path) -> Loaded:
    """The configuration for a command that needs one; if it has errors, print them, end with status 1."""
    loaded = load(folder)
    if loaded.configuration is None:
        show_problems(errors(loaded.problems), folder, err=True)
        fail("the configuration has errors", hint=f"see them all: hotline --config {folder} config check")
    return loaded


def unfit_database(loaded: Loaded) -> tuple[Problem, ...]:
    """What is wrong with HOTLINE_DATABASE_URL for that configuration."""
    if loaded.configuration is None or not database_url().startswith("sqlite"):
        return ()
    return tuple(shared_file(loaded.configuration, loaded.places))


def show_problems(problems: tuple[Problem, ...], folder: Path, *, err: bool = False) -> None:
    """One line for each problem, `file:line:column CODE message`, what to do about it below.

    On a terminal the codes stand in one column; in a file one space parts the words.
    """
    stream = sys.stderr if err else sys.stdout
    places = [problem.located(str(folder)) for problem in problems]
    width = max(map(len, places), default=0) if stream.isatty() else 0
    for problem, place in zip(problems, places, strict=True):
        is_warning = problem.severity is Severity.WARNING
        code = typer.style(problem.code, fg="yellow" if is_warning else "red", bold=True)
        kind = "warning: " if is_warning else ""
        typer.echo(f"{place:<{width}} {code} {kind}{problem.message}", err=err)
        if problem.hint:
            typer.echo(f"    {problem.hint}", err=err)


def _summary(problems: tuple[Problem, ...], loaded: Loaded, tested: Tested) -> str:
    files = _count(len(loaded.files), "file")
    if tested.count:
        files += f" and {_count(tested.count, 'menu test')}"
    if not problems:
        return f"no problems in {files}"
    warnings = len(problems) - len(errors(problems))
    if warnings == len(problems):
        return f"no problems in {files}, {_count(warnings, 'warning')}"
    return _count(len(problems) - warnings, "problem") + (
        f", {_count(warnings, 'warning')}" if warnings else ""
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _as_data(problem: Problem, folder: Path) -> dict[str, object]:
    return {
        "file": str(folder / problem.place.file),
        "line": problem.place.line,
        "column": problem.place.column,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "hint": problem.hint,
        "earlier": asdict(problem.earlier) if problem.earlier else None,
    }
