"""The menu as the compiled dialplan walks it: a caller and what they do in, where they are next out.

`Menu.begin` answers a call, `Menu.go_on` takes a key, silence or hang-up; both give a `Step`: the caller's
next place and every prompt heard on the way there. Used by `hotline menu` and compared, step by step, with
`dialplan.menu` and `dialplan.door` on a real Asterisk. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final, Literal
from zoneinfo import ZoneInfo

from ivr.calls.numbers import normalise
from ivr.calls.opening_hours import Schedule
from ivr.config.menu_graph import retry_of, returns
from ivr.config.model import Configuration, Language, Retry
from ivr.config.sections import Queue
from ivr.menus.ordering import Ordering, after, asking
from ivr.menus.steps import LONGEST_STEPS
from ivr.sounds import prompts

SILENCE: Final = "silence"
"""Nothing is pressed until the menu's patience ends; where others are rung, nobody answers in time."""
HANG_UP: Final = "hangup"
DEEPEST_BACK: Final = 10
"""Choices that `back` remembers."""
LONGEST_PATH: Final = 79
"""Characters of the path the store keeps; a longer one keeps its beginning and its last key."""


@dataclass(frozen=True, slots=True)
class Door:
    """A queue's door, and what is asked there: to leave it to the call that is owed, or to order one."""

    queue: str
    asks: Literal["owed", "offer"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a caller is: asked for a key in `node` or at a `door`, in a `queue`, put through, or gone."""

    node: str
    language: Language
    path: str
    """Keys pressed so far that led somewhere, joined by `/`."""
    back: tuple[str, ...]
    """Choices the caller came through, latest first, without the one they are in."""
    tries: str = ""
    """`w` for each wrong key, `s` for each silence of the visit `tried_at`."""
    tried_at: str = ""
    knows_of_recording: bool = False
    knows_of_owed: bool = False
    was_told: bool = False
    """That they may have heard a place, here or in an earlier queue."""
    door: Door | None = None
    queue: str = ""
    redirected: str = ""
    """The contact who is rung for them."""
    ordering: Ordering | None = None
    has_ended: bool = False
    steps: str = ""
    """Every node so far, see `ivr.menus.steps`."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One prompt, by the name of its sound file, as spoken in that language."""

    prompt: str
    language: Language


@dataclass(frozen=True, slots=True)
class Step:
    """The caller's next place, and what they heard until there if nothing interrupted it."""

    caller: Caller
    heard: tuple[Heard, ...] = ()

    def after(self, heard: tuple[Heard, ...]) -> Step:
        """The same, by who heard something before."""
        return Step(self.caller, heard + self.heard)


@dataclass(frozen=True)
class Menu:
    """A configuration at one moment. What Python says is given; by default it is dead.

    `announced`: what who comes to a queue is told of place and wait, and whether they were told one before.
    """

    configuration: Configuration
    moment: datetime
    announced: Callable[[str, bool], Iterable[str]] = lambda queue, was_told: ()
    offers: Callable[[str], bool] = lambda queue: False
    """Whether the wait there is so long that a call is offered instead."""
    is_owed: bool = False
    """Whether this caller is owed a call already."""
    number: str = ""
    """The caller's, as it was delivered; empty if it is hidden: then no call can be ordered."""
    ordered: Callable[[int], Iterable[str]] = lambda choice: ("order_noted",)
    """What is said of an order for that choice of a time; by default what is said while Python is dead."""
    refuses_orders: bool = False

    def begin(self, number: str, language: Language | None = None, caller_id: str = "") -> Step:
        """A call to that number, one of `hotline.delivered`; KeyError for any other number.

        `caller_id`: the caller's number as the first trunk delivers it; empty if it is hidden.
        """
        hotline = self.configuration.hotline
        node = hotline.delivered[number]
        front, path = self.configuration.front_node, "/".join(number.removeprefix(hotline.number))
        back = () if node == front else (front,)
        caller = Caller(node, language or self.configuration.default_language, path, back)
        blocked, trunks = self.configuration.blocked, self.configuration.trunks.values()
        e164 = normalise(caller_id, next(iter(trunks), None), hotline.country).e164
        if blocked and e164.startswith(tuple(blocked.numbers)):
            return Step(replace(caller, has_ended=True), _said(caller, [blocked.say]))
        return self._enter(caller, node)

    def go_on(self, caller: Caller, does: str) -> Step:
        """What follows a key, `SILENCE` or `HANG_UP`. Keys mean nothing in a queue or after the end."""
        if caller.has_ended:
            return Step(caller)
        if does == HANG_UP:
            return Step(replace(caller, has_ended=True))
        if caller.ordering is not None:
            return self._go_on_ordering(caller, caller.ordering, does)
        if caller.door is not None:
            return self._go_on_at(caller.door, replace(caller, door=None), does)
        node = self.configuration.menu.nodes[caller.node]
        if caller.redirected:
            if does == SILENCE and node.otherwise:
                return self._enter(replace(caller, redirected=""), node.otherwise)
            return Step(caller)
        if caller.queue:
            if does != SILENCE and does == self._order_key(caller.queue):
                return self._order(replace(caller, queue=""), caller.queue, "")
            next_node = self._after(self.configuration.queues[caller.queue])
            return self._enter(replace(caller, queue=""), next_node) if does == SILENCE else Step(caller)
        if does == SILENCE:
            return self._asked_again(caller, "s", retry_of(self.configuration, node, "silence"))
        target = (node.keys or {}).get(does)
        if target is None:
            return self._asked_again(caller, "w", retry_of(self.configuration, node, "wrong_key"))
        if target == "repeat":
            return Step(caller, _said(caller, node.say))
        path = f"{caller.path[: LONGEST_PATH - 2]}/{does}" if caller.path else does
        return self._follow(replace(caller, path=path), target)

    def _order_key(self, queue: str) -> str | None:
        return self.configuration.queues[queue].order.key if self.configuration.callback.enabled else None

    def _order(self, caller: Caller, queue: str, then: str) -> Step:
        """Into the order dialogue."""
        ordering = Ordering(queue, then, self.number)
        if self.number:
            return Step(replace(caller, ordering=ordering), _said(caller, asking(ordering)))
        return self._left_order(caller, ordering, ("order_no_number",))

    def _left_order(self, caller: Caller, ordering: Ordering, names: tuple[str, ...]) -> Step:
        """Nothing is ordered: on to the node's `then`, or back to the queue."""
        caller, heard = replace(caller, ordering=None), _said(caller, names)
        if not ordering.then:
            return Step(replace(caller, queue=ordering.queue), heard)
        return self._enter(caller, ordering.then).after(heard)

    def _go_on_ordering(self, caller: Caller, ordering: Ordering, does: str) -> Step:
        found, names = after(ordering, does, self.configuration)
        if found.stage == "left":
            return self._left_order(caller, found, names)
        if found.stage == "ordered" and self.refuses_orders:
            return self._left_order(caller, found, (prompts.ORDER_REFUSED,))
        if found.stage == "ordered":
            told = _said(caller, self.ordered(found.choice))
            return Step(replace(caller, ordering=None, has_ended=True), told)
        return Step(replace(caller, ordering=found), _said(caller, names))

    def _follow(self, caller: Caller, target: str) -> Step:
        if target == "hangup":
            return Step(replace(caller, has_ended=True))
        if target == "back":
            before, *further = caller.back or (self.configuration.front_node,)
            return self._enter(replace(caller, back=tuple(further)), before)
        return self._leave(caller, target)

    def _leave(self, caller: Caller, target: str) -> Step:
        """Go from a choice to a node; who only hears an announcement and returns needs no way back."""
        if not returns(self.configuration.menu, caller.node, target):
            caller = replace(caller, back=(caller.node, *caller.back)[:DEEPEST_BACK])
        return self._enter(caller, target)

    def _asked_again(self, caller: Caller, mark: str, retry: Retry) -> Step:
        visit = f"{caller.path}@{caller.node}"
        tries = (caller.tries if caller.tried_at == visit else "") + mark
        caller = replace(caller, tries=tries, tried_at=visit)
        if tries.count(mark) > retry.times:
            return self._leave(replace(caller, steps=f"{caller.steps}:{mark}"), retry.then)
        return Step(caller, _said(caller, [retry.say, *self.configuration.menu.nodes[caller.node].say]))

    def _enter(self, caller: Caller, name: str) -> Step:
        """Go on from node `name` until a key is asked for, a queue is joined or the call ends."""
        heard: tuple[Heard, ...] = ()
        while True:
            node = self.configuration.menu.nodes[name]
            if node.closed and not self._is_open(node.hours):
                heard += self._opening(caller, node.hours)
                name = node.closed
                continue
            steps = f"{caller.steps[:LONGEST_STEPS]}/{len(caller.path)}:{name}"
            caller = replace(caller, node=name, steps=steps, language=node.language or caller.language)
            heard += _said(caller, node.say)
            if node.keys is not None:
                return Step(caller, heard)
            if node.queue is not None:
                queue = self.configuration.queues[node.queue]
                if queue.closed is None or self._is_open(queue.hours):
                    return self._come_to(caller, node.queue).after(heard)
                heard += self._opening(caller, queue.hours)
                name = queue.closed
            elif node.redirect is not None and self._is_valid(node.redirect):
                return Step(replace(caller, redirected=node.redirect), heard)
            elif node.order is not None and self.configuration.callback.enabled:
                return self._order(caller, node.order, node.then or "").after(heard)
            elif then := node.then or node.otherwise:
                name = then
            else:
                return Step(replace(caller, has_ended=True), heard)

    def _come_to(self, caller: Caller, name: str) -> Step:
        """A queue's door."""
        tells = self.configuration.queues[name].record and not caller.knows_of_recording
        heard = _said(caller, [prompts.RECORDING_NOTICE] if tells else [])
        caller = replace(caller, knows_of_recording=caller.knows_of_recording or tells)
        if self.is_owed and self.configuration.callback.enabled and not caller.knows_of_owed:
            caller = replace(caller, knows_of_owed=True, door=Door(name, "owed"))
            return Step(caller, heard + _said(caller, [prompts.OWED_NOTICE]))
        return self._join(caller, name).after(heard)

    def _go_on_at(self, door: Door, caller: Caller, does: str) -> Step:
        if door.asks == "owed":
            if does == "1":
                return Step(replace(caller, has_ended=True), _said(caller, [prompts.LEFT_TO_CALLBACK]))
            return self._join(caller, door.queue)
        if does == self._order_key(door.queue):
            return self._order(caller, door.queue, "")
        return Step(replace(caller, queue=door.queue))

    def _join(self, caller: Caller, name: str) -> Step:
        """Told place and wait, and offered a call order if that is long."""
        queue = self.configuration.queues[name]
        heard = _said(caller, self.announced(name, caller.was_told))
        if queue.announce_position or queue.announce_every:
            caller = replace(caller, was_told=True)
        if self.number and self._order_key(name) and self.offers(name):
            heard += _said(caller, [prompts.ORDER_OFFER])
            return Step(replace(caller, door=Door(name, "offer")), heard)
        return Step(replace(caller, queue=name), heard)

    def _is_valid(self, contact: str) -> bool:
        zone = ZoneInfo(self.configuration.hotline.time_zone)
        return self.configuration.contacts[contact].is_valid(self.moment.astimezone(zone).date())

    def _after(self, queue: Queue) -> str:
        """Where who is not answered goes: closing time may come before the longest wait is over."""
        closes_first = queue.hours is not None and self._open_for[queue.hours] < queue.max_wait
        return queue.at_closing if queue.at_closing and closes_first else queue.on_timeout

    def _is_open(self, hours: str | None) -> bool:
        return hours is None or self._open_for[hours] > 0

    def _opening(self, caller: Caller, hours: str | None) -> tuple[Heard, ...]:
        """What is said of the next opening of closed hours."""
        prompt = self._schedules[hours].announced(self.moment) if hours else ""
        return _said(caller, [prompt] if prompts.is_said(self.configuration, prompt) else [])

    @cached_property
    def _schedules(self) -> dict[str, Schedule]:
        hotline, hours = self.configuration.hotline, self.configuration.hours
        return {name: Schedule.of(each, hotline.time_zone, hotline.country) for name, each in hours.items()}

    @cached_property
    def _open_for(self) -> dict[str, int]:
        """Seconds until each schedule closes, 0 if it is closed."""
        return {name: schedule.open_for(self.moment) for name, schedule in self._schedules.items()}


def _said(caller: Caller, names: Iterable[str]) -> tuple[Heard, ...]:
    return tuple(Heard(prompt, caller.language) for prompt in names)
