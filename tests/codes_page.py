"""`docs/problem-codes.md` from the table of codes; `python -m tests.codes_page` writes it."""

from __future__ import annotations

from pathlib import Path

from ivr.config.problems import CODES

PAGE = Path(__file__).parents[1] / "docs" / "problem-codes.md"
_HEAD = """# Problem codes

What `hotline config check` can say. A line reads `file:line:column CODE message`, what to do about it below.
Errors keep a configuration from going live; warnings (marked w) do not. Codes never change their meaning.
Made from `ivr/config/problem_codes.toml`, which has the words of each message; a test provokes each of them.

| code | what is wrong |
|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = (
        f"| {code}{' w' if words.get('warning') else ''} | {words['means']} |"
        for code, words in CODES.items()
    )
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
