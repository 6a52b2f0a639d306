"""A small configuration and what it compiles to; `python -m tests.golden` writes that anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from dialplan.compiler import compile
from tests.loading import load_or_fail

FOLDER = Path(__file__).parent
CONFIG = FOLDER / "config"
EXPECTED = FOLDER / "asterisk"
TODAY = date(2026, 11, 23)


def compiled() -> dict[str, str]:
    """The small configuration's files."""
    return compile(load_or_fail(CONFIG), today=TODAY)


def expected() -> dict[str, str]:
    """The files kept here, by relative name."""
    return {
        str(file.relative_to(EXPECTED)): file.read_text(encoding="utf-8") for file in EXPECTED.rglob("*.conf")
    }
