"""What can be told about calls and queues, whoever tells it: AMI live or queue_log afterwards.

`from_ami` and `from_queue_log` make facts; `fold` puts each on the stay it belongs to. A fact carries when it
happened and only what its source said; what it means for the caller is judged in `judge`.
Named tuples, as the records: a year of queue_log makes a million and a half of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from ivr.asterisk import words
from ivr.visits.steady import When

VARIABLES: Final[Mapping[str, str]] = {
    "origin": words.VAR_ORIGIN,
    "structure": words.VAR_STRUCTURE,
    "attempt_id": words.VAR_ATTEMPT,
    "presentation": words.VAR_PRESENTATION,
    "menu_path": words.VAR_PATH,
    "language": words.VAR_LANGUAGE,
}
"""Field of a visit → the channel variable that tells it."""
NO_VARIABLES: Mapping[str, str] = {}
GIVEN_ID: Final = re.compile(r"(?:.*-)?(\d{1,19})\.(\d{1,19})", re.ASCII)
"""The uniqueid Asterisk gives a channel: the second in which it began, and how many began before it."""


def of_attempt(uniqueid: str) -> Mapping[str, str]:
    """What the name of a channel tells where nothing tells its variables: it is one that we dialled."""
    if uniqueid.startswith(words.ATTEMPT_PREFIX):
        return {words.VAR_ORIGIN: "callback", words.VAR_ATTEMPT: uniqueid}
    return NO_VARIABLES


def caller_of(number: str) -> str:
    """The caller's number as delivered; empty where Asterisk has a word for no number."""
    return "" if number in ("<unknown>", "<null>") else number


@dataclass(frozen=True, slots=True)
class SourceCapabilities:
    """What a source can tell at all; the fold asks for that, never which source it is.

    `name`: its records have it. `channels`: hang-ups (class call). `variables`: why a queue was left (class
    dialplan); AMI shows both as it goes on (`Hears`). `joins`: no join goes untold, but a caller is known by
    their joins alone. `callers`: the end of a talk names the caller's channel, whatever it is by then.
    `seconds`: its moments fit the seconds it tells, whether they are exact or not.
    """

    name: str
    channels: bool = False
    variables: bool = False
    joins: bool = False
    callers: bool = False
    seconds: bool = False


class Party(NamedTuple):
    """The channel a fact is about and what it carries; `caller` is the number as delivered, or empty."""

    uniqueid: str
    linkedid: str = ""
    channel: str = ""
    caller: str = ""
    variables: Mapping[str, str] = NO_VARIABLES


class Fact(Protocol):
    """What they have in common."""

    @property
    def when(self) -> When:
        """When it happened, as far as the source tells."""


class CallBegan(NamedTuple):
    """Our dialplan let a caller in."""

    when: When
    party: Party
    delivered: str
    trunk: str


class Joined(NamedTuple):
    """A caller joined a queue."""

    when: When
    party: Party
    queue: str


class FoundWaiting(NamedTuple):
    """A caller was in the queue already when we asked; `waited` in whole seconds."""

    when: When
    party: Party
    queue: str
    waited: float


class HangupAsked(NamedTuple):
    """The phone hung up, or somebody hung up on it; comes before the queue notices."""

    when: When
    uniqueid: str


class WentOn(NamedTuple):
    """The channel runs another step of its dialplan: the call lives."""

    when: When
    uniqueid: str


class GaveUp(NamedTuple):
    """QueueCallerAbandon: left without an agent, for whatever reason (also timeout, empty, withdrawn)."""

    when: When
    party: Party
    queue: str
    hold: float | None


class Left(NamedTuple):
    """No longer waiting; says nothing about why."""

    when: When
    party: Party
    queue: str
    hold: float | None = None


class ResultKnown(NamedTuple):
    """Why Queue() returned, in QUEUESTATUS' words, or `KEY`. `queue` is empty where it is not named."""

    when: When
    uniqueid: str
    queue: str
    result: str


class HoldKnown(NamedTuple):
    """Asterisk's own whole seconds of waiting (QUEUEWAIT), also for ways out that have no other figure."""

    when: When
    uniqueid: str
    hold: float


class Offered(NamedTuple):
    """An agent's phone begins to ring for the caller."""

    when: When
    uniqueid: str
    queue: str
    agent: str
    agent_uniqueid: str


class Answered(NamedTuple):
    """An agent and the caller are connected. `hold` and `ring` are Asterisk's whole seconds."""

    when: When
    party: Party
    queue: str
    agent: str
    agent_name: str
    agent_uniqueid: str
    agent_channel: str
    hold: float | None
    ring: float | None


class Completed(NamedTuple):
    """The talk is over. The caller's and the agent's ids may be missing or another's (asterisk-notes 4)."""

    when: When
    party: Party
    queue: str
    agent: str
    agent_name: str
    agent_uniqueid: str
    hold: float | None
    talk: float | None
    reason: str


class ChannelEnded(NamedTuple):
    """A channel is gone; the caller's or an agent's."""

    when: When
    party: Party


class TookPlace(NamedTuple):
    """Attended transfer: `party` stands where the agent's channel `replaced` stood, in a queue or in a talk.

    `beside`: who talked with that channel, nobody in a queue. `leg`: the agent's other channel, by which they
    talked with `party`; that one may be a channel made for an earlier transfer.
    """

    when: When
    party: Party
    replaced: str
    beside: Party = Party("")
    leg: str = ""


class RecordingBegan(NamedTuple):
    """The channel is being recorded from now on."""

    when: When
    uniqueid: str


class Surveyed(NamedTuple):
    """The caller was asked to rate the talk (`rating` None), or rated it."""

    when: When
    uniqueid: str
    queue: str
    agent: str
    rating: int | None


class MemberKnown(NamedTuple):
    """This interface belongs to an agent, so a call from it is not a citizen's."""

    when: When
    interface: str


class Hears(NamedTuple):
    """What this source can tell at all: `channels` (class call) or `variables` (class dialplan)."""

    when: When
    what: str


class Booted(NamedTuple):
    """Asterisk is up for `uptime` seconds; `restarted`: it is not the Asterisk we listened to before."""

    when: When
    uptime: float
    restarted: bool


class Started(NamedTuple):
    """When Asterisk says it was started, in its own words: the same words mean the same run of it.

    `when` is the beginning of the connection on which it said so.
    """

    when: When
    words: str


class LiveCalls(NamedTuple):
    """All calls Asterisk has now, by linkedid; what we still hold open beside them ended in a hole.

    `channels`: theirs, by uniqueid.
    """

    when: When
    linkedids: frozenset[str]
    channels: frozenset[str] = frozenset()


class ConnectionLost(NamedTuple):
    """Asterisk's last sign of life for now: until then it held the connection."""

    when: When


class LongAgo(NamedTuple):
    """No call lasts since then: of what is open from before, the last word was lost."""

    when: When


class Tick(NamedTuple):
    """Time passed; nothing else was told."""

    when: When
