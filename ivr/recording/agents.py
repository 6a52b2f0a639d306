"""Agents' states on their way into the store, beside the records of calls and always after them.

In: Asterisk's answers after each connect, then every event. Out: `agent_states`, a row for each change. Run
by the recorder, whichever other part of ours runs; of two at one server only the one that stores writes them.
Changes wait in memory while the store is away, the latest `MOST_CHANGES`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

import structlog

from ivr.asterisk.connection import Connected, Lost
from ivr.asterisk.messages import AmiEvent
from ivr.queues.board import MOST_CHANGES, AgentChange, RecordedBoard
from ivr.recording.watched import Watched
from ivr.storage.engine.store import StoreAway, StoreThread, StoreUnfit
from ivr.storage.people import agents

log = structlog.get_logger(__name__)


class AgentStates:
    """The agents of one server's recorded queues."""

    def __init__(self, store: StoreThread, server: str, watched: Watched) -> None:
        self._store, self._server, self._watched = store, server, watched
        self._board = RecordedBoard(watched.wrap_up)
        self._early: deque[AmiEvent] | None = None
        """What came while Asterisk was being asked."""
        self._unstored: tuple[AgentChange, ...] = ()
        self._has_resumed = False

    def hear(self, event: AmiEvent | Connected | Lost) -> None:
        """Bring the board up to it."""
        match event:
            case Lost(at=at):
                self._early = None
                self._board.lose(at)
            case AmiEvent() if self._early is not None:
                self._early.append(event)
            case AmiEvent() if self._watched.records(event["Queue"]):
                self._board.apply(event)

    def asks(self) -> None:
        """QueueStatus is being asked: what comes before its answer is taken is heard after it."""
        self._early = deque(maxlen=MOST_CHANGES)

    def restore(self, snapshot: Iterable[AmiEvent], at: datetime) -> None:
        """What QueueStatus and CoreShowChannels answered, in that order."""
        early, self._early = self._early or (), None
        self._board.restore((event for event in snapshot if self._watched.records(event["Queue"])), at)
        for event in early:
            self.hear(event)

    async def store(self, now: datetime, *, is_ours: bool) -> None:
        """Write what has changed; nothing if that is another recorder's. It never raises."""
        try:
            await self._store_changes(now, is_ours)
        except (StoreAway, StoreUnfit):  # kept; the records of calls have the same trouble, and tell it
            pass
        except Exception:  # agents' states may never cost a call or a visit
            log.exception("agents' changes of state not stored", changes=len(self._unstored))
            self._unstored = ()

    async def _store_changes(self, now: datetime, is_ours: bool) -> None:
        if not is_ours or (not self._has_resumed and not self._board.is_fresh):
            self._has_resumed, self._unstored = False, ()
            return
        if not self._has_resumed:
            stored = await self._store.read(lambda c: agents.latest(c, self._server))
            self._board.resume({change.agent: change for change in stored}, now)
            self._has_resumed = True
        self._unstored = (*self._unstored, *self._board.take_changes(now))[-MOST_CHANGES:]
        if changes := self._unstored:
            await self._store.write(lambda c: agents.record(c, self._server, changes))
            self._unstored = ()
