"""Phones of the lab: a citizen's (`Caller`) and an agent's (`AgentPhone`), on SIP sockets of their own.

An agent's voice spells the account, so the caller's phone can say which agent spoke and when.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from tests.lab.audio import marker
from tests.lab.calllog import What
from tests.lab.leg import Leg
from tests.lab.sip import Address, Request, display_of, reply, token
from tests.lab.wire import SipSocket, SipTimeout, new_branch

MOMENT_HEADER = "X-Hotline-Moment"
"""Epoch seconds at which the lab's dialplan shall believe this call to be made."""


class Phone:
    """A SIP socket and the calls on it; subclasses say what happens when it rings."""

    wire: SipSocket

    def __init__(self) -> None:
        self.legs: list[Leg] = []
        self._by_call: dict[str, Leg] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Open the socket; port 0 takes a free one."""
        self.wire = await SipSocket.open(self._take, host, port)
        return self

    async def close(self) -> None:
        """Hang up what is up and put the phone away."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, *(leg.hang_up() for leg in self.legs), return_exceptions=True)
        self.wire.close()

    def keep(self, leg: Leg) -> Leg:
        self.legs.append(leg)
        self._by_call[leg.call_id] = leg
        return leg

    async def rung(self, leg: Leg, invitation: Request) -> None:
        """A call has come in. A phone that expects none is busy."""
        leg.reject(486)

    def _take(self, request: Request, peer: Address) -> None:
        leg = self._by_call.get(request.call_id)
        if leg is not None:
            leg.take(request)
        elif request.method == "INVITE":
            self.background(self._ring(request, peer))
        else:
            self.wire.reply(
                request, reply(request, 200 if request.method in ("OPTIONS", "NOTIFY") else 481), peer
            )

    async def _ring(self, request: Request, peer: Address) -> None:
        await self.rung(self.keep(await Leg.received(self.wire, peer, request)), request)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run this beside everything else until it ends or the phone is closed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Caller(Phone):
    """A citizen's phone. `number` is written as the trunk delivers it; empty is a caller who hides it."""

    def __init__(self, number: str, server: Address) -> None:
        super().__init__()
        self.number = number
        self.server = server

    @classmethod
    @asynccontextmanager
    async def open(cls, number: str, server: Address, host: str = "127.0.0.1") -> AsyncIterator[Caller]:
        """A phone at that address, put away at the end."""
        phone = await cls(number, server).listen(host)
        try:
            yield phone
        finally:
            await phone.close()

    async def dial(self, number: str = "195", moment: datetime | None = None) -> Leg:
        """Call the hotline; returns at once with the call. `moment`: when the lab shall believe it is."""
        headers = {MOMENT_HEADER: str(int(moment.timestamp()))} if moment else {}
        caller = f"<sip:{self.number}@127.0.0.1>"
        if not self.number:
            caller = '"Anonymous" <sip:anonymous@anonymous.invalid>'
            headers["Privacy"] = "id"
        return self.keep(await Leg.dial(self.wire, self.server, number, caller, headers=headers))


@dataclass(frozen=True, slots=True)
class Offered:
    """A call as the agent's phone showed it."""

    leg: Leg
    number: str
    name: str


class AgentPhone(Phone):
    """An agent's phone: answers after `answer_after` seconds, hangs up after `talk` (None: the caller)."""

    def __init__(
        self,
        account: str,
        secret: str,
        server: Address,
        *,
        answer_after: float = 0.5,
        talk: float | None = None,
    ) -> None:
        super().__init__()
        self.account = account
        self.server = server
        self.answer_after = answer_after
        self.talk = talk
        self.talk_with: dict[str, float | None] = {}
        """By caller's number as shown, where it differs from `talk`."""
        self.offered: list[Offered] = []
        self._secret = secret

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        account: str,
        secret: str,
        server: Address,
        *,
        answer_after: float = 0.5,
        talk: float | None = None,
    ) -> AsyncIterator[AgentPhone]:
        """A registered phone that unregisters and is put away at the end."""
        phone = await cls(account, secret, server, answer_after=answer_after, talk=talk).listen()
        try:
            await phone.register()
            yield phone
        finally:
            await phone.close()

    async def register(
        self, seconds: int = 3600, contact: str = "", headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Register for that long, 0 to unregister; ConnectionRefusedError if the account is not taken.

        `contact`: the URI under which the phone says it is found, if that is not its own.
        """
        host, port = self.wire.address
        server = f"{self.server[0]}:{self.server[1]}"
        identity = f"<sip:{self.account}@{server}>"
        own = (
            self.wire.via(new_branch()),
            ("Max-Forwards", "70"),
            ("From", f"{identity};tag={token()}"),
            ("To", identity),
            ("Call-ID", token()),
            ("CSeq", "1 REGISTER"),
            ("Contact", f"<{contact or f'sip:{self.account}@{host}:{port}'}>"),
            ("Expires", str(seconds)),
        )
        request = Request((*own, *headers), method="REGISTER", uri=f"sip:{server}")
        response = await self.wire.ask(request, self.server, user=self.account, secret=self._secret)
        if response.status != 200:
            raise ConnectionRefusedError(f"agent {self.account} was not registered: {response.status}")

    async def dial(self, number: str) -> Leg:
        """Call from the agent's phone, as a colleague or a queue would be dialled."""
        caller = f"<sip:{self.account}@{self.server[0]}>"
        leg = self.keep(
            await Leg.dial(self.wire, self.server, number, caller, account=(self.account, self._secret))
        )
        leg.stream.voice = marker(self.account)
        return leg

    async def rung(self, leg: Leg, invitation: Request) -> None:
        self.offered.append(Offered(leg, leg.number, display_of(invitation["From"])))
        if any(not other.log.is_over for other in self.legs if other is not leg):
            leg.reject(486)
            return
        leg.ring()
        await asyncio.sleep(self.answer_after)
        if leg.log.is_over:
            return
        leg.stream.voice = marker(self.account)
        leg.answer()
        talk = self.talk_with.get(leg.number, self.talk)
        if talk is not None:
            await asyncio.sleep(talk)
            await leg.hang_up()

    @property
    def answered(self) -> list[Offered]:
        """Calls this agent took."""
        return [it for it in self.offered if it.leg.log.first(What.ANSWERED)]

    async def close(self) -> None:
        """Unregister, hang up, put away; an Asterisk that is gone already is no fault."""
        with suppress(ConnectionRefusedError, SipTimeout):
            await self.register(0)
        await super().close()
