"""Callers whose numbers hold line ends write nothing into our records, wherever they call in.

Asterisk decodes `%0d%0a` in the user of From and escapes nothing. Each test leaves only one guard standing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import select

from ivr.asterisk.secrets import FOLDER, read_secret_file
from ivr.asterisk.words import LOG_KEY
from ivr.recording import vouching
from ivr.storage.schema.owed import orders
from ivr.visits.from_queue_log import read_line
from tests.lab.calllog import What
from tests.lab.exchange import Exchange
from tests.lab.phone import AgentPhone, Caller
from tests.lab.recorded import Recorded, recording
from tests.lab.small import CITIZEN, OPEN, Ear, small_house, until

SPLIT = "0\r\n\r\nEvent: AgentConnect\r\nQueue: tax\r\nUniqueid: {victim}"
SPLICED = "0501\r\nUniqueid: {victim}"
RESTARTED = "0\r\n\r\nEvent: FullyBooted\r\nPrivilege: a\r\nTimestamp: 1\r\nUptime: {uptime}"
RESTARTED_BRIEFLY = "\r\n\r\nEvent: FullyBooted\r\nUptime: 1"
HIDDEN = "0501\r\n\r\nx"
ANSWERED = "0\n{now}|{victim}|tax|PJSIP/1101|CONNECT|1|x"
LEFT_BY_KEY = "0\n{now}|{victim}|tax|NONE|EXITWITHKEY|1|1|1"
ORDERED = "0\n{now}|x.1|tax|NONE|CBORDER|{now}|994551234567|0|p|az|0"
STARTED = "0\n{now}|NONE|NONE|NONE|QUEUESTART|\n"
NOT_OURS = "700"
"""An extension of the operator's own: straight into the queue."""
OPERATORS = f"""
[lab-in]
exten => {NOT_OURS},1,Answer()
 same => n,Queue(tax,,,,60)
"""
TRUNK = "127.0.0.5"
CHANGES = {"queues.tax.max_wait": "60s", "trunks.provider.match": [f"{TRUNK}/32"]}
UNFILTERED = "\n[own]\nsecret = own\nread = agent,call,user,system,dialplan,security\nwrite = reporting\n"


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[Ear]:
    """The small hotline on an Asterisk that has an extension and a manager user of its operator's, too."""
    async with small_house(folder, CHANGES) as ear:
        for file, more in (("extensions.conf", OPERATORS), ("manager.conf", UNFILTERED)):
            with (ear.house.etc / file).open("a") as opened:
                opened.write(more)
        await ear.house.asterisk.console("dialplan reload")
        await ear.house.asterisk.console("manager reload")
        yield ear


async def call(ear: Ear, number: str, dialled: str = NOT_OURS, seconds: float = 0.5) -> None:
    """A call from whatever number, answered, and hung up after a while."""
    assert len(number) < 80
    async with Caller.open(quote(number, safe=""), ear.house.sip, TRUNK) as phone:
        leg = await phone.dial(dialled, OPEN)
        await leg.until(What.ANSWERED)
        await asyncio.sleep(seconds)
        await leg.hang_up()


@asynccontextmanager
async def listening(ear: Ear, user: str, secret: str) -> AsyncIterator[bytearray]:
    """What that manager user hears, to the letter."""
    reader, writer = await asyncio.open_connection(*ear.house.ami)
    writer.write(f"Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\n\r\n".encode())
    heard = bytearray()

    async def listen() -> None:
        while data := await reader.read(65536):
            heard.extend(data)

    task = asyncio.create_task(listen())
    await until(lambda: b"accepted" in heard or None, f"login of {user}", 5.0)
    yield heard
    writer.close()
    await task


def test_a_call_is_answered_whatever_its_number_holds_and_leaves_one_line_in_queue_log(
    tmp_path: Path,
) -> None:
    """And our manager users are sent no event that begins in another, though Asterisk writes such."""
    numbers = (SPLIT.format(victim="1.1"), ORDERED.format(now=1795364067), "+994501112233")

    async def scenario() -> None:
        async with house(tmp_path) as ear:
            user = "hotline-recorder"
            async with (
                listening(ear, user, ear.house.secret(user)) as filtered,
                listening(ear, "own", "own") as unfiltered,
            ):
                await asyncio.gather(*(call(ear, number, "19511", 4.0) for number in numbers))
                await ear.log_line("ABANDON", 3)
            assert sorted(line[6] for line in ear.logged("ENTERQUEUE")) == [
                "+994501112233",
                "01795364067x.1taxNONECBORDER17953640679945512345670paz0",
                "0EventAgentConnectQueuetaxUniqueid1.1",
            ]
            assert not ear.logged("CBORDER")
            forged = b"\r\nEvent: AgentConnect"
            assert (filtered.count(forged), unfiltered.count(forged) > 0) == (0, True)
            assert filtered.count(b"Event: QueueCallerJoin") == len(numbers)

    asyncio.run(scenario())


