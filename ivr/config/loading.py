"""A folder of YAML files in; typed values, every problem of form and the place of every value out.

Data flow: read all files → one document → typed values. A mistake in one entry does not hide those in
others: the entry is left out and the rest is checked. `ivr.checks.whole` adds what one value cannot know.
"""

from __future__ import annotations

import copy
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from ivr.config.explain import explain, holders
from ivr.config.model import Configuration
from ivr.config.problems import NOWHERE, KeyPath, Place, Places, Problem, errors, in_reading_order
from ivr.config.shapes import Frozen
from ivr.config.yaml_nodes import Data, Document

Kind = TypeVar("Kind", bound=Frozen)
LARGEST: Final = 1_000_000
"""Bytes of a file: fifty times what a hotline takes; reading more would take minutes."""


@dataclass(frozen=True)
class Loaded:
    """What a folder says. `configuration` is None exactly if one of the problems is an error."""

    configuration: Configuration | None
    problems: tuple[Problem, ...]
    places: Places
    files: tuple[str, ...] = ()
    tests: Data = None
    """The section `tests`, as written: what a configuration shall do is no part of what it says."""


def parse(files: Mapping[str, bytes], problems: Iterable[Problem] = ()) -> Loaded:
    """Files of a folder, by name, as far as each value can be judged alone; `ivr.checks.whole` goes on.

    `problems` met in reading the files come first. Beside errors the configuration is what is left without
    the wrong values, None if that is too little to be checked.
    """
    document = Document(problems=list(problems))
    document.is_complete = not errors(document.problems)
    for name, content in files.items():
        document.add(name, content)
    tests = document.data.pop("tests", None)
    configuration, wrong = _typed(Configuration, document.data, document.places)
    places = replace(document.places, wrong=wrong.keys())
    found = (*document.problems, *_not_consequences(wrong.values(), document))
    return Loaded(configuration if document.is_complete else None, found, places, tuple(files), tests)


def load_single(
    kind: type[Kind], file: str, content: bytes
) -> tuple[Kind | None, tuple[Problem, ...], Places]:
    """A file that is no part of the configuration but read as strictly: its value, None if it has errors."""
    document = Document()
    document.add(file, content)
    value, wrong = _typed(kind, document.data, document.places)
    found = in_reading_order((*document.problems, *_not_consequences(wrong.values(), document)))
    return None if errors(found) else value, found, document.places


def own_tests(kind: type[Kind], loaded: Loaded) -> tuple[Kind | None, tuple[Problem, ...], Places]:
    """As `load_single`, of the section `tests` in the files of the configuration; None if there is none."""
    if loaded.tests is None:
        return None, (), loaded.places
    value, wrong = _typed(kind, {"tests": loaded.tests}, loaded.places)
    return None if wrong else value, in_reading_order(wrong.values()), loaded.places


def configuration_of(loaded: Loaded) -> Configuration:
    """The configuration of a `Loaded` without errors."""
    assert loaded.configuration is not None
    return loaded.configuration


def read_folder(folder: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """Its `*.yaml` by name, and what could not be read; it never raises."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        return {}, [Problem.of("CFG006", NOWHERE, why=error.strerror)]
    problems = [
        Problem.of("CFG007", Place(name, 1, 1), instead=f"{name.removesuffix('.yml')}.yaml")
        for name in names
        if name.endswith(".yml")
    ]
    files: dict[str, bytes] = {}
    for name in (name for name in names if name.endswith(".yaml")):
        try:
            files[name] = content_of(folder / name)
        except OSError as error:
            problems.append(Problem.of("CFG006.file", Place(name, 1, 1), why=error.strerror))
    if not files and not errors(problems):
        problems.append(Problem.of("CFG006.empty", NOWHERE))
    return files, problems


def content_of(file: Path) -> bytes:
    """What is in it. Raises OSError; of what is no file, or too large to be written by hand, too."""
    told = file.stat()
    if not stat.S_ISREG(told.st_mode):
        raise OSError(0, "it is no file")
    if told.st_size > LARGEST:
        raise OSError(0, f"it is larger than {LARGEST // 1000} kB")
    return file.read_bytes()


def _not_consequences(found: Iterable[Problem], document: Document) -> list[Problem]:
    """Without what only follows from a mistake of form: that value, or the sections of an unread file."""
    reported = {each.place for each in document.problems} | (set() if document.is_complete else {NOWHERE})
    return [each for each in found if each.place not in reported]


def _typed(
    kind: type[Kind], data: dict[str, Data], places: Places
) -> tuple[Kind | None, dict[KeyPath, Problem]]:
    """The typed value, and what was wrong, by path; None if too little is left without what is wrong.

    What is wrong is taken out and the rest tried again, so that the cross-checks see as much as possible.
    Only the first round's findings are the admin's: later ones follow from what was taken out.
    """
    problems: dict[KeyPath, Problem] | None = None
    rest = copy.deepcopy(data)
    while True:
        try:
            return kind.model_validate(rest), problems or {}
        except ValidationError as error:
            found = explain(kind, error.errors(include_url=False), rest, places)
        if problems is None:
            problems = found
        if not _take_out(rest, found):
            return None, problems


def _take_out(rest: dict[str, Data], wrong: Iterable[KeyPath]) -> bool:
    """Remove each wrong value, or the entry that lacks a missing one; False if that is a whole section."""
    gone = {path if len(holders(rest, path)) == len(path) else path[:-1] for path in wrong}
    if () in gone:
        return False
    # From the end of each list backwards: taking out one entry must not move the others before their turn.
    for path in sorted(gone, key=lambda path: [(isinstance(step, int), step) for step in path], reverse=True):
        holder = holders(rest, path)[-1]
        if isinstance(holder, dict):
            del holder[str(path[-1])]
        elif isinstance(holder, list):
            del holder[int(path[-1])]
    return True
