"""Import files: every problem with its line and column, whatever bytes the file holds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.calls.numbers import reader
from ivr.config.model import TOPICS
from ivr.imports.columns import Kind, Vocabulary
from ivr.imports.files import LONGEST_LINE, ImportFile, Problem, Row

NOW = datetime(2026, 12, 1, tzinfo=UTC)
STRUCTURES = ("dvx", "aparat")
ATTEMPT, TOPIC, SHEET = "number,at,structure,outcome", "call,structure,topic", "id,kind,structure,opened"
MINUTE, FIGURE = "server,minute,checks,failed", "year,figure,scope,value"
"""Headers."""


def read(
    kind: Kind, file: bytes, zone: str = "Asia/Baku", structures: tuple[str, ...] | None = STRUCTURES
) -> list[Row | Problem]:
    words = Vocabulary(ZoneInfo(zone), NOW, reader(None), TOPICS, structures)
    lines = iter(partial(BytesIO(file).readline, LONGEST_LINE + 1), b"")
    return list(ImportFile(lines, kind, words).rows())


def values(kind: Kind, file: str, **hotline: Any) -> list[dict[str, Any]]:
    """Of a file without a problem."""
    found = read(kind, file.encode(), **hotline)
    assert not [one for one in found if isinstance(one, Problem)]
    return [one.values for one in found if isinstance(one, Row)]


def problems(kind: Kind, file: str | bytes, **hotline: Any) -> list[tuple[int, int, str]]:
    """Of a file: line, column, and the sentence."""
    found = read(kind, file if isinstance(file, bytes) else file.encode(), **hotline)
    return [(one.line, one.column, one.says) for one in found if isinstance(one, Problem)]


def test_columns_stand_in_any_order_and_optional_ones_may_be_absent_or_empty() -> None:
    first = values("attempts", "number,at,structure,outcome\n0501234567,2024-05-14T10:30,dvx,busy\n")
    second = values(
        "attempts", "agent,outcome,structure,at,number\n,busy,dvx,2024-05-14T10:30,+994501234567\n"
    )
    assert first == second
    assert first == [
        {
            "caller_e164": "+994501234567",
            "at": datetime(2024, 5, 14, 6, 30, tzinfo=UTC),
            "structure": "dvx",
            "outcome": "busy",
            "agent": "",
            "server": "",
        }
    ]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no_bom", "bom"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_byte_order_mark_the_delimiter_and_line_ends_change_nothing(
    mark: str, delimiter: str, end: str
) -> None:
    lines = (TOPIC, "1.1,dvx,other", '"1,2",dvx,redirected')
    quoted = [line.replace('"1,2"', '"1;2"') if delimiter == ";" else line for line in lines]
    file = mark + "".join(line.replace(",", delimiter) + end for line in quoted)
    assert [row["topic"] for row in values("topics", file)] == ["other", "redirected"]


@pytest.mark.parametrize(
    ("written", "zone", "utc"),
    [
        ("2024-05-14T10:30", "Asia/Baku", "2024-05-14T06:30"),
        ("2024-05-14 10:30:00", "Asia/Baku", "2024-05-14T06:30"),
        ("2024-05-14T10:30Z", "Asia/Baku", "2024-05-14T10:30"),
        ("2024-05-14T10:30+02:00", "Asia/Baku", "2024-05-14T08:30"),
        ("2024-03-31T02:30+01:00", "Europe/Berlin", "2024-03-31T01:30"),
        ("2024-10-27T02:30+01:00", "Europe/Berlin", "2024-10-27T01:30"),
        ("2024-10-27T01:59", "Europe/Berlin", "2024-10-26T23:59"),
        ("2024-10-27T03:00", "Europe/Berlin", "2024-10-27T02:00"),
    ],
)
def test_a_moment_has_its_offset_or_is_local_time(written: str, zone: str, utc: str) -> None:
    file = f"number,at,structure,outcome\n0501234567,{written},dvx,busy\n"
    [row] = values("attempts", file, zone=zone)
    assert row["at"] == datetime.fromisoformat(f"{utc}+00:00")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("2024-03-31T02:30", "did not exist in Europe/Berlin"),
        ("2024-10-27T02:30", "came twice in Europe/Berlin"),
        ("2024-13-01T00:00", "is not a date or moment"),
        ("2024-05-14", "is not a moment such as"),
        ("45426.4375", "is not a"),
        ("1924-05-14T10:30", "is not in the years"),
        ("2027-05-14T10:30", "is in the future"),
        ("0001-01-01T00:00+14:00", "is not in the years"),
    ],
)
def test_a_wrong_moment_is_a_problem_at_its_field(written: str, says: str) -> None:
    file = f"number,at,structure,outcome\n0501234567,{written},dvx,busy\n"
    [(line, column, sentence)] = problems("attempts", file, zone="Europe/Berlin")
    assert (line, column) == (2, 12)
    assert says in sentence


@pytest.mark.parametrize(
    ("kind", "header", "row", "at", "says"),
    [
        ("attempts", ATTEMPT, "12,2024-05-14T10:30,dvx,busy", 1, "phone number"),
        ("attempts", ATTEMPT, "0501234567,2024-05-14T10:30,dvy,busy", 29, "structure"),
        ("attempts", ATTEMPT, "0501234567,2024-05-14T10:30,dvx,besy", 33, "disposition"),
        ("topics", TOPIC, "1.1,dvx,weather", 9, "'weather' is not a topic"),
        ("topics", TOPIC, ",dvx,other", 1, "`call`: is empty"),
        ("topics", TOPIC, "1.1,dvx", 5, "2 fields, the header 3"),
        ("topics", TOPIC, "1.1,dvx,other,x", 9, "4 fields, the header 3"),
        ("topics", TOPIC, '"1,1",dvx,"a""b"', 11, "is not a topic"),
        ("topics", TOPIC, "1\x00.1,dvx,other", 1, "cannot be seen"),
        ("inquiries", SHEET, "7,question,dvx,2024-05-14", 3, "kind of inquiry"),
        ("inquiries", f"{SHEET},closed", "7,proposal,dvx,2024-05-14,2024-05-15", 27, "`outcome`"),
        ("inquiries", f"{SHEET},outcome", "7,proposal,dvx,2024-05-14,sent_on", 27, "`closed`"),
        (
            "inquiries", f"{SHEET},closed,outcome",
            "7,proposal,dvx,2024-05-14,2024-05-13,sent_on", 27, "before it was opened",
        ),
        ("inquiries", f"{SHEET},extended", "7,proposal,dvx,2024-05-14,perhaps", 27, "yes or no"),
        ("minutes", MINUTE, "main,2024-05-14T10:30:05,6,0", 6, "has seconds"),
        ("minutes", MINUTE, "main,2024-05-14T10:30,6,-1", 25, "whole number"),
        ("minutes", MINUTE, "main,2024-05-14T10:30,6,7", 23, "at least `failed`"),
        ("minutes", MINUTE, "main,2024-05-14T10:30,0,0", 23, "at least 1"),
        ("published", FIGURE, "23,answered,all,1", 1, "year"),
        ("published", FIGURE, "2023,answred,all,1", 6, "is not a figure"),
        ("published", FIGURE, "2023,topics,all,1", 6, "is not a figure"),
        ("published", FIGURE, "2023,answered,everybody,1", 15, "scope"),
        ("published", FIGURE, "2023,answered,all,91.4%", 19, "percent"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_a_problem_at_its_field(
    kind: Kind, header: str, row: str, at: int, says: str
) -> None:
    [(line, column, sentence)] = problems(kind, f"{header}\n{row}\n")
    assert (line, column) == (2, at)
    assert says in sentence


def test_every_problem_of_a_row_and_of_all_rows_is_found() -> None:
    found = problems("topics", "call,structure,topic\n,x,y\n1.1,dvx,other\n1.2,dvx,z\n")
    assert [(line, column) for line, column, _ in found] == [(2, 1), (2, 2), (2, 4), (4, 9)]


def test_without_a_configuration_every_structure_is_one() -> None:
    [row] = values("topics", "call,structure,topic\n1.1,Sales & more,other\n", structures=None)
    assert row["structure"] == "Sales & more"


def test_a_field_in_quotes_may_hold_line_ends_and_the_next_problem_is_in_its_own_line() -> None:
    file = 'number,at,agent,structure,outcome\n0501234567,2024-05-14T10:30,"a\nb",dvx,busy\n1,x,,dvx,busy\n'
    found = problems("attempts", file)
    assert [(line, column) for line, column, _ in found] == [(2, 29), (4, 1), (4, 3)]


def test_a_problem_behind_a_field_of_several_lines_stands_in_the_line_where_its_field_begins() -> None:
    file = 'agent,number,at,structure,outcome\n"a\nbc",0501234567,2024-05-14T10:30,dvy,busy\n'
    assert [(line, column) for line, column, _ in problems("attempts", file)] == [(2, 1), (3, 33)]


@pytest.mark.parametrize(
    ("file", "at", "says"),
    [
        (b"", (1, 1), "the file is empty"),
        (b"\xef\xbb\xbf", (1, 1), "the file is empty"),
        (b"call,structure\n", (1, 1), "column `topic` is missing"),
        (b"call,structure,topic,colour\n", (1, 22), "'colour' is not a column of topics"),
        (b"call,structure,topic,call\n", (1, 22), "column `call` stands there twice"),
        ("call,structure,topic\n1.1,dvx,ƏMDX\n".encode("utf-16"), (1, 1), "not UTF-8"),
        ("call,structure,topic\n1.1,dvx,Müraciət\n".encode("cp1254", "replace"), (2, 10), "not UTF-8"),
        (b'call,structure,topic\n1.1,dvx,"other\n1.2,dvx,other\n', (2, 1), "not CSV"),
        (b'call,structure,topic\n"1.1"x,dvx,other\n', (2, 1), "not CSV"),
        (b"call,structure,topic\n1.1,dvx,other\rx\n", (2, 1), "not CSV"),
        (b"call,structure,topic\n1.1,dvx," + b"x" * 10_000_000, (2, 1), "longer than 65,536 bytes"),
        (b'call,structure,topic\n1.1,dvx,"' + b"x\n" * 100_000 + b'"', (2, 1), "not CSV: field larger"),
    ],
    ids=[
        "empty", "only_bom", "missing", "unknown", "duplicated", "utf_16", "latin", "open_quote", "quote",
        "cr_outside_quotes", "10_mb_line", "200_kb_field",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_where_and_why(file: bytes, at: tuple[int, int], says: str) -> None:
    line, column, sentence = problems("topics", file)[0]
    assert (line, column) == at
    assert says in sentence


def test_a_cr_in_quotes_stays_in_its_field_and_is_refused_there() -> None:
    [found] = problems("topics", 'call,structure,topic\n1.1,dvx,"oth\rer"\n')
    assert found == (2, 9, f"`topic`: 'oth\\rer' is not a topic: {', '.join(TOPICS)}")


def test_a_header_alone_is_a_file_without_rows() -> None:
    assert read("topics", b"call,structure,topic\n") == []


def test_a_formula_is_text() -> None:
    file = "number,at,structure,outcome,agent\n0501234567,2024-05-14T10:30,dvx,busy,=1+1\n"
    assert values("attempts", file)[0]["agent"] == "=1+1"


def test_the_examples_of_the_page_are_files_without_a_problem() -> None:
    page = (Path(__file__).parents[2] / "docs" / "supervisor.md").read_text()
    examples = re.findall(r"^\*\*(\w+)\*\*:[^`]+?`.*?```csv\n(.*?)```", page, re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in examples] == list(get_args(Kind))
    for kind, file in examples:
        assert values(kind, file, structures=(*STRUCTURES, "emdx"))


@given(st.binary(max_size=200), st.sampled_from(["attempts", "topics", "inquiries", "minutes", "published"]))
def test_any_bytes_are_rows_and_problems(file: bytes, kind: Kind) -> None:
    headers = {
        "attempts": ATTEMPT, "topics": f"{TOPIC},at",
        "inquiries": f"{SHEET},closed,outcome,call,due,extended",
        "minutes": MINUTE, "published": FIGURE,
    }  # fmt: skip
    for found in (*read(kind, file), *read(kind, f"{headers[kind]}\n".encode() + file)):
        assert isinstance(found, Row) or (found.line > 0 and found.column > 0 and found.says)
