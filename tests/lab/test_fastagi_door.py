"""FastAGI under attack: whoever is not this Asterisk gets nothing, and callers get all they are due."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from ivr.asterisk.words import FASTAGI_SECRET
from tests.lab.audio import Sound
from tests.lab.house import LOOPBACK, House
from tests.lab.phone import Caller
from tests.lab.service import HotlineService
from tests.lab.small import CONFIG, OPEN, TODAY

CHANGES = {
    "servers.main.agi_deadline": "3s",
    "queues.tax.max_wait": "1m",
    "queues.tax.order": {"mode": "keep_place"},
    "callback.reserve": 0,
}
SILENT = 40
"""More than the server has places."""


async def silent(port: int) -> str:
    """Connects and says nothing until it is cut off."""
    return await heard(port, "")


def forged(uniqueid: int) -> str:
    """The headers with which Asterisk would place a callback request."""
    request = f"{int(time.time())}|05012{uniqueid % 100000:05}|05013{uniqueid % 100000:05}|provider|az|0|12"
    return (
        "agi_network: yes\nagi_network_script: order_callback\n"
        f"agi_uniqueid: 1.{uniqueid}\nagi_arg_1: tax\nagi_arg_2: {request}\n\n"
    )


async def heard(port: int, said: str) -> str:
    """What the server says to who sends that and then a guess; all of it, until it hangs up."""
    with suppress(ConnectionError):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            writer.write(said.encode())
            text = (await reader.readline()).decode()
            if said:
                writer.write(b"200 result=1 (0123456789abcdef)\n")
            return text + (await reader.read()).decode()
        finally:
            writer.close()
    return ""


@asynccontextmanager
async def attack(port: int) -> AsyncIterator[list[str]]:
    """Silent sockets, forged sessions and HTTP requests, again and again; what was said to them."""
    answers: list[str] = []
    numbers = count(1)

    async def forge(first: str) -> str:
        return await heard(port, first + forged(next(numbers)))

    async def repeat(once: Callable[[], Coroutine[Any, Any, str]], pause: float) -> None:
        while True:
            answers.append(await once())
            await asyncio.sleep(pause)

    async with asyncio.TaskGroup() as attackers:
        tasks = [attackers.create_task(repeat(lambda: silent(port), 1.0)) for _ in range(SILENT)]
        for first in ("", "GET / HTTP/1.1\r\nHost: localhost\r\n"):
            tasks.append(attackers.create_task(repeat(partial(forge, first), 0.05)))
        await asyncio.sleep(0.5)
        try:
            yield answers
        finally:
            for task in tasks:
                task.cancel()


def test_an_attacker_at_the_port_changes_nothing_and_every_caller_hears_their_announcement(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with (
            House.open(tmp_path, CONFIG, CHANGES, TODAY) as house,
            HotlineService.running(house),
            attack(house.agi_port) as answers,
        ):
            for number in ("0501000001", "0501000002"):
                async with Caller.open(number, house.sip) as phone:
                    call = await phone.dial("19511", OPEN)
                    await call.heard(Sound.load(house.sounds / "az" / "hotline" / "place-1.wav", "az"))
            assert len(answers) > SILENT
            assert not any("SET VARIABLE" in answer for answer in answers)
            with closing(sqlite3.connect(tmp_path / "hotline.db")) as store:
                for table in ("orders", "callbacks"):
                    assert store.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)

    asyncio.run(scenario())


def test_the_secret_is_in_no_verbose_log_no_event_and_no_trace_of_agi(tmp_path: Path) -> None:
    """Of a call that is announced its place, and of a reload, which logs every global variable."""

    async def scenario() -> None:
        async with (
            House.open(tmp_path, CONFIG, CHANGES, TODAY) as house,
            HotlineService.running(house),
            _everything_heard(house) as events,
        ):
            await house.asterisk.console("agi set debug on")
            await house.asterisk.console("dialplan reload")
            async with Caller.open("0501000001", house.sip) as phone:
                call = await phone.dial("19511", OPEN)
                await call.heard(Sound.load(house.sounds / "az" / "hotline" / "place-1.wav", "az"))
            secret, log = house.secret(FASTAGI_SECRET), (tmp_path / "log" / "verbose").read_text()
            assert "AGI Tx >> 200 result=1 (" in log
            assert "Setting global variable 'HOTLINE_TRUNK_provider'" in log
            assert b"Event: AGIExecEnd" in events
            assert b"Variable: HOTLINE_TRUNK_provider" in events
            assert secret not in log
            assert secret.encode() not in events

    asyncio.run(scenario())


@asynccontextmanager
async def _everything_heard(house: House) -> AsyncIterator[bytearray]:
    """All that AMI tells who may read everything; Asterisk logs as much as it can to `log/verbose`."""
    logger, manager = house.etc / "logger.conf", house.etc / "manager.conf"
    logger.write_text(f"{logger.read_text()}verbose => notice,warning,error,verbose(10)\n")
    manager.write_text(f"{manager.read_text()}\n[spy]\nsecret = spy\nread = all\n")
    for module in ("logger", "manager"):
        await house.asterisk.console(f"{module} reload")
    reader, writer = await asyncio.open_connection(*house.ami)
    writer.write(b"Action: Login\r\nUsername: spy\r\nSecret: spy\r\n\r\n")
    heard = bytearray(await reader.readuntil(b"Authentication accepted"))

    async def listen() -> None:
        while data := await reader.read(1 << 16):
            heard.extend(data)

    listening = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        listening.cancel()
        writer.close()
