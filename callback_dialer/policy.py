"""The callback policy of a configuration, with the questions the dialer asks it.

Made once from the loaded configuration; `decide`, `retry` and `starting` take it as a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.calls.opening_hours import Schedule
from ivr.config.model import Callback, Configuration, Queue, Trunk


@dataclass(frozen=True)
class Policy:
    """Who is called back, when and over which trunk; `hours` is the schedule of `callback.hours`."""

    callback: Callback
    queues: Mapping[str, Queue]
    trunks: Mapping[str, Trunk]
    hours: Schedule
    country: str
    default_language: str

    @classmethod
    def of(cls, configuration: Configuration) -> Policy:
        """The policy a checked configuration describes."""
        hotline = configuration.hotline
        return cls(
            callback=configuration.callback,
            queues=configuration.queues,
            trunks=configuration.trunks,
            hours=Schedule.of(
                configuration.hours[configuration.callback.hours], hotline.time_zone, hotline.country
            ),
            country=hotline.country,
            default_language=configuration.default_language,
        )

    def trunk_for(self, caller_e164: str) -> str | None:
        """Name of the trunk that may dial this number, by the longest prefix; None if none carries it."""
        carrying = [
            (len(prefix), name)
            for name, trunk in self.trunks.items()
            for prefix in trunk.carries
            if caller_e164.startswith(prefix)
        ]
        return max(carrying, key=lambda one: one[0])[1] if carrying else None

    def denies(self, caller_e164: str) -> bool:
        """Whether `callback.deny` names that number or its prefix."""
        return any(caller_e164.startswith(prefix) for prefix in self.callback.deny)

    def reserve(self, queue: str) -> int:
        """Idle agents kept for live callers of the queue."""
        configured = self.queues[queue].reserve
        return self.callback.reserve if configured is None else configured

    def expires_at(self, missed_at: datetime) -> datetime:
        """After this moment a call missed at `missed_at` is never dialled (`callback.max_age`)."""
        if self.callback.max_age == "next_working_day":
            return self.hours.end_of_next_working_day(missed_at)
        return missed_at + timedelta(seconds=self.callback.max_age)

    def new_time(self, choice: int, now: datetime) -> datetime | None:
        """When to call a citizen who chose new time 1, 2 …; None if that time is not offered."""
        if not 1 <= choice <= len(self.callback.new_times):
            return None
        chosen = self.callback.new_times[choice - 1]
        if chosen != "next_working_day":
            return now + timedelta(seconds=chosen)
        midnight = now.astimezone(self.hours.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return self.hours.next_opening(midnight + timedelta(days=1))
