"""Nobody dials out through us: whoever tries, by whatever means, no INVITE reaches the exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ivr.asterisk.words import PAUSED_FOR_CONTACT
from tests.lab.calllog import What
from tests.lab.exchange import Deflects, Exchange, Fate, Lifts
from tests.lab.house import LOOPBACK, free_ports
from tests.lab.leg import Leg
from tests.lab.phone import AgentPhone, Caller
from tests.lab.service import HotlineService
from tests.lab.sip import Address, Request, token
from tests.lab.small import CITIZEN, OPEN, Ear, small_house, until
from tests.lab.wire import new_branch

TRUNK = "127.0.0.5"
"""Only from here does the provider call."""
FAR_SIDE = "127.0.0.7"
"""Where the provider is called."""
COSTLY = ("00449098790000", "+449098790000", "0900200123", "994900200123")
FEATURES = ("*8", "*1", "*2", "*72", "**1101", "%2321%23", "%2300449098790000")
KEYS = "*20900#*8##0044*1"
DIALPLAN_TEXT = (
    "talk", "s", "h", "i", "t", "T", "_994XXXXXXXXX", "_X.", "provider",
    "1101&PJSIP%2F0501234567%40provider", "PJSIP%2F0501234567%40provider", "%24%7BEXTEN%7D",
)  # fmt: skip
FORBIDDEN = (
    *COSTLY, *FEATURES, *DIALPLAN_TEXT,
    "112", "102", CITIZEN, "994501234567", "+994501234567",  # what only a callback may dial, or nobody
)  # fmt: skip
DIVERSIONS = (
    COSTLY[0],
    "PJSIP%2F0900200123%40provider",
    "Local%2F994501234567%40hotline-callback",
    "talk",
)
"""What a phone may answer to be called instead: Asterisk takes what stands before a `/` for a technology."""
ALLOWED, ALLOWED_AS_DIALLED = "994551234567", "0551234567"


@asynccontextmanager
async def guarded(folder: Path, changes: Mapping[str, Any] | None = None) -> AsyncIterator[Ear]:
    """A hotline whose exchange would put every forbidden call through, and must not be asked to.

    At the end callbacks prove that the exchange was listening; the phone they call is diverted.
    """
    own = {
        "trunks.provider.match": [f"{TRUNK}/32"],
        "trunks.provider.server": f"{FAR_SIDE}:{free_ports(1)[0]}",
        "queues.tax.max_wait": "60s",
    }
    costly: Sequence[Fate] = [Lifts(after=0.0, patience=0.2)]
    plans = {number.replace("%23", "#"): costly for number in FORBIDDEN}
    plans[ALLOWED_AS_DIALLED] = [Deflects(elsewhere) for elsewhere in DIVERSIONS]
    async with (
        small_house(folder, {**own, **(changes or {})}) as ear,
        Exchange.open(plans, ear.house.exchange) as exchange,
    ):
        yield ear
        for count, elsewhere in enumerate(DIVERSIONS, 1):
            await ear.originate(ALLOWED, f"control-{elsewhere}")
            assert (await ear.log_line("CBEND", count))[1] == f"control-{elsewhere}"
        assert {each.number for each in exchange.dialled} == {ALLOWED_AS_DIALLED}


@asynccontextmanager
async def talking(ear: Ear) -> AsyncIterator[tuple[Leg, Leg, AgentPhone]]:
    """A citizen's call and the agent's end of it, which must both be up at the end."""
    sip = ear.house.sip
    async with (
        AgentPhone.open("1101", ear.house.secret("1101"), sip, answer_after=0.1) as agent,
        Caller.open(CITIZEN, sip, TRUNK) as citizen,
    ):
        call = await citizen.dial("19511", OPEN)
        await call.connected_to_agent()
        leg = agent.answered[0].leg
        yield call, leg, agent
        assert not call.log.is_over
        assert not leg.log.is_over


async def refused(call: Leg) -> str:
    """The status it was refused with; fails if it was answered."""
    end = await call.until(What.REJECTED, What.ANSWERED)
    assert end.what is What.REJECTED
    return end.detail


def test_the_trunk_can_dial_nothing_but_what_is_delivered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with guarded(tmp_path) as ear, Caller.open(CITIZEN, ear.house.sip, TRUNK) as phone:
            assert {await refused(await phone.dial(number)) for number in FORBIDDEN} == {"403", "404"}

    asyncio.run(scenario())


def test_a_stranger_can_dial_nothing_at_all_whatever_name_they_give(tmp_path: Path) -> None:
    """Nor may they pass for the trunk by naming its endpoint, or for an agent without the password."""

    async def scenario() -> None:
        async with guarded(tmp_path) as ear:
            for name in ("0501234567", "", "anonymous", "provider", "1101", "hotline", "asterisk"):
                async with Caller.open(name, ear.house.sip) as phone:
                    tried = [await phone.dial(number) for number in ("195", *FORBIDDEN)]
                    assert {await refused(call) for call in tried} == {"401"}
            impostor = await AgentPhone("1101", "a guess", ear.house.sip).listen()
            assert {await refused(await impostor.dial(number)) for number in ("tax", *COSTLY)} == {"401"}
            impostor.wire.close()

    asyncio.run(scenario())


def test_an_agents_phone_can_dial_nothing_but_queues_and_colleagues(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with guarded(tmp_path) as ear:
            secret, sip = ear.house.secret("1101"), ear.house.sip
            async with AgentPhone.open("1101", secret, sip) as phone:
                assert {await refused(await phone.dial(number)) for number in FORBIDDEN} == {"403", "404"}
                for number in COSTLY:
                    assert await refer_outside_a_call(phone, sip, number, secret) >= 400

    asyncio.run(scenario())


def test_neither_side_of_a_talk_can_transfer_it_out(tmp_path: Path) -> None:
    """Blind by REFER, to our address or to the exchange's; attended with a leg that never came to be."""

    async def scenario() -> None:
        async with guarded(tmp_path) as ear, talking(ear) as (call, leg, agent):
            for number in (*COSTLY, *FEATURES, *DIALPLAN_TEXT):
                for host, port in (ear.house.sip, ear.house.exchange):
                    assert await transferred(leg, f"sip:{number}@{host}:{port}") == "404"
                    assert (await call.refer(f"sip:{number}@{host}:{port}")).status == 603
            for number in COSTLY:
                inquiry = await agent.dial(number)
                assert await refused(inquiry) == "404"
                replaces = "Replaces=nobody%3Bto-tag%3D1%3Bfrom-tag%3D2"
                assert await transferred(leg, f"sip:{number}@{ear.house.exchange[0]}?{replaces}") == "404"

    asyncio.run(scenario())


