"""Menu tests of an admin: a call that is given, what is pressed, what must be heard and where it must end.

`judge` walks one case through `ivr.menus.walk` and returns what differs, with the walk up to there. Read from
`config/tests/*.yaml` by `ivr.revisions.menu_tests`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, WithJsonSchema

from ivr.calls.callbacks import chosen_time, when_called
from ivr.calls.opening_hours import calling_hours
from ivr.config.model import Configuration, Language
from ivr.config.problems import KeyPath, Places, Problem
from ivr.config.shapes import CallerId, Count, Digits, Frozen, Line, Name, Seconds, Shape
from ivr.menus.walk import Caller, Menu, Step
from ivr.sounds.prompts import needed

ANYTHING = "..."
"""In `hears`: any prompts, or none."""
Sound = Annotated[
    str,
    Shape(r"\.\.\.|[a-z][a-z0-9_]{0,30}(-[0-9]{1,3})?", "a prompt's name is needed here, or `...` for any"),
]


Press = Annotated[
    str, Shape("[0-9*#]|silence|hangup", "a key (0-9, `*` or `#`), `silence` or `hangup` is needed here")
]


class QueueState(Frozen):
    """How full a queue is when the caller comes to its door."""

    waiting: Count = 0
    idle: Count = 0
    """Agents who could take a call now."""
    ewt: Seconds | None = None
    """Expected wait; left out, nothing reliable is known."""


class Given(Frozen):
    """The call: when it comes, to which number, from whom, in which language, and how full the queues are."""

    at: Annotated[
        datetime, WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?$"})
    ]
    """In the hotline's time zone."""
    number: Digits | None = None
    """One of `hotline.delivered`; left out, the hotline's own."""
    caller: Annotated[CallerId | None, Field(examples=["0501234567"])] = None
    """The number at which a call can be ordered; left out, it is hidden. Who is `blocked` hears no menu."""
    language: Annotated[Language | None, Field(examples=["ru"])] = None
    """Remembered from an earlier call."""
    state: dict[Name, QueueState] = Field({})
    """By queue; of a queue that is left out nothing is announced."""
    owed: bool = False
    """The caller is owed a call already, and told so."""
    full: bool = False
    """This caller can order no more calls: their budget is used up, or `callback.held_ceiling` are held."""


class Ends(Frozen):
    """Where the caller is at the end; what is left out may be anything."""

    queue: Name | None = None
    node: Name | None = None
    redirected: Annotated[Name | None, Field(examples=["dvx_head"])] = None
    """The contact the caller is put through to."""
    hangup: bool = False
    language: Language | None = None
    path: Annotated[str, Shape(r"([0-9*#](/[0-9*#])*)?", "a path is keys joined by `/`")] = ""


class Case(Frozen):
    """One test. `press`: keys, `silence` (where others are rung: nobody answers in time) and `hangup`."""

    given: Given
    press: list[Press] = Field([])
    hears: list[Sound] | None = None
    """Prompts from the first to the last; `...` stands for any."""
    ends: Ends = Ends()


class CaseFile(Frozen):
    """A file of `config/tests/`: tests by what they say. They may stand in the other files too."""

    tests: Annotated[dict[Line, Case], Field(min_length=1)]


Announce = Callable[[str, QueueState, bool], Iterable[str]]
"""Queue, its state, whether a place was told before → the prompts Python has played at its door."""


@dataclass(frozen=True, slots=True)
class Walked:
    """One step of a walk: `does` is the key, `silence` or `hangup` that led to it, at first the number."""

    does: str
    step: Step

    def __str__(self) -> str:
        caller = self.step.caller
        heard = ", ".join(each.prompt for each in self.step.heard) or "nothing"
        return f"{self.does}: hears {heard} ({caller.language}), {where(caller)}"


def where(caller: Caller) -> str:
    """Where a caller is, in words."""
    if caller.has_ended:
        return f"the call ends in `{caller.node}`"
    if caller.redirected:
        return f"is redirected to `{caller.redirected}`"
    if caller.door is not None:
        return f"is asked at the door of queue `{caller.door.queue}`"
    if caller.ordering is not None:
        return f"orders a call from queue `{caller.ordering.queue}`"
    return f"waits in queue `{caller.queue}`" if caller.queue else f"is asked in `{caller.node}`"


def menu_for(configuration: Configuration, given: Given, announce: Announce) -> Menu:
    """The menu at the moment and with the queues that are given."""
    schedule = calling_hours(configuration)
    at = given.at if given.at.tzinfo else given.at.replace(tzinfo=schedule.zone)

    def ordered(choice: int) -> tuple[str, ...]:
        chosen = chosen_time(configuration.callback.new_times, choice, schedule, at)
        return when_called(schedule.next_opening(chosen or at), schedule, at, is_chosen=chosen is not None)

    def announced(queue: str, was_told: bool) -> Iterable[str]:
        return announce(queue, given.state[queue], was_told) if queue in given.state else ()

    def offers(queue: str) -> bool:
        over, state = configuration.queues[queue].order.over, given.state.get(queue, QueueState())
        return over is not None and state.ewt is not None and state.ewt > over

    number = (given.caller or "").removeprefix("+").replace("anonymous", "")
    return Menu(configuration, at, announced, offers, given.owed, number, ordered, given.full)


