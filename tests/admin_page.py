"""What `docs/admin.md` has the admin type for one structure more, taken from the page itself."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

_PAGE = Path(__file__).parents[1] / "docs" / "admin.md"
_SECTION = "## A structure more, from end to end"


@dataclass(frozen=True)
class Recipe:
    """`edits`: texts of `menu.yaml`, old and new; `content` of the new file; the words of the commands."""

    edits: tuple[tuple[str, str], ...]
    content: str
    commands: tuple[tuple[str, ...], ...]
    lines: int
    """That the admin types into files."""

    def follow(self, config: Path) -> None:
        """Do to the folder what the page says."""
        menu = config / "menu.yaml"
        text = menu.read_text(encoding="utf-8")
        for old, new in self.edits:
            assert text.count(old) == 1, f"{old!r} is not the one place the page means"
            text = text.replace(old, new)
        menu.write_text(text, encoding="utf-8")
        (config / "customs.yaml").write_text(self.content, encoding="utf-8")


def recipe() -> Recipe:
    """The page's section, read."""
    section = _PAGE.read_text(encoding="utf-8").split(_SECTION, 1)[1]
    _, diff, _, content, _, commands, *_ = section.split("```")
    edits = diff.removeprefix("diff\n")
    content = content.removeprefix("yaml\n")
    added = sum(line.startswith("+") for line in edits.splitlines())
    return Recipe(
        tuple((_side(hunk, "-"), _side(hunk, "+")) for hunk in edits.split("@@\n")),
        content,
        tuple(tuple(shlex.split(line)[1:]) for line in commands.strip().splitlines()),
        added + len(content.splitlines()),
    )


def _side(hunk: str, sign: str) -> str:
    return "".join(line[1:] for line in hunk.splitlines(keepends=True) if line[0] in f" {sign}")
