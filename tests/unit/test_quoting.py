"""Whatever text comes, Asterisk reads it back unchanged or it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.quoting import Section, UnsafeText, argument, comment, field, render, value

TEXT = st.text(st.characters(codec="utf-8"))


def _as_asterisk_reads(line: str) -> str:
    """A line of a configuration file after main/config.c has taken its comment off."""
    read, at = "", 0
    while at < len(line):
        if line.startswith("\\;", at):
            read, at = f"{read};", at + 2
        elif line[at] == ";":
            break
        else:
            read, at = read + line[at], at + 1
    return read.strip()


def _fields(text: str) -> list[str]:
    """Comma-separated arguments as main/app.c parts them: quotes hold commas, a backslash holds anything."""
    fields, quoted, at = [""], False, 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            fields[-1], at = fields[-1] + text[at + 1], at + 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == "," and not quoted:
            fields.append("")
        else:
            fields[-1] += text[at]
        at += 1
    return fields


@given(TEXT)
def test_a_value_is_read_back_unchanged_or_refused(text: str) -> None:
    try:
        quoted = value(text)
    except UnsafeText:
        return
    assert _as_asterisk_reads(f"key = {quoted}").removeprefix("key =").strip() == text


@given(TEXT)
def test_a_field_is_read_back_as_one_field_or_refused(text: str) -> None:
    try:
        quoted = field(text)
    except UnsafeText:
        return
    assert _fields(_as_asterisk_reads(f"a,0,{quoted},b")) == ["a", "0", text, "b"]


@given(TEXT)
def test_an_argument_holds_nothing_that_means_something_to_a_dialplan(text: str) -> None:
    try:
        quoted = argument(text)
    except UnsafeText:
        return
    assert quoted == text
    assert not set(text) & set('${}[](),;"\\\n')


@pytest.mark.slow
@given(TEXT)
def test_no_value_makes_a_line_a_section_or_a_directive_of_its_own(text: str) -> None:
    try:
        rendered = render([Section("name", (("key", text),))])
    except UnsafeText:
        return
    assert len(rendered.splitlines()) == 2


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "\x1b[2J", "a\u2028b", "a\x85b"])
@pytest.mark.parametrize("quote", [value, field, argument, comment])
def test_line_ends_and_control_characters_are_refused_everywhere(text: str, quote: object) -> None:
    assert callable(quote)
    with pytest.raises(UnsafeText):
        quote(text)


@pytest.mark.parametrize("text", ["${SHELL(id)}", "$[1+1]", "a,b", "a;b", 'a"b', "a(b"])
def test_an_argument_that_could_be_an_expression_is_refused(text: str) -> None:
    with pytest.raises(UnsafeText, match="use letters, digits"):
        argument(text)


def test_what_parts_the_fields_of_queue_log_is_refused_in_a_name() -> None:
    with pytest.raises(UnsafeText, match="queue_log"):
        field("a|b")