def test_keys_pressed_in_a_talk_or_while_waiting_dial_nothing(tmp_path: Path) -> None:
    """No feature code of Asterisk's, whoever presses it, and no number after it."""

    async def scenario() -> None:
        async with guarded(tmp_path) as ear:
            async with talking(ear) as (call, leg, _):
                await asyncio.gather(call.press(*KEYS), leg.press(*KEYS))
            async with Caller.open("0501000001", ear.house.sip, TRUNK) as phone:
                waiting = await phone.dial("19511", OPEN)
                await ear.event("QueueCallerJoin", CallerIDNum="0501000001")
                await waiting.press(*KEYS)
                assert not waiting.log.is_over

    asyncio.run(scenario())


class Diverted(AgentPhone):
    """An agent's phone on which a diversion is set, each time it is rung another one."""

    async def rung(self, leg: Leg, invitation: Request) -> None:
        leg.deflect(DIVERSIONS[len(self.legs) % len(DIVERSIONS)])


def test_a_diverted_phone_takes_no_call_out(tmp_path: Path) -> None:
    """Neither an agent's, called by the queue or by a colleague, nor the citizen's who is called back."""

    async def scenario() -> None:
        async with guarded(tmp_path) as ear:
            sip = ear.house.sip
            async with (
                Diverted.open("1101", ear.house.secret("1101"), sip) as diverted,
                AgentPhone.open("1201", ear.house.secret("1201"), sip) as colleague,
                Caller.open(CITIZEN, sip, TRUNK) as citizen,
            ):
                call = await citizen.dial("19511", OPEN)
                await until(lambda: len(diverted.legs) > len(DIVERSIONS) or None, "all of them", 30.0)
                assert not call.log.is_over
                for _ in DIVERSIONS:
                    await refused(await colleague.dial("1101"))

    asyncio.run(scenario())


def test_a_phone_that_says_it_is_found_at_the_exchange_is_rung_where_it_is(tmp_path: Path) -> None:
    """An agent's phone may register any address; that of a costly number must not be called."""

    async def scenario() -> None:
        async with guarded(tmp_path) as ear:
            secret, sip, (host, port) = ear.house.secret("1101"), ear.house.sip, ear.house.exchange
            async with (
                AgentPhone.open("1101", secret, sip, answer_after=0.1) as agent,
                Caller.open(CITIZEN, sip, TRUNK) as citizen,
            ):
                await agent.register(contact=f"sip:{COSTLY[0]}@{host}:{port}")
                call = await citizen.dial("19511", OPEN)
                await call.connected_to_agent()

    asyncio.run(scenario())


def _says(service: HotlineService, text: str) -> bool | None:
    return text in service.log.read_text(encoding="utf-8") or None


@asynccontextmanager
async def malicious(ear: Ear) -> AsyncIterator[AgentPhone]:
    """An agent's phone on the port of the provider's, to which `maddr` then sends; it may register a Path."""
    pjsip = ear.house.etc / "pjsip.conf"
    pjsip.write_text(pjsip.read_text().replace("max_contacts = 1", "max_contacts = 1\nsupport_path = yes"))
    await ear.house.asterisk.console("module reload res_pjsip.so")
    phone = AgentPhone("1101", ear.house.secret("1101"), ear.house.sip, answer_after=0.1)
    await phone.listen(LOOPBACK, ear.house.exchange[1])
    yield phone
    await phone.close()


