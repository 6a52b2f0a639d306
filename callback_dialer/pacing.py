"""How many citizens may be dialled now: idle agents − reserve − callers waiting − attempts alive.

An agent who serves several queues is one agent: the sum is taken as a matching of every claim on an agent
(reserve, caller, attempt) with a different idle agent. One more citizen may be dialled for a queue
exactly if one more claim there can be matched without taking an agent from anybody. Asked in the
transaction that starts an attempt, as is the circuit breaker of a trunk: how many calls it may carry after
what its latest attempts met. Both are without a state of their own, so every dialer sees them alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from callback_dialer.policy import Policy
from ivr.calls.callbacks import TRUNK_FAULTS
from ivr.storage.owed.attempts import Tried


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """One queue at one server now. `waiting` counts live callers; our own are among the attempts alive."""

    idle: frozenset[str] = frozenset()
    """Agents by name of their interface; the same agent may be idle in several queues."""
    reserve: int = 0
    waiting: int = 0
    alive: int = 0
    """Attempts under way that have no agent yet."""
    waiting_since: datetime | None = None
    """When the first of those who wait began to; None if nobody does."""

    @property
    def claims(self) -> int:
        """Agents of this queue that are spoken for."""
        return self.reserve + self.waiting + self.alive


def queues_with_room(loads: Mapping[str, QueueLoad]) -> frozenset[str]:
    """The queues for which one more citizen may be dialled."""
    taken: dict[str, str] = {}
    for queue, load in loads.items():
        # More claims than agents cannot be matched anyway; leave them out.
        for _ in range(min(load.claims, len(load.idle))):
            _claim(queue, loads, taken, set())
    return frozenset(queue for queue in loads if _claim(queue, loads, dict(taken), set()))


def room_for_places(loads: Mapping[str, QueueLoad]) -> frozenset[str]:
    """The same for citizens whose place is before all who wait there: the reserve is kept for them, too."""
    return frozenset(
        queue
        for queue, load in loads.items()
        if queue in queues_with_room({**loads, queue: replace(load, reserve=0, waiting=0)})
    )


def _claim(queue: str, loads: Mapping[str, QueueLoad], taken: dict[str, str], tried: set[str]) -> bool:
    """Give one more agent to `queue`, moving earlier claims where that helps (Kuhn's matching)."""
    for agent in sorted(loads[queue].idle - tried):
        tried.add(agent)
        if agent not in taken or _claim(taken[agent], loads, taken, tried):
            taken[agent] = queue
            return True
    return False


SILENT: Final = frozenset({"aborted", "unknown"})
"""Dispositions that say nothing about the trunk."""
UNLIMITED: Final = 1_000_000


def calls_allowed(latest: Iterable[Tried], policy: Policy, now: datetime) -> int:
    """How many attempts may be alive on the trunk now; `latest` are its attempts, the newest first.

    Closed: as many as it has channels. Open: none. Half open, after the pause: one, whose fate decides.
    """
    rules = policy.callback.breaker
    telling = filter(_is_telling, latest)
    faults = [
        one.ended_at
        for one in takewhile(lambda one: one.disposition in TRUNK_FAULTS, telling)
        if one.ended_at
    ]
    if len(faults) < rules.faults:
        return UNLIMITED
    pause = min(rules.pause * 2.0 ** (len(faults) - rules.faults), rules.longest)
    return 1 if now >= max(faults) + timedelta(seconds=pause) else 0


def _is_telling(one: Tried) -> bool:
    """Whether it rang, or ended for a reason of the network's or the citizen's."""
    return one.state not in ("planned", "originating") and one.disposition not in SILENT
