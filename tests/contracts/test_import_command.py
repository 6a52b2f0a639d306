"""`hotline data import`: a name owns its rows, a wrong file changes nothing, unknown calls are listed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Table, delete, func, select
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.storage.engine.store import Store
from ivr.storage.people.audit import lines
from ivr.storage.records.imports import Overtaken, Preparation, replace
from ivr.storage.running.liveness import Minute, note_minutes
from ivr.storage.schema.imported import imports, inquiries, outside_attempts, published, topics
from ivr.storage.schema.recorded import calls, visits
from ivr.storage.schema.running import minutes
from tests.contracts.retaining import ANNA, NOW, days_ago, hotline, house
from tests.contracts.test_purge import BAKU
from tests.stored_calls import Queued, store_call

__all__ = ["house"]

ATTEMPT = "number,at,structure,outcome\n"
TOPIC = "call,structure,topic\n"
SHEET = "id,kind,structure,opened\n"
MINUTE = "server,minute,checks,failed\n"
FIGURE = "year,figure,scope,value\n"


def imported(house: Path, kind: str, text: str | bytes, *words: str, file: str = "file.csv") -> Result:
    (house / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    said = hotline(house, "import", kind, str(house / file), *words)
    assert isinstance(said.exception, SystemExit | None), said.exc_info
    return said


def problems(said: Result, house: Path) -> list[str]:
    """The lines that begin with the file's name, without its folder."""
    return [
        line.removeprefix(f"{house}/") for line in said.stderr.splitlines() if line.startswith(str(house))
    ]


def stored(store: Store, *columns: Column[Any]) -> Sequence[Any]:
    """In the order in which they stand in their file, or were stored."""
    return store.read(lambda c: [tuple(row) for row in c.execute(select(*columns).order_by(*columns))])


def number_of(store: Store, table: Table) -> int:
    return store.read(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one())


def imported_minutes(store: Store) -> Sequence[Any]:
    query = select(minutes).where(minutes.c.import_id.is_not(None))
    return store.read(lambda c: c.execute(query).all())


def known_call(store: Store, linkedid: str, **facts: Any) -> int:
    """A call of that linkedid, yesterday; its visit has a uniqueid of its own."""
    return store.write(
        lambda c: store_call(c, ANNA, [Queued()], ended_at=days_ago(1), linkedid=linkedid, **facts)
    )


def test_attempts_are_stored_with_the_number_as_callers_have_it(house: Path, store: Store) -> None:
    said = imported(house, "attempts", f"{ATTEMPT}050 123 45 67,2024-05-14T10:30,dvx,reached\n")
    assert (said.exit_code, said.stdout) == (0, "1 attempts imported as file.csv\n")
    row = ("+994501234567", datetime(2024, 5, 14, 10, 30, tzinfo=BAKU), "dvx", "reached")
    of = outside_attempts.c
    assert stored(store, of.caller_e164, of.at, of.structure, of.outcome) == [row]


def test_a_call_is_found_by_its_linkedid_or_a_visit_s_uniqueid(house: Path, store: Store) -> None:
    first, second = known_call(store, "7.1"), known_call(store, "7.2")
    uniqueid = store.read(lambda c: c.scalar(select(visits.c.uniqueid).where(visits.c.call_id == second)))
    said = imported(house, "topics", f"{TOPIC}7.1,dvx,other\n{uniqueid},dvx,redirected\n7.1,dvx,redirected\n")
    assert said.exit_code == 0, said.output
    assert stored(store, topics.c.line, topics.c.call_id, topics.c.topic) == [
        (2, first, "other"),
        (3, second, "redirected"),
        (4, first, "redirected"),
    ]


def test_a_row_about_a_call_nobody_knows_is_listed_and_the_rest_goes_in(house: Path, store: Store) -> None:
    known_call(store, "7.1")
    said = imported(house, "topics", "structure,call,topic\ndvx,7.1,other\ndvx,7.9,other\n")
    assert said.exit_code == 1
    assert problems(said, house) == ["file.csv:3:5 no call with the id '7.9' is known"]
    assert said.stdout == "1 topics imported as file.csv\n"
    assert "1 topics left out" in said.stderr
    assert number_of(store, topics) == 1


