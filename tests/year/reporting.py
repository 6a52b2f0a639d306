"""A made year through the command, as a user would: backfilled, imported, reported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from typer.testing import CliRunner

from ivr.command.root import app
from tests.year.raw_year import YEAR
from tests.year.scopes import SHEET_FIGURES, SHEET_KINDS

CONFIG: Final = Path(__file__).parents[2] / "config"
KINDS: Final = ("attempts", "topics", "inquiries", "minutes", "published")
"""In which order files are imported."""
_OTHERWISE_CALLED: Final = {"mean_too_short_seconds": "mean_wait_of_too_short_seconds"}


def hotline(url: str, *arguments: str, config: Path = CONFIG) -> str:
    """What the command prints; RuntimeError with what it said if it fails."""
    done = CliRunner().invoke(
        app, ["--config", str(config), *arguments], env={"HOTLINE_DATABASE_URL": url}, catch_exceptions=False
    )
    if done.exit_code:
        what = " ".join(arguments)
        raise RuntimeError(f"hotline {what} ended with {done.exit_code}: {done.stderr[-800:]}")
    return done.stdout


def load(url: str, files: Mapping[str, Path], kinds: Iterable[str] = KINDS) -> None:
    """Read queue_log and the files of these kinds into a database that has its tables."""
    hotline(url, "data", "backfill", str(files["queue_log"]))
    for kind in kinds:
        hotline(url, "data", "import", kind, str(files[kind]))


def report(url: str, *period: str, config: Path = CONFIG) -> dict[str, Any]:
    """As JSON; by default of the year."""
    asked = period or ("year", str(YEAR))
    found: dict[str, Any] = json.loads(hotline(url, "report", *asked, "--format", "json", config=config))
    return found


def scopes_of(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The scopes of a report under the names of `tests.year.scopes`, nothing computed."""
    return {name: _as_planned(scope) for name, scope in document["scopes"].items()}


def _as_planned(scope: Mapping[str, Any]) -> dict[str, Any]:
    same = (
        "contacts", "answered", "ordered", "excluded", "lost", "waiting", "lost_slices", "reached",
        "directions", "mean_wait_seconds", "mean_handle_seconds", "answered_per_agent_day",
    )  # fmt: skip
    sheets = (scope["inquiries"] or {"kinds": {}})["kinds"]
    survey = scope["survey"] or {"asked": 0, "ratings": {}}
    return {
        **{name: scope[name] for name in same},
        **{name: scope[of_json] for name, of_json in _OTHERWISE_CALLED.items()},
        "topics": scope["topics"] or {},
        "inquiries": {
            kind: {what: sheets.get(kind, {}).get(what, 0) for what in SHEET_FIGURES} for kind in SHEET_KINDS
        },
        "survey": {"asked": survey["asked"], "rated": sum(survey["ratings"].values())},
        "kpis": {name: kpi["value"] for name, kpi in scope["kpis"].items()},
    }


def differences(found: Any, wanted: Any, path: str = "") -> list[str]:
    """The paths at which two values differ; numbers may by one in 10 ** 9."""
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        names = sorted(found.keys() | wanted.keys())
        missing = object()
        return [
            line
            for name in names
            for line in differences(found.get(name, missing), wanted.get(name, missing), f"{path}.{name}")
        ]
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        is_equal = abs(found - wanted) <= 1e-9 * max(abs(found), abs(wanted))
    else:
        is_equal = found == wanted
    return [] if is_equal else [f"{path[1:]}: {found!r} instead of {wanted!r}"]
