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
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from panoramisk.actions import Action
from sqlalchemy import Connection

from callback_dialer import dialer, following, resolving, starting
from callback_dialer.attempt import Progress
from callback_dialer.dialer import Dialer
from callback_dialer.following import Following
from callback_dialer.pacing import QueueLoad
from callback_dialer.policy import Policy
from callback_dialer.resolving import Resolver
from callback_dialer.starting import Start
from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.messages import Header, Reply
from ivr.asterisk.secrets import read_secret
from ivr.asterisk.session import Session
from ivr.calls.callbacks import Disposition
from ivr.config.loading import configuration_of
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.owed import attempts
from ivr.storage.owed.attempts import Attempt
from ivr.visits.from_queue_log import LogLine
from tests.loading import load_or_fail

STATES: Final = ("ringing", "citizen_answered", "confirmed", "agent_connected", "ended")
FAREWELLS: Final = ("refused", "no_agent", "new_time")
"""What a citizen may be told instead of being connected; each is stored when it is."""
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
"""Every commit, send and await of an attempt that reaches an agent, in its order."""
PARTING: Final = tuple(
    f"{farewell} {how}" for farewell in FAREWELLS for how in ("heard", "not committed", "committed")
)
"""The same where one ends otherwise."""
ASKING: Final = ("asking", "told")
TAKING_OVER: Final = (
    *(f"{found}: {step}" for found in ("alive", "gone") for step in ASKING),
    *(f"alive: {step}" for step in ("adopted", "learned")),
    *(f"gone: {step}" for step in ("resolved, not committed", "resolved")),
)
"""The same of a dialer that takes over an attempt whose channel is alive, or gone."""
WITHDRAWING: Final = ("withdrawing", "withdrawn")
"""The same while it hangs up on a citizen who is on the line themselves."""
SENT: Final = {"Originate": ("originating", "queued"), "Hangup": WITHDRAWING}


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
    _plant_taking_over(reach)


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
        before, after = SENT.get(str(headers["Action"]), ("elsewhere", "elsewhere"))
        reach(before)
        reply = await send(self, headers, deadline=deadline)
        reach(after)
        return reply

    def sent(self: Session, action: Action, **given: Any) -> Any:
        answer = send_action(self, action, **given)
        if action["Action"] == "Originate":
            reach("sent")
        return answer

    _replace(AmiConnection, "send", sending)
    _replace(Session, "send_action", sent)


def _plant_progress(reach: Callable[[str], None]) -> None:
    take, write, written = Following._take, following.write, Following.written

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


def _plant_taking_over(reach: Callable[[str], None]) -> None:
    send, adopt, learn, resolve = AmiConnection.send, Following.adopt, Following.learn, resolving.resolve
    ask, resolve_one = Resolver.resolve, Resolver._resolve_one
    is_resolving = ContextVar("is_resolving", default=False)

    def reach_either(step: str) -> None:
        for found in ("alive", "gone"):
            reach(f"{found}: {step}")

    async def sending(self: AmiConnection, headers: Mapping[str, Header], **given: Any) -> Reply:
        is_asking = headers["Action"] == "CoreShowChannels" and is_resolving.get()
        if is_asking:
            reach_either("asking")
        reply = await send(self, headers, **given)
        if is_asking:
            reach_either("told")
        return reply

    async def asking(self: Resolver) -> None:
        is_resolving.set(True)
        await ask(self)
        is_resolving.set(False)

    def adopted(self: Following, progress: Progress) -> None:
        adopt(self, progress)
        reach("alive: adopted")

    def learned(self: Following, attempt_id: str, lines: Iterable[LogLine]) -> None:
        learn(self, attempt_id, lines)
        reach("alive: learned")

    def resolved(*given: Any) -> Disposition:
        outcome = resolve(*given)
        reach("gone: resolved, not committed")
        return outcome

    async def committed(self: Resolver, attempt: Attempt, found: Progress | None, **given: Any) -> None:
        await resolve_one(self, attempt, found, **given)
        reach("gone: resolved")

    _replace(AmiConnection, "send", sending)
    _replace(Resolver, "resolve", asking)
    _replace(Following, "adopt", adopted)
    _replace(Following, "learn", learned)
    _replace(resolving, "resolve", resolved)
    _replace(Resolver, "_resolve_one", committed)


def _state(progress: Progress) -> str:
    if progress.ended_at:
        return "ended"
    return progress.farewell if progress.farewell in FAREWELLS else progress.state


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
