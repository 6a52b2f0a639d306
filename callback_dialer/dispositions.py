"""What an attempt that is over amounted to: how far it got, and the network's cause.

Causes are Q.850 numbers as Asterisk puts them on the Hangup of the trunk's channel (measured for
chan_pjsip: 486 gives 17, 603 gives 21, 404 gives 1, 503 gives 34, a Dial() that timed out gives 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from callback_dialer.attempt import Farewell, Progress
from ivr.calls.callback_states import AttemptState, Disposition

_CAUSES: Final[Mapping[Disposition, tuple[int, ...]]] = {
    "no_answer": (0, 16, 18, 19, 20, 31),
    "invalid_number": (1, 22, 28),
    "busy": (17,),
    "declined": (21,),
    "congestion": (34, 38, 41, 42, 44),
}
BY_CAUSE: Final = {cause: outcome for outcome, causes in _CAUSES.items() for cause in causes}
"""Every other cause, and no cause at all, is the trunk's failure."""

_SILENT: Final = frozenset({0, 16, 18, 31})
"""Causes that also come when nothing at the other end ever spoke."""

_BY_FAREWELL: Final[Mapping[Farewell, Disposition]] = {
    "refused": "declined",
    "no_agent": "no_agent",
    "new_time": "no_agent",
    "withdrawn": "aborted",
    "late": "aborted",
}
_BY_STATE: Final[Mapping[AttemptState, Disposition]] = {
    "planned": "aborted",
    "citizen_answered": "machine_or_no_confirmation",
    "confirmed": "citizen_left_before_agent",
}


def disposition(progress: Progress) -> Disposition:
    """The disposition of an attempt none of whose channels is left."""
    if progress.state == "agent_connected":
        return "reached"
    if progress.farewell in _BY_FAREWELL:
        return _BY_FAREWELL[progress.farewell]
    if progress.state in _BY_STATE:
        return _BY_STATE[progress.state]
    if progress.cause is None or (progress.state == "originating" and progress.cause in _SILENT):
        return "trunk_failed"
    return BY_CAUSE.get(progress.cause, "trunk_failed")
