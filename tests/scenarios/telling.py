"""A scenario: a table of AMI events in, the visits it must give out. A bug report becomes a table here.

Each line is `seconds Event Header=value … $VARIABLE=value`, as in `tests.unit.ami_lines`. `U=` is Uniqueid
and Linkedid, `Q=` Queue, `N=` CallerIDNum, `A=` the agent, `D=` the agent's channel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from ivr.asterisk.connection import Connected, Lost
from ivr.visits.fold import Fold
from ivr.visits.from_ami import AMI, AmiReader
from ivr.visits.records import Call, Visit
from tests.unit.ami_lines import START, events

_SHORT = {
    "U": "Uniqueid={0} Linkedid={0}",
    "Q": "Queue={0}",
    "N": "CallerIDNum={0}",
    "A": "Interface={0} MemberName={0}",
    "D": "DestUniqueid={0} DestChannel=PJSIP/phone-{0}",
}


def spelled_out(table: str) -> str:
    """The table with its short headers written in full."""
    return re.sub(r"\b([UQNAD])=(\S+)", lambda found: _SHORT[found[1]].format(found[2]), table)


class Listener:
    """A recorder's core without a socket: reads tables, remembers every visit and call as told last."""

    def __init__(self) -> None:
        self.reader, self.fold = AmiReader(), Fold("main", AMI)
        self._visits: dict[object, Visit] = {}
        self._calls: dict[object, Call] = {}
        self._silent_since = 0.0

    def hears(self, table: str, until: float = 3600.0) -> Listener:
        """The events of a table, then silence until that many seconds after the start."""
        for event in events(spelled_out(table)):
            for fact in self.reader.facts(event):
                self.fold.apply(fact)
            self._take()
        self.fold.apply(self.reader.tick(START + timedelta(seconds=until)))
        self._silent_since = until
        self._take()
        return self

    def reconnects(self, at: float) -> Listener:
        """The connection is lost now and comes back at that second."""
        lost = Lost(START + timedelta(seconds=self._silent_since), "cut")
        for news in (lost, Connected(START + timedelta(seconds=at))):
            for fact in self.reader.facts(news):
                self.fold.apply(fact)
        return self

    def finds_live(self, table: str, at: float) -> Listener:
        """What CoreShowChannels answers at that second."""
        rows = tuple(events(spelled_out(table)))
        self.fold.apply(self.reader.live_calls(rows, START + timedelta(seconds=at)))
        self._take()
        return self

    @property
    def visits(self) -> list[Visit]:
        """In the order of their joins."""
        return sorted(self._visits.values(), key=lambda visit: visit.joined_at)

    @property
    def calls(self) -> list[Call]:
        """In the order in which they began."""
        return sorted(self._calls.values(), key=lambda call: call.began_at)

    def _take(self) -> None:
        changes = self.fold.take()
        self._visits |= {(v.uniqueid, v.queue, v.received_at): v for v in changes.visits}
        self._calls |= {(c.linkedid, c.began_at): c for c in changes.calls}


def told(visits: Iterable[Visit]) -> list[tuple[str, str, str, float | None, str, float | None]]:
    """Caller, queue, outcome, wait, who ended it, talk."""
    return [(v.caller, v.queue, v.outcome, v.wait_seconds, v.ended_by, v.talk_seconds) for v in visits]
