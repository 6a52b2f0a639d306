"""The admin's menu tests in `config/tests/`, read and judged for `hotline menu test` and `config check`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_scripts import announce_position
from ivr.config.loading import load_single
from ivr.config.model import Configuration
from ivr.config.places import Place
from ivr.config.problems import Problem
from ivr.menus.cases import Announce, CaseFile, QueueState, judge

FOLDER = "tests"
"""Under the configuration."""


@dataclass(frozen=True, slots=True)
class Tested:
    """`problems` of all files together; `failed` counts tests, not problems of form."""

    count: int = 0
    failed: int = 0
    problems: tuple[Problem, ...] = ()


def case_files(folder: Path) -> list[Path]:
    """The files of menu tests that lie beside a configuration."""
    return sorted((folder / FOLDER).glob("*.yaml"))


def run_tests(configuration: Configuration, folder: Path, files: Sequence[Path]) -> Tested:
    """Run every test of the files; places are relative to the configuration `folder` if they lie there."""
    count, failed, problems = 0, 0, list[Problem]()
    for file in files:
        name = str(file.relative_to(folder) if file.is_relative_to(folder) else file.resolve())
        try:
            content = file.read_bytes()
        except OSError as error:
            hint = "name a file you may read"
            problems.append(
                Problem("CFG006", Place(name, 1, 1), f"this file cannot be read: {error.strerror}", hint)
            )
            continue
        read, malformed, places = load_single(CaseFile, name, content)
        problems += malformed
        for said, case in (read.tests if read else {}).items():
            count += 1
            found = judge(configuration, said, case, places, announcer(configuration))
            failed += bool(found)
            problems += found
    return Tested(count, failed, tuple(problems))


def announcer(configuration: Configuration) -> Announce:
    """What `announce_position` would have played at the door of a queue in that state."""

    def announce(queue: str, state: QueueState) -> Iterable[str]:
        return announce_position.prompts(configuration, state.waiting + 1, state.idle, state.ewt)

    return announce
