"""One mistake in the shipped configuration gives exactly one problem, with its code, at its place."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.checks.whole import load, load_files
from ivr.command.config import starter_folder
from ivr.config.problems import NOWHERE, Problem
from tests import codes_page
from tests.unit.config_mistakes import MISTAKES
from tests.unit.starter import FILES, changed, load_changed


@pytest.mark.parametrize(("code", "file", "old", "new", "pointed_at"), MISTAKES)
def test_one_mistake_gives_one_problem_at_its_place_in_a_sentence_without_jargon(
    code: str, file: str, old: str, new: str, pointed_at: str
) -> None:
    problems = load_changed(file, old, new).problems
    assert {problem.code for problem in problems} == {code}, _told(problems)
    assert len(problems) == 1, _told(problems)
    *elsewhere, words = pointed_at.split(">", 1) if ".yaml>" in pointed_at else (pointed_at,)
    pointed_file = elsewhere[0] if elsewhere else file
    before, found, _ = changed(file, old, new)[pointed_file].decode().partition(words or "#")
    assert found, f"{words!r} does not stand in {pointed_file}"
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert str(problems[0].place) == f"{pointed_file}:{line}:{column}", _told(problems)
    assert problems[0].message
    assert not re.search(r"pydantic|https?:|Input should|validat|None|<class", problems[0].message)


def test_each_code_is_explained_on_the_page_of_codes_and_provoked_here() -> None:
    explained = set(
        re.findall(r"^\| ([A-Z]+[0-9]{3}) ", codes_page.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )
    elsewhere = {
        "CFG002",
        "CFG006",
        "CFG007",
        "CON005",
        "HOT005",
        "HRS006",
        "HRS007",
        "PRM006",
        "PRM010",
        "PRM013",
        "SRV002",
        "TRK004",
        "TST001",
        "TST002",
    }
    assert explained == {row[0] for row in MISTAKES} | elsewhere


def test_the_page_of_codes_is_made_from_the_table_of_codes() -> None:
    """After a change of the table: `python -m tests.codes_page`."""
    assert codes_page.PAGE.read_text(encoding="utf-8") == codes_page.page()


@pytest.mark.parametrize(
    ("overflow", "other", "is_met"),
    [("queue: aparat", "queue: emdx", True), ("queue: emdx", "queue: aparat", False)],
)
def test_the_hours_of_a_node_on_the_way_decide_whether_a_timeout_meets_a_closed_queue(
    overflow: str, other: str, is_met: bool
) -> None:
    """`emdx` and the node are open in the mornings alone; in the afternoon the node leads to `other`."""
    said = "    overflow: {say: [please_hold], "
    node = f"{said}{overflow}, hours: mornings, closed: later}}\n    later: {{{other}}}"
    mornings = "hours:\n  mornings: {week: {mon: 09:00-12:00}}\n"
    hours = ("hours: office\n    closed: emdx_closed", "hours: mornings\n    closed: emdx_closed")
    problems = load_files(
        {
            **changed("menu.yaml", f"{said}queue: aparat}}", node),
            "queues.yaml": changed("queues.yaml", *hours)["queues.yaml"],
            "hours.yaml": changed("hours.yaml", "hours:\n", mornings)["hours.yaml"],
        }
    ).problems
    assert [problem.code for problem in problems] == ["QUE006"] * is_met, _told(problems)


def test_a_missing_section_is_one_problem_that_stands_nowhere() -> None:
    (problem,) = load_files(
        {name: content for name, content in FILES.items() if name != "callback.yaml"}
    ).problems
    assert (problem.code, problem.place) == ("CFG002", NOWHERE)


def test_two_trunks_may_not_share_an_endpoint() -> None:
    second = FILES["trunks.yaml"].decode().replace("  provider:", "  second:", 1)
    problems = load_files({**FILES, "trunks2.yaml": second.encode()}).problems
    assert [(problem.code, problem.place.file) for problem in problems] == [("TRK004", "trunks2.yaml")]


def test_mistakes_in_several_files_are_all_told_at_once_in_reading_order() -> None:
    files = {
        **changed("queues.yaml", "max_wait: 10m", "max_wait: soon"),
        "menu.yaml": changed("menu.yaml", '"2": services', '"2": servces')["menu.yaml"],
        "hours.yaml": changed("hours.yaml", "holidays: true", "holiday: true")["hours.yaml"],
    }
    told = [(problem.place.file, problem.code) for problem in load_files(files).problems]
    assert told == [("hours.yaml", "CFG001"), ("menu.yaml", "MENU001"), ("queues.yaml", "CFG003")]


def test_an_invalid_entry_does_not_make_references_to_it_dangle() -> None:
    problems = load_changed(
        "queues.yaml", "structure: aparat\n", "structure: aparat\n    strateg: x\n"
    ).problems
    assert [problem.code for problem in problems] == ["CFG001"]


def test_a_misspelt_word_is_answered_with_the_nearest_known_one() -> None:
    (problem,) = load_changed("queues.yaml", "max_wait: 10m", "max_wiat: 10m").problems
    assert problem.hint == "did you mean `max_wait`?"


def test_an_anchor_that_is_not_there_is_told_by_its_name() -> None:
    (problem,) = load_changed("queues.yaml", "wrap_up: 10s", "wrap_up: *short").problems
    assert problem.message == "`*short` is used without `&short` before it"
    assert problem.hint == "write the value out; a text that begins with `*` needs quotes"


def test_a_key_without_a_value_is_told_with_what_to_do() -> None:
    (problem,) = load_changed("callback.yaml", "reserve: 1", "reserve:").problems
    assert (problem.message, problem.hint) == ("`reserve`: has no value", "write one, or leave the key out")


def test_a_duplicate_key_names_the_place_of_the_first() -> None:
    (problem,) = load_changed("queues.yaml", "    ring_time: 15s", "    strategy: ringall").problems
    assert problem.earlier is not None
    assert problem.earlier.line == 7
    assert str(problem.earlier) in problem.hint


def test_of_two_things_that_exclude_each_other_the_place_of_the_other_is_told() -> None:
    pairs = {"CFG004", "HLP003", "HRS004", "HRS009", "SRV001", "TRK005"}
    for code, file, old, new, _ in MISTAKES:
        for problem in load_changed(file, old, new).problems if code in pairs else ():
            assert problem.earlier is not None, problem
            assert str(problem.earlier) in problem.hint


def test_a_limit_is_told_in_the_unit_that_was_written() -> None:
    (seconds,) = load_changed("queues.yaml", "ring_time: 15s", "ring_time: 12h").problems
    (number,) = load_changed("callback.yaml", "ceiling: 1000", "ceiling: 1000001").problems
    assert seconds.message == "`ring_time`: must be 120s or less"
    assert number.message == "`ceiling`: must be 1000000 or less"


def test_a_text_with_a_comma_in_braces_is_told_to_need_quotes() -> None:
    one = "  news: {az: Bir, iki, ru: Раз, en: One}\n"
    (problem,) = load_changed("prompts.yaml", "prompts:\n", f"prompts:\n{one}").problems
    assert "quotes" in problem.hint


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = load(tmp_path / "nowhere").problems
    assert problem.code == "CFG006"


def test_an_empty_folder_is_a_problem_that_says_what_to_do(tmp_path: Path) -> None:
    (problem,) = load(tmp_path).problems
    assert problem.code == "CFG006"
    assert "hotline config init" in problem.hint


def test_a_file_that_cannot_be_read_is_one_problem_and_hides_nothing_else(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "menu.yaml").unlink()
    (tmp_path / "menu.yaml").mkdir()
    (problem,) = load(tmp_path).problems
    assert (problem.code, problem.place.file) == ("CFG006", "menu.yaml")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (os.mkfifo, "it is no file"),
        (Path.mkdir, "it is no file"),
        (lambda file: file.symlink_to(file), "Too many levels of symbolic links"),
        (lambda file: file.write_bytes(b"#" * 1_000_001), "it is larger than 1000 kB"),
    ],
)
def test_what_is_no_file_or_far_too_large_is_told_and_not_read(
    make: Callable[[Path], object], what: str, tmp_path: Path
) -> None:
    shutil.copytree(starter_folder(), tmp_path / "config")
    make(tmp_path / "config" / "x.yaml")
    (problem,) = load(tmp_path / "config").problems
    assert (problem.code, str(problem.place)) == ("CFG006", "x.yaml:1:1")
    assert problem.message == f"this file cannot be read: {what}"


def test_a_file_with_the_ending_yml_is_named_as_not_read(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "more.yml").write_text("queues: {}")
    (problem,) = load(tmp_path).problems
    assert (problem.code, problem.severity) == ("CFG007", "warning")


def _told(problems: tuple[Problem, ...]) -> str:
    return "\n".join(
        f"{problem.place} {problem.code} {problem.message} | {problem.hint}" for problem in problems
    )
