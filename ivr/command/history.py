"""`hotline config history` and `diff`: what was live when, and what is different now."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ivr.command.apply import show_changes
from ivr.command.checking import load_or_stop
from ivr.command.options import fail, options, shelf_of
from ivr.command.parameters import ETC, AsJson, AsteriskFolder, Revisions
from ivr.command.printing import print_json, print_line, styled
from ivr.config.changes import changes
from ivr.config.loading import configuration_of
from ivr.revisions.shelf import CONFIG, Shelf, yaml_files


def history(
    asterisk: AsteriskFolder = ETC,
    revisions: Revisions = None,
    as_json: AsJson = False,
) -> None:
    """The revisions that are kept, the live one first: when, who, why."""
    shelf = shelf_of(asterisk, revisions)
    kept = list(reversed(shelf.history()))
    if as_json:
        print_json(kept)
        return
    if not kept:
        fail(f"{shelf.folder} holds no revision", hint="make the first with `hotline config apply`")
    for place, each in enumerate(kept):
        at = f"{datetime.fromisoformat(each.at).astimezone():%Y-%m-%d %H:%M}"
        note = f"{each.message} (back to {each.restores})".lstrip() if each.restores else each.message
        live = "" if place else "live"
        print_line(f"{each.number:4}  {live:4}  {at}  {each.author:12}  {note}".rstrip())
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
    """What callers would notice if the configuration went live, then how its files differ."""
    folder = options().config
    other, name = _other(shelf_of(asterisk, revisions), against)
    old, new = configuration_of(load_or_stop(other)), configuration_of(load_or_stop(folder))
    sentences = changes(old, new)
    lines = list(_unified(yaml_files(other), yaml_files(folder), name, str(folder)))
    if as_json:
        print_json({"against": name, "changes": sentences, "files": "".join(lines)})
        return
    show_changes(sentences)
    for line in lines:
        colour = {"+": "green", "-": "red"}.get(line[0])
        print_line(styled(line.removesuffix("\n"), fg=colour))


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
