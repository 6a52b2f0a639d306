"""The sections `queues`, `agents`, `hours`, `contacts` and `blocked` of the configuration.

`ivr.calls.opening_hours` says what hours mean. A menu node may redirect to a contact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from ivr.config import shapes

_CLOCK = re.compile("([0-9]+):([0-9]+)")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Hours(shapes.Frozen):
    """A weekly schedule with exceptions: `"09:00-18:00"`, `"09:00-13:00, 14:00-18:00"`, `"22:00-06:00"` or
    `"closed"` per weekday (closed if absent). A span over midnight belongs to the day it begins on."""

    week: dict[Weekday, shapes.OpeningTime]
    holidays: bool = True
    """Whether public holidays are days off."""
    closed_on: list[date] = Field([], examples=[["2026-12-31"]])
    """Further days off."""
    open_on: list[date] = Field([], examples=[["2026-01-24"]])
    """Working days in spite of a holiday or weekend (moved working days); the hours of Monday apply."""
    special: dict[date, shapes.OpeningTime] = Field({}, examples=[{"2026-12-30": "09:00-13:00"}])
    """Days with hours of their own, half days for example."""


Span = tuple[int, int]
"""Opening and closing time, in seconds since the day's midnight by the clock on the wall; a span over
midnight closes after DAY_SECONDS."""
DAY_SECONDS: Final = 86_400


def spans(text: str) -> tuple[Span, ...]:
    """`"09:00-13:00, 14:00-18:00"` as spans, the earliest first; none if `closed`."""
    found = []
    for span in text.split(",") if text != "closed" else ():
        opens, closes = (60 * (60 * int(hour) + int(minute)) for hour, minute in _CLOCK.findall(span))
        found.append((opens, closes if opens <= closes else closes + DAY_SECONDS))
    return tuple(sorted(found))


OPENING_PROMPTS: Final = tuple(
    f"opens_{day}" for day in ("today", "tomorrow", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
"""Say when closed hours open next; `{time}` in them is that time."""


def opening_prompt(day: str, opens: int) -> str:
    """Name of the sound file that says it: `opens_tomorrow_0900`."""
    hour, minute = divmod(opens // 60, 60)
    return f"opens_{day}_{hour:02}{minute:02}"


def opening_times(hours: Iterable[Hours]) -> list[int]:
    """Every time at which some of these hours open, in seconds since midnight."""
    written = (text for each in hours for text in (*each.week.values(), *each.special.values()))
    return sorted({opens for text in written for opens, _ in spans(text)})


class Blocked(shapes.Frozen):
    """Callers who hear the prompt `say` and nothing else: numbers or prefixes in E.164, `+994501234567`."""

    say: shapes.Name
    numbers: list[shapes.Prefix] = Field([], examples=[["+994501234567"]])


class Contact(shapes.Frozen):
    """Whom a structure lets callers be put through to, at that number alone and on those days."""

    structure: shapes.Name = Field(examples=["dvx"])
    name: shapes.Line = Field(examples=["Head of the tax service's office"])
    number: shapes.Prefix = Field(examples=["+994124931234"])
    """Complete, in E.164: `+994124931234`."""
    valid_from: date | None = Field(None, examples=["2026-01-01"])
    valid_until: date | None = Field(None, examples=["2026-12-31"])
    """The last day."""
    ring_for: shapes.Seconds = Field(30.0, ge=1, le=120)

    def is_valid(self, day: date) -> bool:
        """Whether it may be dialled on that day."""
        return (self.valid_from or day) <= day <= (self.valid_until or day)


HoldTime = Literal["never", "once", "always"]


class Survey(shapes.Frozen):
    """After the talk the caller is asked to rate it by a key, 1-5; any other key or silence ends the call."""

    share: Annotated[int, Field(ge=1, le=100)] = 100
    """Of the callers who may be asked, so many in a hundred are."""
    not_again_within: shapes.WholeSeconds = 30 * shapes.DAY
    """Whoever was asked is left in peace so long."""
    wait: shapes.KeyWait = 5.0
    """For the key, after the question."""


class OrderRules(shapes.Frozen):
    """`key` orders a call while waiting; a recording names it every `remind`.

    `mode`: `quiet_moment` calls for an agent beyond the reserve while nobody waits, `keep_place` as soon as
    one is idle and nobody waits who came earlier, `chosen_time` at one of `callback.new_times`.
    """

    key: Annotated[str, shapes.Shape(r"[0-9]", "the key of a call order is a digit")] | None = None
    over: shapes.Seconds | None = None
    """Offered before joining, too, when the expected wait is longer."""
    remind: Annotated[shapes.WholeSeconds, Field(ge=10, le=3600)] = 40.0
    mode: Literal["quiet_moment", "keep_place", "chosen_time"] = "quiet_moment"

    @model_validator(mode="after")
    def _offer_names_the_key(self) -> OrderRules:
        if self.over is not None and self.key is None:
            raise ValueError("`over` needs `key`: what a caller presses to order a call")
        return self


class Queue(shapes.Frozen):
    """A queue. `structure` owns its calls; `on_timeout` is the node a caller goes to after `max_wait`."""

    structure: shapes.Name
    """Whose calls these are, whoever answers them."""
    strategy: Literal["ringall", "rrmemory", "leastrecent", "fewestcalls", "random", "linear"] = "leastrecent"
    """Which free agent is rung: `leastrecent` the one idle longest, `ringall` all at once."""
    service_level: Annotated[shapes.WholeSeconds, Field(ge=1, le=3600)] = 30.0
    ring_time: Annotated[shapes.WholeSeconds, Field(ge=1, le=120)] = 15.0
    retry: Annotated[shapes.WholeSeconds, Field(ge=1, le=120)] = 2.0
    """Between an agent who did not answer and the next one."""
    wrap_up: Annotated[shapes.WholeSeconds, Field(le=3600)] = 10.0
    max_wait: Annotated[shapes.WholeSeconds, Field(ge=1, lt=shapes.DAY)] = 600.0
    """Then the caller goes to `on_timeout`."""
    on_timeout: shapes.Name
    hours: shapes.Name | None = None
    """When callers are let in; without, always."""
    closed: shapes.Name | None = None
    """The node callers hear outside `hours`."""
    at_closing: Annotated[shapes.Name | None, Field(examples=["closing"])] = None
    """The node for who still waits when `hours` end; left out, they are served to the end."""
    record: bool = True
    announce_position: bool = True
    """Tell callers their place and expected wait before they join."""
    announce_every: Annotated[shapes.WholeSeconds | None, Field(ge=15, le=3600, examples=["45s"])] = None
    """How often who waits in the first place hears that they are next; nothing is said if it is not given."""
    announce_places: Annotated[int, Field(ge=1, le=99)] = 1
    """Up to this place who waits hears theirs, too. Above 1, nobody is ever put before who waits."""
    announce_hold_time: Annotated[HoldTime, Field(examples=["once"])] = "never"
    """`once`: callers hear on joining how long the wait was lately; `always`: each time, what is left."""
    helped_by: Annotated[dict[shapes.Name, shapes.WholeSeconds], Field(examples=[{"emdx": "90s"}])] = {}
    """Queues whose agents may also be rung for this one, each once its caller has waited that long."""
    music: shapes.Name = "default"
    """Asterisk's class of music on hold."""
    survey: Annotated[Survey | None, Field(examples=[{"share": 30}])] = None
    """After the talk callers are asked to rate it."""
    reserve: shapes.Count | None = None
    """Idle agents kept for live callers; default `callback.reserve`."""
    order: OrderRules = OrderRules()

    @property
    def asks_before_joining(self) -> bool:
        """Whether Python is asked how long the caller would wait."""
        return self.announce_position or self.order.over is not None

    @property
    def tells_places(self) -> bool:
        """Whether callers hear their place while they wait: then it may only ever fall."""
        return self.announce_places > 1

    @model_validator(mode="after")
    def _fields_go_together(self) -> Queue:
        if self.announce_every is None and (self.tells_places or self.announce_hold_time != "never"):
            raise ValueError("`announce_places` and `announce_hold_time` need `announce_every`")
        if self.hours is not None and self.closed is None:
            raise ValueError("`hours` needs `closed`: the node callers hear outside them")
        if self.at_closing is not None and self.hours is None:
            raise ValueError("`at_closing` needs `hours`: the time they end is meant")
        return self


class Agent(shapes.Frozen):
    """An agent's account; its key is the SIP user name. `queues` are those the agent serves."""

    name: shapes.AgentName
    queues: Annotated[list[shapes.Name], Field(min_length=1)]
    skills: Annotated[list[shapes.Name], Field(examples=[["customs"]])] = []
    """What a callback may ask for: it is dialled while an agent with that skill is idle."""
    sector: Literal["direct", "outbound"] = "direct"
    """Of the staff this agent belongs to: of `outbound`, who also answer live, no reserve is kept back."""
