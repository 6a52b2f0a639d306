"""FastAGI server on Twisted: Asterisk connects, names a script, and it runs over pyst2 in a thread of a pool.

In: a table of scripts by name, given by whoever puts the service together. Out: `FastAgiService`. No script
runs before the client has proved that it is this Asterisk; until then it has its place only as long as
nobody new needs it. Whatever a client does (says nothing, half a header, a megabyte, hangs up) costs at most
one place for at most the deadline; for Asterisk every end is a closed connection, after which its dialplan
goes on.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hmac import compare_digest
from queue import SimpleQueue
from typing import Any, Final

import structlog
from asterisk.agi import AGIHangup
from twisted.application.internet import TCPServer
from twisted.internet import threads
from twisted.internet.base import DelayedCall
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.secrets import agi_answer
from ivr.asterisk.words import FASTAGI_QUESTION, UNIQUEID

log = structlog.get_logger(__name__)

Script = Callable[[AgiSession], None]
"""Asks and answers one session, in a thread of the pool; returning or AGIHangup ends it."""

_BACKLOG: Final = 512
"""Connections the kernel keeps for us: AGI() blocks a call for 2 s, not its deadline, once this is full."""
_HANGUP: Final = "HANGUP"
"""Asterisk's notice, in a line of its own, that the caller is gone."""


class Unanswered(Exception):
    """What a script had to ask is away; the message says what. The call goes on without the script."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client, and all together, may use."""

    deadline: float = 1.0
    """Seconds from the connection to its end, headers included."""
    sessions: int = 32
    """Connections and running scripts at one time; the next takes the place of one without a script yet."""
    lines: int = 200
    """Of one session, headers and answers; Asterisk sends about 25 headers and as many as 127 arguments."""
    line_bytes: int = 4096


@dataclass(slots=True)
class Ran:
    """One script. `slow`: cut off by the deadline; `milliseconds`: of all runs together."""

    runs: int = 0
    failed: int = 0
    slow: int = 0
    milliseconds: float = 0.0


@dataclass(slots=True)
class Tally:
    """What the scripts, by name, did since the service started; reported with the sign of life.

    `refused`: calls that went on without one at once, for all places were taken.
    `unproved`: sessions that were ended before they had proved to be this Asterisk's.
    """

    scripts: dict[str, Ran] = field(default_factory=dict)
    refused: int = 0
    unproved: int = 0

    def of(self, script: str) -> Ran:
        """The counts of that script."""
        return self.scripts.setdefault(script, Ran())

    def as_json(self, **beside: object) -> str:
        """As one line, with what else the dialer's process reports."""
        return json.dumps({**asdict(self), **beside})


