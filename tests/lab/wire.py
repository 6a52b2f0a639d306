"""One UDP socket that speaks SIP: sends requests until they are answered, answers repeated ones alike.

Comes in: datagrams and `Request`s of a phone. Goes out: new requests to the phone's handler, responses to the
`Exchange` of messages they belong to. Used by `tests.lab.leg` for every phone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from tests.lab.sip import Address, Request, Response, SipSyntaxError, authorization, parse, token

_FIRST_REPEAT = 0.5
_LONGEST_REPEAT = 4.0


class SipTimeout(Exception):
    """Nobody answered the request in time."""


class Answering(Protocol):
    """What a phone does with a request that is not a repetition."""

    def __call__(self, request: Request, peer: Address, /) -> None: ...


class Transaction:
    """A request of ours and what comes back, in order."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.responses: asyncio.Queue[Response] = asyncio.Queue()
        self.has_answer = False
        self.acknowledgement: bytes | None = None

    async def final(self, deadline: float, on_progress: Callable[[Response], None] | None = None) -> Response:
        """The final response; provisional ones go to `on_progress`. SipTimeout after `deadline` seconds."""
        try:
            async with asyncio.timeout(deadline):
                while (response := await self.responses.get()).status < 200:
                    if on_progress is not None:
                        on_progress(response)
        except TimeoutError:
            raise SipTimeout(
                f"no final answer to {self.request.method} {self.request.uri} in {deadline} s"
            ) from None
        return response


class SipSocket(asyncio.DatagramProtocol):
    """Where a phone listens. `close` it when the phone is put away."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._transport: asyncio.DatagramTransport | None = None
        self._sent: dict[tuple[str, str], Transaction] = {}
        self._replied: dict[tuple[str, str], bytes] = {}
        self._unacknowledged: set[str] = set()

    @classmethod
    async def open(cls, answering: Answering, host: str = "127.0.0.1", port: int = 0) -> SipSocket:
        """Listen at that address; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_datagram_endpoint(lambda: cls(answering), local_addr=(host, port))
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        host, port = transport.get_extra_info("sockname")
        self.address: Address = (host, port)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def via(self, branch: str) -> tuple[str, str]:
        """A Via header of ours."""
        host, port = self.address
        return "Via", f"SIP/2.0/UDP {host}:{port};branch={branch};rport"

    def start(self, request: Request, peer: Address) -> Transaction:
        """Send a request, again and again until something comes back."""
        transaction = Transaction(request)
        self._sent[request.branch, request.method] = transaction
        self._repeat(transaction, request.encode(), peer, _FIRST_REPEAT)
        return transaction

    async def ask(
        self, request: Request, peer: Address, *, user: str = "", secret: str = "", deadline: float = 8.0
    ) -> Response:
        """Send a request and wait for its final response, answering one challenge if an account is given."""
        response = await self.start(request, peer).final(deadline)
        if response.status == 401 and user:
            again = authorized(request, response, user, secret)
            response = await self.start(again, peer).final(deadline)
        return response

    def acknowledge(self, transaction: Transaction, acknowledgement: Request, peer: Address) -> None:
        """Send the ACK of a final response, now and whenever that response is repeated."""
        transaction.acknowledgement = acknowledgement.encode()
        self._send(transaction.acknowledgement, peer)

    def reply(self, request: Request, response: Response, peer: Address) -> None:
        """Answer a request and its repetitions alike; a 2xx to INVITE is repeated until its ACK."""
        data = response.encode()
        self._replied[request.branch, request.method] = data
        self._send(data, peer)
        if request.method == "INVITE" and 200 <= response.status < 300:
            self._unacknowledged.add(request.call_id)
            self._repeat_reply(request.call_id, data, peer, _FIRST_REPEAT)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            message = parse(data)
        except SipSyntaxError:
            return
        if isinstance(message, Response):
            self._take_response(message, addr)
        elif message.method == "ACK":
            self._unacknowledged.discard(message.call_id)
        elif earlier := self._replied.get((message.branch, message.method)):
            self._send(earlier, addr)
        else:
            self._answering(message, addr)

    def _take_response(self, response: Response, peer: Address) -> None:
        transaction = self._sent.get((response.branch, response.method_of_transaction))
        if transaction is None:
            return
        transaction.has_answer = True
        if response.status >= 200 and transaction.acknowledgement is not None:
            self._send(transaction.acknowledgement, peer)
        else:
            transaction.responses.put_nowait(response)

    def _repeat(self, transaction: Transaction, data: bytes, peer: Address, after: float) -> None:
        if self._transport is None or transaction.has_answer:
            return
        self._send(data, peer)
        later = min(after * 2, _LONGEST_REPEAT)
        asyncio.get_running_loop().call_later(after, self._repeat, transaction, data, peer, later)

    def _repeat_reply(self, call_id: str, data: bytes, peer: Address, after: float) -> None:
        def again() -> None:
            if call_id in self._unacknowledged and self._transport is not None:
                self._send(data, peer)
                self._repeat_reply(call_id, data, peer, min(after * 2, _LONGEST_REPEAT))

        asyncio.get_running_loop().call_later(after, again)

    def _send(self, data: bytes, peer: Address) -> None:
        if self._transport is not None:
            self._transport.sendto(data, peer)


def authorized(request: Request, challenged: Response, user: str, secret: str) -> Request:
    """The same request again as a new transaction, with the answer to the challenge."""
    challenge = challenged["WWW-Authenticate"]
    number, method = request["CSeq"].split()
    fresh = {
        "CSeq": f"{int(number) + 1} {method}",
        "Via": request["Via"].replace(request.branch, new_branch()),
    }
    headers = [(name, fresh.get(name, value)) for name, value in request.headers]
    headers.append(("Authorization", authorization(challenge, request, user, secret)))
    return Request(tuple(headers), request.body, method=request.method, uri=request.uri)


def new_branch() -> str:
    """A branch with the cookie RFC 3261 asks for."""
    return f"z9hG4bK{token()}"
