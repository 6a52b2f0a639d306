"""The dialer, stopped at one named boundary of an attempt: `python -m tests.lab.checkpoints CONFIG SECRETS`.

Reads one order a line on standard input, forks a dialer for each and answers with its process id. A dialer
that comes to its boundary leaves a file and stops itself (SIGSTOP); to be killed, woken or cut off.
Forked, because starting Python sixty times would take longer than all the calls.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from panoramisk.actions import Action
from sqlalchemy import Connection

from callback_dialer import dialer, finishing, starting
from callback_dialer.attempt import Progress
from callback_dialer.dialer import Dialer
from callback_dialer.following import Following
from callback_dialer.pacing import QueueLoad
from callback_dialer.policy import Policy
from callback_dialer.starting import Start
from ivr.asterisk.actions import Header, Reply
from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.secrets import read_secret
from ivr.asterisk.session import Session
from ivr.config.loading import configuration_of, load_or_fail
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.storage import attempts
from ivr.storage.engine import Store, StoreThread

STATES: Final = ("ringing", "citizen_answered", "confirmed", "agent_connected", "ended")
BEFORE_ASTERISK: Final = (
    "planned, not committed",
    "planned",
    "originating, not committed",
    "originating",
)
"""Boundaries at which nothing has left for Asterisk yet."""
BOUNDARIES: Final = (
    *BEFORE_ASTERISK,
    "sent",
    "queued",
    *(f"{state} {how}" for state in STATES for how in ("heard", "not committed", "committed")),
)
"""Every commit, send and await of an attempt, in its order."""


@dataclass(frozen=True, slots=True)
class Order:
    """One dialer: its database, the port it finds the AMI at, where it stops (nowhere: empty)."""

    database: str
    port: int
    boundary: str
    mark: str
    """The file it leaves when it stops."""


def plant(reach: Callable[[str], None]) -> None:
    """Have the product call `reach` with the name of every boundary it comes to."""
    _plant_start(reach)
    _plant_originate(reach)
    _plant_progress(reach)


def _plant_start(reach: Callable[[str], None]) -> None:
    start_next, next_start, advance = starting.start_next, Dialer._next_start, attempts.advance

    def planning(
        connection: Connection, server: str, loads: Mapping[str, QueueLoad], policy: Policy
    ) -> Start | None:
        start = start_next(connection, server, loads, policy)
        if start is not None:
            reach("planned, not committed")
        return start

    async def planned(self: Dialer) -> Start | None:
        start = await next_start(self)
        if start is not None:
            reach("planned")
        return start

    def advanced(connection: Connection, attempt_id: str, state: Any, *rest: Any, **facts: Any) -> bool:
        moved = advance(connection, attempt_id, state, *rest, **facts)
        if state == "originating":
            reach("originating, not committed")
        return moved

    _replace(dialer, "start_next", planning)
    _replace(Dialer, "_next_start", planned)
    _replace(attempts, "advance", advanced)


def _plant_originate(reach: Callable[[str], None]) -> None:
    send, send_action = AmiConnection.send, Session.send_action

    async def sending(self: AmiConnection, headers: Mapping[str, Header], *, deadline: float = 10.0) -> Reply:
        is_originate = headers["Action"] == "Originate"
        if is_originate:
            reach("originating")
        reply = await send(self, headers, deadline=deadline)
        if is_originate:
            reach("queued")
        return reply

    def sent(self: Session, action: Action, **given: Any) -> Any:
        answer = send_action(self, action, **given)
        if action["Action"] == "Originate":
            reach("sent")
        return answer

    _replace(AmiConnection, "send", sending)
    _replace(Session, "send_action", sent)


def _plant_progress(reach: Callable[[str], None]) -> None:
    take, write, written = Following._take, finishing.write, Following.written

    def taken(self: Following, before: Progress, after: Progress) -> None:
        take(self, before, after)
        if _state(after) != _state(before):
            reach(f"{_state(after)} heard")

    def writing(connection: Connection, progress: Progress, policy: Policy, note: str = "") -> None:
        write(connection, progress, policy, note)
        reach(f"{_state(progress)} not committed")

    def committed(self: Following, count: int) -> None:
        for progress in self.unwritten[:count]:
            reach(f"{_state(progress)} committed")
        written(self, count)

    _replace(Following, "_take", taken)
    _replace(dialer, "write", writing)
    _replace(Following, "written", committed)


def _state(progress: Progress) -> str:
    return "ended" if progress.ended_at else progress.state


def _replace(owner: object, name: str, planted: object) -> None:
    setattr(owner, name, planted)


def _stop_at(order: Order) -> Callable[[str], None]:
    mark = Path(order.mark)

    def reach(boundary: str) -> None:
        if boundary == order.boundary and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGSTOP)

    return reach


async def _dial(order: Order, configuration: Configuration, secrets: Path) -> None:
    user = "hotline-dialer"
    ami = AmiConnection("127.0.0.1", order.port, user, read_secret(secrets, user))
    board = Board({name: queue.wrap_up for name, queue in configuration.queues.items()})
    thread = StoreThread(Store(order.database))
    log = configuration.servers["main"].queue_log
    running = Dialer(
        Policy.of(configuration), "main", thread, ami, board, queue_log=Path(log) if log else None
    )
    connecting = asyncio.create_task(ami.run())
    await running.run(asyncio.Event())
    await connecting


def main() -> None:
    """Take orders until standard input ends."""
    config, secrets = map(Path, sys.argv[1:])
    configuration = configuration_of(load_or_fail(config))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    Store("postgresql://").close()  # what it imports is imported once
    for line in sys.stdin:
        order = Order(**json.loads(line))
        if child := os.fork():
            print(child, flush=True)
            continue
        os.dup2(2, 1)  # what it logs is no answer to an order
        plant(_stop_at(order))
        asyncio.run(_dial(order, configuration, secrets))


if __name__ == "__main__":
    main()
