"""Where each value of the configuration was written: file, line and column as plain values.

`ivr.config.yaml_nodes` fills `Places`; problems, the dialplan's comments and `hotline config check` read it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

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
    return not is_name and bool(get_close_matches(str(written), [str(meant)], 1))
