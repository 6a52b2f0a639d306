"""One mistake in the shipped configuration gives exactly one problem, with its code, at its place.

Each row: code, file, what stands there, what the mistake makes of it, the words the problem points at
(`other.yaml>words` where that is in another file).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.config.loading import load, load_files
from ivr.config.places import NOWHERE
from ivr.config.problems import Problem
from ivr.config.starter import starter_folder
from tests.unit.starter import FILES, changed, load_changed

CODES_PAGE = Path(__file__).parents[2] / "docs" / "problem-codes.md"
WHOLE_FILE = ""
"""Points at the first character of the file."""

PLACE_MANY = "".join(re.findall(r"  place_many:\n(?:    .*\n)+", FILES["prompts.yaml"].decode()))

CONTACT = 'contacts: {{head: {{structure: {}, name: N, number: "{}"{}}}}}\n'

MISTAKES = [
    # form
    ("YAML001", "menu.yaml", "say: [all_busy], hangup", "say: [all_busy, hangup", "[all_busy, hangup"),
    ("YAML001", "hours.yaml", "  office:\n", "  office: x: y\n", ": y"),
    ("YAML001", "queues.yaml", "wrap_up: 10s", "wrap_up: *short", "*short"),
    ("YAML001", "trunks.yaml", 'area_code: "12"', r'area_code: "\UFFFFFFFF"', WHOLE_FILE),
    ("YAML002", "menu.yaml", "# The voice menu.", "# The voice \x07 menu.", "\x07"),
    ("YAML002", "queues.yaml", "Aygün Məmmədova", '"Ayg\\u0007n"', '"Ayg'),
    ("YAML002", "queues.yaml", "Aygün Məmmədova", '"\\ud800"', '"\\ud800'),
    ("YAML003", "callback.yaml", "deny: []", "deny: &self [*self]", "&self"),
    ("YAML003", "callback.yaml", "deny: []", "deny: !include numbers", "!include"),
    ("YAML003", "callback.yaml", "  enabled: true", "  <<: {enabled: true}", "<<"),
    ("CFG008", "callback.yaml", FILES["callback.yaml"].decode(), "# nothing", WHOLE_FILE),
    ("CFG005", "hours.yaml", "    holidays: true", "\tholidays: true", "\tholidays"),
    ("CFG003", "trunks.yaml", "trunks:", "- trunks:", "- trunks"),
    # fields
    ("CFG001", "queues.yaml", "    max_wait: 10m", "    max_wiat: 10m", "max_wiat"),
    ("CFG001", "callback.yaml", "callback:", "colour: blue\ncallback:", "colour"),
    (
        "CFG002",
        "queues.yaml",
        "    on_timeout: overflow         # where a caller goes after max_wait\n",
        "",
        "dvx:",
    ),
    ("CFG003", "queues.yaml", "strategy: leastrecent", "strategy: leastrecnt", "leastrecnt"),
    ("CFG003", "queues.yaml", "max_wait: 10m", "max_wait: ten minutes", "ten minutes"),
    ("CFG003", "queues.yaml", "record: true", "record: maybe", "maybe"),
    ("CFG003", "queues.yaml", "queues: [dvx]}", "queues: dvx}", "dvx}"),
    ("CFG003", "callback.yaml", "max_age: next_working_day", "max_age: tomorrow", "tomorrow"),
    ("CFG003", "callback.yaml", "attempts: 6", "attempts: 6.5", "6.5"),
    ("CFG003", "callback.yaml", "attempts: 6", "attempts: 0", "0   "),
    ("CFG003", "callback.yaml", "reserve: 1", "reserve:", " " * 21 + "# idle"),
    ("CFG003", "hours.yaml", "mon: 09:00-18:00", "mon: 9-18", "9-18"),
    ("CFG003", "hours.yaml", "closed_on: []", "closed_on: [2026-02-30]", "2026-02-30"),
    ("CFG003", "menu.yaml", '"*": repeat', '"12": repeat', '"12"'),
    ("CFG003", "menu.yaml", "{queue: dvx}", "{queue: dvx, hangup: true}", "dvx: {queue: dvx, h"),
    ("CFG003", "trunks.yaml", '["+994"]', "[994]", "994]"),
    ("CFG003", "hotline.yaml", "languages: [az, ru, en]", "languages: [az, ru, en, no]", "no]"),
    ("CFG003", "hotline.yaml", "[az, ru, en]", "[]", "languages: []"),
    ("CFG004", "queues.yaml", "    ring_time: 15s", "    strategy: ringall", "strategy: ringall"),
    ("CFG004", "queues.yaml", '"1102"', '"1101"', '"1101": {name: R'),
    # what only follows from a wrong value is not told
    ("CFG003", "hotline.yaml", '"195": welcome', '"195a": welcome', '"195a"'),
    ("CFG003", "hotline.yaml", "[az, ru, en]", "[az, ru, de]", "de]"),
    ("CFG003", "callback.yaml", "[30m, next_working_day]", "1h", "1h"),
    ("CFG003", "callback.yaml", "congestion: [1m, 5m]", "congestion: [1 minute]", "1 minute"),
    ("CFG003", "callback.yaml", "kinds: [fixed, mobile]", "kinds: [landline]", "landline"),
    ("CFG003", "prompts.yaml", "numbers: [0, 9]", "numbers: 0-9", "0-9"),
    ("CFG003", "hours.yaml", "hours:\n", "hours:\n  x: {week: {mon: 9-18}}\n", "9-18"),
    # what an editor or a habit brings in
    ("YAML001", "menu.yaml", '"*": repeat', "*: repeat", ": repeat\n    in"),
    ("YAML001", "prompts.yaml", "az: Belə seçim", "az: @Belə", "@Belə"),
    ("YAML001", "prompts.yaml", "az: Belə seçim", "az: {Belə} seçim", "seçim"),
    ("YAML003", "queues.yaml", "max_wait: 10m", "max_wait: !!int 600", "!!int"),
    ("CFG005", "queues.yaml", "max_wait: 10m", "max_wait:\t10m", "\t10m"),
    ("CFG001", "hotline.yaml", "ami_port: 5038", "ami_secret: x\n    ami_port: 5038", "ami_secret"),
    ("CFG003", "menu.yaml", "say: [goodbye]", "say: [g\u043eodbye]", "g\u043eodbye"),
    ("CFG003", "menu.yaml", '"1": ministry', "yes: ministry", "yes"),
    ("CFG003", "callback.yaml", "wait_over: 10s", "wait_over: 1:30", "1:30"),
    ("CFG003", "hours.yaml", "closed_on: []", "closed_on: [2027-02-29]", "2027-02-29"),
    ("CFG003", "hours.yaml", "mon: 09:00-18:00", "mon: 09:00-13:00, 14:00-18:00", "09:00-13:00,"),
    ("CFG003", "callback.yaml", "order: [urgent,", "order: [urgent, urgent,", "order: [urgent"),
    ("CFG004", "menu.yaml", '"2": aparat', "1: aparat", "1: aparat"),
    # the hotline, its servers, structures, queues and agents
    ("HOT001", "hotline.yaml", "Asia/Baku", "Asia/Bakou", "Asia/Bakou"),
    ("HOT002", "hotline.yaml", "country: AZ", "country: XX", "XX"),
    ("HOT003", "hotline.yaml", "[az, ru, en]", "[az, ru, en, az]", "az]"),
    ("HOT004", "hotline.yaml", '    "195": welcome\n', '    "1950": welcome\n', "delivered"),
    ("SRV001", "hotline.yaml", "agi_port: 4573", "agi_port: 5038", "5038\n    agi_dead"),
    ("STR001", "hotline.yaml", 'digit: "3"', 'digit: "1"', '"1"\n    name:\n'),
    ("STR002", "queues.yaml", "structure: emdx", "structure: dvx", "hotline.yaml>emdx:"),
    ("QUE001", "queues.yaml", "structure: dvx", "structure: dvxx", "dvxx"),
    ("QUE002", "menu.yaml", "{queue: dvx}", "{queue: dxv}", "dxv"),
    ("QUE003", "queues.yaml", "queues: [aibndx]", "queues: [emdx]", "aibndx:"),
    ("QUE004", "menu.yaml", "emdx: {queue: emdx}", "emdx: {queue: dvx}", "queues.yaml>emdx:"),
    ("QUE002", "menu.yaml", "order: dvx", "order: dxv", "dxv"),
    (
        "ORD001",
        "callback.yaml",
        "new_times: [30m, next_working_day]",
        "new_times: []",
        "queues.yaml>chosen_time",
    ),
    ("ORD002", "queues.yaml", "over: 3m", "over: 11m", "11m"),
    ("CFG003", "queues.yaml", "max_wait: 10m", "max_wait: 1d", "1d"),
    ("CFG003", "menu.yaml", "wait: 5s", "wait: 1d", "1d"),
    ("CFG003", "hotline.yaml", "accepted_within: 80", "accepted_within: -80", "-80"),
    ("CFG003", "hotline.yaml", "accepted_within: 80", "accepted_within: 800", "800"),
    ("CFG003", "hotline.yaml", "inquiry_answer_days: 7", "inquiry_answer_days: -7", "-7"),
    ("CFG003", "queues.yaml", '{key: "1", over: 3m}', "{over: 3m}", "order: {over"),
    ("CFG003", "menu.yaml", "order: dvx, then: services", "order: dvx", "dvx_closed: {say"),
    ("AGT001", "queues.yaml", "queues: [dvx]}", "queues: [dvx, tax]}", "tax]"),
    ("AGT002", "queues.yaml", '"1101"', '"1951"', '"1951"'),
    ("AGT003", "queues.yaml", "queues: [dvx]}", "queues: [dvx, dvx]}", "dvx]}"),
    ("HLP001", "queues.yaml", "{emdx: 90s}", "{emdxx: 90s}", "emdxx: 90s"),
    ("HLP002", "queues.yaml", "{emdx: 90s}", "{aibndx: 90s}", "aibndx: 90s"),
    ("HLP003", "queues.yaml", "{emdx: 90s}", "{emdx: 10m}", "emdx: 10m"),
    (
        "ANN001",
        "menu.yaml",
        "say: [please_hold], queue: aparat",
        "say: [please_hold], queue: aibndx",
        "queues.yaml>10          # who",
    ),
    ("ANN001", "queues.yaml", "wrap_up: 10s\n", "wrap_up: 10s\n    announce_places: 5\n", "5\n    max"),
    ("ANN001", "queues.yaml", "{mode: chosen_time}", '{key: "1"}', "10          # who"),
    ("ANN001", "queues.yaml", "{mode: chosen_time}", "{mode: keep_place}", "10          # who"),
    ("ANN002", "queues.yaml", "announce_places: 10", "announce_places: 21", "21          # who"),
    (
        "ANN002",
        "prompts.yaml",
        "numbers: [1, 10]",
        "numbers: [2, 10]",
        "queues.yaml>10          # who",
    ),
    ("CFG003", "queues.yaml", "announce_places: 10", "announce_places: 100", "100          # who"),
    # the menu
    ("MENU001", "menu.yaml", '"2": services', '"2": servces', "servces"),
    ("MENU001", "hotline.yaml", '"195": welcome', '"195": welcom', "welcom\n"),
    ("MENU001", "queues.yaml", "on_timeout: overflow", "on_timeout: overflown", "overflown"),
    ("MENU001", "menu.yaml", "times: 2, then: goodbye", "times: 2, then: hangup", "hangup}"),
    ("MENU002", "menu.yaml", "nodes:\n", "nodes:\n    attic: {hangup: true}\n", "attic"),
    ("MENU002", "menu.yaml", "nodes:\n", "nodes:\n    a: {hangup: true}\n    b: {then: a}\n", "b: {then"),
    (
        "MENU002",
        "menu.yaml",
        "nodes:\n",
        'nodes:\n    b: {keys: {"1": a}}\n    a: {keys: {"1": b}}\n',
        "b: {keys",
    ),
    ("MENU003", "menu.yaml", "say: [goodbye], hangup: true", "say: [goodbye], then: main", "goodbye: {"),
    (
        "MENU003",
        "menu.yaml",
        "order: aparat, then: services",
        "order: aparat, then: aparat",
        "aparat: {queue",
    ),
    (
        "MENU003",
        "menu.yaml",
        "nodes:\n",
        "nodes:\n    early: {hours: office, closed: late, hangup: true}\n"
        "    late: {hours: calling, closed: goodbye, then: early}\n",
        "early: {hours",
    ),
    (
        "MENU004",
        "menu.yaml",
        '        "*": repeat\n    in_a',
        '        "*": back\n    in_a',
        "back\n    in_a",
    ),
    ("MENU005", "menu.yaml", "nodes:\n", "nodes:\n    back: {hangup: true}\n", "back: {"),
    ("MENU006", "hotline.yaml", "[az, ru, en]", "[az, ru]", "menu.yaml>en, then"),
    # retention
    ("CFG003", "hotline.yaml", "recordings: 180d", "recordings: 60d", "60d"),
    ("CFG003", "hotline.yaml", "agent_states: 365d", "agent_states: 1d", "1d\n  rec"),
    ("RET001", "hotline.yaml", "records: 1826d", "records: 100d", "100d"),
    # hours
    ("HRS001", "queues.yaml", "hours: office", "hours: ofice", "ofice"),
    ("HRS002", "hours.yaml", "mon: 09:00-18:00", "mon: 18:00-09:00", "18:00-09:00"),
    ("HRS003", "hours.yaml", "  calling:", "  never: {week: {}}\n  calling:", "never"),
    (
        "HRS004",
        "hours.yaml",
        "hours:\n",
        "hours:\n  both: {week: {mon: 09:00-18:00}, closed_on: [2026-01-02], open_on: [2026-01-02]}\n",
        "2026-01-02], open_on",
    ),
    (
        "HRS005",
        "hours.yaml",
        "hours:\n",
        "hours:\n  moved: {week: {tue: 09:00-18:00}, open_on: [2026-01-24]}\n",
        "open_on: [2026-01-24]",
    ),
    ("HRS002", "hours.yaml", "special: {}", "special: {2026-12-30: 13:00-09:00}", "13:00-09:00"),
    (
        "HRS004",
        "hours.yaml",
        "hours:\n",
        "hours:\n  x: {week: {mon: 09:00-18:00}, closed_on: [2026-01-02], special: {2026-01-02: closed}}\n",
        "2026-01-02], special",
    ),
    ("HRS008", "hours.yaml", "hours:\n", "hours:\n  summer: {week: {mon: 09:00-18:00}}\n", "summer"),
    (
        "HRS009",
        "hours.yaml",
        "closed_on: []",
        "closed_on: [2026-01-02, 2026-01-05, 2026-01-02]",
        "2026-01-02]",
    ),
    (
        "HRS009",
        "hours.yaml",
        "open_on: []",
        "open_on: [2026-01-24, 2026-01-24]",
        "2026-01-24]  ",
    ),
    ("CFG003", "hours.yaml", "special: {}", "special: {2026-02-30: 09:00-13:00}", "2026-02-30"),
    ("MENU001", "queues.yaml", "    record: true", "    at_closing: god\n    record: true", "god\n"),
    (
        "CFG003",
        "queues.yaml",
        "    hours: office\n    closed: dvx_closed\n    # at_closing",
        "    at_closing: sorry\n    # at_closing",
        "dvx:",
    ),
    ("BLK001", "hotline.yaml", "  numbers: []", '  numbers: ["+99"]', '"+99"'),
    ("PRM001", "hotline.yaml", "  say: blocked", "  say: blockd", "blockd"),
    # contacts
    ("CON001", "menu.yaml", "say: [goodbye], hangup: true", "redirect: head, otherwise: sorry", "head,"),
    ("CON002", "menu.yaml", "menu:", f"{CONTACT.format('dxv', '+994124931234', '')}menu:", "dxv"),
    ("CON003", "menu.yaml", "menu:", f"{CONTACT.format('dvx', '+74951234567', '')}menu:", '"+7'),
    ("CON003", "menu.yaml", "menu:", f"{CONTACT.format('dvx', '+99412', '')}menu:", '"+99412'),
    ("CON003", "menu.yaml", "menu:", f"{CONTACT.format('dvx', '+994900123456', '')}menu:", '"+99490'),
    (
        "CON004",
        "menu.yaml",
        "menu:",
        f"{CONTACT.format('dvx', '+994124931234', ', valid_from: 2026-02-01, valid_until: 2026-01-31')}menu:",
        "2026-01-31",
    ),
    ("CFG003", "menu.yaml", "say: [goodbye], hangup: true", "redirect: head", "goodbye: {"),
    # prompts
    ("PRM001", "menu.yaml", "say: [welcome, main_menu]", "say: [welcom, main_menu]", "welcom,"),
    ("PRM002", "prompts.yaml", "az: Xahiş edirik, xətdə qalın.", 'az: ""', '""'),
    ("PRM003", "prompts.yaml", PLACE_MANY, "", "prompts:"),
    ("PRM004", "prompts.yaml", "Xahiş edirik", "Xahiş edirik {n}", "Xahiş edirik {n}"),
    ("PRM002", "prompts.yaml", "az: Belə seçim yoxdur.", 'az: "..."', '"..."'),
    (
        "PRM004",
        "prompts.yaml",
        "    numbers: [0, 9]\n",
        "",
        '"{n}."\n    ru: "{n}."\n    en: "{n}."\n  order_keys',
    ),
    ("PRM005", "prompts.yaml", "numbers: [0, 9]", "numbers: [1, 9]", "numbers: [1, 9]"),
    ("PRM004", "prompts.yaml", "yeriniz: {n}.", "yeriniz.", '"Növbədəki'),
    (
        "PRM005",
        "prompts.yaml",
        "numbers: [1, 30]\n  place_many",
        "numbers: [30, 1]\n  place_many",
        "numbers: [30",
    ),
    ("PRM007", "prompts.yaml", "prompts:\n", "prompts:\n  attic: {az: a, ru: a, en: a}\n", "attic"),
    ("PRM009", "prompts.yaml", "az: Xahiş edirik, ", f"az: {'Xahiş edirik, ' * 30}", "Xahiş"),
    ("PRM008", "menu.yaml", "say: [goodbye], hangup", "say: [goodbye, place], hangup", "place]"),
    # trunks and callbacks
    ("TRK001", "trunks.yaml", '["+994"]', '["+994", "+7"]', '"+7"'),
    ("TRK002", "callback.yaml", "deny: []", 'deny: ["+994"]', 'trunks.yaml>"+994"'),
    (
        "TRK005",
        "trunks.yaml",
        "trunks:\n",
        'trunks:\n  second: {server: 127.0.0.1:5080, endpoint: second, caller_id: "195"}\n',
        "127.0.0.1:5070",
    ),
    ("TRK003", "trunks.yaml", "    channels", "    match: [192.0.2.0/99]\n    channels", "192.0.2.0/99"),
    ("CBK001", "trunks.yaml", '["+994"]', "[]", "callback.yaml>callback:"),
    ("CBK002", "callback.yaml", "busy: [3m, 10m, 30m]", "busy: []", "busy"),
    ("CBK003", "callback.yaml", "for: [abandoned,", "for: [abandoned, abandoned,", "abandoned, timeout"),
    ("CBK005", "callback.yaml", "reserve: 1", "reserve: 2", "queues.yaml>emdx:"),
    ("CBK004", "callback.yaml", "for: [abandoned, timeout, empty, interrupted]", "for: []", "for: []"),
]


@pytest.mark.parametrize(("code", "file", "old", "new", "pointed_at"), MISTAKES)
def test_one_mistake_gives_one_problem_at_its_place(
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


def test_every_problem_is_a_sentence_without_jargon() -> None:
    for _, file, old, new, _ in MISTAKES:
        for problem in load_changed(file, old, new).problems:
            assert problem.message
            assert not re.search(r"pydantic|https?:|Input should|validat|None|<class", problem.message), (
                problem
            )


def test_each_code_is_explained_on_the_page_of_codes_and_provoked_here() -> None:
    explained = set(
        re.findall(r"^\| ([A-Z]+[0-9]{3}) ", CODES_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
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
        "SRV002",
        "TRK004",
        "TST001",
        "TST002",
    }
    assert explained == {row[0] for row in MISTAKES} | elsewhere


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


def test_a_duplicate_key_names_the_place_of_the_first() -> None:
    (problem,) = load_changed("queues.yaml", "    ring_time: 15s", "    strategy: ringall").problems
    assert problem.earlier is not None
    assert problem.earlier.line == 7
    assert str(problem.earlier) in problem.hint


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
    assert (problem.code, problem.severity.value) == ("CFG007", "warning")


def _told(problems: tuple[Problem, ...]) -> str:
    return "\n".join(
        f"{problem.place} {problem.code} {problem.message} | {problem.hint}" for problem in problems
    )
