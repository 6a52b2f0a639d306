"""`hotline menu try` and `test`: the menu walked in a terminal, and the admin's own tests of it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.command.config import write_starter
from ivr.command.root import app

AT = ("--at", "2026-11-23 11:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The starter."""
    write_starter(tmp_path / "config")
    return tmp_path / "config"


def test_try_shows_each_step_in_the_language_spoken_and_where_it_ends(folder: Path) -> None:
    said = _run(folder, "menu", "try", "9", "11", *AT, "--caller", "0501234567").stdout.splitlines()
    assert said[0] == "Monday 23 November 2026 11:00, from 0501234567"
    assert "    en calls_recorded: Telephone calls are recorded." in said
    assert said[-1] == "  waits in queue `dvx`"


def test_try_reads_keys_line_by_line_and_takes_an_empty_line_for_silence(folder: Path) -> None:
    said = _run(folder, "menu", "try", *AT, keys="1\n\ns\n").stdout.splitlines()
    assert said[-1] == "  waits in queue `aparat`"
    assert said.count("silence") == 2


def test_try_tells_programs_all_of_a_walk(folder: Path) -> None:
    state = ("--state", "queue=dvx,waiting=12,ewt=5m")
    shown = ("--caller", "0501234567")
    told = json.loads(_run(folder, "menu", "try", "1", "1", "h", "--json", *AT, *state, *shown).stdout)
    at_the_door, gone = told["steps"][-2:]
    assert [heard["prompt"] for heard in at_the_door["heard"]] == [
        "calls_recorded",
        "place-13",
        "wait_minutes-5",
        "order_offer",
    ]
    assert (at_the_door["door"], at_the_door["queue"]) == ("dvx", None)
    assert (at_the_door["path"], at_the_door["back"]) == ("1/1", ["ministry", "welcome"])
    assert gone["ended"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--number", "1959"), "no call comes in for 1959"),
        (("--at", "tomorrow"), "`at`: must be a moment like"),
        (("--language", "de"), "`language`: must be one of"),
        (("--caller", "me"), "`caller`: a caller is a number"),
        (("--state", "queue=dvy"), "there is no queue 'dvy'"),
        (("--state", "queue=dvx,wating=1"), "did you mean `waiting`?"),
        (("12a",), "'12a' is not a key"),
    ],
)
def test_what_cannot_be_tried_is_told_with_status_2(
    folder: Path, options: tuple[str, ...], told: str
) -> None:
    result = _run(folder, "menu", "try", *options)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_language_the_hotline_does_not_speak_cannot_be_tried(folder: Path) -> None:
    _speak_no_russian(folder)
    result = _run(folder, "menu", "try", "--language", "ru")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, "the hotline does not speak ru")


def test_the_shipped_tests_pass_alone_and_with_check(folder: Path) -> None:
    assert _run(folder, "menu", "test").stdout == "25 menu tests passed\n"
    assert "no problems in 8 files and 25 menu tests" in _run(folder, "config", "check").stdout


GIVEN = "given: {at: 2026-11-23 11:00}"
DIFFERENCES = [
    ("press: ['1'], hears: [welcome, goodbye]", "`goodbye` should be heard, not `main_menu`", "goodbye]", 1),
    ("hears: [welcome]", "nothing more should be heard, not `main_menu`", "hears", 1),
    ("hears: [..., closed]", "`closed` should be heard there", "closed]", 1),
    (
        "hears: [welcome, main_menu, menu_closing, closed]",
        "`closed` should be heard, and nothing more is",
        "closed]",
        1,
    ),
    ("press: [hangup, '1'], hears: [...]", "the call has ended before `1`", "'1']", 2),
    ("press: ['1'], ends: {queue: dvx}", "`queue` is not `dvx` but nothing", "dvx}", 2),
    ("press: ['9'], ends: {language: ru}", "`language` is not `ru` but `en`", "ru}", 2),
    ("press: ['1'], ends: {path: 1/1}", "`path` is not `1/1` but `1`", "1/1}", 2),
    ("ends: {hangup: true}", "`hangup` is not `true` but `false`", "true}", 1),
]


@pytest.mark.parametrize(("case", "message", "pointed_at", "steps"), DIFFERENCES)
def test_a_failing_test_says_what_differs_where_it_is_written_and_the_walk_up_to_there(
    folder: Path, case: str, message: str, pointed_at: str, steps: int
) -> None:
    line = f"  it rings: {{{GIVEN}, {case}}}"
    _case(folder, line)
    result = _run(folder, "config", "check", "--json")
    [problem] = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (problem["code"], problem["message"]) == ("TST001", f"it rings: {message}")
    assert (problem["line"], problem["column"]) == (2, line.index(pointed_at) + 1)
    assert len(problem["hint"].splitlines()) == steps
    assert problem["hint"].startswith(
        "195: hears welcome, main_menu, menu_closing (az), is asked in `welcome`"
    )


