"""One TCP connection to the AMI: panoramisk without its reconnecting, re-sending and unwatched pings.

Bytes come in, `AmiEvent`s go out in the order of the stream, actions get their answers. `AmiConnection`
opens sessions, one after the other; `hotline doctor` one to look around. Asterisk escapes nothing and a
caller's number may hold line ends, which add headers to an event, or end it and begin another
(asterisk-notes, caller ids): what cannot be Asterisk's own words is refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final, Literal

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from ivr.asterisk.messages import (
    REFUSED,
    ActionLost,
    ActionNotSent,
    ActionRefused,
    ActionTimedOut,
    AmiEvent,
    Header,
    Reply,
    parse_timestamp,
    refuse_unsafe,
)

log = structlog.get_logger(__name__)

END: Final = "\r\n\r\n"
_END_OF_MESSAGE = END.encode()
_PROMPTLY = 0.5
"""Seconds within which a pong comes when nobody stands still."""
_QUIET = logging.getLogger("panoramisk.quiet")
_QUIET.setLevel(logging.CRITICAL)  # what panoramisk has to say is said here, with the address and the reason
_TEXT_BYTES: Final = 80
"""Fewer are kept of a number, or of the name a stranger registers."""
_FOLLOWED_BY: Final = {
    "CallerIDNum": "CallerIDName",
    "CallerIDName": "ConnectedLineNum",
    "ConnectedLineNum": "ConnectedLineName",
    "AccountID": "SessionID",
}
"""In every event, with whatever prefix, but in OriginateResponse, whose number is ours."""
_HOLD_TEXT: Final = tuple(_FOLLOWED_BY)
_REPEATING: Final = ("TestEvent", "ReceiveFAX", "SendFAX")
"""Events in which Asterisk itself repeats a header; nobody here reads them."""


class Genuineness:
    """Judges the messages of one connection, in their order."""

    def __init__(self, is_asked: Callable[[str], bool]) -> None:
        """`is_asked`: whether an action of ours has that ActionID."""
        self._is_asked = is_asked
        self._has_timestamps = False
        self._inside = 0
        """So many bytes of what comes next may still be a caller's text."""

    def fault(self, message: str) -> str:
        """Why the message is refused; empty if it is not. Without its `END`."""
        lines = message.split("\r\n")
        names = [line.partition(": ")[0] for line in lines]
        event = lines[0].removeprefix("Event: ")
        began_inside, torn = self._inside > 0, _torn(names) if event != "OriginateResponse" else None
        self._inside = max(0, self._inside - len((message + END).encode()))
        if torn is not None:
            behind = len(("\r\n".join(lines[torn:]) + END).encode()) - len(f"{names[torn]}: ")
            self._inside = max(self._inside, _TEXT_BYTES - behind)
        if began_inside:
            return "it begins in a caller's text"
        if names[0] != "Event":
            return "it begins in the middle" if "Event" in names else ""
        once = [name.lower() for name in names if not name.endswith("ChanVariable")]
        if len(set(once)) < len(once) and event not in _REPEATING:
            return "a header is repeated"
        if torn is not None:
            return "a caller's text is torn"
        if "Privilege" not in names:
            asked = "ActionID" in names and lines[names.index("ActionID")].removeprefix("ActionID: ")
            return "" if asked and self._is_asked(asked) else "nobody asked for it, and it has no privilege"
        self._has_timestamps |= "Timestamp" in names
        is_timeless = self._has_timestamps and "Timestamp" not in names and event != "FullyBooted"
        return "it has no timestamp" if is_timeless else ""

    def uniqueid(self, message: str) -> str:
        """Of the channel that a refused message is about; empty if a caller may have written it.

        Asterisk's own stands behind the caller's number, so it is the last in what ends behind that.
        """
        _, is_named, rest = message.rpartition("\r\nUniqueid: ")
        return rest.partition("\r\n")[0] if is_named and not self._inside else ""


def _torn(names: list[str]) -> int | None:
    """The line of a caller's text that does not go on as Asterisk writes it."""
    for at, name in enumerate(names):
        if name.endswith(_HOLD_TEXT):
            header = next(each for each in _HOLD_TEXT if name.endswith(each))
            if names[at + 1 : at + 2] != [name.replace(header, _FOLLOWED_BY[header])]:
                return at
    return None