def walk(menu: Menu, given: Given, presses: Iterable[str]) -> Iterator[Walked]:
    """The call's steps, the first before any key is pressed; none after its end."""
    number = given.number or menu.configuration.hotline.number
    step = menu.begin(number, given.language, given.caller or "")
    yield Walked(number, step)
    ahead = iter(presses)  # asked for one at a time: a person at a terminal may be behind it
    while not step.caller.has_ended and (does := next(ahead, None)) is not None:
        step = menu.go_on(step.caller, does)
        yield Walked(does, step)


def judge(
    configuration: Configuration, name: str, case: Case, places: Places, announce: Announce
) -> tuple[Problem, ...]:
    """TST001: the walk differs from what the case says, told with the walk; TST002: no test of this menu."""
    path: KeyPath = ("tests", name)
    if case.hears is None and not case.ends.model_fields_set:
        return (Problem.of("TST002.nothing", places.at(*path), test=name),)
    if wrong := tuple(_unknown(configuration, case, places, path)):
        return wrong
    walked = tuple(walk(menu_for(configuration, case.given, announce), case.given, case.press))
    found = _difference(case, walked, path)
    if found is None:
        return ()
    at, message, steps = found
    told = "\n    ".join(map(str, walked[:steps]))
    return (Problem("TST001", places.value_at(*at), f"{name}: {message}", told),)


def _unknown(configuration: Configuration, case: Case, places: Places, path: KeyPath) -> Iterator[Problem]:
    """A test of what does not exist."""
    given, ends = case.given, case.ends
    number, delivered = given.number, configuration.hotline.delivered
    if number is not None and number not in delivered:
        place = places.value_at(*path, "given", "number")
        yield Problem.of("TST002.number", place, known=delivered, name=number)
    spoken = configuration.hotline.languages
    for part, language in (("given", given.language), ("ends", ends.language)):
        if language is not None and language not in spoken:
            place = places.value_at(*path, part, "language")
            yield Problem.of("TST002.language", place, language=language, spoken=", ".join(spoken))
    for queue in given.state.keys() - configuration.queues.keys():
        place = places.at(*path, "given", "state", queue)
        yield Problem.of("TST002", place, known=configuration.queues, what="queue", name=queue)
    named: list[tuple[KeyPath, str, str | None, Collection[str]]] = [
        (("ends", "queue"), "queue", ends.queue, configuration.queues),
        (("ends", "node"), "menu node", ends.node, configuration.menu.nodes),
        (("ends", "redirected"), "contact", ends.redirected, configuration.contacts),
    ]
    prompts = {ANYTHING, *(file.name for file in needed(configuration))}
    named += [(("hears", at), "prompt", prompt, prompts) for at, prompt in enumerate(case.hears or ())]
    for at, what, word, known in named:
        if word is not None and word not in known:
            yield Problem.of("TST002", places.value_at(*path, *at), known=known, what=what, name=word)


_Difference = tuple[KeyPath, str, int]
"""Where the case says otherwise, what differs, and how many steps of the walk lead to it."""


def _difference(case: Case, walked: Sequence[Walked], path: KeyPath) -> _Difference | None:
    if case.hears is not None and (found := _misheard(case.hears, walked, path)):
        return found
    if len(walked) <= len(case.press):
        extra = len(walked) - 1
        return (*path, "press", extra), f"the call has ended before `{case.press[extra]}`", len(walked)
    caller = walked[-1].step.caller
    for field in sorted(case.ends.model_fields_set):
        wanted = getattr(case.ends, field)
        is_so = caller.has_ended if field == "hangup" else getattr(caller, field)
        if wanted != is_so:
            instead = f"`{field}` is not {_written(wanted)} but {_written(is_so)}"
            return (*path, "ends", field), instead, len(walked)
    return None


def _written(value: str | bool | None) -> str:
    """As it would stand in the YAML."""
    if value in ("", None):
        return "nothing"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _misheard(hears: list[str], walked: Sequence[Walked], path: KeyPath) -> _Difference | None:
    heard = [(each.prompt, number) for number, one in enumerate(walked, 1) for each in one.step.heard]
    names = [prompt for prompt, _ in heard]
    if _fits(hears, names):
        return None
    known = max(n for n in range(len(hears) + 1) if _fits([*hears[:n], ANYTHING], names))
    wanted = f"`{hears[known]}`" if known < len(hears) else "nothing more"
    if ANYTHING in hears[:known]:
        return (*path, "hears", known), f"{wanted} should be heard there", len(walked)
    instead, steps = heard[known] if known < len(heard) else ("", len(walked))
    but = f"not `{instead}`" if instead else "and nothing more is"
    return (*path, "hears", known), f"{wanted} should be heard, {but}", steps


def _fits(hears: Iterable[str], names: Iterable[str]) -> bool:
    pattern = "".join(r"(\S+ )*" if name == ANYTHING else f"{re.escape(name)} " for name in hears)
    return re.fullmatch(pattern, "".join(f"{name} " for name in names)) is not None