@pytest.mark.parametrize(
    ("case", "code", "message"),
    [
        (
            "given: {at: 2026-11-23 11:00, number: '1959'}, hears: []",
            "TST002",
            "no call comes in for 1959",
        ),
        (
            "given: {at: 2026-11-23 11:00, state: {dxv: {waiting: 1}}}, hears: []",
            "TST002",
            "there is no queue `dxv`",
        ),
        (f"{GIVEN}, press: ['1']", "TST002", "it rings: expects nothing"),
        ("given: {at: noon}, hears: []", "CFG003", '`at`: must be a moment like "2026-12-31 18:00"'),
        (f"{GIVEN}, pres: ['1']", "CFG001", "`pres` is not known here"),
        ("press: []", "CFG002", "`it rings` has no `given`"),
        (f"{GIVEN}, ends: {{queue: dxv}}", "TST002", "there is no queue `dxv`"),
        (f"{GIVEN}, ends: {{node: welcom}}", "TST002", "there is no menu node `welcom`"),
        (f"{GIVEN}, ends: {{redirected: nobody}}", "TST002", "there is no contact `nobody`"),
        (f"{GIVEN}, hears: [..., place-3, sory]", "TST002", "there is no prompt `sory`"),
        (f"{GIVEN}, hears: [..., place-100]", "TST002", "there is no prompt `place-100`"),
        (f"{GIVEN}, hears: [..., place]", "TST002", "there is no prompt `place`"),
        (f"{GIVEN}, press: ['12']", "CFG003", "`press`: a key (0-9, `*` or `#`), `silence` or `hangup` is"),
        (f"{GIVEN}, hears: ['a b']", "CFG003", "`hears`: a prompt's name is needed here, or `...` for any"),
    ],
)
def test_a_test_that_cannot_be_run_is_told_like_any_other_mistake(
    folder: Path, case: str, code: str, message: str
) -> None:
    _case(folder, f"  it rings: {{{case}}}")
    [problem] = json.loads(_run(folder, "config", "check", "--json").stdout)
    assert (problem["code"], problem["line"]) == (code, 2)
    assert problem["message"].startswith(message)
    assert problem["file"].endswith("tests/menu.yaml")


@pytest.mark.parametrize(
    "case", ["given: {at: 2026-11-23 11:00, language: ru}, hears: []", f"{GIVEN}, ends: {{language: ru}}"]
)
def test_a_test_names_no_language_the_hotline_does_not_speak(folder: Path, case: str) -> None:
    _speak_no_russian(folder)
    line = f"  it rings: {{{case}}}"
    _case(folder, line)
    [problem] = json.loads(_run(folder, "config", "check", "--json").stdout)
    assert (problem["code"], problem["message"]) == ("TST002", "the hotline does not speak `ru`")
    assert problem["column"] == line.index("ru}") + 1


def test_a_test_that_expects_nothing_is_told_where_it_begins_and_what_to_add(folder: Path) -> None:
    _case(folder, f"  it rings: {{{GIVEN}, ends: {{}}}}")
    [problem] = json.loads(_run(folder, "config", "check", "--json").stdout)
    assert (problem["line"], problem["column"]) == (2, 3)
    assert problem["hint"] == "say what is heard (`hears`) or where the call `ends`"


def test_only_the_files_named_are_run(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(f"tests:\n  it rings: {{{GIVEN}, ends: {{queue: dvx}}}}\n")
    result = _run(folder, "menu", "test", tmp_path / "other.yaml")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{tmp_path}/other.yaml:2:")
    assert result.stderr == "1 of 1 menu tests failed\n"
    assert "cannot be read" in _run(folder, "menu", "test", tmp_path / "missing.yaml").stdout


def _speak_no_russian(folder: Path) -> None:
    for name, old, new in (
        ("hotline.yaml", "[az, ru, en]", "[az, en]"),
        ("menu.yaml", "{language: ru", "{language: en"),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def _case(folder: Path, line: str) -> None:
    (folder / "tests" / "menu.yaml").write_text(f"tests:\n{line}\n", encoding="utf-8")


def _run(folder: Path, *arguments: str | Path, keys: str = "") -> Result:
    return CliRunner().invoke(app, ["--config", str(folder), *map(str, arguments)], input=keys)


@pytest.mark.slow
def test_at_a_terminal_each_step_is_shown_before_the_next_key_is_asked_for_and_the_walk_ends_with_the_call(
    folder: Path,
) -> None:
    """A real terminal, and nothing more is typed after the last key."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from ivr.command.root import app; app()"]
    words = ["--config", str(folder), "menu", "try", *AT]
    with subprocess.Popen(
        [*command, *words], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as walk:
        os.close(theirs)
        assert walk.stdout is not None
        for key, place in (("9", "welcome"), ("x", "main"), ("h", None)):
            while place and walk.stdout.readline() != f"  is asked in `{place}`\n".encode():
                assert walk.poll() is None
            os.write(ours, f"{key}\n".encode())
        said, told = walk.communicate(timeout=30)
    os.close(ours)
    assert said.decode().splitlines()[-1] == "  the call ends in `main`"
    assert "'x'?" in told.decode()


def test_a_file_that_is_not_there_is_not_a_test_that_passed(folder: Path) -> None:
    result = _run(folder, "menu", "test", str(folder / "nowhere.yaml"))
    assert result.exit_code == 1
    assert "nowhere.yaml:1:1 CFG006 this file cannot be read" in result.output
    assert "not all could be read: 0 of 0 menu tests failed" in result.output
