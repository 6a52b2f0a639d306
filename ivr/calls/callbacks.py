"""The words of a callback's life, and the callback request as the dialplan writes it.

The words: why a missed call is or is not owed a callback, its states, its attempts. The store keeps them, the
dialer chooses among them, the commands and reports print them; every export has these names.

The request comes to Python by AGI and to queue_log as one text, which `read_order` alone reads: the epoch
second of the request, the number to call, the caller's own, trunk, language, the time chosen (0 = none) and
the whole seconds waited, parted by `|`. The dialplan lets only digits into the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, get_args

from ivr.asterisk.words import UNIQUEID
from ivr.calls.opening_hours import Schedule

Verdict = Literal[
    "callback", "part_of_callback", "not_a_citizen", "too_short", "served_elsewhere", "called_again",
    "anonymous", "not_dialable", "blocked", "too_old", "switched_off", "already_open", "out_of_budget",
    "held", "still_on_the_line",
]  # fmt: skip
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

AttemptState = Literal[
    "planned", "originating", "ringing", "citizen_answered", "confirmed", "agent_connected", "ended"
]
ATTEMPT_STATES: Final[tuple[AttemptState, ...]] = get_args(AttemptState)
"""In the order an attempt goes through them; some may be skipped, none is gone back to."""

Disposition = Literal[
    "reached", "no_answer", "busy", "declined", "invalid_number", "congestion", "trunk_failed",
    "machine_or_no_confirmation", "citizen_left_before_agent", "no_agent", "aborted", "unknown",
]  # fmt: skip
TRUNK_FAULTS: Final[frozenset[Disposition]] = frozenset({"congestion", "trunk_failed"})
FREE_DISPOSITIONS: Final[frozenset[Disposition]] = TRUNK_FAULTS | {"aborted"}
"""Not the citizen's doing: they use up none of their attempts."""


def states_before(state: AttemptState) -> tuple[AttemptState, ...]:
    """The states an attempt may be in when `state` comes."""
    return ATTEMPT_STATES[: ATTEMPT_STATES.index(state)]


_LINE: Final = re.compile(
    r"([1-9][0-9]{0,9})\|([0-9]{1,20})\|([0-9]{0,20})\|([a-z0-9_]{0,31})\|([a-z]{0,2})\|([0-9]{1,9})\|([0-9]{1,9})"
)
"""The text as a whole. An epoch of ten digits ends in 2286: later ones break sums with a duration."""


@dataclass(frozen=True, slots=True)
class CallOrder:
    """What a caller confirmed by key. `uniqueid` with `asked_at` tells it from every other order."""

    server: str
    uniqueid: str
    queue: str
    asked_at: datetime
    number: str
    """To be called, as it was delivered or keyed."""
    orderer: str
    """Who called; the same number, unless they keyed another."""
    trunk: str
    language: str
    choice: int
    """Which of the times offered, from 1; 0 if none was."""
    credit_seconds: float
    """The wait they leave behind."""


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What became of an order: refused, or from when on the citizen is called."""

    called_from: datetime | None
    is_held: bool = False
    """Nobody knows when: an operator, or room in a budget, has to release it."""


def read_order(server: str, uniqueid: str, queue: str, text: str) -> CallOrder | None:
    """The order that text tells of; None for any other text."""
    fields = _LINE.fullmatch(text)
    if fields is None or not queue or not re.fullmatch(UNIQUEID, uniqueid):
        return None
    epoch, number, orderer, trunk, language, choice, credit = fields.groups()
    asked_at = datetime.fromtimestamp(int(epoch), UTC)
    return CallOrder(
        server, uniqueid, queue, asked_at, number, orderer, trunk, language, int(choice), float(credit)
    )


def chosen_time(
    times: Sequence[float | str], choice: int, schedule: Schedule, now: datetime
) -> datetime | None:
    """When to call who chose time 1, 2 … of `callback.new_times`; None if that time is not offered."""
    if not 1 <= choice <= len(times):
        return None
    chosen = times[choice - 1]
    if isinstance(chosen, float):
        return now + timedelta(seconds=chosen)
    return schedule.next_working_day(now)[0]


def when_called(
    called_from: datetime, hours: Schedule, now: datetime, *, is_chosen: bool = False
) -> tuple[str, ...]:
    """The prompts that say when to expect the call: as soon as an agent is free, today, the next working day.

    A working day is one of `hours`, those of callbacks. For a later one it is said that the order is noted.
    Who has chosen a time hears the hour and minute, too: `digit-9 digit-0 digit-5`, `clock-14 clock-37`.
    """
    if called_from <= now:
        return ("order_soon",)
    then, today = (moment.astimezone(hours.zone) for moment in (called_from, now))
    if then.date() == today.date():
        day = "order_today"
    elif then.date() == hours.next_working_day(now)[0].astimezone(hours.zone).date():
        day = "order_next_day"
    else:
        return ("order_noted",)
    if not is_chosen:
        return (day,)
    clock = (then.hour, *divmod(then.minute, 10)) if then.minute < 10 else (then.hour, then.minute)
    return f"{day}_at", *(f"{'digit' if number < 10 else 'clock'}-{number}" for number in clock)
