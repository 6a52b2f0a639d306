"""Whatever a caller id says, it stays text: in the store, in logs and in actions; or it is no number."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.actions import Action
from sqlalchemy import Connection, create_engine, insert

from callback_dialer.decide import Facts, decide
from callback_dialer.starting import originate
from ivr.asterisk.messages import Header, UnsafeHeader, refuse_unsafe
from ivr.base.logs import processors
from ivr.calls.numbers import ReadNumber, dial_string, reader
from ivr.storage.schema.owed import denied_numbers
from tests.callback_policy import MISSED, NOON, policy, shipped
from tests.fuzz import fuzzed, program, spelled
from tests.unit.test_callback_originate import ATTEMPT, CALLBACK

WORDS = tuple(
    word.encode()
    for word in (
        "0501234567", "501234567", "+994501234567", "00994501234567", "+994", "994", "00",
        "0", "+", "12", "4931234",
        "0900200123", "+449098790000", "112", "195", "1101", "anonymous", "<unknown>", "@anonymous.invalid",
        "\r\n", "\r\nAction: Originate\r\n", "Channel: Local/1@hotline-callback", "\n",
        "\0", "\x1b[2J", "\u2028",
        "\x85", "${SHELL(id)}", "$[1+1]", ",", ";", "|", "&", "/n", "@hotline-callback", '"', "'", "\\",
        "'); DROP TABLE calls; --", "{}", '","level":"', "٠٥٠١٢٣٤٥٦٧", "²", "(", ")", " ", "-", ".", "%s",
    )
)  # fmt: skip
text = program.map(lambda written: spelled(written, WORDS).decode("utf-8", "replace"))
DIALLED = re.compile(r"0[1-9]\d{8}", re.ASCII)
LOGS = [processors(json=json, colors=False) for json in (True, False)]


@pytest.fixture(scope="module")
def read() -> ReadNumber:
    return reader(shipped())


@fuzzed
@given(caller=text, presentation=st.sampled_from(["", "allowed", "prohib_passed_screen"]))
def test_a_missed_call_from_any_caller_id_dials_a_carried_number_or_nothing(
    read: ReadNumber, caller: str, presentation: str
) -> None:
    number = read(caller, "provider", presentation)
    assert number.e164 == "" or re.fullmatch(r"\+[1-9]\d{6,14}", number.e164, re.ASCII)
    missed = replace(MISSED, caller=caller, caller_e164=number.e164, caller_kind=number.kind)
    missed = replace(missed, is_anonymous=number.kind == "anonymous")
    if decide(missed, Facts(), policy(), NOON).verdict != "callback":
        return
    assert number.kind in ("fixed", "mobile")
    assert not presentation.startswith("prohib")
    callback = replace(CALLBACK, caller=caller, caller_e164=number.e164)
    trunk = shipped().trunks["provider"]
    dialled = dial_string(number.e164, trunk)
    headers = originate(replace(ATTEMPT, dial_string=dialled), callback, policy(), NOON)
    refuse_unsafe(headers)
    assert DIALLED.fullmatch(dialled)
    assert headers["Channel"] == f"Local/994{dialled[1:]}@hotline-callback/n"


@fuzzed
@given(value=text)
def test_no_text_adds_a_header_to_an_action(loop: asyncio.AbstractEventLoop, value: str) -> None:
    headers: Mapping[str, Header] = {
        "Action": "Originate",
        "ActionID": "1",
        "Variable": (f"A={value}", "B=1"),
        "CallerID": value,
    }
    try:
        refuse_unsafe(headers)
    except UnsafeHeader:
        return
    assert len(re.findall(r"[\r\n]+", loop.run_until_complete(sent(headers)))) == len(headers) + 1


async def sent(headers: Mapping[str, Header]) -> str:
    """As panoramisk writes it to the socket."""
    return str(Action(headers))


@fuzzed
@given(text)
def test_any_text_is_one_line_of_a_log_and_moves_no_cursor(value: str) -> None:
    for chain in LOGS:
        line: Any = {"event": value, "caller": value}
        for processor in chain:
            line = processor(None, "info", line)
        assert isinstance(line, str)
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line


@pytest.fixture(scope="module")
def table() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        denied_numbers.create(connection)
        connection.commit()
        yield connection
    engine.dispose()


@fuzzed
@given(value=text)
def test_any_text_is_read_back_from_the_store_as_it_was(table: Connection, value: str) -> None:
    row = insert(denied_numbers).values(caller_e164=value, since=NOON, why=value)
    assert table.scalars(row.returning(denied_numbers.c.why)).all() == [value]
    table.rollback()
