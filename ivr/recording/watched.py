"""What a recorder watches of its Asterisk, whichever source tells of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.asterisk.words import interface
from ivr.calls.numbers import ReadNumber, own_numbers, reader
from ivr.config.lending import serving
from ivr.config.menu_graph import overflows
from ivr.config.model import Configuration
from ivr.visits.facts import Fact


@dataclass(frozen=True)
class Watched:
    """Which queues are recorded (None: all), whose they are, and how numbers are read.

    `interfaces`: by queue and agent's name. `endings`: the last digits of every number of ours. `wrap_up`:
    seconds of rest after a call, by queue. `overflows`: the queues its callers may come to next, by queue.
    """

    queues: frozenset[str] | None = None
    structures: Mapping[str, str] = field(default_factory=dict)
    read_number: ReadNumber = field(default_factory=lambda: reader(None))
    interfaces: Mapping[tuple[str, str], str] = field(default_factory=dict)
    endings: frozenset[str] = frozenset()
    wrap_up: Mapping[str, float] = field(default_factory=dict)
    overflows: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, configuration: Configuration | None) -> Watched:
        """The queues of a configuration; all there are if there is none."""
        if configuration is None:
            return cls()
        structures = {name: queue.structure for name, queue in configuration.queues.items()}
        endings = frozenset(map(_ending, own_numbers(configuration)))
        return cls(
            frozenset(structures),
            structures,
            reader(configuration),
            interfaces(configuration),
            endings,
            {name: queue.wrap_up for name, queue in configuration.queues.items()},
            overflows(configuration),
        )

    def covers(self, fact: Fact) -> bool:
        """Whether the fact is about a queue that is recorded, or about no queue."""
        return self.records(getattr(fact, "queue", ""))

    def records(self, queue: str) -> bool:
        """Whether that queue is recorded; what names none is, too."""
        return self.queues is None or not queue or queue in self.queues

    @property
    def scope(self) -> str:
        """The same text for the same queues: what was read for some says nothing about others."""
        if self.queues is None:
            return "all"
        return hashlib.sha256("\n".join(sorted(self.queues)).encode()).hexdigest()

    def is_ours(self, caller: str) -> bool:
        """Whether a call from that number is an agent's, not a citizen's."""
        return _ending(caller) in self.endings and self.read_number(caller, "", "").kind == "internal"


def _ending(number: str) -> str:
    """However a number is written, its last digits are the same."""
    return "".join(filter(str.isdigit, number[-8:]))[-4:]


def interfaces(configuration: Configuration) -> dict[tuple[str, str], str]:
    """Queue and agent's name → interface, for queue_log writes the name; empty where two agents share it."""
    return {
        (queue, name): interface(accounts[0]) if len(accounts) == 1 else ""
        for (queue, name), accounts in serving(configuration).items()
    }
