"""What a check found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` groups findings; `do` is the next step, empty exactly where all is well."""

    check: str
    level: Level
    what: str
    do: str = ""


def well(check: str, what: str) -> Finding:
    """All is as it should be."""
    return Finding(check, "ok", what)


def warning(check: str, what: str, do: str) -> Finding:
    """The hotline works, but not as well as it could."""
    return Finding(check, "warning", what, do)


def error(check: str, what: str, do: str) -> Finding:
    """Something citizens, agents or records need is not there."""
    return Finding(check, "error", what, do)
