"""What is wrong with a configuration, shown to a person or to a program."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ivr.checks import dates
from ivr.command.printing import joined, print_lines, styled
from ivr.config.loading import Loaded, configuration_of
from ivr.config.problems import Problem, Severity, errors
from ivr.revisions.menu_tests import Tested
from ivr.revisions.shelf import Shelf


def calendar(loaded: Loaded, shelf: Shelf) -> Iterator[Problem]:
    """What depends on the day: uncertain holidays, contacts that are over, a calendar that ends."""
    today = datetime.now().date()
    for check in (dates.estimated, dates.expired):
        yield from check(configuration_of(loaded), loaded.places, today)
    if live := shelf.live():
        yield from dates.running_out(datetime.fromisoformat(live.at).date(), loaded.places, today)


def show_problems(problems: Sequence[Problem], folder: Path, *, err: bool = False) -> None:
    """Print their `lines_of`."""
    print_lines(lines_of(problems, folder, err=err), err=err)


def lines_of(problems: Sequence[Problem], folder: Path, *, err: bool = False) -> Iterator[str]:
    """One line for each problem, `file:line:column CODE message`, what to do about it below.

    On a terminal, stderr if `err`, the codes stand in one column; in a file one space parts the words.
    """
    stream = sys.stderr if err else sys.stdout
    places = [problem.located(str(folder)) for problem in problems]
    width = max(map(len, places), default=0) if stream.isatty() else 0
    for problem, place in zip(problems, places, strict=True):
        is_warning = problem.severity is Severity.WARNING
        code = styled(problem.code, fg="yellow" if is_warning else "red", bold=True)
        kind = "warning: " if is_warning else ""
        message, *more = problem.message.split("\n")
        yield joined(f"{place:<{width}}", code, f"{kind}{message}")
        yield from more
        if problem.hint:
            yield f"    {problem.hint}"


def summary(problems: Sequence[Problem], loaded: Loaded, tested: Tested) -> str:
    """How many problems there are, and in how much, in one line."""
    files = _count(len(loaded.files), "file")
    if tested.count:
        files += f" and {_count(tested.count, 'menu test')}"
    wrong = len(errors(problems))
    found = _count(wrong, "problem") if wrong else f"no problems in {files}"
    warnings = len(problems) - wrong
    return f"{found}, {_count(warnings, 'warning')}" if warnings else found


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def as_data(problem: Problem, folder: Path) -> dict[str, object]:
    """The problem as programs read it."""
    return {
        "file": str(folder / problem.place.file),
        "line": problem.place.line,
        "column": problem.place.column,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "hint": problem.hint,
        "earlier": problem.earlier,
    }
