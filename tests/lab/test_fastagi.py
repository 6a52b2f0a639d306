"""The FastAGI server against clients that behave and clients that do not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from asterisk.agi import AGIHangup
from twisted.application.service import IService
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.tcp import Port

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import FastAgiService, Limits
from ivr.asterisk.secrets import agi_answer
from ivr.asterisk.words import FASTAGI_QUESTION
from tests.lab.agi_server import SECRET, Client, serving

AMPLE = Limits(deadline=60.0, sessions=3)
SHORT = Limits(deadline=0.5, sessions=3)
"""For who stalls: whoever is served needs time, on a busy machine too."""
SILENT = 40
SLOW = 2.0
"""Seconds in which a script certainly begins, and a slow one does not end."""


def echo(session: AgiSession) -> None:
    """Asks for A and sets B to it."""
    session.set_variable("B", session.get_variable("A"))


async def until_it_echoes(service: FastAgiService) -> None:
    """Wait until an honest client is served."""
    async with asyncio.timeout(30):
        while not await echoes(service):
            await asyncio.sleep(0.01)


async def echoes(service: FastAgiService) -> bool:
    """Whether an honest client is served."""
    async with Client.open(service.port) as client:
        client.ask_for("echo")
        if await client.line() != 'GET VARIABLE "A"':
            return False
        client.say("200 result=1 (hello)\n")
        answer = await client.line()
        client.say("200 result=1\n")
        return answer == 'SET VARIABLE "B" "hello"' and await client.line() == ""


def test_the_service_lives_on_the_twisted_reactor_it_is_given() -> None:
    """A Twisted service with a Twisted port: what the daemon starts and stops with everything else."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        reactor: Any = AsyncioSelectorReactor(loop)
        service = FastAgiService("127.0.0.1", 0, {}, AMPLE, b"", reactor)
        assert IService.providedBy(service)
        service.privilegedStartService()
        service.startService()
        [port] = [it for it in reactor.getReaders() if isinstance(it, Port)]
        assert not port.disconnected
        await service.stopService().asFuture(loop)
        assert port.disconnected

    asyncio.run(scenario())


def test_a_script_talks_with_asterisk_and_the_session_is_closed_after_it() -> None:
    """Headers, two commands and their answers, end."""

    async def scenario() -> None:
        async with serving({"echo": echo}, AMPLE) as service:
            assert await echoes(service)

    asyncio.run(scenario())


async def silent(client: Client) -> None:
    """Says nothing."""


async def half_a_header(client: Client) -> None:
    client.say("agi_network_scr")


async def headers_without_end(client: Client) -> None:
    client.say("agi_network_script: echo\n")


async def no_answer(client: Client) -> None:
    client.ask_for("echo")
    await client.line()


@pytest.mark.parametrize("behave", [silent, half_a_header, headers_without_end, no_answer])
def test_a_client_that_stalls_is_cut_off_at_the_deadline(behave: Callable[[Client], Awaitable[None]]) -> None:
    """So that Asterisk, should it wait for us, goes on."""

    async def scenario() -> None:
        async with serving({"echo": echo}, SHORT) as service, Client.open(service.port) as client:
            began = time.monotonic()
            await behave(client)
            assert await client.line() == ""
            assert time.monotonic() - began > SHORT.deadline * 0.9
            await until_it_echoes(service)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "nonsense",
    [
        "x" * 1_000_000,
        "agi_network_script: " + "x" * 100_000 + "\n\n",
        "".join(f"h{number}: x\n" for number in range(1000)),
        "agi_network_script: nowhere\n\n",
        "\n",
        "GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["a megabyte", "a long line", "a thousand headers", "an unknown script", "no header", "HTTP"],
)
def test_a_client_that_talks_nonsense_is_cut_off_before_the_deadline(nonsense: str) -> None:
    """Nothing of it is kept, and the next client is served."""

    async def scenario() -> None:
        async with serving({"echo": echo}, AMPLE) as service:
            async with Client.open(service.port) as client:
                client.say(nonsense)
                assert await client.line(deadline=30.0) == ""
            assert await echoes(service)

    asyncio.run(scenario())


