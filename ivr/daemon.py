"""A daemon of ours: asyncio work as Twisted services on one reactor, until a signal or a failure ends it.

`hotline run` and `hotline record` give their services to `serve`. SIGTERM and SIGINT stop every service in
turn and wait for it, so that what is known is committed before the process ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog
from twisted.application.service import MultiService, Service
from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure

log = structlog.get_logger(__name__)

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Runs until the event is set, then ends cleanly; what it raises ends the daemon."""


class TaskService(Service):
    """One piece of asyncio work between `startService` and `stopService`."""

    def __init__(self, name: str, work: Work) -> None:
        self.setName(name)
        self._work = work
        self._stop = asyncio.Event()
        self.ended: Deferred[None] = Deferred()

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
            together.startService()
        except CannotListenError as problem:
            give_up(f"port {problem.port} of {problem.interface} is taken: {problem.socketError}")
            return
        for service in together:
            if isinstance(service, TaskService):
                service.ended.addErrback(failed)

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", together.stopService)
    reactor.run()
    return 1 if failures else 0


def _reason(problem: BaseException) -> str:
    """What happened in a group of tasks, in its own words."""
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return str(problem) or repr(problem)