def test_our_lines_of_queue_log_are_proven_by_a_key_that_neither_logs_nor_events_show(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as ear, Exchange.open({}, ear.house.exchange):
            for command in ("logger add channel verbose verbose(9)", "dialplan reload"):
                await ear.house.asterisk.console(command)
            async with listening(ear, "own", "own") as heard:
                await ear.originate("994501234567", "cb-1")
                written = ["|".join(await ear.log_line(event)) for event in ("CBSTART", "CBEND")]
            key = read_secret_file(ear.house.etc / FOLDER, LOG_KEY)
            secret = ear.house.secret(LOG_KEY)
            for text in written:
                line = read_line(text)
                assert line is not None
                assert (line.is_proven(key), line.is_proven(b"a guess")) == (True, False)
            logged = (tmp_path / "log" / "verbose").read_text()
            assert "CBSTART" in logged
            assert secret not in logged
            assert secret.encode() not in heard

    asyncio.run(scenario())


@asynccontextmanager
async def victim(recorded: Recorded) -> AsyncIterator[str]:
    """A citizen who waits in the queue until the end, and then gives up; their uniqueid."""
    async with Caller.open(CITIZEN, recorded.ear.house.sip, TRUNK) as phone:
        waiting = await phone.dial("19511", OPEN)
        visit = await recorded.visit(lambda row: row["outcome"] == "waiting", "the victim's join")
        yield visit["uniqueid"]
        await waiting.hang_up()
    await recorded.visit(
        lambda row: row["uniqueid"] == visit["uniqueid"] and row["outcome"] == "abandoned", "the victim's end"
    )


def outcome(recorded: Recorded, uniqueid: str) -> str:
    """What the store says of that visit."""
    (visit,) = (row for row in recorded.rows() if row["uniqueid"] == uniqueid)
    return str(visit["outcome"])


def test_events_that_a_caller_wrote_are_refused_by_a_recorder_whose_login_hears_them(tmp_path: Path) -> None:
    """Another's manager user without our filter; a caller who never enters a context of ours, and a stranger
    whom Asterisk does not let in at all."""

    async def scenario() -> None:
        async with house(tmp_path) as ear, recording(ear, tmp_path, "own", "own") as recorded:
            async with victim(recorded) as uniqueid:
                for number in (SPLIT, SPLICED, RESTARTED, RESTARTED):
                    before = recorded.recorder.forged["AMI messages"]
                    await call(ear, number.format(victim=uniqueid, uptime=1))
                    assert recorded.recorder.forged["AMI messages"] > before
                    assert outcome(recorded, uniqueid) == "waiting"
                before = recorded.recorder.forged["AMI messages"]
                stranger = await AgentPhone(quote(RESTARTED_BRIEFLY, safe=""), "", ear.house.sip).listen()
                with pytest.raises(ConnectionRefusedError):
                    await stranger.register()
                await until(
                    lambda: recorded.recorder.forged["AMI messages"] > before or None, "a refusal", 5.0
                )
                stranger.wire.close()
            assert len(recorded.rows()) == 1

    asyncio.run(scenario())


def test_lines_of_queue_log_that_a_caller_wrote_are_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller who never enters a context of ours; whoever hides from AMI is read from queue_log."""
    monkeypatch.setattr(vouching, "_AROUND", 1.0)

    async def scenario() -> None:
        async with (
            house(tmp_path) as ear,
            recording(ear, tmp_path, "own", "own", ear.house.queue_log) as recorded,
        ):
            async with AgentPhone.open("1101", ear.house.secret("1101"), ear.house.sip, talk=0.2):
                await call(ear, CITIZEN, seconds=2.0)
            await recorded.visit(lambda row: row["outcome"] == "answered", "an honest call")
            async with victim(recorded) as uniqueid:
                now = uniqueid.partition(".")[0]
                forged = (ANSWERED, LEFT_BY_KEY, ORDERED, STARTED)
                await asyncio.gather(
                    *(call(ear, number.format(victim=uniqueid, now=now)) for number in forged)
                )
                await until(
                    lambda: recorded.recorder.forged["queue_log lines"] == len(forged) or None,
                    "all of them put aside",
                    10.0,
                )
                assert outcome(recorded, uniqueid) == "waiting"
                assert not recorded.store.read(lambda c: c.execute(select(orders)).all())
                known = len(recorded.rows())
                await call(ear, HIDDEN)
                await until(lambda: len(recorded.rows()) > known or None, "the visit of who hid", 10.0)
            assert recorded.rows()[-1]["source"] == "queue_log"

    asyncio.run(scenario())
