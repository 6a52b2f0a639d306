"""queue_log of the year: the lines that Asterisk and our dialplan write about each contact, day by day.

Chosen here: who answers (as many agents a day as give the printed calls per agent-day; their talks may
overlap, for staffing is no figure of the report), overflow, requests in the menu, a few of our own callbacks.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from tests.year.import_files import Attempt, day_of
from tests.year.moments import Contact, citizen, midnight
from tests.year.plan import STRUCTURES

Line = tuple[int, str]

MAX_WAIT: Final = 600
"""Seconds after which a queue is left; DVX's callers go on in the Apparatus's queue."""
_OVERFLOWS: Final = ("dvx", "aparat")
_REQUESTED_BY_KEY: Final = ("dvx", "emdx")
_ROUNDS: Final = 10
"""Seconds by which a queue may keep a caller longer, while a phone rings."""
_PROOF_KEY: Final = b"secret = of-the-made-year\n"
_REQUESTS: Final = 0.003
"""Requests in the menu, of the contacts; they join no queue."""


def our_line(at: int, queue: str, uniqueid: str, event: str, data: str, agent: str = "NONE") -> Line:
    """A line of our dialplan, with its proof behind the data."""
    fields = "|".join((queue, uniqueid, agent, event, data))
    proof = hashlib.sha1(_PROOF_KEY + b"|" + fields.encode(), usedforsecurity=False).hexdigest()[:12]
    return at, f"{at}|{uniqueid}|{queue}|{agent}|{event}|{data}|{proof}"


class QueueLog:
    """Makes the lines; `agent_days` has who answered a contact of a structure on which day."""

    def __init__(self, per_agent_day: float, chance: random.Random) -> None:
        """`per_agent_day`: answered contacts."""
        self._per_agent_day, self._chance = per_agent_day, chance
        self._owed = dict.fromkeys(STRUCTURES, 0.0)
        self.agent_days: dict[str, set[tuple[str, date]]] = {name: set() for name in STRUCTURES}

    def lines(self, contacts: Sequence[Contact], extra: Iterable[Line]) -> Iterator[str]:
        """Every line of the year, oldest first; `contacts` by the moment they joined."""
        days: dict[date, list[Contact]] = {}
        for contact in contacts:
            days.setdefault(day_of(contact.joined), []).append(contact)
        others: dict[date, list[Line]] = {day: [] for day in days}
        for line in extra:
            others.setdefault(day_of(line[0]), []).append(line)
        for day in sorted(others):
            found = others[day]
            today = days.get(day, [])
            agents = self._agents(day, today)
            for contact in today:
                found += self._of_contact(contact, agents.get(id(contact), ""))
            found.sort(key=lambda line: line[0])
            for _, text in found:
                yield text

    def _agents(self, day: date, contacts: list[Contact]) -> dict[int, str]:
        """Who answers each: whoever has been free for longest, or will be free first."""
        found = {}
        for place, queue in enumerate(STRUCTURES, 1):
            answered = [one for one in contacts if one.is_answered and _answered_in(one) == queue]
            if not answered:
                continue
            self._owed[queue] += len(answered) / self._per_agent_day
            number = max(1, min(len(answered), round(self._owed[queue])))
            self._owed[queue] -= number
            free = [(0, f"PJSIP/1{place}{account:02}") for account in range(1, number + 1)]
            for contact in sorted(answered, key=lambda one: one.left):
                _, agent = heapq.heappop(free)
                heapq.heappush(free, (contact.end, agent))
                found[id(contact)] = agent
                self.agent_days[contact.structure].add((agent, day))
        return found

    def _of_contact(self, contact: Contact, agent: str) -> Iterator[Line]:
        uniqueid, chance = contact.uniqueid, self._chance
        joined, queue, position = contact.joined, contact.structure, chance.randint(1, 9)
        entered = f"|{queue}|NONE|ENTERQUEUE||{contact.caller}|{position}"
        yield joined, f"{joined}|{uniqueid}{entered}"
        if _answered_in(contact) != queue:
            at = joined + MAX_WAIT
            yield at, f"{at}|{uniqueid}|{queue}|NONE|EXITWITHTIMEOUT|{position}|{position}|{MAX_WAIT}"
            joined, queue = at + 4, _OVERFLOWS[1]
            yield joined, f"{joined}|{uniqueid}|{queue}|NONE|ENTERQUEUE||{contact.caller}|{position}"
        elif (
            queue in _REQUESTED_BY_KEY
            and contact.is_answered
            and contact.wait > 120
            and not contact.wait % 40
        ):
            # Asked for a callback by key, changed their mind, and were put back into the queue.
            at = joined + 30
            yield at, f"{at}|{uniqueid}|{queue}|NONE|EXITWITHKEY|1|{position}|{position}|30"
            joined = at + 20
            yield joined, f"{joined}|{uniqueid}{entered}"
        left, hold = contact.left, contact.left - joined
        start = f"{left}|{uniqueid}|{queue}"
        if not contact.is_answered:
            yield left, f"{start}|NONE|{self._way_out(contact)}{position}|{position}|{hold}"
            return
        if hold > 30 and hold % 5 == 0:
            # Rings at an agent who answers nobody that day.
            yield left - 10, f"{left - 10}|{uniqueid}|{queue}|{agent[:-2]}98|RINGNOANSWER|15000"
        ring = min(hold, 4)
        yield left, f"{start}|{agent}|CONNECT|{hold}|{left - ring}.{uniqueid[-5:]}9|{ring}"
        how = "COMPLETEAGENT|" if contact.talk % 3 == 0 else "COMPLETECALLER|"
        if contact.is_transferred:
            how = "BLINDTRANSFER|queue|hotline-agents|"
        end = contact.end
        yield end, f"{end}|{uniqueid}|{queue}|{agent}|{how}{hold}|{contact.talk}|{position}"
        if contact.survey:
            yield our_line(end, queue, uniqueid, "SURVEY", "asked", agent)
        if contact.survey in ("1", "2", "3", "4", "5"):
            yield our_line(end + 7, queue, uniqueid, "SURVEY", contact.survey, agent)

    def _way_out(self, contact: Contact) -> str:
        if contact.kind == "left_by_key":
            return "EXITWITHKEY|5|"
        if contact.wait == MAX_WAIT and contact.structure not in _OVERFLOWS:
            return "EXITWITHTIMEOUT|"
        return "EXITEMPTY|" if contact.wait > 10 and contact.wait % 31 == 0 else "ABANDON|"


def _answered_in(contact: Contact) -> str:
    """The queue a contact is in last."""
    overflows = contact.structure == _OVERFLOWS[0] and contact.wait > MAX_WAIT + _ROUNDS
    return _OVERFLOWS[1] if overflows else contact.structure


def requests(days: list[date], contacts: int, chance: random.Random) -> Iterator[Line]:
    """Callback requests made in the menu after the queues have closed, by numbers that never join one."""
    for number in range(round(contacts * _REQUESTS)):
        at = midnight(chance.choice(days)) + chance.randint(19 * 3600, 22 * 3600)
        caller = citizen(8_000_000 + number)
        data = f"{at}|{caller}|{caller}|provider|az|0|0"
        yield our_line(at, chance.choice(STRUCTURES), f"{at - 40}.{9_000_000 + number}", "CBORDER", data)


def own_callbacks(attempts: Iterable[Attempt]) -> Iterator[Line]:
    """Of every fiftieth attempt that reached its citizen the lines it leaves if our dialer made it.

    Its visit is no contact. Its agent answers nobody else, so that counting it would show.
    """
    reached = [attempt for attempt in attempts if attempt.outcome == "reached"]
    for number, attempt in enumerate(reached[::50]):
        at, uniqueid, queue = attempt.at, f"cb-{number:012x}", attempt.structure
        agent, start = f"PJSIP/1{STRUCTURES.index(queue) + 1}99", f"{uniqueid}|{queue}"
        digits = attempt.number.removeprefix("+")
        yield our_line(at, queue, uniqueid, "CBSTART", f"provider {digits}")
        yield our_line(at + 9, queue, uniqueid, "CBANSWERED", "")
        yield our_line(at + 15, queue, uniqueid, "CBCONFIRMED", "")
        yield at + 15, f"{at + 15}|{start}|NONE|ENTERQUEUE||0{digits[3:]}|1"
        yield at + 17, f"{at + 17}|{start}|{agent}|CONNECT|2|{at + 15}.99999999|2"
        yield at + 137, f"{at + 137}|{start}|{agent}|COMPLETEAGENT|2|120|1"
        yield our_line(at + 138, queue, uniqueid, "CBEND", "ANSWER 16")
