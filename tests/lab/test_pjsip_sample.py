"""`config/samples/pjsip.conf` on a real Asterisk, before a provider that asks for a password."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.asterisk.secrets import FOLDER
from ivr.command.root import app
from tests.lab.exchange import Exchange, Lifts
from tests.lab.house import LOOPBACK, REPOSITORY, free_ports
from tests.lab.lab_files import CONTEXT_TRUNK
from tests.lab.phone import AgentPhone, Caller
from tests.lab.sip import Address, Request, Response, reply, token
from tests.lab.small import CITIZEN, OPEN, Ear, small_house, until

SAMPLE = REPOSITORY / "config" / "samples" / "pjsip.conf"
TRUNK, FAR_SIDE = "127.0.0.5", "127.0.0.7"
CHALLENGE = 'Digest realm="provider", nonce="once", algorithm=MD5, qop="auth"'


class Asking(Exchange):
    """A provider that takes no call without a password; `asked` holds the ports of those who gave none."""

    def __init__(self) -> None:
        super().__init__({"0551234567": [Lifts(after=0.0, patience=0.2)]})
        self.asked: list[int] = []

    async def _ring(self, request: Request, peer: Address) -> None:
        if request["Authorization"]:
            await super()._ring(request, peer)
            return
        self.asked.append(peer[1])
        refusal = reply(request, 401, tag=token())
        headers = (*refusal.headers, ("WWW-Authenticate", CHALLENGE))
        self.wire.reply(request, Response(headers, status=401), peer)


async def _take_the_sample(ear: Ear, trunk_port: int) -> None:
    """In place of the lab's own pjsip.conf, with this house's addresses."""
    house, (_, provider_port) = ear.house, ear.house.exchange
    text = SAMPLE.read_text(encoding="utf-8")
    for theirs, ours in {
        "192.0.2.20:5060": f"{LOOPBACK}:{house.sip[1]}",
        "192.0.2.20:5062": f"{LOOPBACK}:{trunk_port}",
        "sip:192.0.2.10:5060": f"sip:{FAR_SIDE}:{provider_port}",
        "match = 192.0.2.10": f"match = {TRUNK}",
        "192.0.2.10/32": f"{FAR_SIDE}/32",
        "context = from-provider": f"context = {CONTEXT_TRUNK}",
        "allow = alaw": "allow = ulaw",
        "qualify_frequency = 30": "qualify_frequency = 1",  # the first one comes at random within that time
    }.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    (house.etc / "pjsip.conf").write_text(text)
    (house.etc / FOLDER / "provider.conf").write_text("password = given-by-the-provider\n")
    await house.restart()
    await until(lambda: ear.ami.is_connected or None, "AMI login", 20.0)


async def _trunk_findings(ear: Ear) -> list[dict[str, str]]:
    where = {
        "HOTLINE_SECRETS": str(ear.house.etc / FOLDER),
        "HOTLINE_ASTERISK": str(ear.house.etc),
        "HOTLINE_DATABASE_URL": f"sqlite:///{ear.house.folder / 'hotline.db'}",
    }
    arguments = ["--config", str(ear.house.config), "doctor", "--json"]
    said = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=where)
    return [finding for finding in json.loads(said.stdout) if finding["check"] == "trunk"]


def test_with_the_sample_a_phones_call_never_passes_for_the_trunks_and_a_callback_does(
    tmp_path: Path,
) -> None:
    """Nothing of Python runs but the doctor: a citizen in the queue rings a phone with `maddr`."""
    port, trunk_port = free_ports(2)
    changes = {
        "agents.1201": None,
        "trunks.provider.server": f"{FAR_SIDE}:{port}",
        "trunks.provider.match": [f"{TRUNK}/32"],
    }

    async def scenario() -> None:
        async with small_house(tmp_path, changes) as ear:
            exchange = await Asking().listen(*ear.house.exchange)
            await _take_the_sample(ear, trunk_port)
            phone = AgentPhone("1101", ear.house.secret("1101"), ear.house.sip)
            await phone.listen(LOOPBACK, port)
            async with asyncio.timeout(20.0):
                while len(found := await _trunk_findings(ear)) > 1:  # Asterisk has just begun to qualify
                    await asyncio.sleep(0.2)
            assert [(it["level"], "cannot be seen from here" in it["what"]) for it in found] == [("ok", True)]

            elsewhere = f"sip:1101@{LOOPBACK}:{port}>;expires=0, <sip:0900200123@{FAR_SIDE}:{port}"
            with pytest.raises(ConnectionRefusedError, match="401"):
                await phone.register(contact=elsewhere)
            await phone.register(contact=f"sip:0900200123@{LOOPBACK}:{port};maddr={FAR_SIDE}")
            async with Caller.open(CITIZEN, ear.house.sip, TRUNK) as citizen:
                await citizen.dial("19511", OPEN)
                await until(lambda: exchange.asked or None, "the phone is rung", 20.0)
            assert set(exchange.asked) == {ear.house.sip[1]}
            assert not exchange.dialled

            await ear.originate("994551234567", "cb-sample")
            await ear.log_line("CBANSWERED")
            assert exchange.asked[-1] == trunk_port
            assert [each.number for each in exchange.dialled] == ["0551234567"]
            await exchange.close()
            phone.wire.close()

    asyncio.run(scenario())
