"""At every boundary of an attempt the dialer is killed, frozen or cut off: nobody is ever rung twice.

Real Asterisk, real phones. Each boundary has its own citizen and its own database, and several are tried at
the same time; what they share is the Asterisk and its agents.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from ivr.storage.engine.store import Store
from ivr.storage.schema.owed import attempts, callbacks
from tests.lab.checkpoints import BEFORE_ASTERISK, BOUNDARIES, PARTING, TAKING_OVER, Order
from tests.lab.dialing import Dialing, ready_to_dial, until
from tests.lab.exchange import Fate, Keypress, Lifts
from tests.lab.house import REPOSITORY
from tests.lab.phone import AgentPhone
from tests.stored_calls import Queued, store_call
from tests.stores import Databases

LONG_TALK = Lifts(after=0.3, keys=(Keypress("1", 0.4),), talk=15.0)
"""Longer than the lease of a dialer that died."""
REACHED = Lifts(after=0.3, keys=(Keypress("1", 0.4),), talk=0.5)
AT_ONCE = 11
AGENTS = tuple(f"11{n:02d}" for n in range(1, 13))
IDLERS = tuple(f"13{n:02d}" for n in range(1, 8))
"""Of another queue, whose phones ring and ring."""


@dataclass(frozen=True)
class Course:
    """How a call goes if nobody disturbs it: in which queue, and what is stored at its end."""

    fate: Fate
    state: str = "reached"
    disposition: str = "reached"
    queue: str = "dvx"


REACHES = Course(REACHED)
PARTS = {
    "refused": Course(Lifts(after=0.3, keys=(Keypress("9", 0.4),)), "refused", "declined"),
    "no_agent": Course(
        Lifts(after=0.3, keys=(Keypress("1", 0.4),), patience=14.0), "owed", "no_agent", "emdx"
    ),
    "new_time": Course(
        Lifts(after=0.3, keys=tuple(Keypress("1", at) for at in (0.4, 9.0, 11.0, 13.0))),
        "owed",
        "no_agent",
        "emdx",
    ),
}


def course_of(boundary: str) -> Course:
    """The call in which that boundary is come to."""
    if boundary in PARTING:
        return PARTS[boundary.partition(" ")[0]]
    return Course(LONG_TALK) if boundary.startswith("alive") else REACHES


CHANGES = {
    **{f"agents.{account}": {"name": account, "queues": ["dvx"]} for account in AGENTS},
    **{f"agents.{account}": {"name": account, "queues": ["emdx"]} for account in IDLERS},
    "callback.retry.aborted": ["1s"],
    "callback.confirm_wait": "5s",
    "callback.max_hold": "5s",
    "queues.dvx.announce_position": False,
}
OVERDUE = "UPDATE attempts SET deadline_at = 1000"
TAKEN_OVER_WITHIN = 60.0
ASLEEP = 1.0
"""Seconds a frozen dialer sleeps, in which the call goes on."""


class Wire:
    """The way from one dialer to the AMI, which a test can cut."""

    def __init__(self, ami: tuple[str, int]) -> None:
        self._ami = ami
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_over = False

    @classmethod
    @asynccontextmanager
    async def open(cls, ami: tuple[str, int]) -> AsyncIterator[tuple[Wire, int]]:
        wire = cls(ami)
        server = await asyncio.start_server(wire._join, "127.0.0.1", 0)
        try:
            yield wire, server.sockets[0].getsockname()[1]
        finally:
            server.close()
            wire._is_over = True
            wire.cut()
            await asyncio.gather(*wire._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Both ends are closed, whatever was on its way."""
        for writer in self._open:
            writer.transport.abort()

    def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self._tasks.add(asyncio.create_task(self._connect(reader, writer)))

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._ami)
        except OSError:
            writer.close()
            return
        self._open.add(far_writer)
        if self._is_over:
            self.cut()
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        self._open.discard(sink)
        sink.close()


class Dialers:
    """Starts dialers that stop at a boundary."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lock = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, lab: Dialing) -> AsyncIterator[Dialers]:
        log = lab.house.folder / "dialers.log"
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.lab.checkpoints", lab.house.config, lab.house.etc / "secrets.d",
                cwd=REPOSITORY, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        dialers = cls(process)
        try:
            yield dialers
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def start(self, order: Order) -> int:
        """The process id of a new dialer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._lock:
            self._process.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
            return int(await self._process.stdout.readline())


@dataclass
class Scene:
    """One citizen who is owed a call, and the dialer that will be disturbed."""

    boundary: str
    number: str
    store: Store
    order: Order
    wire: Wire
    dialers: Dialers
    pid: int = field(default=0)

    async def stopped(self) -> None:
        """The dialer stands at its boundary; one that takes over first waits for the dead one's lease."""
        await until(
            lambda: Path(self.order.mark).exists() and _is_stopped(self.pid), self.boundary, TAKEN_OVER_WITHIN
        )

    async def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    async def died(self, next_stop: str) -> None:
        """The dialer is dead, and another one starts that stops, too."""
        os.kill(self.pid, signal.SIGKILL)
        self.boundary = next_stop
        self.order = replace(self.order, boundary=next_stop, mark=f"{self.order.mark}-again")
        self.pid = await self.dialers.start(self.order)

    async def replaced(self) -> None:
        """The dialer is dead, and another one starts."""
        os.kill(self.pid, signal.SIGKILL)
        if self.boundary in BEFORE_ASTERISK:
            # No channel and no line will ever tell: only the attempt's own deadline does.
            self.store.write(lambda c: c.execute(text(OVERDUE)))
        self.pid = await self.dialers.start(self.order)


