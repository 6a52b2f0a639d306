"""Loading: text stays as written, every value has its place, and no file whatever makes it raise."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.checks.whole import load, load_files
from ivr.command.config import NotEmpty, starter_folder, write_starter
from ivr.config.loading import configuration_of
from ivr.config.problems import NOWHERE, Place
from tests.loading import ConfigurationError, load_or_fail
from tests.unit.starter import FILES, changed, load_changed, shipped

YAML_MARKS = st.sampled_from(
    ["\n", "\t", ":", "- ", "&a ", "*a", "<<: ", "{", "[", "]", "}", '"', "#", "!x ", "|", "~", "\x85"]
)


def test_the_shipped_configuration_has_no_problem() -> None:
    assert shipped().problems == ()


def test_every_key_has_the_place_where_it_is_written() -> None:
    loaded = shipped()
    assert loaded.places.at("queues", "dvx", "max_wait") == _position("queues.yaml", "max_wait")
    assert loaded.places.at("menu", "nodes", "ministry", "keys", "1") == _position("menu.yaml", '"1": dvx')
    assert loaded.places.at("menu", "nodes", "welcome", "say", 1) == _position(
        "menu.yaml", "main_menu, menu_closing]"
    )


def test_the_place_of_what_was_not_written_is_that_of_its_nearest_parent() -> None:
    places = shipped().places
    assert places.at("queues", "aparat", "record") == places.at("queues", "aparat")
    assert places.at("nothing", "of", "it") == NOWHERE


@pytest.mark.parametrize("written", ["195", '"195"', "'195'"])
def test_quotes_around_a_number_make_no_difference(written: str) -> None:
    assert load_changed("hotline.yaml", 'number: "195"', f"number: {written}").problems == ()


def test_digits_keep_the_zeros_and_the_key_its_text() -> None:
    files = changed("queues.yaml", '"1101": {', "0501: {")
    assert "0501" in configuration_of(load_files(files)).agents
    assert load_changed("menu.yaml", '"1": dvx', "1: dvx").problems == ()


def test_hours_are_no_sexagesimal_number_and_durations_have_a_unit() -> None:
    loaded = load_changed("queues.yaml", "service_level: 30s", "service_level: 0.5m")
    assert configuration_of(loaded).queues["dvx"].service_level == 30.0
    assert configuration_of(loaded).hours["office"].week["mon"] == "09:00-18:00"


def test_a_section_may_be_spread_over_files() -> None:
    more = b'agents: {"1104": {name: Leyla, queues: [dvx]}}\nmenu: {nodes: {}}\n'
    loaded = load_files({**FILES, "more.yaml": more})
    assert configuration_of(loaded).agents["1104"].name == "Leyla"
    assert loaded.places.at("agents", "1104") == Place("more.yaml", 1, 10)


def test_the_same_entry_in_two_files_is_a_duplicate_with_both_places() -> None:
    (problem,) = load_files({**FILES, "more.yaml": b"queues:\n  dvx: {}\n"}).problems
    assert (problem.code, problem.place) == ("CFG004", Place("more.yaml", 2, 3))
    assert problem.earlier == _position("queues.yaml", "dvx:")


def test_anchors_give_a_value_twice() -> None:
    files = changed("menu.yaml", "silence: {", "silence: &silence {")
    assert load_files(files).problems == ()


def test_a_few_bytes_that_multiply_without_end_are_refused() -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "YAML003" in {problem.code for problem in load_files({"laughs.yaml": laughs.encode()}).problems}


@pytest.mark.slow
def test_a_large_file_of_values_that_are_all_written_out_is_read() -> None:
    numbers = ", ".join(["0"] * 100_001)
    [problem] = load_files({**FILES, "more.yaml": f"blockd: [{numbers}]".encode()}).problems
    assert problem.code == "CFG001"


@pytest.mark.slow
def test_brackets_nested_without_end_are_refused() -> None:
    (problem,) = load_files({"deep.yaml": b"[" * 20_000}).problems
    assert problem.code == "YAML003"


def test_load_or_fail_tells_all_errors_with_their_places(tmp_path: Path) -> None:
    for name, content in changed("queues.yaml", "max_wait: 10m", "max_wait: soon").items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"queues\.yaml:12:15 CFG003"):
        load_or_fail(tmp_path)


def test_the_starter_is_the_shipped_configuration_and_never_overwrites(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "new")
    assert {path.relative_to(tmp_path / "new"): path.read_bytes() for path in written} == {
        path.relative_to(starter_folder()): path.read_bytes()
        for path in starter_folder().rglob("*")
        if path.is_file()
    }
    assert load(tmp_path / "new").problems == ()
    with pytest.raises(NotEmpty):
        write_starter(tmp_path / "new")


@given(st.binary(max_size=200))
def test_no_bytes_whatever_make_loading_raise(content: bytes) -> None:
    assert load_files({"any.yaml": content}).configuration is None


@pytest.mark.slow
@given(st.lists(YAML_MARKS | st.text(max_size=5), max_size=30).map("".join))
def test_no_text_whatever_makes_loading_raise(text: str) -> None:
    load_files({"any.yaml": text.encode("utf-8", "replace")})


@pytest.mark.slow
@settings(max_examples=40)  # each loads the whole configuration
@given(st.sampled_from(sorted(FILES)), st.data(), YAML_MARKS | st.text(max_size=3))
def test_a_slip_of_the_finger_anywhere_in_the_shipped_files_never_makes_loading_raise(
    file: str, data: st.DataObject, typed: str
) -> None:
    text = FILES[file].decode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    slip = text[:start] + typed + text[end:]
    for problem in load_files({**FILES, file: slip.encode("utf-8", "replace")}).problems:
        assert problem.message


def _position(file: str, words: str) -> Place:
    before, found, _ = FILES[file].decode().partition(words)
    assert found
    return Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
