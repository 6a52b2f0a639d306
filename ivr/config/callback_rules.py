"""Who is called back, how often, and what fraud and nuisance may cost: the section `callback`."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator

from ivr.config.shapes import Count, Duration, Frozen, KeyWait, Name, Prefix, Seconds, WholeSeconds

Outcome = Literal["abandoned", "timeout", "empty", "interrupted"]
"""How the last visit of a missed call ended."""
RetryDelays = list[Annotated[Seconds, Field(ge=1)]]


class RetryPlan(Frozen):
    """Delays before the next try, one for each try of that outcome; the last one repeats."""

    no_answer: RetryDelays = [600.0, 3600.0, 10800.0]
    busy: RetryDelays = [180.0, 600.0, 1800.0]
    declined: RetryDelays = [3600.0, 14400.0]
    machine_or_no_confirmation: RetryDelays = [1800.0, 7200.0]
    citizen_left_before_agent: RetryDelays = [300.0, 1800.0]
    no_agent: RetryDelays = [900.0]
    congestion: RetryDelays = [60.0, 300.0]
    trunk_failed: RetryDelays = [60.0, 300.0]
    unknown: RetryDelays = [14400.0]
    aborted: RetryDelays = [30.0]


class Budget(Frozen):
    """At most so many callbacks may be opened within any such time."""

    most: Count
    within: Seconds


class PrefixBudget(Budget):
    """The same for all numbers that begin with the same `digits` digits, country code included."""

    digits: Annotated[int, Field(ge=1, le=15)] = 8


class Budgets(Frozen):
    """What fraud and nuisance may cost.

    `number` and `orderer`, the caller id a callback was asked for from, count what was opened; what exceeds
    them is decided `out_of_budget`, and so is what exceeds `by_hand`, which takes the place of `orderer` and
    `trunk` for `hotline callbacks add` and `import`. `prefix`, `trunk`, the line the call came in by, and
    `total` are shared: they count what became owed, and what exceeds them is `held` until they have room.
    """

    number: Budget = Budget(most=3, within=86400.0)
    prefix: PrefixBudget = PrefixBudget(most=20, within=3600.0)
    orderer: Budget = Budget(most=3, within=86400.0)
    trunk: Budget = Budget(most=200, within=3600.0)
    by_hand: Budget = Budget(most=200, within=3600.0)
    total: Budget = Budget(most=300, within=3600.0)


class Burst(Frozen):
    """So many short abandons of one trunk are no citizens: callbacks for its calls are `held`."""

    abandons: Annotated[Count, Field(ge=2)] = 30
    within: Seconds = 60.0
    wait_up_to: Seconds = 30.0


class Breaker(Frozen):
    """After `faults` trunk faults in a row a trunk rests for `pause`; then one call tries it.

    Each further fault doubles the pause, up to `longest`.
    """

    faults: Annotated[Count, Field(ge=1)] = 5
    pause: Seconds = 60.0
    longest: Seconds = 1800.0


Priority = Literal["urgent", "normal", "low"]
Reason = Literal["missed", "ordered", "inquiry_answer", "inform"]
OrderWord = Literal[Priority, Reason, "freshest_first", "oldest_first"]


class Callback(Frozen):
    """Who is called back, when, and how often. Names follow the dispositions in docs/architecture.md."""

    enabled: bool = True
    """Whether anybody is called back."""
    wait_over: Seconds = 10.0
    """A wait of exactly this long is not over it."""
    outcomes: list[Outcome] = Field(list(get_args(Outcome)), alias="for")
    hours: Name
    max_age: Literal["next_working_day"] | Seconds = "next_working_day"
    reserve: Count = 1
    order: list[OrderWord] = [
        "urgent",
        "ordered",
        "missed",
        "inquiry_answer",
        "inform",
        "low",
        "freshest_first",
    ]
    """Who goes first. A callback has the place of its priority if that is named, else that of its reason."""
    ring_for: Annotated[Duration, Field(ge=1, le=120)] = 30.0
    max_hold: Annotated[WholeSeconds, Field(ge=1, le=600)] = 20.0
    confirm_times: Annotated[int, Field(ge=1, le=5)] = 2
    """How often the greeting is said before the line counts as a machine."""
    confirm_wait: KeyWait = 5.0
    new_times: Annotated[list[Literal["next_working_day"] | Seconds], Field(max_length=9)] = []
    """Times offered when no agent is free, by key 1, 2, …"""
    attempts: Annotated[int, Field(ge=1, le=20)] = 6
    retry: RetryPlan = RetryPlan()
    kinds: list[Literal["fixed", "mobile"]] = ["fixed", "mobile"]
    deny: Annotated[list[Prefix], Field(examples=[["+994900"]])] = []
    """E.164 numbers or prefixes never dialled."""
    budgets: Budgets = Budgets()
    ceiling: Annotated[Count, Field(ge=1)] = 1000
    """Callbacks that are owed and not tried yet; beyond it further ones are held until some were tried."""
    held_ceiling: Annotated[Count, Field(ge=1)] = 10_000
    """Callbacks that are held, for an operator or for room in a budget; beyond it none is opened."""
    burst: Burst = Burst()
    breaker: Breaker = Breaker()

    @field_validator("order")
    @classmethod
    def _is_one_order(cls, order: list[OrderWord]) -> list[OrderWord]:
        ties = [word for word in order if word.endswith("_first")]
        if len(set(order)) < len(order):
            raise ValueError("a word stands twice in this list")
        if len(ties) > 1 or (ties and order[-1] != ties[0]):
            raise ValueError("one of `freshest_first` and `oldest_first` ends this list")
        return order
