"""`hotline config apply` and `rollback`: a configuration put live, or one that was live put back."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ivr.command.checking import as_data, show_problems
from ivr.command.going_live import Applied, go_live
from ivr.command.options import fail, options
from ivr.command.preparing import NotApplied, Wish
from ivr.revisions.shelf import CONFIG, Shelf, put_back, yaml_files

ETC = Path("/etc/asterisk")
AsteriskFolder = Annotated[
    Path, typer.Option("--asterisk", help="Asterisk's configuration folder.", envvar="HOTLINE_ASTERISK")
]
Revisions = Annotated[
    Path | None,
    typer.Option(
        help="Where revisions are kept; default `hotline-revisions` in Asterisk's folder.",
        envvar="HOTLINE_REVISIONS",
    ),
]
Server = Annotated[str, typer.Option(help="Which of `servers` Asterisk here is.", envvar="HOTLINE_SERVER")]
Message = Annotated[str, typer.Option("--message", "-m", help="Why, in a few words; kept with the revision.")]
Keep = Annotated[int, typer.Option(min=2, help="How many revisions to keep.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")]


def apply(
    context: typer.Context,
    message: Message = "",
    asterisk: AsteriskFolder = ETC,
    revisions: Revisions = None,
    server: Server = "main",
    keep: Keep = 50,
    as_json: AsJson = False,
) -> None:
    """Check, test, render, put live, and verify that Asterisk runs it; else what was live stays live.

    Calls in progress end in the menu in which they began. Exit status 1, with the reason, if it is not live.
    """
    source = options(context).config
    wish = Wish(source, asterisk, shelf_of(asterisk, revisions), server, _author(), message, keep)
    report = _put_live(wish, source, as_json)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))


def rollback(
    context: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="[REV]", help="Revision to bring back; default the one before.")
    ] = None,
    message: Message = "",
    asterisk: AsteriskFolder = ETC,
    revisions: Revisions = None,
    server: Server = "main",
    keep: Keep = 50,
    as_json: AsJson = False,
) -> None:
    """Apply a revision that was live before, as a new one; without REV again, it goes one further back.

    Its YAML is put back into the configuration folder too, so that the next `apply` does not bring the
    mistake again; what lay there is kept beside the new revision, in `replaced`.
    """
    shelf = shelf_of(asterisk, revisions)
    target = _target(shelf, number)
    folder = options(context).config
    wish = Wish(shelf.at(target) / CONFIG, asterisk, shelf, server, _author(), message, keep, restores=target)
    files = yaml_files(wish.source)
    report = _put_live(wish, wish.source, as_json)
    aside = shelf.at(report["revision"]) / "replaced"
    try:
        is_replaced = put_back(files, folder, aside)
    except OSError as error:
        fail(f"revision {target} is live, but {error.filename}: {error.strerror}", hint=f"copy {wish.source}")
    if as_json:
        typer.echo(
            json.dumps(
                {**report, "restores": target, "replaced": str(aside) if is_replaced else None}, indent=2
            )
        )
    elif is_replaced:
        typer.echo(f"{folder} is that of revision {target}; what lay there is in {aside}")


def shelf_of(asterisk: Path, revisions: Path | None) -> Shelf:
    """The shelf beside an Asterisk's configuration."""
    return Shelf(revisions or asterisk / "hotline-revisions", asterisk / "hotline")


def _target(shelf: Shelf, number: int | None) -> int:
    history = shelf.history()
    with_yaml = [each.number for each in history if (shelf.at(each.number) / CONFIG).is_dir()]
    known = ", ".join(map(str, with_yaml)) or "none"
    if number is not None and number not in with_yaml:
        fail(f"there is no revision {number} to bring back", hint=f"kept with their YAML: {known}")
    if number is not None:
        return number
    earlier = [each for each in with_yaml if each < history[-1].content]
    if not earlier:
        fail("there is no earlier revision to go back to", hint=f"kept with their YAML: {known}")
    return earlier[-1]


def _put_live(wish: Wish, folder: Path, as_json: bool) -> dict[str, Any]:
    noticed: list[str] = []

    def tell(sentences: Sequence[str] | None) -> None:
        noticed.extend(sentences or ())
        if not as_json:
            show_changes(sentences)

    try:
        applied = go_live(wish, tell)
    except NotApplied as refused:
        _refuse(refused, folder, as_json)
    if not as_json:
        _show(applied)
    return {"revision": applied.number, "is_new": applied.is_new, "changes": noticed}


def _refuse(refused: NotApplied, folder: Path, as_json: bool) -> NoReturn:
    if as_json:
        problems = [as_data(problem, folder) for problem in refused.problems]
        report = {"revision": None, "why": str(refused), "hint": refused.hint, "problems": problems}
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        raise typer.Exit(1)
    show_problems(refused.problems, folder, err=True)
    fail(f"not applied: {refused}", hint=refused.hint)


def show_changes(sentences: Sequence[str] | None) -> None:
    """What callers would notice; None where there is nothing to compare with."""
    for sentence in sentences or ():
        typer.echo(f"- {sentence}")
    if not sentences:
        typer.echo(
            "callers will notice nothing" if sentences is not None else "nothing was kept to compare with"
        )


def _show(applied: Applied) -> None:
    if not applied.is_new:
        typer.echo(f"revision {applied.number} is live and is the same")
        return
    typer.secho(f"revision {applied.number} is live", fg="green")
    typer.echo("  `hotline run` reads the configuration when it starts: restart it")


def _author() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()
