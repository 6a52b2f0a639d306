"""Whatever a FastAGI client sends, the server goes on, and Asterisk is asked only what our scripts ask."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from agi_scripts.table import scripts_for
from ivr.asterisk.fastagi import FastAgiFactory, Limits
from ivr.config.loading import configuration_of, load_or_fail
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.storage.engine import Store
from tests.fuzz import fuzzed, program, spelled
from tests.golden import CONFIG
from tests.unit.ami_lines import at, event

WORDS = (
    b"\n", b"\n\n", b"\r\n", b"agi_network_script: announce_position\n", b"agi_arg_1: tax\n",
    b"agi_network_script: callback_position\n", b"agi_network_script: shell\n", b"agi_uniqueid: c1\n",
    b"agi_callerid: 0501234567\n", b"agi_callerid: ${SHELL(id)}\n", b"agi_arg_1: tax\r\nHANGUP\n",
    b"200 result=1\n", b"200 result=1 (42)\n", b"200 result=1 (hangup)\n", b"200 result=-1\n",
    b"200 result=0\n",
    b'200 result=1 ("\\")\n', b"200 result=1 (99999999999)\n", b"200 result=1 (\xd9\xa3)\n", b"HANGUP\n",
    b"510 Invalid\n", b"520-Usage\n", b"520 End\n", b"511 dead\n", b"100 Trying\n", b"x" * 1500, b":" * 40,
)  # fmt: skip
ASKED = re.compile(
    r'SET VARIABLE "?HOTLINE_SAY"? "hotline/[a-z_0-9/&-]+"'
    r'|SET VARIABLE "?HOTLINE_POSITION"? "\d+"'
    r'|GET VARIABLE "HOTLINE_CREDIT"'
)


class Threads:
    """A pool that runs its scripts when told to, in this thread."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def callInThreadWithCallback(self, on_result: Any, work: Any, *arguments: Any) -> None:  # noqa: N802
        def run() -> None:
            try:
                on_result(True, work(*arguments))
            except Exception:
                on_result(False, Failure())

        self._waiting.append(run)

    def run(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()


class OneThread(Clock):
    """A reactor for which every thread is its own."""

    def callFromThread(self, work: Callable[..., Any], *arguments: Any) -> None:  # noqa: N802
        work(*arguments)


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return configuration_of(load_or_fail(CONFIG))


@fuzzed
@given(written=program)
def test_any_bytes_of_a_client_end_in_a_free_place_and_ask_asterisk_nothing_strange(
    configuration: Configuration, written: bytes
) -> None:
    board = Board({"tax": 10.0})
    board.restore([event("0 QueueEntry Queue=tax Uniqueid=w1 Position=1 Wait=90")], at(0))
    reactor = OneThread()
    server = FastAgiFactory(
        reactor,
        scripts_for(board, configuration, lambda: datetime.now(UTC), Store("sqlite://"), "main"),
        Limits(),
    )
    threads = Threads()
    server.pool = cast(ThreadPool, threads)
    connection, transport = server.buildProtocol(None), StringTransport()
    assert connection is not None
    connection.makeConnection(transport)
    data = spelled(written, WORDS)
    for chunk in (data[: len(data) // 2], data[len(data) // 2 :]):
        connection.dataReceived(chunk)
    reactor.advance(Limits().deadline + 1)
    connection.connectionLost()
    threads.run()
    assert not server.open
    for line in transport.value().decode().splitlines():
        assert ASKED.fullmatch(line)
