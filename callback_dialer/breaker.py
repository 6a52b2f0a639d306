"""The circuit breaker of a trunk: how many calls it may carry after what its latest attempts met.

Pure, and without a state of its own: the attempts in the store are all it knows, so every dialer sees it
alike and a restart changes nothing. Asked by `starting`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from callback_dialer.policy import Policy
from ivr.storage.attempts import Tried

FAULTS: Final = frozenset({"congestion", "trunk_failed"})
SILENT: Final = frozenset({"aborted", "unknown"})
"""Dispositions that say nothing about the trunk."""
UNLIMITED: Final = 1_000_000


def calls_allowed(latest: Iterable[Tried], policy: Policy, now: datetime) -> int:
    """How many attempts may be alive on the trunk now; `latest` are its attempts, the newest first.

    Closed: as many as it has channels. Open: none. Half open, after the pause: one, whose fate decides.
    """
    rules = policy.callback.breaker
    telling = filter(_is_telling, latest)
    faults = [
        one.ended_at for one in takewhile(lambda one: one.disposition in FAULTS, telling) if one.ended_at
    ]
    if len(faults) < rules.faults:
        return UNLIMITED
    pause = min(rules.pause * 2.0 ** min(len(faults) - rules.faults, 30), rules.longest)
    return 1 if now >= max(faults) + timedelta(seconds=pause) else 0


def _is_telling(one: Tried) -> bool:
    """Whether it rang, or ended for a reason of the network's or the citizen's."""
    return one.state not in ("planned", "originating") and one.disposition not in SILENT
