"""`hotline config` and `hotline prompts list` as a person or a program meets them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.checks import calls
from ivr.command.root import app
from tests.unit.starter import FILES, changed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder with the starter in it."""
    return _write(tmp_path / "config", FILES)


def test_check_of_a_good_configuration_says_so_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On most days of the year: HRS006 is for the 30 days before a holiday that is only estimated."""
    monkeypatch.setattr(calls, "ANNOUNCED", timedelta())
    result = _run("--config", folder, "config", "check")
    assert (result.exit_code, result.stdout) == (0, "no problems in 8 files\n")


def test_check_names_each_recording_that_no_sentence_has(folder: Path) -> None:
    recordings = folder / "prompts" / "az"
    recordings.mkdir(parents=True)
    for name in ("welcome.wav", "Welcom.wav", "goodbye.mp3"):
        (recordings / name).write_bytes(b"RIFF")
    told = json.loads(_run("--config", folder, "config", "check", "--json").stdout)
    found = {problem["file"]: problem["hint"] for problem in told if problem["code"] == "PRM013"}
    assert found == {
        str(recordings / "Welcom.wav"): "did you mean `welcome.wav`?",
        str(recordings / "goodbye.mp3"): "did you mean `goodbye.wav`?",
    }


def test_check_tells_each_mistake_with_its_place_what_to_do_and_how_many(folder: Path) -> None:
    _write(folder, changed("menu.yaml", '"2": services', '"2": servces'))
    result = _run("--config", folder, "config", "check")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{folder}/menu.yaml:20:14 MENU001 there is no menu node `servces`",
        "    did you mean `services`?",
        "1 problem",
    ]


def test_what_is_wrong_with_the_form_of_a_menu_test_is_told_beside_other_mistakes(folder: Path) -> None:
    _write(folder, changed("menu.yaml", '"2": services', '"2": servces'))
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests" / "own.yaml").write_text("tests: {x: {given: {at: 2026-11-23 11:00}, heard: []}}")
    result = _run("--config", folder, "config", "check", "--json")
    assert [problem["code"] for problem in json.loads(result.stdout)] == ["MENU001", "CFG001"]


def test_a_warning_is_told_and_keeps_the_exit_status_at_zero(folder: Path) -> None:
    _write(folder, changed("menu.yaml", "nodes:\n", "nodes:\n    attic: {hangup: true}\n"))
    result = _run("--config", folder, "config", "check")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "no problems in 8 files, 1 warning"


def test_check_gives_programs_one_json_document(folder: Path) -> None:
    _write(folder, changed("queues.yaml", "max_wait: 10m", "max_wiat: 10m"))
    result = _run("--config", folder, "config", "check", "--json")
    (problem,) = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (problem["file"], problem["line"], problem["column"]) == (str(folder / "queues.yaml"), 12, 5)
    assert (problem["code"], problem["severity"]) == ("CFG001", "error")


def test_a_sqlite_file_is_refused_for_more_than_one_server_by_check_and_by_the_service(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = "servers:\n  second: {ami_port: 5039, agi_port: 4574}\n"
    _write(folder, changed("hotline.yaml", "servers:\n", second))
    monkeypatch.delenv("HOTLINE_DATABASE_URL", raising=False)
    refused = _run("--config", folder, "config", "check")
    assert refused.exit_code == 1
    assert refused.stdout.startswith(f"{folder}/hotline.yaml:")
    assert "SRV002 2 servers" in refused.stdout
    served = _run("--config", folder, "run")
    assert served.exit_code == 1
    assert served.stderr == refused.stdout.removesuffix("1 problem\n")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://hotline@db/hotline")
    assert _run("--config", folder, "config", "check").exit_code == 0


def test_check_reports_every_sound_file_missing_from_the_folder_of_built_prompts(folder: Path) -> None:
    result = _run("--config", folder, "config", "check", "--prompts", folder, "--json")
    problems = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {problem["code"] for problem in problems} == {"PRM006"}
    assert "az/hotline/welcome.wav is not built" in {problem["message"] for problem in problems}


def test_check_of_a_folder_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    result = _run("--config", tmp_path / "nowhere", "config", "check")
    assert result.exit_code == 1
    assert "hotline config init" in result.stdout


def test_init_writes_a_starter_that_check_accepts_and_never_overwrites_it(tmp_path: Path) -> None:
    assert _run("config", "init", tmp_path / "mine").exit_code == 0
    assert _run("--config", tmp_path / "mine", "config", "check").exit_code == 0
    again = _run("config", "init", tmp_path / "mine")
    assert again.exit_code == 1
    assert "nothing was written" in again.stderr


def test_a_command_that_needs_a_configuration_tells_what_is_wrong_with_it(folder: Path) -> None:
    _write(folder, changed("queues.yaml", "max_wait: 10m", "max_wiat: 10m"))
    result = _run("--config", folder, "prompts", "list")
    assert result.exit_code == 1
    assert "queues.yaml:12:5 CFG001" in result.stderr


def test_the_prompts_of_one_language_are_listed_with_their_text(folder: Path) -> None:
    result = _run("--config", folder, "prompts", "list", "--language", "en")
    lines = result.stdout.splitlines()
    assert len(lines) == 184
    assert all(line.startswith("en ") for line in lines)
    assert "Hello. You have reached hotline one nine five." in lines[0]


def test_a_recorded_prompt_is_listed_as_recorded(folder: Path) -> None:
    (folder / "prompts" / "en").mkdir(parents=True)
    (folder / "prompts" / "en" / "welcome.wav").touch()
    prompts = json.loads(_run("--config", folder, "prompts", "list", "--json").stdout)
    assert [prompt["name"] for prompt in prompts if prompt["recorded"]] == ["welcome"]


@pytest.mark.parametrize(
    "command",
    [
        ("config", "init"),
        ("config", "check"),
        ("config", "render"),
        ("prompts", "list"),
        ("prompts", "build"),
    ],
)
def test_the_help_of_each_command_ends_with_one_example(command: tuple[str, str]) -> None:
    last = _run(*command, "--help").stdout.strip().splitlines()[-1]
    assert last.strip().startswith("Example: hotline ")


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
