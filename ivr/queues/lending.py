"""Which lent agents are to be paused in the queues they help, and which of our pauses are over.

In: the memberships of the board, the loans, and the queues that need all their agents. An agent's own pause,
which has another reason, is never touched. Pure; `ivr.lender` obeys.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ivr.asterisk.words import PAUSED_BY_US
from ivr.queues.agents import Memberships


@dataclass(frozen=True, slots=True)
class Lent:
    """A membership that exists to help `queue`; `home` is the queue that lends the agent."""

    queue: str
    interface: str
    home: str


@dataclass(frozen=True, slots=True)
class Pauses:
    """What to change, and every pause that is ours once it is done."""

    begin: frozenset[Lent]
    end: frozenset[Lent]
    held: frozenset[Lent]


def pauses(members: Memberships, lent: Collection[Lent], short: Collection[str]) -> Pauses:
    """`short`: the queues that have no more idle agents than their reserve."""
    needed = {one for one in lent if one.home in short}
    known = {one: members[key] for one in lent if (key := (one.queue, one.interface)) in members}
    free = {one for one, member in known.items() if not member.paused}
    ours = {one for one in known.keys() - free if known[one].pause_reason == PAUSED_BY_US}
    return Pauses(
        begin=frozenset(free & needed),
        end=frozenset(ours - needed),
        held=frozenset((free | ours) & needed),
    )
