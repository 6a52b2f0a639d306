"""The dialer hears on, whatever one event does to one of those who hear it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from callback_dialer.dialer import Dialer
from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.messages import AmiEvent
from ivr.queues.board import Board
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.migrations import migrate
from tests.contracts.test_callback_decisions import ALWAYS
from tests.unit.ami_lines import events

EVENTS = """
    1 QueueMemberStatus Queue=dvx    Interface=PJSIP/1101 MemberName=Ann Status=1 Paused=0
    2 QueueMemberStatus Queue=broken Interface=PJSIP/1101 MemberName=Ann Status=1 Paused=0
    3 QueueMemberStatus Queue=broken Interface=PJSIP/1101 MemberName=Ann Status=2 Paused=0
    4 QueueMemberStatus Queue=dvx    Interface=PJSIP/1102 MemberName=Bob Status=1 Paused=0
"""


class BrokenBoard(Board):
    """A board that cannot take what is said of one queue."""

    def apply(self, event: AmiEvent) -> None:
        if event["Queue"] == "broken":
            raise LookupError("a queue nobody thought of")
        super().apply(event)


def test_an_event_that_makes_the_board_raise_is_logged_once_and_all_else_is_heard(tmp_path: Path) -> None:
    store, board = Store(f"sqlite:///{tmp_path / 'hotline.db'}"), BrokenBoard({})
    migrate(store)
    heard: list[AmiEvent] = []

    async def main() -> None:
        connection, stop = AmiConnection("127.0.0.1", 1, "dialer", "secret"), asyncio.Event()
        dialer = Dialer(ALWAYS, "main", StoreThread(store), connection, board, hear=heard.append)
        for event in events(EVENTS):
            connection.events.put_nowait(event)
        running = asyncio.create_task(dialer.run(stop))
        async with asyncio.timeout(10):
            while len(heard) < 4 and not running.done():
                await asyncio.sleep(0.01)
            stop.set()
            await running

    with capture_logs() as log:
        asyncio.run(main())
    store.close()
    assert heard == list(events(EVENTS))
    assert list(board.members) == [("dvx", "PJSIP/1101"), ("dvx", "PJSIP/1102")]
    said = [(line["told"], line["skipped"]) for line in log if line["event"].startswith("not understood")]
    assert said == [("QueueMemberStatus", 1), ("QueueMemberStatus", 2)]
