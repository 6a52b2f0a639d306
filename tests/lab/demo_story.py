"""The demo's story as data: who calls when, what they press, how it ends, and what becomes of it.

Two acts. In the first nobody serves `dvx` and `emdx`, so callers wait, give up and are thrown out; in the
second their agents come, new callers are answered, and those who are owed a call are called back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ivr.calls.opening_hours import WEEKDAYS
from tests.lab.exchange import Fate, Keypress, Lifts, Rejects, Rings

Day = Literal["office", "evening", "holiday"]


@dataclass(frozen=True, slots=True)
class Step:
    """Wait until a prompt is heard, in whatever language, then press a key (none: only listen)."""

    prompt: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class GivesUp:
    """Hangs up after so many seconds in the queue."""

    after: float


@dataclass(frozen=True, slots=True)
class Talks:
    """Talks with an agent; the caller hangs up after so many seconds, or the agent does."""

    seconds: float
    ended_by: Literal["caller", "agent"] = "caller"


@dataclass(frozen=True, slots=True)
class Listens:
    """Hangs up once this prompt has been heard."""

    prompt: str


@dataclass(frozen=True, slots=True)
class SentAway:
    """Waits until the hotline hangs up."""


@dataclass(frozen=True, slots=True)
class Owed:
    """The decision that must be taken, the callback's last state, and what each try must meet."""

    decision: str
    state: str = ""
    fates: tuple[Fate, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """One call. `visits`: every queue it passes and how the caller must leave it."""

    title: str
    number: str
    starts: float
    steps: tuple[Step, ...]
    ending: GivesUp | Talks | Listens | SentAway
    visits: tuple[tuple[str, str], ...] = ()
    owed: Owed | None = None
    language: str = "az"
    delivered: str = "195"
    day: Day = "office"
    then: Story | None = None
    """The same citizen's next call, a moment after this one."""


def through(structure: str, language: str = "az") -> tuple[Step, ...]:
    """The shortest way through the menu: the language, 1 for the ministry, the structure's digit."""
    digit = {"dvx": "1", "aparat": "2", "emdx": "3", "aibndx": "4"}[structure]
    chosen = {"az": (), "ru": (Step("welcome", "8"),), "en": (Step("welcome", "9"),)}[language]
    first = "main_menu" if chosen else "welcome"
    return (*chosen, Step(first, "1"), Step("ministry_menu", digit))


CONFIRMS = Lifts(after=1.0, keys=(Keypress("1", 4.0),), talk=3.0)
"""Lifts the phone, listens for four seconds, presses 1, talks for three seconds with the agent."""
REACHED = Owed("callback", "reached", (CONFIRMS,))
WAITS_LONG = 12.0
WAITS_SHORT = 4.0

_GIVES_UP_IN_RUSSIAN = Story(
    "gives up after 12 s in Russian, is called back", "0502110004", 0.0, through("emdx", "ru"),
    GivesUp(WAITS_LONG), (("emdx", "abandoned"),), REACHED, language="ru",
)  # fmt: skip
_GIVES_UP_SOON = Story(
    "gives up after 4 s", "0702110003", 0.4, through("emdx"),
    GivesUp(WAITS_SHORT), (("emdx", "abandoned"),), Owed("too_short"),
)  # fmt: skip
_ANSWERED_IN_RUSSIAN = Story(
    "talks in Russian, hangs up", "0502110001", 0.8, through("aparat", "ru"),
    Talks(4.0), (("aparat", "answered"),), language="ru",
)  # fmt: skip
_THROWN_OUT = Story(
    "thrown out by the queue timeout, is called back", "0772110007", 0.8, through("emdx"),
    SentAway(), (("emdx", "timeout"),), REACHED,
)  # fmt: skip
_OVERFLOWED = Story(
    "timed out, overflowed, answered there", "0502110008", 1.2, through("dvx"),
    Talks(3.0, "agent"), (("dvx", "timeout"), ("aparat", "answered")),
)  # fmt: skip

FIRST_ACT = (
    _GIVES_UP_IN_RUSSIAN,
    Story(
        "gives up after 12 s, calls again at once", "0552110010", 0.0, through("dvx"),
        GivesUp(WAITS_LONG), (("dvx", "abandoned"),), Owed("callback", "called_again"),
        then=Story(
            "the same citizen again", "0552110010", 1.0, through("aparat"),
            Talks(3.0), (("aparat", "answered"),),
        ),
    ),
    Story(
        "says nothing, reaches a person", "0502110012", 0.0, (Step("ministry_menu"), Step("no_key")),
        Talks(3.0), (("aparat", "answered"),), delivered="1951",
    ),
    _GIVES_UP_SOON,
    Story(
        "gives up after 12 s, is busy, then reached", "0552110005", 0.4, through("dvx"),
        GivesUp(WAITS_LONG), (("dvx", "abandoned"),), Owed("callback", "reached", (Rejects(486), CONFIRMS)),
    ),
    _ANSWERED_IN_RUSSIAN,
    Story(
        "agent hangs up", "0552110002", 0.8, through("aibndx"),
        Talks(5.0, "agent"), (("aibndx", "answered"),),
    ),
    _THROWN_OUT,
    Story(
        "gives up after 12 s in English, does not lift", "0502110006", 1.2, through("dvx", "en"),
        GivesUp(WAITS_LONG), (("dvx", "abandoned"),), Owed("callback", "owed", (Rings(),)), language="en",
    ),
    _OVERFLOWED,
    Story(
        "hides the number, gives up after 12 s", "", 1.6, through("emdx"),
        GivesUp(WAITS_LONG), (("emdx", "abandoned"),), Owed("anonymous"),
    ),
    Story(
        "presses wrong keys", "0702110011", 1.6,
        (Step("welcome", "5"), Step("wrong_key"), Step("welcome", "1"), Step("ministry_menu", "7"),
         Step("wrong_key"), Step("ministry_menu", "4")),
        Talks(4.0, "agent"), (("aibndx", "answered"),),
    ),
    Story("calls in the evening", "0552110013", 2.0, through("dvx"), Listens("closed"), day="evening"),
    Story("calls on a holiday", "0502110014", 2.4, through("aibndx"), Listens("closed"), day="holiday"),
    Story(
        "asks for e-services", "0702110015", 2.8, (Step("welcome", "2"), Step("services_menu", "1")),
        Listens("e_services"),
    ),
)  # fmt: skip

_NEW_CALLER = Story(
    "delivered as 19513, agent hangs up", "0502110016", 0.0, (), Talks(4.0, "agent"), (("emdx", "answered"),),
    delivered="19513",
)  # fmt: skip

SECOND_ACT = (
    _NEW_CALLER,
    Story(
        "talks in English, hangs up", "0552110017", 0.4, through("dvx", "en"),
        Talks(4.0), (("dvx", "answered"),), language="en",
    ),
    Story("agent hangs up", "0702110018", 0.8, through("dvx"), Talks(5.0, "agent"), (("dvx", "answered"),)),
    Story(
        "talks in Russian, agent hangs up", "0502110019", 1.2, through("aibndx", "ru"),
        Talks(3.0, "agent"), (("aibndx", "answered"),), language="ru",
    ),
    Story("calls from a fixed line", "0124440020", 1.6, through("dvx"), Talks(4.0), (("dvx", "answered"),)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Play:
    """Both acts, the agents on duty from the start, and those who come between the acts."""

    first_act: tuple[Story, ...]
    second_act: tuple[Story, ...]
    on_duty: tuple[str, ...] = ("1201", "1401")
    come_later: tuple[str, ...] = ("1101", "1102", "1103", "1301", "1302")

    @property
    def stories(self) -> tuple[Story, ...]:
        """Every call, those that follow another included."""
        return tuple(
            story
            for first in (*self.first_act, *self.second_act)
            for story in (first, first.then)
            if story is not None
        )


LONG = Play(FIRST_ACT, SECOND_ACT)
SHORT = Play(
    (_GIVES_UP_IN_RUSSIAN, _GIVES_UP_SOON, _ANSWERED_IN_RUSSIAN), (_NEW_CALLER,), come_later=("1301", "1302")
)
"""Every kind of fault shows in it, in half a minute."""

ALWAYS = {"week": dict.fromkeys(WEEKDAYS, "00:00-24:00"), "holidays": False}
CHANGES: dict[str, Any] = {
    "hours.always": ALWAYS,
    "callback.hours": "always",
    "callback.ring_for": "6s",
    "callback.retry.busy": ["4s"],
    "queues.dvx.max_wait": "15s",
    "queues.emdx.max_wait": "15s",
    **{f"queues.{queue}.wrap_up": "1s" for queue in ("dvx", "aparat", "emdx", "aibndx")},
}
"""Only what would make the demo long, or depend on the hour, is changed; the 10 s threshold is real."""
