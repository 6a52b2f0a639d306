"""The admin's menu tests, read and judged for `hotline menu test`, `config check` and `apply`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_scripts import position
from ivr.config.loading import Loaded, content_of, load_single, own_tests
from ivr.config.model import Configuration
from ivr.config.problems import Place, Places, Problem
from ivr.menus.cases import Announce, CaseFile, QueueState, judge
from ivr.sounds.prompts import told_on_joining

FOLDER = "tests"
"""Under the configuration."""


@dataclass(frozen=True, slots=True)
class Tested:
    """`problems` of all files together; `failed` counts tests, not problems of form."""

    count: int = 0
    failed: int = 0
    problems: tuple[Problem, ...] = ()


def run_tests(loaded: Loaded, folder: Path, files: Sequence[Path] = ()) -> Tested:
    """Run every test of the files; without, those in and beside the configuration.

    If that has errors, only their form is judged. Places are relative to its `folder` if they lie there.
    """
    configuration = loaded.configuration
    count, failed, problems = 0, 0, list[Problem]()
    read = [_read(file, folder) for file in files or sorted((folder / FOLDER).glob("*.yaml"))]
    for cases, malformed, places in read if files else [own_tests(CaseFile, loaded), *read]:
        problems += malformed
        if cases is None or configuration is None:
            continue
        for said, case in cases.tests.items():
            count += 1
            found = judge(configuration, said, case, places, announcer(configuration))
            failed += bool(found)
            problems += found
    return Tested(count, failed, tuple(problems))


def _read(file: Path, folder: Path) -> tuple[CaseFile | None, tuple[Problem, ...], Places]:
    name = str(file.relative_to(folder) if file.is_relative_to(folder) else file.resolve())
    try:
        return load_single(CaseFile, name, content_of(file))
    except OSError as error:
        message = f"this file cannot be read: {error.strerror}"
        return None, (Problem("CFG006", Place(name, 1, 1), message, "name a file you may read"),), Places()


def announcer(configuration: Configuration) -> Announce:
    """What a caller is told at the door of a queue in that state, and at once when they have joined it."""

    def announce(queue: str, state: QueueState, was_told: bool) -> Iterable[str]:
        place = state.waiting + 1
        yield from position.prompts(configuration, queue, place, state.idle, state.ewt, was_told)
        if place > state.idle:
            yield from told_on_joining(configuration.queues[queue], place)

    return announce