def test_of_several_calls_with_one_id_server_or_moment_tell_which(house: Path, store: Store) -> None:
    here = known_call(store, "7.1")
    there = known_call(store, "7.1", server="other", began_at=days_ago(3))
    said = imported(
        house,
        "topics",
        "call,structure,topic,server,at\n"
        "7.1,dvx,other,main,\n7.1,dvx,other,other,\n"
        f"7.1,dvx,other,,{days_ago(3).isoformat()}\n7.1,dvx,other,,\n",
    )
    assert problems(said, house) == ["file.csv:5:1 several calls have the id '7.1': give server or at"]
    assert stored(store, topics.c.line, topics.c.call_id) == [(2, here), (3, there), (4, there)]


def test_importing_a_name_again_replaces_its_rows_and_no_others(house: Path, store: Store) -> None:
    for number in range(1, 4):
        known_call(store, f"7.{number}")
    imported(house, "topics", f"{TOPIC}7.1,dvx,other\n7.2,dvx,other\n", file="may.csv")
    imported(house, "topics", f"{TOPIC}7.3,dvx,other\n", file="june.csv")
    assert imported(house, "topics", f"{TOPIC}7.1,dvx,redirected\n", "--name", "may.csv").exit_code == 0
    assert stored(store, topics.c.topic) == [("other",), ("redirected",)]
    assert stored(store, imports.c.name, imports.c.rows) == [("june.csv", 1), ("may.csv", 1)]


@pytest.mark.parametrize(
    ("kind", "good", "wrong"),
    [
        ("attempts", f"{ATTEMPT}0501234567,2024-05-14T10:30,dvx,busy\n", "0501234567,2024-05-14,dvx,busy\n"),
        ("topics", f"{TOPIC}7.1,dvx,other\n", "7.1,dvy,other\n"),
        ("inquiries", f"{SHEET}1,proposal,dvx,2024-05-14\n", "2,proposal,dvx,2024-15-14\n"),
        ("minutes", f"{MINUTE}main,2024-05-14T10:30,6,0\n", "main,2024-05-14T10:31,6,7\n"),
        ("published", f"{FIGURE}2023,accepted_within,all,64.9\n", "2023,accepted_in,all,64.9\n"),
    ],
)  # fmt: skip
def test_a_wrong_line_refuses_the_whole_file_and_what_its_name_owned_stays(
    house: Path, store: Store, kind: str, good: str, wrong: str
) -> None:
    known_call(store, "7.1")
    assert imported(house, kind, good).exit_code == 0
    before = stored(store, imports.c.id, imports.c.rows)
    said = imported(house, kind, good.splitlines(keepends=True)[0] + wrong + good.splitlines()[1])
    assert said.exit_code == 1
    assert [line.split(":")[:2] for line in problems(said, house)] == [["file.csv", "2"]]
    assert "nothing is imported" in said.stderr
    assert stored(store, imports.c.id, imports.c.rows) == before


def test_of_a_file_that_is_refused_only_what_is_wrong_is_listed(house: Path, store: Store) -> None:
    rows = "7.9,dvx,other\n" * 3000
    said = imported(house, "topics", f"{TOPIC}{rows}7.9,dvx,weather\n")
    assert [line.split(" ")[0] for line in problems(said, house)] == ["file.csv:3002:9"]


def test_of_many_problems_fifty_are_listed_and_the_others_counted(house: Path, store: Store) -> None:
    said = imported(house, "topics", TOPIC + "1,dvx,weather\n" * 70)
    assert len(problems(said, house)) == 50
    assert "and 20 more" in said.stderr
    said = imported(house, "topics", TOPIC + "1,dvx,other\n" * 70)
    assert len(problems(said, house)) == 50
    assert "and 20 more" in said.stderr


