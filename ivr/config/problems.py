"""What is wrong with a configuration, told to the admin who wrote it.

Every check returns `Problem` values; none stops at the first. `docs/problem-codes.md` explains each code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from ivr.config.places import NOWHERE, Place


class Severity(StrEnum):
    """An error keeps a configuration from going live, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: a stable code, where it is, one sentence, and what to do about it."""

    code: str
    place: Place
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    earlier: Place | None = None
    """Of two things that exclude each other, the place of the first."""

    def located(self, folder: str) -> str:
        """`folder/file:line:column`, or the folder alone where nothing was written."""
        return folder if self.place == NOWHERE else str(PurePath(folder, str(self.place)))


class ConfigurationError(Exception):
    """The configuration has errors; `problems` lists all of them, warnings included."""

    def __init__(self, folder: str, problems: Sequence[Problem]) -> None:
        self.folder = folder
        self.problems = tuple(problems)
        lines = [
            f"{problem.located(folder)} {problem.code} {problem.message}" for problem in errors(problems)
        ]
        super().__init__("\n".join(lines))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that keep the configuration from going live."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def in_reading_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By file, line and column, each once."""
    return tuple(sorted(set(problems), key=lambda problem: (problem.place, problem.code, problem.message)))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word: the nearest known one, else all of them if they are few."""
    words = sorted(known)
    if near := difflib.get_close_matches(word, words, n=1):
        return f"did you mean `{near[0]}`?"
    return f"known here: {', '.join(words)}" if 0 < len(words) <= 20 else ""
