"""What can be told about calls and queues, whoever tells it: AMI live or queue_log afterwards.

`from_ami` and `from_queue_log` make facts; `fold` puts each on the stay it belongs to. A fact carries when it
happened and only what its source said; what it means for the caller is judged in `judge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ivr.asterisk import words
from ivr.visits.steady import When

NO_VARIABLES: Mapping[str, str] = {}


def of_attempt(uniqueid: str) -> Mapping[str, str]:
    """What the name of a channel tells where nothing tells its variables: it is one that we dialled."""
    if uniqueid.startswith(words.ATTEMPT_PREFIX):
        return {words.VAR_ORIGIN: "callback", words.VAR_ATTEMPT: uniqueid}
    return NO_VARIABLES


class Party(NamedTuple):
    """The channel a fact is about and what it carries; `caller` is the number as delivered, or empty."""

    uniqueid: str
    linkedid: str = ""
    channel: str = ""
    caller: str = ""
    variables: Mapping[str, str] = NO_VARIABLES


@dataclass(frozen=True, slots=True)
class Fact:
    """Base of all facts."""

    when: When


@dataclass(frozen=True, slots=True)
class CallBegan(Fact):
    """Our dialplan let a caller in."""

    party: Party
    delivered: str
    trunk: str


@dataclass(frozen=True, slots=True)
class Joined(Fact):
    """A caller joined a queue."""

    party: Party
    queue: str


@dataclass(frozen=True, slots=True)
class FoundWaiting(Fact):
    """A caller was in the queue already when we asked; `waited` in whole seconds."""

    party: Party
    queue: str
    waited: float


@dataclass(frozen=True, slots=True)
class HangupAsked(Fact):
    """The phone hung up, or somebody hung up on it; comes before the queue notices."""

    uniqueid: str


@dataclass(frozen=True, slots=True)
class WentOn(Fact):
    """The channel runs another step of its dialplan: the call lives."""

    uniqueid: str


@dataclass(frozen=True, slots=True)
class GaveUp(Fact):
    """QueueCallerAbandon: left without an agent, for whatever reason (also timeout, empty, withdrawn)."""

    party: Party
    queue: str
    hold: float | None


@dataclass(frozen=True, slots=True)
class Left(Fact):
    """No longer waiting; says nothing about why."""

    party: Party
    queue: str
    hold: float | None = None


@dataclass(frozen=True, slots=True)
class ResultKnown(Fact):
    """Why Queue() returned, in QUEUESTATUS' words, or `KEY`. `queue` is empty where it is not named."""

    uniqueid: str
    queue: str
    result: str


@dataclass(frozen=True, slots=True)
class HoldKnown(Fact):
    """Asterisk's own whole seconds of waiting (QUEUEWAIT), also for ways out that have no other figure."""

    uniqueid: str
    hold: float


@dataclass(frozen=True, slots=True)
class Offered(Fact):
    """An agent's phone begins to ring for the caller."""

    uniqueid: str
    queue: str
    agent: str
    agent_uniqueid: str


@dataclass(frozen=True, slots=True)
class Answered(Fact):
    """An agent and the caller are connected. `hold` and `ring` are Asterisk's whole seconds."""

    party: Party
    queue: str
    agent: str
    agent_name: str
    agent_uniqueid: str
    agent_channel: str
    hold: float | None
    ring: float | None


@dataclass(frozen=True, slots=True)
class Completed(Fact):
    """The talk is over. The caller's and the agent's ids may be missing or another's (asterisk-notes 4)."""

    party: Party
    queue: str
    agent: str
    agent_name: str
    agent_uniqueid: str
    hold: float | None
    talk: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelEnded(Fact):
    """A channel is gone; the caller's or an agent's."""

    party: Party


@dataclass(frozen=True, slots=True)
class TookPlace(Fact):
    """Attended transfer: `party` now stands where the channel `replaced` stood (in a queue, for us)."""

    party: Party
    replaced: str


@dataclass(frozen=True, slots=True)
class RecordingBegan(Fact):
    """The channel is being recorded from now on."""

    uniqueid: str


@dataclass(frozen=True, slots=True)
class Surveyed(Fact):
    """The caller was asked to rate the talk (`rating` None), or rated it."""

    uniqueid: str
    queue: str
    agent: str
    rating: int | None


@dataclass(frozen=True, slots=True)
class MemberKnown(Fact):
    """This interface belongs to an agent, so a call from it is not a citizen's."""

    interface: str


@dataclass(frozen=True, slots=True)
class Hears(Fact):
    """What this source can tell at all: `channels` (class call) or `variables` (class dialplan)."""

    what: str


@dataclass(frozen=True, slots=True)
class Booted(Fact):
    """Asterisk is up for `uptime` seconds; `restarted`: it is not the Asterisk we listened to before."""

    uptime: float
    restarted: bool


@dataclass(frozen=True, slots=True)
class Started(Fact):
    """When Asterisk says it was started, in its own words: the same words mean the same run of it.

    `when` is the beginning of the connection on which it said so.
    """

    words: str


@dataclass(frozen=True, slots=True)
class LiveCalls(Fact):
    """All calls Asterisk has now, by linkedid; what we still hold open beside them ended in a hole."""

    linkedids: frozenset[str]


@dataclass(frozen=True, slots=True)
class ConnectionLost(Fact):
    """Asterisk's last sign of life for now: until then it held the connection."""


@dataclass(frozen=True, slots=True)
class LongAgo(Fact):
    """No call lasts since then: of what is open from before, the last word was lost."""


@dataclass(frozen=True, slots=True)
class Tick(Fact):
    """Time passed; nothing else was told."""
