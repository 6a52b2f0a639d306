"""One call at one phone: the SIP dialog around a `Line`, which has its media and its log.

`Leg.dial` begins one, `tests.lab.phone.Phone` hands out those that come in.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import quote

from tests.lab.calllog import What
from tests.lab.line import Line
from tests.lab.rtp import RtpStream
from tests.lab.sip import (
    Address,
    Request,
    Response,
    parse_session,
    reply,
    session,
    tag_of,
    token,
    uri_of,
    user_of,
)
from tests.lab.wire import SipSocket, SipTimeout, Transaction, authorized, new_branch


class Leg(Line):
    """A call as one phone has it. `number` is the other side's: dialled, or the caller id it showed."""

    def __init__(
        self, wire: SipSocket, peer: Address, stream: RtpStream, call_id: str, local: str, remote: str
    ) -> None:
        super().__init__(stream)
        self.remote = remote
        self.call_id = call_id
        self._wire = wire
        self._peer = peer
        self._local = local
        self._target = ""
        self._sequence = 1
        self._invitation: Request | None = None
        self._transaction: Transaction | None = None
        self._inviting: asyncio.Task[None] | None = None

    @classmethod
    async def dial(
        cls,
        wire: SipSocket,
        peer: Address,
        number: str,
        caller: str,
        *,
        headers: Mapping[str, str] | None = None,
        account: tuple[str, str] = ("", ""),
    ) -> Leg:
        """Call `number` at `peer`; returns at once, follow `log`. `caller`: `"Name" <sip:number@host>`."""
        uri = f"sip:{number}@{peer[0]}:{peer[1]}"
        leg = cls(
            wire, peer, await RtpStream.open(), f"{token()}@phone", f"{caller};tag={token()}", f"<{uri}>"
        )
        leg._target = uri
        request = leg._request("INVITE", extra=headers, body=session(leg.stream.address))
        leg.log.add(What.INVITED)
        leg._inviting = asyncio.create_task(leg._invite(request, account))
        return leg

    async def _invite(self, request: Request, account: tuple[str, str]) -> None:
        user, secret = account
        try:
            response = await self._send_invitation(request)
            if response.status == 401 and user:
                request = authorized(request, response, user, secret)
                self._sequence += 1
                response = await self._send_invitation(request)
        except SipTimeout:
            self._end(What.ENDED, "lost")
            return
        if response.status >= 300:
            self._end(What.REJECTED, str(response.status))
            return
        self._listen(response)
        if not self.log.is_over:
            self.log.add(What.ANSWERED)
            return
        # Cancelled, but the answer was already on its way: hang up the call nobody wants.
        await self._wire.ask(self._request("BYE"), self._peer)

    async def _send_invitation(self, request: Request) -> Response:
        self._transaction = self._wire.start(request, self._peer)
        response = await self._transaction.final(180.0, self._progress)
        self.remote = response["To"]
        self._target = uri_of(response["Contact"]) or self._target
        is_accepted = response.status < 300
        branch = new_branch() if is_accepted else request.branch
        target = self._target if is_accepted else request.uri
        ack = self._request("ACK", branch=branch, uri=target, sequence=int(request["CSeq"].split()[0]))
        self._wire.acknowledge(self._transaction, ack, self._peer)
        return response

    def _progress(self, response: Response) -> None:
        if response.status == 180:
            self.log.add(What.RINGING)
        self._listen(response)

    @classmethod
    async def received(cls, wire: SipSocket, peer: Address, request: Request) -> Leg:
        """A call that has just come in: nothing but 100 is said until `ring`, `answer` or `reject`."""
        wire.reply(request, reply(request, 100), peer)
        local = f"{request['To']};tag={token()}"
        leg = cls(wire, peer, await RtpStream.open(), request.call_id, local, request["From"])
        leg._target = uri_of(request["Contact"])
        leg._invitation = request
        leg.log.add(What.INVITED)
        return leg

    def ring(self) -> None:
        self._answer(180)
        self.log.add(What.RINGING)

    def answer(self) -> None:
        """Lift the phone: our media starts with the 200."""
        assert self._invitation is not None
        self._listen(self._invitation)
        self.log.add(What.ANSWERED)
        self._answer(200, session(self.stream.address))

    def reject(self, status: int) -> None:
        """Refuse the call: 486 busy, 603 declined, 404, 503 …"""
        self._answer(status)
        self._end(What.REJECTED, str(status))

    def deflect(self, number: str) -> None:
        """Send the call on to another number (302), as a phone whose owner has set a diversion."""
        self._answer(302, contact=f"<sip:{number}@{self._peer[0]}:{self._peer[1]}>")
        self._end(What.REJECTED, "302")

    def _answer(self, status: int, body: str = "", request: Request | None = None, contact: str = "") -> None:
        asked = request or self._invitation
        assert asked is not None, "only a call that came in is answered"
        tag, contact = self._local.rpartition(";tag=")[2], contact or self._contact
        self._wire.reply(asked, reply(asked, status, tag=tag, contact=contact, body=body), self._peer)

    @property
    def number(self) -> str:
        return user_of(self.remote)

    async def hang_up(self) -> None:
        """End the call from this side, whatever state it is in; nothing happens if it is over."""
        if self.log.is_over:
            return
        if self.is_answered:
            self._end(What.ENDED, "here")
            await self._wire.ask(self._request("BYE"), self._peer)
        elif self._transaction is not None:
            self._end(What.ENDED, "here")
            cancelled = self._transaction.request
            cancel = self._request(
                "CANCEL", branch=cancelled.branch, uri=cancelled.uri, sequence=self._sequence
            )
            await self._wire.ask(cancel, self._peer)
        else:
            self.reject(486)

    def lose(self) -> None:
        """The other side is dead: nothing more will come, and nobody is left to say goodbye to."""
        if not self.log.is_over:
            self._end(What.ENDED, "lost")

    async def hand_over_to(self, other: Leg) -> None:
        """Attended transfer: whom this call is with takes this phone's place in the `other` one."""
        call_id, there, here = other.call_id, tag_of(other.remote), tag_of(other._local)
        replaces = quote(f"{call_id};to-tag={there};from-tag={here}", safe="")
        await self.refer(f"{other._target}?Replaces={replaces}")

    async def refer(self, uri: str) -> Response:
        """Ask to have whom this call is with sent to `uri`; the answer to that, not what becomes of it."""
        refer = {"Refer-To": f"<{uri}>", "Referred-By": self._contact}
        return await self._wire.ask(self._request("REFER", extra=refer), self._peer)

    def take(self, request: Request) -> None:
        """A request within this call."""
        steps = {
            "BYE": self._take_bye,
            "CANCEL": self._take_cancel,
            "INVITE": self._take_offer,
            "NOTIFY": self._take_news,
        }
        steps.get(request.method, self._take_other)(request)

    def _take_bye(self, request: Request) -> None:
        self._answer(200, request=request)
        if not self.log.is_over:
            self._end(What.ENDED, "there")

    def _take_cancel(self, request: Request) -> None:
        self._answer(200, request=request)
        if not self.is_answered and not self.log.is_over:
            self._answer(487)
            self._end(What.ENDED, "cancelled")

    def _take_offer(self, request: Request) -> None:
        if self.log.is_over:
            self._answer(481, request=request)
            return
        self._listen(request)
        self._answer(200, session(self.stream.address), request)

    def _take_news(self, request: Request) -> None:
        """What became of a transfer this phone asked for; only its end is logged."""
        self._answer(200, request=request)
        if told := re.match(r"SIP/2\.0 ([2-6]\d\d)", request.body):
            self.log.add(What.TRANSFERRED, told[1])

    def _take_other(self, request: Request) -> None:
        body = session(self.stream.address) if request.body and not self.log.is_over else ""
        self._answer(200, body, request)

    def _listen(self, message: Request | Response) -> None:
        if not self.log.is_over and (media := parse_session(message.body)):
            self.stream.start(media)

    def _end(self, what: What, detail: str) -> None:
        self.log.add(what, detail)
        self.stream.close()

    @property
    def _contact(self) -> str:
        host, port = self._wire.address
        return f"<sip:{user_of(self._local) or 'phone'}@{host}:{port}>"

    def _request(
        self,
        method: str,
        *,
        branch: str = "",
        uri: str = "",
        sequence: int = 0,
        extra: Mapping[str, str] | None = None,
        body: str = "",
    ) -> Request:
        if not sequence and method != "INVITE":
            self._sequence += 1
        headers = [
            self._wire.via(branch or new_branch()),
            ("Max-Forwards", "70"),
            ("From", self._local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{sequence or self._sequence} {method}"),
            ("Contact", self._contact),
            *(extra or {}).items(),
        ]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return Request(tuple(headers), body, method=method, uri=uri or self._target)