def bad_contacts(phone: AgentPhone, provider: tuple[str, int]) -> dict[str, dict[str, Any]]:
    """What the hotline says of each → how `AgentPhone.register` does it."""
    here, there = (f"{host}:{port}" for host, port in (phone.wire.address, provider))
    costly = f"sip:{COSTLY[2]}@{here}"
    path = [("Path", f"<sip:{there};lr>"), ("Supported", "path")]
    first = f"sip:1101@{here}>;expires=0, <"
    return {
        "names another host": {"contact": f"{costly};maddr={provider[0]}"},
        "adds headers": {"contact": f"{costly}?Route=%3Csip:{there}%3Blr%3E"},
        "by way of others": {"contact": f"sip:{COSTLY[3]}@{here}", "headers": path},
        "a trunk's address": {"contact": f"{first}sip:{COSTLY[2]}@{there}"},
        "at another host": {"contact": f"{first}sip:{COSTLY[2]}@127.0.0.8:{provider[1]}"},
    }


def test_a_contact_that_sends_calls_to_the_provider_does_not_when_a_colleague_rings(tmp_path: Path) -> None:
    """Nothing of Python runs. The phone itself rings, and so does an honest one with an odd contact."""

    async def scenario() -> None:
        async with (
            guarded(tmp_path) as ear,
            malicious(ear) as phone,
            AgentPhone.open("1201", ear.house.secret("1201"), ear.house.sip) as colleague,
        ):
            registrations = bad_contacts(phone, ear.house.exchange)
            for why in ("names another host", "adds headers", "by way of others"):
                await phone.register(**registrations[why])
                call = await colleague.dial("1101")
                await call.until(What.ANSWERED)
                await call.hang_up()
            await phone.register(**registrations["a trunk's address"])
            assert await refused(await colleague.dial("1101")) == "404"
            host, port = phone.wire.address
            await phone.register(contact=f"sip:a1;b=c@{host}:{port};line=x")
            await (await colleague.dial("1101")).until(What.ANSWERED)

    asyncio.run(scenario())


def test_an_agent_whose_contact_is_bad_is_paused_and_reported_until_it_is_fine_again(tmp_path: Path) -> None:
    """A citizen waits meanwhile. The odd contact of an honest phone rings."""

    async def scenario() -> None:
        async with (
            guarded(tmp_path, {"agents.1201.queues": ["office"]}) as ear,
            HotlineService.running(ear.house) as service,
            malicious(ear) as phone,
            Caller.open(CITIZEN, ear.house.sip, TRUNK) as citizen,
        ):
            call: Leg | None = None
            for why, registration in bad_contacts(phone, ear.house.exchange).items():
                await phone.register(**registration)
                await until(partial(_says, service, why), why, 5.0)
                if call is None:
                    await ear.event("QueueMemberPause", Queue="tax", PausedReason=PAUSED_FOR_CONTACT)
                    call = await citizen.dial("19511", OPEN)
                    await ear.event("QueueCallerJoin", Queue="tax")
            assert not phone.offered
            async with asyncio.timeout(20.0):
                while "at another host" not in (said := await service.hotline("status")).out:
                    await asyncio.sleep(0.2)
            assert said.status == 1
            host, port = phone.wire.address
            await phone.register(contact=f"sip:a1;b=c@{host}:{port};line=x")
            assert call is not None
            await call.connected_to_agent()
            await ear.event("QueueMemberPause", Queue="tax", Interface="PJSIP/1101", Paused="0")

    asyncio.run(scenario())


async def transferred(leg: Leg, uri: str) -> str:
    """What became of a blind transfer, by the SIP status the phone was told."""
    leg.log.happenings[:] = [it for it in leg.log.happenings if it.what is not What.TRANSFERRED]
    assert (await leg.refer(uri)).status == 202
    return (await leg.until(What.TRANSFERRED)).detail


async def refer_outside_a_call(phone: AgentPhone, server: Address, number: str, secret: str) -> int:
    """The status of a REFER that belongs to no call ("click to dial")."""
    host, port = phone.wire.address
    here = f"<sip:{phone.account}@{host}:{port}>"
    uri = f"sip:{number}@{server[0]}:{server[1]}"
    headers = (
        phone.wire.via(new_branch()),
        ("Max-Forwards", "70"),
        ("From", f"<sip:{phone.account}@{server[0]}>;tag={token()}"),
        ("To", f"<{uri}>"),
        ("Call-ID", token()),
        ("CSeq", "1 REFER"),
        ("Contact", here),
        ("Refer-To", f"<{uri}>"),
    )
    request = Request(headers, method="REFER", uri=uri)
    return (await phone.wire.ask(request, server, user=phone.account, secret=secret)).status
