"""What is wrong with a configuration, and where: reported to the admin who wrote it.

Every check returns `Problem` values; none stops at the first. The words for each code stand in
`problem_codes.toml`, from which `docs/problem-codes.md` is made. `Places` knows file, line and column of
every value; `ivr.config.yaml_nodes` fills it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any, Final, Literal

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top: `("menu", "nodes", "welcome", "say", 0)`."""


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A position in a file of the configuration folder; `line` and `column` count from 1."""

    file: str
    """Relative to the configuration folder, so that the same configuration gives the same text anywhere."""
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Place("", 0, 0)
"""The place of what nobody wrote: an empty folder, a section that is missing as a whole."""


@dataclass(frozen=True, slots=True)
class Places:
    """The place of every key and every list entry, by path; `values` where the value of a key begins."""

    keys: Mapping[KeyPath, Place] = field(default_factory=dict)
    values: Mapping[KeyPath, Place] = field(default_factory=dict)
    wrong: Collection[KeyPath] = ()
    """What was left out because it is wrong in itself: that it is missing is no further mistake."""

    def at(self, *path: str | int) -> Place:
        """Where that key or list entry is written, or its nearest parent that is; `NOWHERE` if none."""
        while path and path not in self.keys:
            path = path[:-1]
        return self.keys.get(path, NOWHERE)

    def value_at(self, *path: str | int) -> Place:
        """Where the value of that key begins, or the nearest parent's key."""
        return self.values.get(path) or self.at(*path)

    def has(self, *path: str | int) -> bool:
        """Whether the admin wrote that key at all, valid or not, or what was told to be none and meant it."""
        return path in self.keys or any(
            len(gone) == len(path) and gone[:-1] == path[:-1] and _is_misspelt(gone[-1], path[-1])
            for gone in self.wrong
        )

    def is_whole(self, *path: str | int) -> bool:
        """Whether nothing at or below that path was left out as wrong."""
        return not any(gone[: len(path)] == path for gone in self.wrong)


def _is_misspelt(written: str | int, meant: str | int) -> bool:
    is_name = re.fullmatch(r"[a-z0-9_]+", str(written))
    is_near = bool(get_close_matches(str(written), [str(meant)], 1))
    return str(written).startswith(f"{meant}:") or (is_near and not is_name)


CODES: Final[Mapping[str, Mapping[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "problem_codes.toml").read_text(encoding="utf-8")
)
"""What each code means, whether it is a warning, and its words."""


Severity = Literal["error", "warning"]
"""An error keeps a configuration from going live, a warning does not."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: a stable code, where it is, one sentence, and what to do about it."""

    code: str
    place: Place
    message: str
    hint: str = ""
    severity: Severity = "error"
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
        severity: Severity = "warning" if CODES[bare].get("warning") else "error"
        return cls(bare, place, words["message"].format(**values), hint, severity, earlier)

    def located(self, folder: str) -> str:
        """`folder/file:line:column`, or the folder alone where nothing was written."""
        return folder if self.place == NOWHERE else str(PurePath(folder, str(self.place)))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that keep the configuration from going live."""
    return tuple(problem for problem in problems if problem.severity == "error")


def in_reading_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By file, line and column, each once."""
    return tuple(sorted(set(problems), key=lambda problem: (problem.place, problem.code, problem.message)))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word: the nearest known one, else all of them if they are few."""
    words = sorted(known)
    if near := get_close_matches(word, words, n=1):
        return f"did you mean `{near[0]}`?"
    return f"known here: {', '.join(words)}" if 0 < len(words) <= 20 else ""
