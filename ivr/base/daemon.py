"""A daemon of ours: asyncio work as Twisted services on one reactor, until a signal or a failure ends it.

`hotline run` and `hotline record` give their services to `serve`. Ports are bound before anything starts.
SIGTERM and SIGINT stop every service in turn and wait for it, so that what is known is committed before the
process ends; but not for longer than STOP_SECONDS. The daemon reports to systemd when all have started, and
again and again while the event loop turns (sd_notify(3)).
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

import structlog
from twisted.application.service import MultiService, Service
from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

log = structlog.get_logger(__name__)

STOP_SECONDS = 30.0
"""A process that has not ended so long after its services began to stop is ended."""

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Runs until the event is set, then ends cleanly; what it raises ends the daemon."""


class TaskService(Service):
    """One piece of asyncio work between `startService` and `stopService`."""

    def __init__(self, name: str, work: Work) -> None:
        self.setName(name)
        self._work = work
        self._stop = asyncio.Event()
        self.ended: Deferred[None] = succeed(None)

    def startService(self) -> None:
        super().startService()
        self.ended = Deferred.fromFuture(asyncio.ensure_future(self._work(self._stop)))
        log.info("started", service=self.name)

    async def _end(self) -> None:
        await self.ended
        log.info("stopped", service=self.name)

    def stopService(self) -> Deferred[None]:
        super().stopService()
        self._stop.set()
        return Deferred.fromCoroutine(self._end())


def serve(build: Callable[[Any], Iterable[Service]]) -> int:
    """Run the services `build` makes for the reactor until SIGTERM, SIGINT or a failure; the exit status.

    A failure of one ends all, with status 1: whoever supervises the process starts it again.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)
    from twisted.internet import reactor as installed  # only now is it the asyncio one

    reactor: Any = installed
    together = MultiService()
    failures: list[str] = []

    def give_up(reason: str) -> None:
        failures.append(reason)
        log.error("ending", reason=reason)
        if reactor.running:
            reactor.stop()

    def failed(failure: Failure) -> None:
        assert failure.value is not None
        give_up(_reason(failure.value))

    def begin() -> None:
        try:
            for service in build(reactor):
                service.setServiceParent(together)
            together.privilegedStartService()
            together.startService()
        except Exception as problem:  # whatever a part lacks: all start or none
            give_up(_reason(problem))
            return
        for service in together:
            if isinstance(service, TaskService):
                service.ended.addErrback(failed)
        tell_systemd("READY=1")
        if watched := int(os.environ.get("WATCHDOG_USEC", 0)):
            LoopingCall(tell_systemd, "WATCHDOG=1").start(watched / 3e6)

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", threading.Thread(target=_end_late, daemon=True).start)
    reactor.addSystemEventTrigger("before", "shutdown", together.stopService)
    reactor.run()
    return 1 if failures else 0


def tell_systemd(state: str) -> None:
    """By sd_notify(3), if systemd started this process; whatever becomes of it, this one goes on."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.setblocking(False)
            systemd.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


def _end_late() -> None:
    """In a thread of its own, for which no part has to stop."""
    time.sleep(STOP_SECONDS)
    log.error("ending", reason=f"a part did not stop within {STOP_SECONDS:g} s")
    os._exit(1)


def _reason(problem: BaseException) -> str:
    """What happened in a group of tasks, in its own words; of a port what to do."""
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    if isinstance(problem, CannotListenError):
        if getattr(problem.socketError, "errno", 0) != errno.EADDRINUSE:
            return f"cannot listen at {problem.interface} port {problem.port}: {problem.socketError}"
        return (
            f"port {problem.port} of {problem.interface} is taken: by another `hotline run`, or by what"
            f" `ss -ltnp sport = :{problem.port}` names; stop that one first"
        )
    return str(problem) or repr(problem)
