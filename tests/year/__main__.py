"""`make year`: the published year made in `.lab/year`, read, reported, and compared with what was published.

Exit status 1 if a number is missing in JSON or on paper, but for those its own counts contradict.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from tests.lab.house import REPOSITORY
from tests.year.paper import missing
from tests.year.plan import CONTRADICTIONS, full_year
from tests.year.printed import Number, numbers
from tests.year.raw_year import YEAR, make_year
from tests.year.reporting import CONFIG, KINDS, scopes_of
from tests.year.test_raw_year import HOLIDAYS, REPORT

LAB: Final = REPOSITORY / ".lab"
_COMMAND: Final = (sys.executable, "-c", "from ivr.command.root import app; app()", "--config", str(CONFIG))
_DATABASE: Final = LAB / "year.db"
_PAPER: Final = LAB / f"report-{YEAR}.pdf"


def main() -> int:
    """Do it; what the status is."""
    _make()
    return _compare()


def _make() -> None:
    """The database of the year, its days counted and kept."""
    folder = LAB / "year"
    folder.mkdir(parents=True, exist_ok=True)
    for old in LAB.glob(f"{_DATABASE.name}*"):
        old.unlink()
    _say(f"writing a year of {full_year(REPORT).contacts:,} contacts into {folder}")
    year = make_year(folder, REPORT, HOLIDAYS)
    _hotline("data", "migrate")
    _hotline("data", "backfill", str(year.files["queue_log"]))
    for kind in KINDS:
        _hotline("data", "import", kind, str(year.files[kind]))
    _hotline("data", "figures")


def _compare() -> int:
    """Print the report and what of the published one is not found in it; what the status is."""
    found = _report("json")
    _hotline("report", "year", str(YEAR), "--format", "pdf", "--output", str(_PAPER))
    _hotline("report", "year", str(YEAR))
    paper = subprocess.check_output(["pdftotext", "-layout", str(_PAPER), "-"], text=True)
    before = {name: float(value) for name, value in found["published"][str(YEAR - 1)]["all"].items()}
    compared = list(numbers(REPORT, scopes_of(found), before))
    in_json = {one.path for one in compared if not one.is_found}
    on_paper = set(missing(paper, REPORT, compared))
    print(f"\n{len(compared)} published numbers")
    for where, lacking in (("JSON, by path", in_json), ("PDF, by label and value", on_paper)):
        print(f"{where}: {len(compared) - len(lacking)} found")
        for one in (one for one in compared if one.path in lacking):
            print(f"  not found: {_told(one)}")
    return 1 if (in_json | on_paper) - CONTRADICTIONS else 0


def _told(one: Number) -> str:
    why = "; its own counts do not give it" if one.path in CONTRADICTIONS else ""
    return f"{one.path}: {one.printed} published, {one.found} computed{why}"


def _report(form: str) -> dict[str, Any]:
    path = LAB / f"report-{YEAR}.{form}"
    _hotline("report", "year", str(YEAR), "--format", form, "--output", str(path))
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _hotline(*arguments: str) -> None:
    """Run the command, which shows its own progress; ends with its status if it fails."""
    began = time.monotonic()
    done = _run(arguments)
    if done:
        raise SystemExit(done)
    _say(f"hotline {' '.join(arguments)}: {time.monotonic() - began:.1f} s")


def _run(arguments: Sequence[str]) -> int:
    environment = os.environ | {"HOTLINE_DATABASE_URL": f"sqlite:///{_DATABASE}"}
    return subprocess.run([*_COMMAND, *arguments], env=environment, check=False).returncode


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