def test_a_dry_run_says_the_same_and_stores_nothing(house: Path, store: Store) -> None:
    known_call(store, "7.1")
    said = imported(house, "topics", f"{TOPIC}7.1,dvx,other\n7.9,dvx,other\n", "--dry-run")
    assert said.exit_code == 1
    assert said.stdout == "1 topics would be imported as file.csv\n"
    assert problems(said, house) == ["file.csv:3:1 no call with the id '7.9' is known"]
    assert [number_of(store, table) for table in (imports, topics)] == [0, 0]
    assert not [line for line in store.read(lambda c: lines(c, days_ago(1))) if line["action"] == "import"]


def test_an_import_is_in_the_audit(house: Path, store: Store) -> None:
    imported(house, "published", f"{FIGURE}2023,accepted_within,all,64.9\n")
    [line] = [one for one in store.read(lambda c: lines(c, days_ago(1))) if one["action"] == "import"]
    assert (line["subject"], line["note"]) == ("published file.csv", "1 rows")


def test_an_inquiry_has_one_row_however_many_files_have_it(house: Path, store: Store) -> None:
    row = "7,proposal,dvx,2024-05-14\n"
    imported(house, "inquiries", SHEET + row, file="may.csv")
    said = imported(house, "inquiries", f"{SHEET}{row}8,proposal,dvx,2024-05-15\n8,proposal,dvx,2024-05-16\n")
    assert said.exit_code == 1
    assert [line.split(" ")[0] for line in problems(said, house)] == ["file.csv:2:1", "file.csv:4:1"]
    assert stored(store, inquiries.c.reference) == [("7",), ("8",)]


def test_a_minute_that_this_software_has_checked_stays_its_own(house: Path, store: Store) -> None:
    at = NOW.replace(second=0) - timedelta(days=1)
    store.write(lambda c: note_minutes(c, [Minute("other", at, 6, 0)]))
    file = f"{MINUTE}other,{at.isoformat()},5,5\nother,{(at - timedelta(days=900)).isoformat()},5,5\n"
    said = imported(house, "minutes", file)
    assert problems(said, house) == [
        f"file.csv:2:{len('other,') + 1} this minute is known already, from another row or source"
    ]
    of = minutes.c
    mine = select(of.checks, of.import_id).where(of.minute_at == at, of.server == "other")
    assert [tuple(row) for row in store.read(lambda c: c.execute(mine).all())] == [(6, None)]
    assert len(imported_minutes(store)) == 1


def test_a_published_figure_keeps_its_value(house: Path, store: Store) -> None:
    imported(house, "published", f"{FIGURE}2023,accepted_within,all,64.9\n2023,topics.other,dvx,12.8\n")
    of = published.c
    assert stored(store, of.year, of.figure, of.scope, of.value) == [
        (2023, "accepted_within", "all", 64.9),
        (2023, "topics.other", "dvx", 12.8),
    ]


def test_a_topic_is_one_of_the_configuration_s(house: Path, store: Store) -> None:
    known_call(store, "7.1")
    with (house / "config" / "hotline.yaml").open("a") as file:
        file.write("topics:\n  tax_debt: {az: Vergi borcu, ru: Долг, en: Tax debt}\n")
    assert imported(house, "topics", f"{TOPIC}7.1,dvx,tax_debt\n").exit_code == 0
    said = imported(house, "topics", f"{TOPIC}7.1,dvx,other\n")
    assert problems(said, house) == ["file.csv:2:9 `topic`: 'other' is not a topic: tax_debt"]


