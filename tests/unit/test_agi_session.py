"""pyst2's AGI as scripts get it: safe quoting, no stderr, no signals, hang-ups told as such."""

from __future__ import annotations

import signal
import threading

import pytest
from asterisk.agi import AGI, AGIHangup, AGIUnknownError
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.agi_session import AgiSession, UnsafeArgument
from tests.unit.agi_wire import OK, ScriptedWire, value

PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20)


def as_asterisk_reads(line: str) -> list[str]:
    """The arguments of one AGI command, split as `parse_args` of res_agi.c does."""
    found: list[str] = []
    quoted = escaped = False
    word: str | None = None
    for character in line:
        if escaped:
            word, escaped = (word or "") + character, False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted, word = not quoted, word or ""
        elif character in " \t" and not quoted:
            if word is not None:
                found.append(word)
            word = None
        else:
            word = (word or "") + character
    return [*found, word] if word is not None else found


@given(PRINTABLE)
def test_any_printable_value_arrives_in_asterisk_as_it_was(text: str) -> None:
    """Quotes and backslashes stay part of the value; nothing in it can end the argument."""
    wire = ScriptedWire(OK)
    AgiSession({}, wire).set_variable("NAME", text)
    assert as_asterisk_reads(wire.sent[0]) == ["SET", "VARIABLE", "NAME", text]


@pytest.mark.parametrize("text", ["1\nHANGUP", "1\rHANGUP", "a\0b", "\x7f"])
def test_a_control_character_is_refused_before_anything_is_sent(text: str) -> None:
    """A line end in a value would be a second command."""
    wire = ScriptedWire(OK)
    with pytest.raises(UnsafeArgument, match="control character"):
        AgiSession({}, wire).set_variable("NAME", text)
    assert wire.sent == []


def test_commands_that_pyst2_does_not_quote_are_guarded_too() -> None:
    """`stream_file` sends its file name bare."""
    with pytest.raises(UnsafeArgument):
        AgiSession({}, ScriptedWire(OK)).stream_file("welcome\nHANGUP")


def test_a_session_is_pyst2s_and_speaks_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command goes through `asterisk.agi.AGI.execute`: replaced there, it is replaced for scripts."""
    executed: list[str] = []
    monkeypatch.setattr(AGI, "execute", lambda self, command, *args: executed.append(command))
    AgiSession({}, ScriptedWire()).set_variable("NAME", "x")
    assert executed == ["SET VARIABLE"]


def test_a_session_begins_in_any_thread_without_touching_signals_or_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """pyst2's own constructor would raise outside the main thread and print the caller's number."""
    before = signal.getsignal(signal.SIGHUP)
    said: list[str] = []

    def talk() -> None:
        session = AgiSession({"agi_callerid": "0501234567", "agi_uniqueid": "1.2"}, ScriptedWire(value("7")))
        said.append(session.get_variable("CREDIT"))

    thread = threading.Thread(target=talk)
    thread.start()
    thread.join()
    assert said == ["7"]
    assert signal.getsignal(signal.SIGHUP) is before
    assert capsys.readouterr() == ("", "")


def test_a_dead_channel_is_a_hangup_and_an_unknown_answer_an_error() -> None:
    """511 means that the caller is gone; anything else unknown is a fault to be seen."""
    with pytest.raises(AGIHangup):
        AgiSession({}, ScriptedWire("511 Command Not Permitted on a dead channel")).set_variable("A", "1")
    with pytest.raises(AGIUnknownError):
        AgiSession({}, ScriptedWire("599 what")).set_variable("A", "1")


def test_arguments_are_those_of_the_dialplan_and_empty_if_not_given() -> None:
    """AGI(agi://host/script,dvx) is argument 1."""
    session = AgiSession({"agi_arg_1": "dvx", "agi_uniqueid": "9.1"}, ScriptedWire())
    assert (session.argument(1), session.argument(2), session.uniqueid) == ("dvx", "", "9.1")
