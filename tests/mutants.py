"""`make mutants`: mutmut changes the pure core in every small way; a test or the types must notice.

What survives is explained in docs/reliability.md ("Mutants"), or the exit status is 1. MUTANTS_MINUTES bounds
the run. One row for each module, each unexplained survivor as function and changed line, last line JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "reliability.md"
FATES: Final = {"killed": "tests", "timeout": "tests", "caught by type check": "types"}
"""What noticed a mutant, by mutmut's word for it; every other word means that nothing did."""
NOT_CHECKED: Final = "not checked"

_RESULT = re.compile(r"\s*(?P<name>(?P<module>[\w.]+)\.x(?P<function>[_ǁ]\w+?)__mutmut_\d+): (?P<word>.+)")
_ROW = re.compile(r"\| `(?P<function>[^`]+)` \| (?P<changes>.+) \| [^|]+ \|")
_DONE = re.compile(r"(\d+)/(\d+) ")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed function: mutmut's name for it, ours (`fold.Fold.take`), and what became of it."""

    name: str
    module: str
    function: str
    word: str


Explanations = Mapping[str, frozenset[str]]
"""Function → its changed lines of which the page says why nothing can notice."""


def mutants_of(results: str) -> list[Mutant]:
    """The mutants that `mutmut results --all true` lists."""
    found = map(_RESULT.fullmatch, results.splitlines())
    return [_mutant(match) for match in found if match]


def _mutant(match: re.Match[str]) -> Mutant:
    short = match["module"].rpartition(".")[2]
    function = match["function"][1:].replace("ǁ", ".")
    return Mutant(match["name"], match["module"], f"{short}.{function}", match["word"])


def explanations_of(page: str) -> Explanations:
    """The rows of the page's section about mutants: | `function` | `changed line`, … | why |."""
    section = page.partition("\n## Mutants\n")[2].partition("\n## ")[0].replace("\\|", "¦")
    rows: dict[str, frozenset[str]] = {}
    for row in filter(None, map(_ROW.fullmatch, section.splitlines())):
        changes = frozenset(change.replace("¦", "|") for change in re.findall(r"`([^`]+)`", row["changes"]))
        rows[row["function"]] = rows.get(row["function"], frozenset()) | changes
    return rows


def change_of(diff: str) -> str:
    """The changed line of a mutant's diff; several lines are joined."""
    lines = (line[1:] for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++"))
    return " ".join(" ".join(lines).split())


def unused(explanations: Explanations, survivors: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Functions and changed lines the page explains although nothing like that survived."""
    alive = set(survivors)
    explained = [(function, change) for function in explanations for change in explanations[function]]
    return sorted(one for one in explained if one not in alive)


def _mutmut(*arguments: str) -> str:
    return subprocess.run(
        ["mutmut", *arguments], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    ).stdout


def run(seconds: float, console: Console) -> bool:
    """Whether mutmut came to its end in that time; RuntimeError with its words if it could not begin."""
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    until = time.monotonic() + seconds
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            ["mutmut", "run"], cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
                task = progress.add_task("mutants", total=None)
                while process.poll() is None and time.monotonic() < until:
                    time.sleep(0.5)
                    if done := _DONE.findall(_read(said.fileno())[-400:]):
                        progress.update(task, completed=int(done[-1][0]), total=int(done[-1][1]))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        if process.wait() > 0:
            raise RuntimeError(_read(said.fileno())[-4000:])
    return process.returncode == 0


def _read(file: int) -> str:
    return os.pread(file, os.fstat(file).st_size, 0).decode("utf-8", "replace")


def report(mutants: list[Mutant], changes: Mapping[str, str], explanations: Explanations) -> Table:
    """Killed by tests, refused by types, and `changes`: name → changed line of each survivor."""
    table = Table("module", "mutants", "killed", "refused", "survived", "explained", box=None)
    for module in sorted({mutant.module for mutant in mutants}):
        own = [mutant for mutant in mutants if mutant.module == module]
        by = [FATES.get(mutant.word, "") for mutant in own]
        alive = [mutant for mutant in own if mutant.name in changes]
        explained = [one for one in alive if changes[one.name] in explanations.get(one.function, ())]
        figures = (len(own), by.count("tests"), by.count("types"), len(alive), len(explained))
        table.add_row(module, *map(str, figures))
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def main() -> int:
    """Run, compare with the page, print; the exit status."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    minutes = float(os.environ.get("MUTANTS_MINUTES", "30"))
    console = Console(highlight=False)
    began = time.monotonic()
    is_finished = run(minutes * 60, console)
    mutants = mutants_of(_mutmut("results", "--all", "true"))
    alive = [one for one in mutants if one.word not in FATES and one.word != NOT_CHECKED]
    changes = {one.name: change_of(_mutmut("show", one.name)) for one in alive}
    explanations = explanations_of(PAGE.read_text(encoding="utf-8"))
    console.print(report(mutants, changes, explanations))
    unexplained = [one for one in alive if changes[one.name] not in explanations.get(one.function, ())]
    for one in unexplained:
        console.print(f"{one.word}: {one.function}: {changes[one.name]}", markup=False, soft_wrap=True)
    stale = unused(explanations, [(one.function, changes[one.name]) for one in alive]) if is_finished else []
    for function, change in stale:
        console.print(f"explained, but noticed: {function}: {change}", markup=False, soft_wrap=True)
    not_checked = sum(one.word == NOT_CHECKED for one in mutants)
    if not is_finished:
        console.print(f"Time ran out after {minutes:g} minutes; MUTANTS_MINUTES allows more.")
    figures = {
        "mutants": len(mutants),
        "killed": sum(one.word in FATES for one in mutants),
        "survived": len(alive),
        "explained": len(alive) - len(unexplained),
        "unexplained": len(unexplained),
        "explained_but_noticed": len(stale),
        "not_checked": not_checked,
        "minutes": round((time.monotonic() - began) / 60, 1),
    }
    print(json.dumps(figures))
    return 0 if is_finished and not unexplained and not not_checked else 1


if __name__ == "__main__":
    sys.exit(main())
