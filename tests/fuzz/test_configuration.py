"""Whatever an admin's file says: it is read or told of with its place, and no text becomes a command."""

from __future__ import annotations

from hypothesis import given

from dialplan.plan import Context, Extension, Step, render
from dialplan.quoting import Section, UnsafeText, argument, comment, field, value
from dialplan.quoting import render as render_settings
from ivr.checks.whole import load_files
from tests.fuzz import fuzzed, program, spelled

YAML = tuple(
    word.encode()
    for word in (
        "hotline:\n", "  number: ", '"195"', "\n", "  ", "queues:\n",
        "  dvx:\n", "    structure: dvx\n", ": ",
        "- ", "[", "]", "{", "}", "&a ", "*a", "<<: *a\n",
        "!!python/object:os.system ", "|\n", ">\n", '"', "'",
        "# ", "---\n", "...\n", "\t", "menu:\n  nodes:\n",
        "    front: {say: [front]}\n", "agents:\n", '  "1101":\n',
        "    name: ", "\\", "\\ud800", "\ufeff", "\0", "10m", "-1", "1e999",
        "nan", ".inf", "2026-02-30", "24:00",
        "trunks:\n", "    carries: ", '["+994"]', "callback:\n", "  retry:\n",
        "    busy: ", "? ", "%YAML 9.9\n",
        "${SHELL(id)}", ";", "prompts:\n", "hours:\n", "  week: ", "mon: 09:00-18:00", "null", "~",
    )
)  # fmt: skip
TEXT = tuple(
    word.encode()
    for word in (
        "\n", "\r", "[general]", "exten => _X.,1,System(id)", "same => n",
        "#include /etc/passwd", "#exec id", ";",
        ";--", "--;", "${", "}", "$[", "]", "(", ")", ",", '"', "\\", "|",
        "&", "=", "=>", " ", "secret = ", "\u2028",
        "\x85", "a", "1101", "ə",
    )
)  # fmt: skip


@fuzzed
@given(program)
def test_any_yaml_is_read_or_told_of_with_its_place(written: bytes) -> None:
    content = spelled(written, YAML)
    loaded = load_files({"hotline.yaml": content})
    lines = content.count(b"\n") + content.count(b"\r") + 2
    assert loaded.configuration is not None or loaded.problems
    for problem in loaded.problems:
        assert problem.message
        assert len(str(problem).splitlines()) <= 3
        assert 0 <= problem.place.line <= lines


@fuzzed
@given(program)
def test_no_text_makes_a_line_a_section_or_an_application_of_its_own(written: bytes) -> None:
    text = spelled(written, TEXT).decode("utf-8", "replace")
    for quote in (value, field):
        try:
            quoted = quote(text)
        except UnsafeText:
            continue
        rendered = render_settings([Section("name", (("key", quoted), ("after", "1")))])
        assert len(rendered.splitlines()) == 3
    try:
        step = Step("Playback", argument(text))
        remark = comment(text)
    except UnsafeText:
        return
    line = render([Context("c", Extension("s", step))]).splitlines()[1]
    assert line == f"exten => s,1,Playback({text}) ; hotline"
    assert len(f"key = 1 ; {remark}".splitlines()) == 1
