"""Which sound files a configuration needs, and which voice says what in them."""

from __future__ import annotations

from pathlib import Path

from ivr.checks.whole import load_files
from ivr.config.loading import configuration_of
from ivr.sounds.prompts import PromptFile, needed, reserved, spelled
from tests.unit.starter import changed, shipped

CONFIGURATION = configuration_of(shipped())


def test_every_prompt_is_needed_in_every_language() -> None:
    languages = {file.language for file in needed(CONFIGURATION) if file.name == "welcome"}
    assert languages == {"az", "ru", "en"}


def test_a_numbered_prompt_is_one_file_for_each_number() -> None:
    names = [file.name for file in needed(CONFIGURATION) if file.prompt == "place" and file.language == "en"]
    assert names == [f"place-{number}" for number in range(1, 31)]
    assert _file("en", "place-7").text == "Your place in the queue: 7."


def test_words_in_another_language_are_spoken_by_its_voice() -> None:
    voices = [voice for voice, _ in _file("az", "main_menu").parts]
    assert voices == ["az", "ru", "en"]
    assert all("<" not in text for _, text in _file("az", "main_menu").parts)


def test_a_prompt_lies_where_asterisk_looks_for_it_in_the_callers_language() -> None:
    file = _file("ru", "place-3")
    assert str(file.path) == "ru/hotline/place-3.wav"
    assert file.recorded(Path("config")) == Path("config/prompts/ru/place-3.wav")


def test_the_words_of_numbers_lie_where_asterisk_puts_numbers_together() -> None:
    """21 is said as 20 and 1; app_queue asks for the Russian 1 and 2 in the neuter."""
    many = configuration_of(load_files(changed("prompts.yaml", "numbers: [1, 10]", "numbers: [1, 32]")))
    paths = [str(file.path) for file in needed(many) if file.prompt == "number"]
    ones = [*map(str, range(1, 21)), "30"]
    assert paths == [
        *(f"az/digits/{word}.wav" for word in ones),
        *(f"ru/digits/{word}.wav" for word in ("1n", "2n", *ones[2:])),
        *(f"en/digits/{word}.wav" for word in ones),
    ]
    assert [spelled(number) for number in (7, 20, 21, 90, 99)] == [
        ("number-7",),
        ("number-20",),
        ("number-20", "number-1"),
        ("number-90",),
        ("number-90", "number-9"),
    ]


def test_the_recording_notice_is_needed_exactly_when_a_queue_records() -> None:
    silent = changed("queues.yaml", "record: true", "record: false")
    for structure in ("aparat", "emdx", "aibndx"):
        text = silent["queues.yaml"].decode()
        line = f"    structure: {structure}\n"
        silent["queues.yaml"] = text.replace(line, f"{line}    record: false\n").encode()
    assert "calls_recorded" in reserved(CONFIGURATION)
    assert "calls_recorded" not in reserved(configuration_of(load_files(silent)))


def test_no_callback_prompt_is_needed_while_callbacks_are_off() -> None:
    off = configuration_of(load_files(changed("callback.yaml", "enabled: true", "enabled: false")))
    assert not [name for name in reserved(off) if name.startswith("callback")]


def _file(language: str, name: str) -> PromptFile:
    return next(file for file in needed(CONFIGURATION) if (file.language, file.name) == (language, name))
