"""A stranger's queue_log with names that mean something elsewhere: every figure stays right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ivr.command.root import app
from tests.reports.test_document import check
from tests.stores import empty_store

pytestmark = pytest.mark.slow

NEW_YEAR = 1704085200
"""2024-01-01 09:00 in Baku."""
QUEUES = (
    "all", "balance:hidden", 'sales & "help": desk', "=SUM(A1)", "ƏMDX növbəsi", "<b>x</b>", "rated:5", "%s"
)  # fmt: skip
AGENT = 'Aygün: "A" Məmmədova, 1; \\növbə'


def lines(queue: str, number: int) -> str:
    """`number` answered calls and one that is lost."""
    found = []
    for call in range(number + 1):
        at = NEW_YEAR + 600 * call
        start = f"{at}.{QUEUES.index(queue)}{call}|{queue}"
        found.append(f"{at}|{start}|NONE|ENTERQUEUE||05012345{QUEUES.index(queue)}{call}|1")
        if call < number:
            found.append(f"{at + 5}|{start}|{AGENT}|CONNECT|5|{at}.99|3")
            found.append(f"{at + 65}|{start}|{AGENT}|COMPLETEAGENT|5|60|1")
        else:
            found.append(f"{at + 20}|{start}|NONE|ABANDON|1|1|20")
    return "\n".join([*found, ""])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("strange")
    empty_store(folder).close()
    url = f"sqlite:///{folder / 'hotline.db'}"
    text = "".join(lines(queue, number) for number, queue in enumerate(QUEUES, 1))
    log = folder / "queue_log"
    log.write_text("".join(sorted(text.splitlines(keepends=True), key=lambda line: line[:10])), "utf-8")
    hotline(url, "data", "backfill", "--all-queues", str(log))
    return url


def hotline(url: str, *words: str) -> str:
    given = ["--config", "none", *words, *(("--time-zone", "Asia/Baku") if words[1] != "backfill" else ())]
    said = CliRunner().invoke(app, given, env={"HOTLINE_DATABASE_URL": url}, catch_exceptions=False)
    assert said.exit_code == 0, said.output
    return said.stdout


def report(url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(hotline(url, "report", "year", "2024", "--format", "json"))
    check(found)
    return found


def test_each_queue_is_a_structure_with_its_own_figures_and_their_sum_is_all(url: str) -> None:
    scopes = report(url)["scopes"]
    wanted = {"all (queue)" if name == "all" else name: number for number, name in enumerate(QUEUES, 1)}
    assert {name: scope["answered"] for name, scope in scopes.items()} == wanted | {"all": 36}
    assert all(scope["lost"] == 1 for name, scope in scopes.items() if name != "all")
    for name, scope in scopes.items():
        assert sum(cell["contacts"] for cell in scope["half_hours"]) == scope["contacts"], name
        assert (scope["agent_days"], scope["balance"]) == (1, {"no_decision": scope["lost"]}), name


def test_kept_days_give_the_same_report(url: str) -> None:
    counted = report(url)
    hotline(url, "data", "figures")
    kept = report(url)
    assert kept | {"made_at": ""} == counted | {"made_at": ""}


@pytest.mark.parametrize("form", ["text", "csv", "html"])
def test_names_stand_in_the_report_as_text(url: str, form: str, tmp_path: Path) -> None:
    found = hotline(url, "report", "year", "2024", "--format", form, "--structure", "<b>x</b>")
    assert "x" in found
    assert form != "html" or "<b>x</b>" not in found
