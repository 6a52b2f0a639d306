"""What is wrong with a configuration, told to the admin who wrote it.

Every check returns `Problem` values; none stops at the first. The words for each code stand in
`problem_codes.toml`, from which `docs/problem-codes.md` is made.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Any, Final

from ivr.config.places import NOWHERE, Place

CODES: Final[Mapping[str, Mapping[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "problem_codes.toml").read_text(encoding="utf-8")
)
"""What each code means, whether it is a warning, and its words."""


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

    @classmethod
    def of(
        cls,
        code: str,
        place: Place,
        known: Iterable[str] = (),
        earlier: Place | None = None,
        **values: object,
    ) -> Problem:
        """The problem of that code in the words of `problem_codes.toml`, filled with `values`.

        `code`: `TRK005.prefix` for the further wording `prefix` of TRK005. `known`: what `name` may be;
        these, or the nearest of them, are the hint then.
        """
        bare, _, wording = code.partition(".")
        words = CODES[bare][wording] if wording else CODES[bare]
        near = did_you_mean(str(values.get("name")), known)
        hint = near or words.get("hint", "").format(**values, earlier=earlier)
        severity = Severity.WARNING if CODES[bare].get("warning") else Severity.ERROR
        return cls(bare, place, words["message"].format(**values), hint, severity, earlier)

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
