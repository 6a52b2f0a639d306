"""The words of a callback's life: why a missed call is or is not owed one, its states, its attempts.

The store keeps them, the dialer chooses among them, the commands and reports print them; every export has
these names.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Verdict = Literal[
    "callback",
    "part_of_callback",
    "not_a_citizen",
    "too_short",
    "served_elsewhere",
    "called_again",
    "anonymous",
    "not_dialable",
    "blocked",
    "too_old",
    "switched_off",
    "already_open",
    "out_of_budget",
    "held",
    "still_on_the_line",
]
"""What was decided about one missed call, once."""

OpenState = Literal["owed", "dialing", "on_hold", "held"]
"""`on_hold`: the caller is on the line; `held`: see `HeldFor`."""
HeldFor = Literal["", "operator", "window"]
"""What a callback waits for while it is held, or waited for before: an operator who looks at it, or room in
the window of a budget."""
ClosedState = Literal[
    "reached", "called_again", "unreachable", "system_error", "expired", "cancelled", "refused"
]
CallbackState = Literal[OpenState, ClosedState]
OPEN_STATES: Final[tuple[OpenState, ...]] = get_args(OpenState)
WAITING_STATES: Final = tuple(state for state in OPEN_STATES if state != "dialing")
"""Open, and nobody is being rung."""
CALLBACK_STATES: Final[tuple[CallbackState, ...]] = get_args(CallbackState)

Reason = Literal["missed", "ordered", "inquiry_answer", "inform"]
Priority = Literal["urgent", "normal", "low"]

AttemptState = Literal[
    "planned", "originating", "ringing", "citizen_answered", "confirmed", "agent_connected", "ended"
]
ATTEMPT_STATES: Final[tuple[AttemptState, ...]] = get_args(AttemptState)
"""In the order an attempt goes through them; some may be skipped, none is gone back to."""

Disposition = Literal[
    "reached",
    "no_answer",
    "busy",
    "declined",
    "invalid_number",
    "congestion",
    "trunk_failed",
    "machine_or_no_confirmation",
    "citizen_left_before_agent",
    "no_agent",
    "aborted",
    "unknown",
]
TRUNK_FAULTS: Final[frozenset[Disposition]] = frozenset({"congestion", "trunk_failed"})
FREE_DISPOSITIONS: Final[frozenset[Disposition]] = TRUNK_FAULTS | {"aborted"}
"""Not the citizen's doing: they use up none of their attempts."""


def states_before(state: AttemptState) -> tuple[AttemptState, ...]:
    """The states an attempt may be in when `state` comes."""
    return ATTEMPT_STATES[: ATTEMPT_STATES.index(state)]