async def killed(scene: Scene) -> None:
    await scene.replaced()


async def frozen(scene: Scene) -> None:
    await asyncio.sleep(ASLEEP)
    await scene.go_on()


async def cut_off(scene: Scene) -> None:
    await asyncio.sleep(0.2)
    scene.wire.cut()
    await scene.go_on()
    # An order written to a dead socket: nothing tells of it but the attempt's own deadline.
    await asyncio.sleep(ASLEEP)
    scene.store.write(lambda c: c.execute(text(f"{OVERDUE} WHERE state = 'originating'")))


Fault = Callable[[Scene], Awaitable[None]]


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@asynccontextmanager
async def scene_of(
    lab: Dialing, dialers: Dialers, boundary: str, number: str, url: str
) -> AsyncIterator[Scene]:
    """A database of its own in which that citizen is owed a call, and a dialer that will stop."""
    store = Store(url)
    queue = course_of(boundary).queue
    store.write(lambda c: store_call(c, f"+994{number[1:]}", [Queued(queue=queue, structure=queue)]))
    async with Wire.open(lab.house.ami) as (wire, port):
        order = Order(url, port, boundary, str(lab.house.folder / f"stopped-{number}"))
        scene = Scene(boundary, number, store, order, wire, dialers)
        scene.pid = await dialers.start(order)
        yield scene
        os.kill(scene.pid, signal.SIGKILL)
        store.close()


@asynccontextmanager
async def laboratory(folder: Path, citizens: Mapping[str, Fate]) -> AsyncIterator[tuple[Dialing, Dialers]]:
    async with (
        ready_to_dial(folder, {number: [fate] for number, fate in citizens.items()}, CHANGES) as lab,
        AsyncExitStack() as phones,
        Dialers.open(lab) as dialers,
    ):
        lab.store.close()
        for account in (*AGENTS, *IDLERS):
            after = 0.1 if account in AGENTS else 60.0
            phone = AgentPhone.open(account, lab.house.secret(account), lab.house.sip, answer_after=after)
            await phones.enter_async_context(phone)
        yield lab, dialers


def dialled(lab: Dialing, attempt_id: str) -> int:
    """How often the dialplan came to Dial() for that attempt."""
    lines = [line.split("|") for line in lab.house.queue_log.read_text().splitlines()]
    return sum(line[1] == attempt_id and line[4] == "CBSTART" for line in lines)


def _is_over(lab: Dialing, number: str) -> bool:
    return any(call.leg.log.is_over for call in lab.exchange.calls_to(number))


async def disturbed(
    lab: Dialing, dialers: Dialers, boundary: str, number: str, url: str, fault: Fault
) -> None:
    """One attempt, disturbed at one boundary: its citizen is rung once, and it ends as it would have.

    Before a dialer can be disturbed while it takes over, another one dies while the phone rings.
    """
    course = course_of(boundary)
    first = "ringing heard" if boundary in TAKING_OVER else boundary
    async with scene_of(lab, dialers, first, number, url) as scene:
        await scene.stopped()
        if boundary in TAKING_OVER:
            if boundary.startswith("gone"):
                await until(lambda: _is_over(lab, number), "the end of the call")
            await scene.died(next_stop=boundary)
            await scene.stopped()
        await fault(scene)

        def settled() -> bool:
            tried = scene.store.read(lambda c: c.scalars(select(attempts.c.state)).all())
            state = scene.store.read(lambda c: c.scalar(select(callbacks.c.state)))
            return bool(tried) and set(tried) == {"ended"} and state == course.state

        try:
            await until(settled, f"the end of the callback disturbed at {boundary!r}", 60.0)
        except AssertionError as late:
            found = scene.store.read(
                lambda c: [
                    dict(row) for one in (callbacks, attempts) for row in c.execute(one.select()).mappings()
                ]
            )
            late.add_note("\n".join(map(str, found)))
            raise
        tried = scene.store.read(lambda c: c.execute(attempts.select()).all())
        assert len(lab.exchange.calls_to(number)) == 1, boundary
        assert sum(dialled(lab, one.id) for one in tried) == 1, boundary
        for one in tried:
            assert dialled(lab, one.id) == (one.disposition == course.disposition), (boundary, one)


@pytest.mark.parametrize("fault", [killed, frozen, cut_off])
def test_a_dialer_disturbed_at_any_boundary_rings_the_citizen_once_and_keeps_the_callback(
    tmp_path: Path, databases: Databases, fault: Fault
) -> None:
    boundaries = (*BOUNDARIES, *PARTING, *TAKING_OVER)
    numbers = [f"05070000{n:02d}" for n in range(len(boundaries))]
    citizens = {
        number: course_of(boundary).fate for number, boundary in zip(numbers, boundaries, strict=True)
    }

    async def scenario(urls: list[str]) -> None:
        async with laboratory(tmp_path, citizens) as (lab, dialers):
            scenes = list(zip(boundaries, numbers, urls, strict=True))
            for first in range(0, len(scenes), AT_ONCE):
                async with asyncio.TaskGroup() as tasks:
                    for scene in scenes[first : first + AT_ONCE]:
                        tasks.create_task(disturbed(lab, dialers, *scene, fault))

    with ExitStack() as stack:
        asyncio.run(scenario([stack.enter_context(databases()) for _ in numbers]))
