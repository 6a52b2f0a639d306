"""What a check found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from ivr.asterisk.connection import utc_now

Level = Literal["ok", "warning", "error"]
CLOCKS_AGREE_WITHIN: Final = 2.0
"""Seconds; the recorder takes a larger step of Asterisk's clock for one."""


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


def errors(check: str, whats: Iterable[str], do: str, otherwise: str = "") -> list[Finding]:
    """One for each of `whats`; where there is none, all is well: `otherwise`, if that is worth a line."""
    all_well = [well(check, otherwise)] if otherwise else []
    return [error(check, what, do) for what in whats] or all_well


def clocks_apart(check: str, whose: str, shown: datetime) -> list[Finding]:
    """An error where that clock, which shows `shown` now, and this machine's are apart."""
    apart = abs((shown - utc_now()).total_seconds())
    if apart <= CLOCKS_AGREE_WITHIN:
        return []
    what = f"{whose} clock and this machine's are {apart:.0f} s apart"
    return [error(check, what, "run one time service (chrony) on both machines")]
