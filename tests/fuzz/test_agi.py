"""Whatever a FastAGI client sends, the server goes on, and Asterisk is asked only what our scripts ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from agi_scripts.table import scripts_for, scripts_of_orders
from ivr.asterisk.fastagi import FastAgiFactory, Limits, Script
from ivr.asterisk.secrets import agi_answer
from ivr.asterisk.words import FASTAGI_QUESTION
from ivr.calls.callbacks import OrderAnswer
from ivr.config.loading import configuration_of
from ivr.queues.board import Board
from ivr.storage.owed import callbacks
from tests.fuzz import fuzzed, program, spelled
from tests.golden import CONFIG
from tests.lab.agi_server import SECRET
from tests.loading import load_or_fail
from tests.stores import empty_store
from tests.unit.ami_lines import at, event

WORDS = (
    b"\n", b"\n\n", b"\r\n", b"agi_network_script: announce_position\n", b"agi_arg_1: tax\n",
    b"agi_network_script: callback_position\n", b"agi_network_script: shell\n", b"agi_uniqueid: c1\n",
    b"agi_network_script: caller_language\n", b"agi_network_script: survey\n", b"agi_arg_1: provider\n",
    b"agi_network_script: order_callback\n", b"agi_network_script: owed_callback\n",
    b"agi_arg_2: 1795363200|0501234567|0501234567|provider|az|0|12\n", b"agi_arg_2: 1|2|3|'|--|9|\xd9\xa3\n",
    b"agi_callerid: 0501234567\n", b"agi_callerid: ${SHELL(id)}\n", b"agi_arg_1: tax\r\nHANGUP\n",
    b"200 result=1\n", b"200 result=1 (42)\n", b"200 result=1 (hangup)\n", b"200 result=-1\n",
    b"200 result=0\n",
    b'200 result=1 ("\\")\n', b"200 result=1 (99999999999)\n", b"200 result=1 (\xd9\xa3)\n", b"HANGUP\n",
    b"510 Invalid\n", b"520-Usage\n", b"520 End\n", b"511 dead\n", b"100 Trying\n", b"x" * 1500, b":" * 40,
)  # fmt: skip
QUESTION = re.compile(re.escape(f"{FASTAGI_QUESTION}\n").replace("%s", "([0-9a-f]{64})"))
ASKED = re.compile(
    r'SET VARIABLE "?HOTLINE_SAY"? "hotline/[a-z_0-9/&-]+"'
    r'|SET VARIABLE "?HOTLINE_POSITION"? "\d+"'
    r'|SET VARIABLE "?HOTLINE_(OFFER|OWED)"? "yes"'
    r'|SET VARIABLE "?HOTLINE_SURVEY"? "ask"'
    r'|SET VARIABLE "?HOTLINE_ORDERED"? "(accepted|refused)"'
    r'|GET VARIABLE "HOTLINE_(CREDIT|TOLD|PRESENTATION)"'
)


class Threads:
    """A pool that runs its scripts when told to, in this thread."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def callInThreadWithCallback(self, on_result: Any, work: Any, *arguments: Any) -> None:  # noqa: N802  # Twisted's name
        def run() -> None:
            try:
                on_result(True, work(*arguments))
            except Exception:  # as Twisted's pool does: what a script raises is its caller's to hear
                on_result(False, Failure())

        self._waiting.append(run)

    def run(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()


class OneThread(Clock):
    """A reactor for which every thread is its own."""

    def callFromThread(self, work: Callable[..., Any], *arguments: Any) -> None:  # noqa: N802  # Twisted's name
        work(*arguments)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Script]]:
    """All there are, over a queue in which somebody waits and an empty store."""
    configuration = configuration_of(load_or_fail(CONFIG))
    board = Board({"tax": 10.0})
    board.restore([event("0 QueueEntry Queue=tax Uniqueid=w1 Position=1 Wait=90")], at(0))
    store = empty_store(tmp_path_factory.mktemp("store"))

    def is_owed(number: str) -> bool:
        return store.read(lambda connection: callbacks.open_for(connection, number)) is not None

    def now() -> datetime:
        return datetime.now(UTC)

    orders = scripts_of_orders(configuration, "main", lambda order: OrderAnswer(order.asked_at), is_owed, now)
    yield {**scripts_for(board, configuration, now, store, "main"), **orders}
    store.close()


@fuzzed
@given(written=program)
def test_any_bytes_of_a_client_end_in_a_free_place_and_ask_asterisk_nothing_strange(
    scripts: Mapping[str, Script], written: bytes
) -> None:
    reactor = OneThread()
    server = FastAgiFactory(reactor, scripts, Limits(), SECRET)
    threads = Threads()
    server.pool = cast(ThreadPool, threads)
    connection, transport = server.buildProtocol(None), StringTransport()
    assert connection is not None
    connection.makeConnection(transport)
    data = spelled(written, WORDS)
    for half in (data[: len(data) // 2], data[len(data) // 2 :]):
        for chunk in half.splitlines(keepends=True):
            connection.dataReceived(chunk)
            if asked := QUESTION.fullmatch(transport.value().decode()):
                transport.clear()
                connection.dataReceived(f"{agi_answer(SECRET, asked[1])}\n".encode())
    reactor.advance(Limits().deadline + 1)
    connection.connectionLost()
    threads.run()
    assert not server.running
    assert not server.unproved
    for line in transport.value().decode().splitlines():
        assert ASKED.fullmatch(line)