def test_without_a_configuration_any_structure_is_one_and_the_zone_is_given(
    house: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_ASTERISK", str(house / "etc"))
    (house / "file.csv").write_text(f"{ATTEMPT}0501234567,2024-05-14T10:30,Sales,busy\n")
    words = ["--config", str(house / "none"), "data", "import", "attempts", str(house / "file.csv")]
    said = CliRunner().invoke(app, [*words, "--time-zone", "Europe/Berlin"])
    assert said.exit_code == 0, said.output
    at = datetime.fromisoformat("2024-05-14T10:30+02:00")
    assert stored(store, outside_attempts.c.structure, outside_attempts.c.at) == [("Sales", at)]


def test_a_file_that_changes_while_it_is_read_is_refused(house: Path, store: Store) -> None:
    file, is_over = house / "file.csv", Event()
    file.write_text(FIGURE)

    def grows() -> None:
        with file.open("a", buffering=1) as more:
            for year in cycle(range(2001, 2100)):
                more.write(f"{year},accepted_within,all,64.9\n")
                if is_over.wait(0.001):
                    return

    with ThreadPoolExecutor() as beside:
        beside.submit(grows)
        said = hotline(house, "import", "published", str(file))
        is_over.set()
    assert (said.exit_code, said.stdout) == (1, "")
    assert "the file was changed while it was read" in said.stderr
    assert number_of(store, imports) == 0


def test_a_call_that_was_deleted_since_its_row_was_read_refuses_the_file(store: Store) -> None:
    number = known_call(store, "7.1")
    row = {"call": "7.1", "structure": "dvx", "topic": "other", "server": "", "at": None}
    prepared = store.read(lambda c: Preparation(c, "topics", "file.csv"))
    store.read(lambda c: prepared.add(c, [(2, row)]))
    for column in (visits.c.call_id, calls.c.id):
        store.write(lambda c, of=column: c.execute(delete(of.table).where(of == number)))  # type: ignore[misc]  # bound at once
    with pytest.raises(Overtaken):
        store.write(lambda c: replace(c, prepared, prepared.portions))
    assert number_of(store, imports) == 0


def test_a_minute_checked_since_its_row_was_read_refuses_the_file(store: Store) -> None:
    at = NOW.replace(second=0)
    prepared = store.read(lambda c: Preparation(c, "minutes", "file.csv"))
    row = {"server": "main", "minute_at": at, "checks": 6, "failed": 6}
    assert store.read(lambda c: prepared.add(c, [(2, row)])) == []
    store.write(lambda c: note_minutes(c, [Minute("main", at, 6, 0)]))
    with pytest.raises(Overtaken):
        store.write(lambda c: replace(c, prepared, prepared.portions))


def test_a_file_that_cannot_be_opened_is_named(house: Path) -> None:
    said = hotline(house, "import", "topics", str(house / "none.csv"))
    assert said.exit_code == 1
    assert f"{house}/none.csv: No such file or directory" in said.stderr


def test_a_pipe_is_refused(house: Path) -> None:
    read, write = os.pipe()
    os.close(write)
    said = hotline(house, "import", "published", f"/dev/fd/{read}")
    os.close(read)
    assert (said.exit_code, f"/dev/fd/{read}: is not a plain file" in said.stderr) == (1, True)


def test_while_rows_are_prepared_others_may_write(store: Store) -> None:
    known_call(store, "7.1")
    row = {"call": "7.1", "structure": "dvx", "topic": "other", "server": "", "at": None}

    def work(connection: Connection) -> None:
        Preparation(connection, "topics", "file.csv").add(connection, [(2, row)])
        known_call(store, "7.2")

    store.read(work)
    assert number_of(store, calls) == 2


def test_a_header_alone_takes_the_rows_of_its_name_away(house: Path, store: Store) -> None:
    known_call(store, "7.1")
    imported(house, "topics", f"{TOPIC}7.1,dvx,other\n")
    assert imported(house, "topics", TOPIC).exit_code == 0
    assert number_of(store, topics) == 0


def test_formulas_and_marks_of_excel_come_in_as_text(house: Path, store: Store) -> None:
    file = "\ufeffnumber;at;structure;outcome;agent\r\n0501234567;2024-05-14 10:30;dvx;busy;=1+1\r\n"
    assert imported(house, "attempts", file).exit_code == 0
    assert stored(store, outside_attempts.c.agent) == [("=1+1",)]
