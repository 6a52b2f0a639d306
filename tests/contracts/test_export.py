"""`hotline data export`: every record as it is stored, no formula, and no more memory for more records."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from typing import get_args

import pytest
from sqlalchemy import Connection, insert, select, update
from typer.testing import CliRunner

from ivr.command.root import app
from ivr.reading.export import Kind, fields, rows
from ivr.storage.engine import store
from ivr.storage.engine.store import Store
from ivr.storage.schema.recorded import visits
from tests.stored_calls import Queued, store_call

MEASURED = """
import atexit, sys
from pathlib import Path
from ivr.command.root import app
peak = lambda: [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
atexit.register(lambda: print(*peak(), file=sys.stderr))
app()
"""
FORMULAS = {
    "+cmd|' /C calc'!AA": "'+cmd|' /C calc'!AA",
    '=HYPERLINK("http://x.example")': '\'=HYPERLINK("http://x.example")',
    "-2+3+cmd|' /C calc'!AA": "'-2+3+cmd|' /C calc'!AA",
    "@SUM(1+1)": "'@SUM(1+1)",
    "\t=1+1": r"'\t=1+1",
    "\r=1+1": r"'\r=1+1",
    "a\r\n=1+1,b": r"a\r\n=1+1,b",
    "＝1+1": "'＝1+1",
    "x;=1+1": "x;'=1+1",
    "+994501234567": "+994501234567",
    "-3.5": "-3.5",
    "0501234567": "0501234567",
    "Əli; Leyla": "Əli; Leyla",
    "": "",
}
"""Text from outside, and how CSV holds it."""


def store_many(connection: Connection, number: int) -> None:
    """So many visits of one call."""
    call_id = store_call(connection, stays=[Queued("answered")])
    [one] = connection.execute(select(visits).where(visits.c.call_id == call_id)).mappings()
    row = {**one, "agent_name": "x" * 100}
    del row["id"]
    connection.execute(insert(visits), [{**row, "uniqueid": f"1.{i}"} for i in range(1, number)])


def exported(url: str, *words: str) -> tuple[int, str, int]:
    """Status, stdout and the peak of memory, in kB, of the command in a process of its own."""
    environment = {**os.environ, "HOTLINE_DATABASE_URL": url}
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, "data", "export", "visits", *words],
        env=environment, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    return ended.returncode, ended.stdout.decode(), int(ended.stderr.split()[-2])


@pytest.mark.parametrize("numbers", [[], ["--full-numbers"]], ids=["masked", "whole"])
def test_no_text_from_outside_is_a_formula_and_every_number_stays_as_it_is(
    url: str, store: Store, numbers: list[str]
) -> None:
    def work(connection: Connection) -> None:
        for text in FORMULAS:
            call_id = store_call(connection, "+994501234567")
            mine = update(visits).where(visits.c.call_id == call_id)
            connection.execute(mine.values(agent_name=text, caller=text))

    store.write(work)
    status, said, _ = exported(url, "--format", "csv", *numbers)
    cells = list(csv.DictReader(io.StringIO(said, newline="")))
    assert status == 0
    assert [cell["agent_name"] for cell in cells] == list(FORMULAS.values())
    assert {cell["caller_e164"] for cell in cells} == {"+994501234567" if numbers else "+99450*****67"}
    assert cells[0]["caller"] == "'+cmd|' /C calc'!AA"
    assert cells[9]["caller"] == ("+994501234567" if numbers else "+99450*****67")
    assert cells[0]["handle_seconds"] == ""


def test_many_records_are_all_exported_and_take_no_more_memory_than_few(url: str, store: Store) -> None:
    store.write(lambda connection: store_many(connection, 200))
    _, _, few = exported(url)
    store.write(lambda connection: store_many(connection, 8_000))
    status, said, many = exported(url, "--full-numbers")
    stored = store.read(lambda connection: list(rows(connection, "visits")))
    assert status == 0
    assert [json.loads(line) for line in said.splitlines()] == stored
    assert many - few < 13_000  # kB; kept in memory they take 21,000


def test_a_reader_that_pauses_gets_every_record(
    postgresql_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as `less`: PostgreSQL ends other transactions of ours that are idle for long."""
    postgresql_store.write(lambda connection: store_many(connection, 1_500))
    hurried = str(store._POSTGRESQL["options"]).replace("timeout=5s", "timeout=300ms")
    monkeypatch.setattr(store, "_POSTGRESQL", {**store._POSTGRESQL, "options": hurried})
    impatient = Store(postgresql_store.engine.url.render_as_string(hide_password=False))

    def read(connection: Connection) -> int:
        found = rows(connection, "visits")
        next(found)
        time.sleep(0.8)
        return 1 + sum(1 for _ in found)

    assert impatient.read(read) == 1_500
    impatient.close()


def test_every_kind_of_record_is_exported_with_its_fields_and_masked_numbers(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a row, too: the header names the fields."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", url)
    store.write(lambda c: store_call(c, "+994501234567"))
    for kind in get_args(Kind):
        said = CliRunner().invoke(app, ["data", "export", kind, "--format", "csv"])
        assert said.exit_code == 0, said.output
        header, *rows = csv.reader(io.StringIO(said.stdout))
        assert header == fields(kind)
        assert len(rows) == (kind in ("calls", "visits"))
        assert "1234567" not in said.stdout


def test_csv_for_excel_begins_with_a_mark_and_has_semicolons(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", url)
    store.write(lambda c: store_call(c, "+994501234567"))
    words = ["data", "export", "calls", "--bom", "--delimiter", ";"]
    said = CliRunner().invoke(app, [*words, "--format", "csv"])
    assert said.stdout.startswith("\ufeffid;server;linkedid;")
    refused = CliRunner().invoke(app, words)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "add --format csv" in refused.stderr