def test_no_script_runs_for_a_client_that_does_not_prove_to_be_asterisk() -> None:
    """Not for a guess, nor for the answer to another nonce."""
    ran: list[AgiSession] = []

    async def scenario() -> None:
        async with serving({"echo": ran.append}, AMPLE) as service:
            for answer in ("200 result=1 (0)", "200 result=1 ()", agi_answer(SECRET, ""), "HANGUP", ""):
                async with Client.open(service.port) as client:
                    client.ask_for("echo")
                    assert FASTAGI_QUESTION[:20] in await client.raw_line()
                    client.say(f"{answer}\n")
                    assert await client.raw_line() == ""
            assert service.tally.unproved == 4  # a caller who hangs up meanwhile has proved nothing wrong

    asyncio.run(scenario())
    assert ran == []


@pytest.mark.parametrize(
    "uniqueid", ["", "1.1\x1b[31m", "1.1|2", "1" * 3000], ids=["none", "ESC", "|", "3 kB"]
)
def test_no_script_runs_for_a_uniqueid_that_asterisk_cannot_have_given(uniqueid: str) -> None:
    ran: list[AgiSession] = []

    async def scenario() -> None:
        async with serving({"echo": ran.append}, AMPLE) as service, Client.open(service.port) as client:
            client.ask_for("echo", uniqueid=uniqueid)
            assert await client.line() == ""

    asyncio.run(scenario())
    assert ran == []


def test_a_new_session_takes_the_place_of_the_oldest_that_has_proved_nothing() -> None:
    """However many sockets are silent; a session with a script keeps its place."""

    async def scenario() -> None:
        async with serving({"echo": echo}, AMPLE) as service, AsyncExitStack() as clients:
            asterisk, *silent = [
                await clients.enter_async_context(Client.open(service.port)) for _ in range(AMPLE.sessions)
            ]
            asterisk.ask_for("echo")
            assert await asterisk.line() == 'GET VARIABLE "A"'
            for client in silent:
                newer = await clients.enter_async_context(Client.open(service.port))
                assert await client.line() == ""
                silent.append(newer)
                if len(silent) > SILENT:
                    break
            assert await echoes(service)
            asterisk.say("200 result=1 (hello)\n")
            assert await asterisk.line() == 'SET VARIABLE "B" "hello"'

    asyncio.run(scenario())


@pytest.mark.parametrize("farewell", ["HANGUP\n", ""], ids=["Asterisk says HANGUP", "the socket closes"])
def test_a_hangup_ends_the_script_as_a_normal_end(farewell: str) -> None:
    """The script gets AGIHangup; no fault is logged and its place is free again."""
    ended: list[str] = []

    def asks(session: AgiSession) -> None:
        try:
            session.get_variable("A")
        except AGIHangup:
            ended.append("hangup")
            raise

    async def scenario() -> None:
        async with serving({"asks": asks, "echo": echo}, Limits(deadline=60.0, sessions=1)) as service:
            async with Client.open(service.port) as client:
                client.ask_for("asks")
                await client.line()
                if farewell:
                    client.say(farewell)
                    assert await client.line() == ""
                else:
                    client.hang_up()
            await until_it_echoes(service)

    asyncio.run(scenario())
    assert ended == ["hangup"]


def test_a_script_that_fails_costs_its_session_only(capsys: pytest.CaptureFixture[str]) -> None:
    """The connection is closed, so that the call goes on, and the fault is logged."""

    def broken(session: AgiSession) -> None:
        raise LookupError("no such thing")

    async def scenario() -> None:
        async with serving({"broken": broken, "echo": echo}, AMPLE) as service:
            async with Client.open(service.port) as client:
                client.ask_for("broken")
                assert await client.line(deadline=30.0) == ""
            assert await echoes(service)

    asyncio.run(scenario())
    assert "no such thing" in capsys.readouterr().out


