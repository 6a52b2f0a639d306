"""`docs/problem-codes.md` from the table of codes; `python -m tests.codes_page` writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ivr.config.problems import CODES

PAGE = Path(__file__).parents[1] / "docs" / "problem-codes.md"
_HEAD = """# Problem codes

What `hotline config check` can say. A line reads `file:line:column CODE message`; below it stands what to do,
with your own names and values. The table says what to do in general.
Errors keep a configuration from going live; warnings (marked w) do not. Codes never change their meaning.
Made from `ivr/config/problem_codes.toml`, which has the words of each message; a test provokes each of them.

| code | what is wrong | what to do |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = (
        f"| {code}{' w' if words.get('warning') else ''} | {words['means']} | {remedy(words)} |"
        for code, words in CODES.items()
    )
    return _HEAD + "\n".join(rows) + "\n"


def remedy(words: Mapping[str, Any]) -> str:
    """What to do about it: `remedy`, else the hint, which then takes no values."""
    said = words.get("remedy") or words["hint"]
    assert "remedy" in words or not re.search(r"(?<!\{)\{\w", said), f"give it a remedy: {words['means']}"
    return str(said).replace("{{", "{").replace("}}", "}")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