class Session(Manager):  # type: ignore[misc]  # panoramisk has no types
    """`open` it, `ask`, `deliver_to` a consumer, then wait `until_lost`."""

    def __init__(self, host: str, port: int, clock: Callable[[], datetime]) -> None:
        super().__init__(
            host=host,
            port=port,
            loop=asyncio.get_running_loop(),
            protocol_factory=_Protocol,
            forgetable_actions=("ping", "login", "originate"),
            log=_QUIET,
        )
        self._clock = clock
        self._held: list[AmiEvent] = []
        self._deliver: Callable[[AmiEvent], None] = self._held.append
        self._lost: asyncio.Future[str] = self.loop.create_future()
        self._asked: dict[str, Action] = {}
        self._refused = 0
        self._ping_every = 0.0
        self.asterisk_time: datetime | None = None
        """Asterisk's own clock as it answered the last ping."""
        self._heard_until = self.loop.time()
        """What Asterisk had said by then has been read: it answered something we asked then."""
        self.register_event("*", Session.received)

    @classmethod
    async def open(cls, host: str, port: int, clock: Callable[[], datetime], within: float) -> Session:
        """Connect the socket; OSError or TimeoutError if nobody answers there."""
        session = cls(host, port, clock)
        await asyncio.wait_for(session.connect(), within)
        return session

    def deliver_to(self, consumer: Callable[[AmiEvent], None]) -> None:
        """Hand over what came with the login's answer, and from now on every event at once."""
        for event in self._held:
            consumer(event)
        self._held.clear()
        self._deliver = consumer

    def received(self, message: Message) -> None:
        """Called in the order of the stream, for every event that answers no action."""
        self._deliver(event_of(message, self._clock(), self.doubt))

    def refused(self, fault: str, uniqueid: str) -> None:
        """Called for every message that a caller's text has torn or made up."""
        if not self._refused:
            log.warning("an AMI message that a caller forged is refused, as all of its kind", reason=fault)
        self._refused += 1
        self._deliver(AmiEvent(REFUSED, {"Uniqueid": uniqueid}, {}, self._clock()))

    @property
    def doubt(self) -> float:
        """Seconds for which what comes now may have been on its way; 0 as long as pongs come promptly."""
        unheard = self.loop.time() - self._heard_until
        return unheard if unheard > self._ping_every + _PROMPTLY else 0.0

    async def ask(self, headers: Mapping[str, Header], deadline: float) -> Reply:
        """Send and wait; see `AmiConnection.send`."""
        refuse_unsafe(headers)
        if self._lost.done() or self.protocol is None:
            raise ActionNotSent("the connection to Asterisk is lost")
        action = Action(
            {name: value if isinstance(value, str) else list(value) for name, value in headers.items()}
        )
        asked_at = self.loop.time()
        is_originate = str(headers["Action"]).lower() == "originate"
        self._asked[action.id] = action
        try:
            # False: "queued" is all the answer, so that OriginateResponse reaches the queue of events.
            answer = self.send_action(action, as_list=False if is_originate else None)
            found = await asyncio.wait_for(answer, deadline)
        except TimeoutError:
            raise ActionTimedOut(f"no answer to {headers['Action']} within {deadline:g} s") from None
        finally:
            self._asked.pop(action.id, None)
            self.protocol.responses.pop(action.id, None)
        self._heard_until = max(self._heard_until, asked_at)
        return _reply(found, self._clock())

    async def login(self, user: str, secret: str, events: Literal["on", "off"], deadline: float) -> None:
        """Log in. Raises AmiError; ActionRefused, too, for an Asterisk whose AMI is of version 1."""
        await self.ask({"Action": "Login", "Username": user, "Secret": secret, "Events": events}, deadline)
        if self.protocol is not None and (version := str(self.protocol.version)).startswith("1."):
            raise ActionRefused(f"it speaks AMI {version}: Asterisk 11 or older, which is not understood")

    async def until_lost(self, ping_every: float, pong_within: float) -> str:
        """Ping, and wait for each pong, until the connection ends; returns why it did."""
        self._ping_every = ping_every
        while True:
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self._lost), ping_every)
            try:
                pong = await self.ask({"Action": "Ping"}, pong_within)
                self.asterisk_time = parse_timestamp(pong.headers.get("Timestamp", ""))
            except ActionTimedOut:
                self.cut(f"no pong within {pong_within:g} s")
            except ActionLost:
                pass
            except ActionRefused as problem:
                log.warning("AMI refuses Ping", reason=str(problem))

    def cut(self, reason: str) -> None:
        """End the connection; every action still waiting for its answer fails with `ActionLost`."""
        if not self._lost.done():
            self._lost.set_result(reason)
        for action in self._asked.values():
            if not action.future.done():
                action.future.set_exception(ActionLost(f"{reason} before {action['Action']} was answered"))
        self.close()
        self.awaiting_actions.clear()

    def connection_made(self, f: asyncio.Task[object]) -> None:
        """Panoramisk's hook; a failed connect is left to the task that awaits it."""
        if not f.cancelled() and f.exception() is None:
            super().connection_made(f)

    def connection_lost(self, exc: Exception | None) -> None:
        """Panoramisk's hook, in place of its own reconnecting."""
        self.cut(str(exc) if exc else "Asterisk closed the connection")

    def ping(self) -> None:
        """Panoramisk's timer; `until_lost` pings instead and waits for the answer."""


