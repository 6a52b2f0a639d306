"""The callback policy of a configuration, with the questions the dialer asks it.

Made once from the loaded configuration; `decide` and `starting` take it as a value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from phonenumbers import parse
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from ivr.asterisk.words import interface
from ivr.calls.callbacks import chosen_time
from ivr.calls.numbers import ReadNumber, never_called, normalise, reader
from ivr.calls.opening_hours import Schedule, calling_hours
from ivr.config.callback_rules import Callback
from ivr.config.model import Configuration, Trunk
from ivr.config.sections import Queue
from ivr.recording.watched import interfaces


@dataclass(frozen=True)
class Policy:
    """Who is called back, when and over which trunk; `hours` is the schedule of `callback.hours`."""

    callback: Callback
    queues: Mapping[str, Queue]
    trunks: Mapping[str, Trunk]
    hours: Schedule
    country: str
    default_language: str
    own: frozenset[str]
    """Our own numbers and prefixes."""
    outbound: frozenset[str]
    """Interfaces of the agents who call citizens back before anything else."""
    skills: Mapping[str, frozenset[str]]
    """Of each agent, by name of the interface."""
    interfaces: Mapping[tuple[str, str], str]
    """By agent's name, as queue_log writes it."""
    read: ReadNumber
    key: Callable[[], str] = str
    """By which retention has hashed old numbers; empty if it is not known here."""

    @classmethod
    def of(cls, configuration: Configuration, key: Callable[[], str] = str) -> Policy:
        """The policy a checked configuration describes."""
        hotline = configuration.hotline
        return cls(
            callback=configuration.callback,
            queues=configuration.queues,
            trunks=configuration.trunks,
            hours=calling_hours(configuration),
            country=hotline.country,
            default_language=configuration.default_language,
            own=never_called(configuration),
            read=reader(configuration),
            outbound=frozenset(
                interface(name) for name, agent in configuration.agents.items() if agent.sector == "outbound"
            ),
            skills={interface(name): frozenset(agent.skills) for name, agent in configuration.agents.items()},
            interfaces=interfaces(configuration),
            key=key,
        )

    def trunk_for(self, caller_e164: str) -> str | None:
        """Name of the trunk that may dial this number, by the longest prefix; None if none carries it."""
        carried = filter(caller_e164.startswith, self._carried)
        return self._carried.get(max(carried, key=len, default=""))

    def carried_by(self, trunks: Collection[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Prefixes that go out by one of `trunks`, each with the longer ones in it that do not."""
        elsewhere = [prefix for prefix, name in self._carried.items() if name not in trunks]
        return tuple(
            (prefix, tuple(longer for longer in elsewhere if longer.startswith(prefix)))
            for prefix, name in self._carried.items()
            if name in trunks
        )

    @cached_property
    def _carried(self) -> Mapping[str, str]:
        """Every prefix that is carried → the trunk that does, of two the first."""
        carried: dict[str, str] = {}
        for name, trunk in self.trunks.items():
            carried |= {prefix: name for prefix in trunk.carries if prefix not in carried}
        return carried

    def is_own(self, caller_e164: str) -> bool:
        """Whether that number is the hotline's, an agent's, the organisation's or a contact's."""
        return caller_e164.startswith(tuple(self.own))

    def never_dials(self, caller_e164: str) -> str:
        """Why that number may never be dialled, whoever asks for it; empty if it may.

        It is read anew: a kind that was stored with it says what a trunk or an older policy made of it.
        """
        number = normalise(caller_e164, None, self.country)
        if not number.e164 or number.e164 != caller_e164:
            return "no number that could be dialled"
        if self.is_own(caller_e164):
            return "our own number"
        if number.kind not in self.callback.kinds:
            return f"a number of kind {number.kind} is not among callback.kinds"
        return "" if self.trunk_for(caller_e164) else "no trunk carries that prefix"

    def skills_of(self, agents: Iterable[str]) -> frozenset[str]:
        """Every skill one of these agents has."""
        return frozenset(skill for agent in agents for skill in self.skills.get(agent, ()))

    def hours_of(self, caller_e164: str) -> Schedule:
        """When that citizen may be called, by the clock where they live, if their number tells."""
        zones = time_zones_for_number(parse(caller_e164))
        is_told = len(zones) == 1 and zones[0] != UNKNOWN_TIMEZONE
        return replace(self.hours, zone=ZoneInfo(zones[0])) if is_told else self.hours

    def denies(self, caller_e164: str) -> bool:
        """Whether `callback.deny` names that number or its prefix."""
        return any(caller_e164.startswith(prefix) for prefix in self.callback.deny)

    def reserve(self, queue: str) -> int:
        """Idle agents kept for live callers of the queue."""
        configured = self.queues[queue].reserve
        return self.callback.reserve if configured is None else configured

    def kept_back(self, queue: str, idle: Collection[str]) -> int:
        """How many of these idle agents are kept for live callers: none whose sector is `outbound`."""
        return min(self.reserve(queue), len(set(idle) - self.outbound))

    def expires_at(self, missed_at: datetime) -> datetime:
        """After this moment a call missed at `missed_at` is never dialled (`callback.max_age`)."""
        if self.callback.max_age == "next_working_day":
            return self.hours.next_working_day(missed_at)[1]
        return missed_at + timedelta(seconds=self.callback.max_age)

    def new_time(self, choice: int, now: datetime) -> datetime | None:
        """When to call a citizen who chose new time 1, 2 …; None if that time is not offered."""
        return chosen_time(self.callback.new_times, choice, self.hours, now)
