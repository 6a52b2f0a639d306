"""Facts as short words, and a fold that was told them: no events, no lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ivr.visits.facts import Answered, Completed, Fact, Joined, Party
from ivr.visits.fold import Fold
from ivr.visits.from_ami import AMI
from ivr.visits.from_queue_log import QUEUE_LOG
from ivr.visits.records import Call, Visit
from ivr.visits.steady import When
from tests.unit.ami_lines import at

AGENT = "PJSIP/1101"
_SOURCES = {"ami": AMI, "queue_log": QUEUE_LOG}


def when(second: float, received: float | None = None, *, exact: bool = True) -> When:
    return When(at(second), at(second if received is None else received), second, exact)


def roughly(second: float) -> When:
    return when(second, exact=False)


def party(uniqueid: str, **more: Any) -> Party:
    return Party(uniqueid, **more)


def answered(moment: When, uniqueid: str = "c.1", agent_leg: str = "a.1", **more: Any) -> Answered:
    told = {"agent": AGENT, "queue": "dvx", "hold": None, "channel": f"{AGENT}-1", **more}
    return Answered(
        moment,
        Party(uniqueid),
        told["queue"],
        told["agent"],
        "",
        agent_leg,
        told["channel"],
        told["hold"],
        None,
    )


def completed(moment: When, uniqueid: str = "", agent_leg: str = "", **more: Any) -> Completed:
    told = {"agent": AGENT, "queue": "dvx", "hold": None, "talk": None, **more}
    return Completed(
        moment,
        Party(uniqueid),
        told["queue"],
        told["agent"],
        "",
        agent_leg,
        told["hold"],
        told["talk"],
        "agent",
    )


def joined(second: float, uniqueid: str = "c.1", queue: str = "dvx", **more: Any) -> Joined:
    return Joined(when(second), Party(uniqueid, **more), queue)


class Told:
    """What a fold was told, and its visits and calls as they are now."""

    def __init__(self, *facts: Fact, source: str = "ami") -> None:
        self.fold = Fold("main", _SOURCES[source])
        self._visits: dict[tuple[str, str, datetime], Visit] = {}
        self._calls: dict[tuple[str, datetime], Call] = {}
        self.hears(*facts)

    def hears(self, *facts: Fact) -> Told:
        for fact in facts:
            self.fold.apply(fact)
        changes = self.fold.take()
        self._visits |= {(v.uniqueid, v.queue, v.received_at): v for v in changes.visits}
        self._calls |= {(c.linkedid, c.began_at): c for c in changes.calls}
        return self

    @property
    def visits(self) -> list[Visit]:
        return sorted(self._visits.values(), key=lambda visit: (visit.joined_at, visit.uniqueid))

    @property
    def calls(self) -> list[Call]:
        return sorted(self._calls.values(), key=lambda call: (call.began_at, call.linkedid))

    @property
    def outcomes(self) -> list[str]:
        return [visit.outcome for visit in self.visits]