class _Wire:
    """The two ends of one connection as a script's thread sees them."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._lines: SimpleQueue[str | None] = SimpleQueue()

    def put(self, line: str | None) -> None:
        """On the reactor: the next line, or None for the end, which stays."""
        self._lines.put(line)

    def readline(self) -> str:
        line = self._lines.get()
        if line is None or line == _HANGUP:
            self._lines.put(None)
            raise AGIHangup("Asterisk closed the session")
        return line

    def write(self, text: str) -> None:
        self._send(text.encode())

    def flush(self) -> None:
        pass


def _ignore(line: str) -> None:
    """What a session that has ended does with a line."""


class _Connection(LineOnlyReceiver):
    """One client: first its headers, then its proof, then answers to what the script sends."""

    delimiter = b"\n"
    transport: Any  # a TCP transport; zope's interfaces say nothing to a type checker
    _deadline: DelayedCall

    def __init__(self, factory: FastAgiFactory) -> None:
        self._server = factory
        self.MAX_LENGTH = factory.limits.line_bytes
        self._lines = 0
        self._env: dict[str, str] = {}
        self._take: Callable[[str], None] = self._header
        self._wire = _Wire(self._send)
        self._answer = b""
        self._began = 0.0

    def connectionMade(self) -> None:
        self._deadline = self._server.reactor.callLater(self._server.limits.deadline, self._too_slow)

    def lineReceived(self, line: bytes) -> None:
        self._lines += 1
        if self._lines > self._server.limits.lines:
            self.end("too many lines")
        self._take(line.decode(errors="replace").rstrip("\r"))

    def lineLengthExceeded(self, line: bytes) -> None:
        self.end("line too long")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._wire.put(None)
        if self._deadline.active():
            self._deadline.cancel()
        self._server.unproved.pop(self, None)

    def drop(self) -> None:
        """Close now, and let the script know without waiting for the socket."""
        self.connectionLost()
        self.transport.abortConnection()

    def _header(self, line: str) -> None:
        if line == "":
            self._ask()
        else:
            name, _, value = line.partition(":")
            self._env[name.strip()] = value.strip()

    def _ask(self) -> None:
        """For the proof that this is Asterisk; nothing else is sent to a client before it."""
        if self._env.get("agi_network_script", "") not in self._server.scripts:
            self.end("no such script")
            return
        nonce = secrets.token_hex()
        self._answer = agi_answer(self._server.secret, nonce).encode()
        self._take = self._prove
        self.transport.write(f"{FASTAGI_QUESTION % nonce}\n".encode())

    def _prove(self, line: str) -> None:
        if line == _HANGUP:
            self.drop()
        elif not compare_digest(line.encode(), self._answer):
            self.end("not proved to be this Asterisk")
        elif not re.fullmatch(UNIQUEID, self._env.get("agi_uniqueid", "")):
            self.end("no uniqueid of Asterisk")
        else:
            self._start(self._env["agi_network_script"])

    def _start(self, name: str) -> None:
        self._server.unproved.pop(self, None)
        self._server.running.add(self)
        self._take = self._wire.put
        self._began = self._server.reactor.seconds()
        session = AgiSession(self._env, self._wire)
        script = self._server.scripts[name]
        running = threads.deferToThreadPool(self._server.reactor, self._server.pool, script, session)
        running.addErrback(self._failed, name).addBoth(self._finished, name)

    def _failed(self, failure: Failure, script: str) -> None:
        if isinstance(failure.value, AGIHangup):
            return
        self._server.tally.of(script).failed += 1
        error = failure.getErrorMessage()
        if isinstance(failure.value, Unanswered):
            log.warning("agi_script_unanswered", script=script, error=error)
        else:
            log.error("agi_script_failed", script=script, error=error, trace=failure.getTraceback())

    def _finished(self, _: object, script: str) -> None:
        ran = self._server.tally.of(script)
        ran.runs += 1
        ran.milliseconds += (self._server.reactor.seconds() - self._began) * 1000
        self._server.running.remove(self)
        self.transport.loseConnection()

    def _too_slow(self) -> None:
        if self in self._server.running:
            self._server.tally.of(self._env["agi_network_script"]).slow += 1
        self.end("deadline passed")

    def _send(self, data: bytes) -> None:
        self._server.reactor.callFromThread(self.transport.write, data)

    def end(self, reason: str) -> None:
        """Close now, and log why."""
        if self._take is not _ignore:
            self._server.tally.unproved += self in self._server.unproved
            self._take = _ignore  # what was received with the line that ended it is still handed over
            log.warning(
                "agi_session_ended", reason=reason, script=self._env.get("agi_network_script", "")[:80]
            )
            self.drop()


class FastAgiFactory(Factory):
    """Gives each connection its protocol, or none when all places are taken by Asterisk's own sessions."""

    def __init__(self, reactor: Any, scripts: Mapping[str, Script], limits: Limits, secret: bytes) -> None:
        self.reactor = reactor
        self.scripts = scripts
        self.secret = secret
        self.limits = limits
        self.pool = ThreadPool(0, limits.sessions, "agi")
        self.running: set[_Connection] = set()
        """Those whose script runs, also when the client is gone."""
        self.unproved: dict[_Connection, None] = {}
        """Those for which no script runs yet, the oldest first."""
        self.tally = Tally()

    def buildProtocol(self, addr: IAddress | None) -> _Connection | None:
        if len(self.running) + len(self.unproved) >= self.limits.sessions and self.unproved:
            next(iter(self.unproved)).end("a newer session needs the place")
        if len(self.running) >= self.limits.sessions:
            self.tally.refused += 1
            log.warning("agi_session_refused", reason="all places are taken", sessions=self.limits.sessions)
            return None
        connection = _Connection(self)
        self.unproved[connection] = None
        return connection


class FastAgiService(TCPServer):
    """Listens at `host:port` (0 = any free port) while it runs; CannotListenError if that is taken.

    `secret`: see `ivr.asterisk.secrets.read_secret_file`.
    """

    _port: Any  # Twisted's, which has no type

    def __init__(
        self, host: str, port: int, scripts: Mapping[str, Script], limits: Limits, secret: bytes, reactor: Any
    ) -> None:
        self._factory = FastAgiFactory(reactor, dict(scripts), limits, secret)
        super().__init__(port, self._factory, _BACKLOG, host, reactor=reactor)

    @property
    def port(self) -> int:
        """The port it listens at; only while it runs."""
        return int(self._port.getHost().port)

    @property
    def tally(self) -> Tally:
        """What the scripts did since this was made."""
        return self._factory.tally

    def startService(self) -> None:
        self._factory.pool.start()
        super().startService()

    def stopService(self) -> Deferred[None]:
        return maybeDeferred(super().stopService).addCallback(self._end_sessions)

    def _end_sessions(self, _: object) -> None:
        for connection in (*self._factory.running, *self._factory.unproved):
            connection.drop()
        self._factory.pool.stop()
