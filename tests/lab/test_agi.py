"""AGI on a real Asterisk: what callers hear with Python alive, and that they reach the queue without it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Limits
from tests.lab.agi_server import serving
from tests.lab.audio import Sound
from tests.lab.calllog import What
from tests.lab.exchange import Exchange, Keypress, Lifts
from tests.lab.house import House
from tests.lab.phone import Caller
from tests.lab.watch import daemon, watching

WORKING_HOURS = datetime(2026, 3, 3, 11, 0, tzinfo=ZoneInfo("Asia/Baku"))
TO_DVX = "19511"
"""Delivered by the trunk straight to the door of queue dvx."""
DEADLINE = 1.0
CHANGES = {
    "servers.main.agi_deadline": f"{DEADLINE:g}s",
    "queues.dvx.record": False,
    "hotline.remember_language": False,
}
CUT_OFF_SECONDS = 0.3
ASTERISK_CONNECT_SECONDS = 2.0
"""Compiled into AGI(): it waits so long for a connection, whatever the channel's absolute timeout."""
CITIZEN = "0501112233"


def test_a_caller_hears_their_place_in_their_language_before_joining(tmp_path: Path) -> None:
    """No agent is there: the first caller hears place 1, the second place 2, and joins when it is said."""

    async def scenario() -> None:
        async with watching(tmp_path, CHANGES) as watch, daemon(watch), AsyncExitStack() as phones:
            sounds = watch.house.folder / "data" / "sounds" / "az" / "hotline"
            for place, number in enumerate((CITIZEN, "0551112233"), 1):
                phone = await phones.enter_async_context(Caller.open(number, watch.house.sip))
                call = await phone.dial(TO_DVX, WORKING_HOURS)
                said = Sound.load(sounds / f"place-{place}.wav", "az")
                heard = await call.heard(said)
                joined_at = await watch.joining_of(number)
                assert joined_at == pytest.approx(heard.at + said.seconds, abs=0.3)
            assert len(watch.line()) == 2

    asyncio.run(scenario())


@asynccontextmanager
async def nobody(house: House) -> AsyncIterator[None]:
    """The daemon is dead: the port is closed."""
    yield


@asynccontextmanager
async def frozen(house: House) -> AsyncIterator[None]:
    """The daemon hangs: the kernel accepts for it, and nothing ever answers."""
    with socket.create_server(("127.0.0.1", house.agi_port)):
        yield


@asynccontextmanager
async def crowded(house: House) -> AsyncIterator[None]:
    """The daemon hangs and its backlog is full: not even the kernel accepts."""
    address = ("127.0.0.1", house.agi_port)
    with socket.create_server(address, backlog=0) as listening, ExitStack() as clients:
        for _ in range(3):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        yield


@asynccontextmanager
async def slow(house: House) -> AsyncIterator[None]:
    """The daemon answers after its own deadline."""

    def dawdle(session: AgiSession) -> None:
        time.sleep(DEADLINE * 1.5)
        session.set_variable(words.VAR_SAY, "hotline/place-30")

    async with serving({words.AGI_ANNOUNCE_POSITION: dawdle}, Limits(deadline=30.0), house):
        yield


@asynccontextmanager
async def cut_off(house: House) -> AsyncIterator[None]:
    """The script hangs, the server's own deadline closes the session first."""

    def hang(session: AgiSession) -> None:
        session.get_variable("A")
        time.sleep(DEADLINE)

    async with serving({words.AGI_ANNOUNCE_POSITION: hang}, Limits(deadline=CUT_OFF_SECONDS), house):
        yield


@pytest.mark.parametrize(
    ("trouble", "seconds"),
    [
        (nobody, 0.0),
        (frozen, DEADLINE),
        (crowded, ASTERISK_CONNECT_SECONDS),
        (slow, DEADLINE),
        (cut_off, CUT_OFF_SECONDS),
    ],
)
def test_a_caller_reaches_the_queue_within_the_deadline_whatever_python_does(
    trouble: Callable[[House], AbstractAsyncContextManager[None]], seconds: float, tmp_path: Path
) -> None:
    """From the answer to the queue; half a second is left for Asterisk itself."""

    async def scenario() -> None:
        async with (
            watching(tmp_path, CHANGES) as watch,
            trouble(watch.house),
            Caller.open(CITIZEN, watch.house.sip) as phone,
        ):
            call = await phone.dial(TO_DVX, WORKING_HOURS)
            answered = await call.until(What.ANSWERED)
            assert await watch.joining_of(CITIZEN) - answered.at < seconds + 0.5
            await asyncio.sleep(DEADLINE)
            assert len(watch.line()) == 1
            assert not call.log.is_over

    asyncio.run(scenario())


def test_a_called_back_citizen_joins_by_the_wait_already_served(tmp_path: Path) -> None:
    """With a minute of credit before a caller who has just come; with Python dead, at the end."""

    async def scenario() -> None:
        lifts = Lifts(after=0.1, keys=(Keypress("1", 1.0),), patience=30.0)
        async with (
            watching(tmp_path, CHANGES) as watch,
            Exchange.open({CITIZEN: [lifts, lifts]}, watch.house.exchange),
            Caller.open("0551112233", watch.house.sip) as phone,
        ):
            await phone.dial(TO_DVX, WORKING_HOURS)
            await watch.until(lambda: len(watch.line()) == 1, "the live caller joining")
            async with daemon(watch):
                await watch.call_back(CITIZEN, "dvx", "cb-first")
                await watch.until(lambda: len(watch.line()) == 2, "the first callback joining")
            await watch.call_back(CITIZEN, "dvx", "cb-second")
            await watch.until(lambda: len(watch.line()) == 3, "the second callback joining")
            first, _, last = watch.line()
            assert (first, last) == ("cb-first", "cb-second")

    asyncio.run(scenario())
