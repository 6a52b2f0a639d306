"""`hotline config apply`, `rollback`, `history`, `diff`: what is live, what was, and what would change."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ivr.command.loading import as_data, load_or_stop, local, options, shelf_of, show_problems
from ivr.command.options import ETC, AsJson, AsteriskFolder, Revisions, server_option
from ivr.command.printing import fail, print_json, print_line, print_lines, print_result, styled
from ivr.command.store import database_url, note_afterwards, operator
from ivr.config.changes import changes
from ivr.config.loading import configuration_of
from ivr.revisions.going_live import Wish, go_live
from ivr.revisions.shelf import CONFIG, NotApplied, Revision, Shelf, put_back, yaml_files

Server = Annotated[str, server_option("Which of `servers` Asterisk here is.")]
Message = Annotated[str, typer.Option("--message", "-m", help="Why, in a few words; kept with the revision.")]
Keep = Annotated[int, typer.Option(min=2, help="How many revisions to keep.")]
_COLOURS: Final = {"+": "green", "-": "red"}


def apply(
    message: Message = "",
    asterisk: AsteriskFolder = ETC,
    revisions: Revisions = None,
    server: Server = "main",
    keep: Keep = 50,
    as_json: AsJson = False,
) -> None:
    """Check, test, render, put live, and verify that Asterisk runs it; else what was live stays live.

    Calls in progress end in the menu in which they began. A folder that is live already makes no revision;
    Asterisk reads it again. Exit status 1, with the reason, if it is not live.
    """
    shelf = shelf_of(asterisk, revisions)
    wish = Wish(options().config, asterisk, database_url(), shelf, server, operator(), message, keep)
    report = _put_live(wish, as_json)
    if as_json:
        print_json(report)


def rollback(
    number: Annotated[
        int | None, typer.Argument(metavar="REV", help="Revision to bring back; default the one before.")
    ] = None,
    message: Message = "",
    asterisk: AsteriskFolder = ETC,
    revisions: Revisions = None,
    server: Server = "main",
    keep: Keep = 50,
    as_json: AsJson = False,
) -> None:
    """Apply a revision that was live before, as a new one; without REV again, it goes one further back.

    Without REV it skips revisions equal to the live one.

    Its YAML is put back into the configuration folder too, so that the next `apply` does not bring the
    mistake again; what lay there is kept beside the new revision, in `replaced`.
    """
    shelf, folder = shelf_of(asterisk, revisions), options().config
    target = _target(shelf, number)
    source = shelf.at(target.number) / CONFIG
    wish = Wish(source, asterisk, database_url(), shelf, server, operator(), message, keep, target.content)
    files = yaml_files(source)
    report = _put_live(wish, as_json)
    aside = shelf.at(report["revision"]) / "replaced"
    try:
        is_replaced = put_back(files, folder, aside)
    except OSError as error:
        fail(f"it is live, but {error.filename}: {error.strerror}", hint=f"copy {source} to {folder}")
    if as_json:
        replaced = str(aside) if is_replaced else None
        print_json({**report, "restores": target.number, "replaced": replaced})
    elif is_replaced:
        print_line(f"{folder} is that of revision {target.number}; what lay there is in {aside}")


def _target(shelf: Shelf, number: int | None) -> Revision:
    history = shelf.history()
    kept = [each for each in history if (shelf.at(each.number) / CONFIG).is_dir()]
    if number is None:
        # An apply that was cut off may run already: the one before it is the last that was verified.
        is_settled = shelf.is_settled
        found = [each for each in kept if each.number < history[-1].content + (not is_settled)]
        while is_settled and found and _files(shelf, found[-1]) == _files(shelf, history[-1]):
            found.pop()
    else:
        found = [each for each in kept if each.number == number]
    if not found:
        what = "there is no earlier revision" if number is None else f"there is no revision {number}"
        fail(f"{what} to go back to", hint=f"kept: {', '.join(str(each.number) for each in kept) or 'none'}")
    return found[-1]


def _files(shelf: Shelf, revision: Revision) -> dict[str, bytes]:
    return yaml_files(shelf.at(revision.number) / CONFIG)


def _put_live(wish: Wish, as_json: bool) -> dict[str, Any]:
    noticed: list[str] = []

    def tell(sentences: Sequence[str] | None) -> None:
        noticed.extend(sentences or ())
        if not as_json:
            print_lines(_changes_as_lines(sentences))

    try:
        number, was_live = go_live(wish, tell)
    except NotApplied as refused:
        if not as_json:
            show_problems(refused.problems, wish.source, err=True)
            fail(f"not applied: {refused}", hint=refused.hint)
        problems = [as_data(problem, wish.source) for problem in refused.problems]
        print_json({"revision": None, "why": str(refused), "hint": refused.hint, "problems": problems})
        raise typer.Exit(1) from None
    if not as_json:
        as_before = " as before: nothing has changed" if was_live else ""
        print_line(styled(f"revision {number} is live{as_before}", fg="green"))
    action = "apply" if wish.restores is None else f"rollback to {wish.restores}"
    note_afterwards(action, f"revision {number}", wish.message)
    return {"revision": number, "changes": noticed}


def _changes_as_lines(sentences: Sequence[str] | None) -> list[str]:
    """What callers would notice; None where there is nothing to compare with."""
    if sentences is None:
        return ["nothing was kept to compare with"]
    return [f"- {sentence}" for sentence in sentences] or ["callers will notice nothing"]


def history(asterisk: AsteriskFolder = ETC, revisions: Revisions = None, as_json: AsJson = False) -> None:
    """The revisions that are kept, the live one first: when, who, why."""
    shelf = shelf_of(asterisk, revisions)
    kept = list(reversed(shelf.history()))
    if as_json:
        print_json(kept)
        return
    if not kept:
        fail(f"{shelf.folder} holds no revision", hint="make the first with `hotline config apply`")
    for place, each in enumerate(kept):
        at = f"{local(datetime.fromisoformat(each.at)):%Y-%m-%d %H:%M}"
        note = f"{each.message} (back to {each.restores})".lstrip() if each.restores else each.message
        print_line(f"{each.number:4}  {'' if place else 'live':4}  {at}  {each.author:12}  {note}".rstrip())
    if not shelf.is_settled:
        print_line("an apply was cut off: `hotline config apply` once more", err=True)


def diff(
    against: Annotated[
        str, typer.Option(metavar="REV|DIR", help="A revision, or a folder of YAML; default what is live.")
    ] = "",
    asterisk: AsteriskFolder = ETC,
    revisions: Revisions = None,
    as_json: AsJson = False,
) -> None:
    """What callers would notice if the configuration went live, then how its files differ.

    Nodes are compared by name: a renamed one is listed as gone and as new. A changed sentence is listed even
    if no node says it, as `hotline notice` may play it.
    """
    folder = options().config
    other, name = _other(shelf_of(asterisk, revisions), against)
    old, new = configuration_of(load_or_stop(other)), configuration_of(load_or_stop(folder))
    sentences = changes(old, new)
    lines = list(_unified(yaml_files(other), yaml_files(folder), name, str(folder)))
    data = {"against": name, "changes": sentences, "files": "".join(lines)}
    coloured = (styled(line.removesuffix("\n"), fg=_COLOURS.get(line[0])) for line in lines)
    print_result(as_json, data, (*_changes_as_lines(sentences), *coloured))


def _other(shelf: Shelf, against: str) -> tuple[Path, str]:
    """The folder to compare with, and what to call it."""
    live = shelf.live()
    if against and not against.isdigit():
        return Path(against), against
    number = int(against) if against else live.number if live else -1
    folder = shelf.at(number) / CONFIG
    if not folder.is_dir():
        if against:
            fail(f"revision {number} is not kept", hint="see `hotline config history`, or name a folder")
        what = f"{shelf.folder} holds nothing that is live"
        fail(what, hint="`config apply` keeps what it puts live; until then name a folder: --against DIR")
    return folder, f"revision {number}"


def _unified(
    old: Mapping[str, bytes], new: Mapping[str, bytes], old_name: str, new_name: str
) -> Iterator[str]:
    for file in sorted(old.keys() | new.keys()):
        before, after = (
            [f"{line}\n" for line in files.get(file, b"").decode(errors="replace").splitlines()]
            for files in (old, new)
        )
        yield from difflib.unified_diff(before, after, f"{old_name}/{file}", f"{new_name}/{file}")
