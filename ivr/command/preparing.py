"""From the admin's YAML to a revision that may go live: copied, checked, tested, rendered; or why it may not.

Everything is done on the copy, so that what is kept is what was checked, whoever edits meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dialplan.compiler import compile
from dialplan.quoting import UnsafeText
from dialplan.writing import HOME
from ivr.asterisk.shared_folder import write_whole
from ivr.command.checking import unfit_database
from ivr.command.menu_tests import run_tests
from ivr.config.loading import Loaded, configuration_of, load
from ivr.config.problems import errors
from ivr.revisions.shelf import CONFIG, NotApplied, Shelf, yaml_files


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall go live, where, and who wants it; `asterisk` is Asterisk's configuration folder."""

    source: Path
    asterisk: Path
    shelf: Shelf
    server: str
    author: str
    message: str
    keep: int
    restores: int | None = None


def prepare(wish: Wish, number: int, today: date) -> Loaded:
    """Fill the empty folder of that revision. Raises NotApplied, OSError."""
    copy = wish.shelf.at(number) / CONFIG
    for name, content in yaml_files(wish.source).items():
        (copy / name).parent.mkdir(exist_ok=True)
        write_whole(copy / name, content)
    loaded = load(copy)
    problems = (*loaded.problems, *unfit_database(loaded), *run_tests(loaded, copy).problems)
    if wrong := errors(problems):
        raise NotApplied(
            "the configuration has errors", f"see them: hotline --config {wish.source} config check", wrong
        )
    servers = configuration_of(loaded).servers
    if wish.server not in servers:
        raise NotApplied(f"there is no server {wish.server!r}", f"servers: {', '.join(servers)}")
    try:
        files = compile(loaded, wish.server, today=today)
    except UnsafeText as error:
        raise NotApplied(str(error), "change that text in the YAML") from None
    for name, text in files.items():
        write_whole(wish.shelf.tree(number) / name.removeprefix(f"{HOME}/"), text.encode())
    return loaded