def test_a_client_that_answers_too_much_is_cut_off_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A flood of answers is neither kept nor logged line by line."""

    async def scenario() -> None:
        async with serving({"echo": echo}, AMPLE) as service:
            async with Client.open(service.port) as client:
                client.ask_for("echo")
                await client.line()
                client.say("100 trying\n" * 100_000)
                while await client.line(deadline=30.0):
                    pass
            assert await echoes(service)

    asyncio.run(scenario())
    assert capsys.readouterr().out.count("too many lines") == 1


def test_the_next_client_is_closed_at_once_when_all_places_are_taken() -> None:
    """A caller waits for no place: without one, the call goes on without Python."""

    async def scenario() -> None:
        limits = Limits(deadline=60.0, sessions=2)
        async with (
            serving({"echo": echo}, limits) as service,
            Client.open(service.port) as first,
            Client.open(service.port) as second,
        ):
            for client in (first, second):
                client.ask_for("echo")
                assert await client.line() == 'GET VARIABLE "A"'
            async with Client.open(service.port) as third:
                assert await third.line(deadline=30.0) == ""
            first.hang_up()
            await until_it_echoes(service)

    asyncio.run(scenario())


def test_a_script_that_outlives_its_session_keeps_its_place() -> None:
    """A slow script cannot pile up threads: the pool is bounded by what runs, not by what is connected."""
    go_on = threading.Event()

    def slow(session: AgiSession) -> None:
        go_on.wait(60)

    async def scenario() -> None:
        async with serving({"slow": slow, "echo": echo}, Limits(deadline=SLOW, sessions=1)) as service:
            async with Client.open(service.port) as client:
                client.ask_for("slow")
                assert await client.line() == ""
            async with Client.open(service.port) as client:
                assert await client.line() == ""
            assert service.tally.refused == 1
            go_on.set()
            await until_it_echoes(service)

    asyncio.run(scenario())


def test_stopping_ends_sessions_in_progress() -> None:
    """A service that stops waits for no client."""

    async def scenario() -> None:
        async with serving({"echo": echo}, AMPLE) as service:
            client = Client(*await asyncio.open_connection("127.0.0.1", service.port))
            client.ask_for("echo")
            await client.line()
        assert await client.line() == ""
        client.hang_up()

    asyncio.run(asyncio.wait_for(scenario(), AMPLE.deadline / 2))


def test_each_script_s_runs_failures_and_delays_are_counted() -> None:
    """Hang-up is a normal end; who found no place is counted without a name, which was never read."""
    go_on = threading.Event()

    def broken(session: AgiSession) -> None:
        raise LookupError("no such thing")

    def slow(session: AgiSession) -> None:
        go_on.wait(60)

    async def ask(service: FastAgiService, script: str) -> None:
        async with Client.open(service.port) as client:
            client.ask_for(script)
            while await client.line():
                client.hang_up()

    async def scenario() -> None:
        table = {"echo": echo, "broken": broken, "slow": slow}
        async with serving(table, Limits(deadline=SLOW, sessions=1)) as service:
            tally = service.tally
            for script in ("echo", "broken", "nowhere", "slow"):
                await ask(service, script)
                async with asyncio.timeout(30):
                    while script in ("echo", "broken") and not tally.of(script).runs:
                        await asyncio.sleep(0.01)
            await ask(service, "echo")
            go_on.set()
            async with asyncio.timeout(30):
                while not tally.of("slow").runs:
                    await asyncio.sleep(0.01)
            counts = {name: (it.runs, it.failed, it.slow) for name, it in tally.scripts.items()}
            assert counts == {"echo": (1, 0, 0), "broken": (1, 1, 0), "slow": (1, 0, 1)}
            assert tally.refused == 1
            assert tally.of("slow").milliseconds >= SLOW * 1000 > tally.of("echo").milliseconds

    asyncio.run(scenario())