class _Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """Panoramisk's parser, fed whole messages: a letter cut in half by a TCP chunk would vanish."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._unparsed = b""
        self._skipped = 0
        self._genuineness = Genuineness(self._is_asked)

    def data_received(self, data: bytes) -> None:
        *whole, self._unparsed = (self._unparsed + data).split(_END_OF_MESSAGE)
        for each in whole:
            # A byte that is no UTF-8 is shown as such; panoramisk would drop it.
            message = each.decode("utf-8", "replace").strip()
            if fault := self._genuineness.fault(message):
                self.factory.refused(fault, self._genuineness.uniqueid(message))
            else:
                super().data_received((message + END).encode())

    def _is_asked(self, action_id: str) -> bool:
        """An answer that comes late counts, too."""
        ours = f"action/{Action.action_id_generator.uid}/"
        return action_id.startswith(ours) or action_id in self.responses

    def handle_message(self, message: Message) -> None:
        """One message. What raises here would close the connection and lose the rest of the chunk."""
        name = str(message.event)
        try:
            if name.lower() == "shutdown":
                # Panoramisk hangs up on it at once; Asterisk may still have calls to tell the end of.
                self.factory.dispatch(message)
            else:
                super().handle_message(message)
        except Exception:  # whatever one message does, the connection stays
            self._skipped += 1
            log.exception("AMI message not understood; it is skipped", name=name[:80], skipped=self._skipped)


def event_of(message: Message, received_at: datetime, doubt: float = 0.0) -> AmiEvent:
    """The message as a value; of repeated headers the first, of ChanVariable all."""
    headers: dict[str, str] = {}
    variables: dict[str, str] = {}
    for name, value in message.items():
        values = value if isinstance(value, list) else [value]
        if name == "ChanVariable":
            variables.update((key, text) for key, _, text in (each.partition("=") for each in values))
        else:
            headers[name] = values[0]
    timestamp = parse_timestamp(headers.get("Timestamp", ""))
    return AmiEvent(headers.get("Event", ""), headers, variables, received_at, timestamp, doubt)


def _reply(found: Message | list[Message], received_at: datetime) -> Reply:
    """Of repeated headers the first counts, as in events; panoramisk would give a list."""
    messages = found if isinstance(found, list) else [found]
    first = event_of(messages[0], received_at)
    if first["Response"].lower() not in ("success", "follows", "goodbye"):
        raise ActionRefused(first["Message"] or first["Response"] or "refused without a word")
    rows = (row for row in messages[1:] if "Event" in row and row.eventlist != "Complete")
    return Reply(first.headers, tuple(event_of(row, received_at) for row in rows))
