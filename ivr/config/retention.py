"""How long private data is kept, as the section `retention` says it."""

from __future__ import annotations

from ivr.config.frozen import Frozen
from ivr.config.shapes import DAY, Kept, Recorded


class RecordRetention(Frozen):
    """Ages of records, counted in whole local days."""

    numbers: Kept = 365 * DAY
    """Then a citizen's number becomes a keyed hash: equal callers stay equal, nobody can be called."""
    records: Kept = 1826 * DAY
    """Then the records are deleted; the totals of their days stay."""


class Retention(Frozen):
    """How long private data is kept; `hotline data purge` enforces it."""

    calls: RecordRetention = RecordRetention()
    callbacks: RecordRetention = RecordRetention()
    agent_states: Kept = 365 * DAY
    recordings: Recorded = 180 * DAY
