"""A call order: the number read back, confirmed or another keyed, committed by Python or left in queue_log.

One dialogue for the whole hotline. A queue has the way into it (from a menu node, by key while waiting, or
before joining) and the way back to the same place in line; who came from a node goes on to the node's `then`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from dialplan import plan
from dialplan.door import JOINED, OUT_OF_TIME, RESUME, ask_python, joining, late
from dialplan.entry import TRUNK_NAME
from dialplan.menu import ORDER_THEN, node_context, order_context, queue_context
from dialplan.plan import Context, Extension, Source, Step, assign, goto, goto_if, inside, play, sounds
from dialplan.quoting import choose, differs, if_set, is_equal, length, one_more, var
from ivr.asterisk import words
from ivr.calls.numbers import national_shape
from ivr.config.menu_graph import takes_orders
from ivr.config.problems import NOWHERE
from ivr.config.sections import Queue
from ivr.menus.ordering import ASKED_AT_MOST
from ivr.sounds.prompts import LEFT_TO_CALLBACK, ORDER_OFFER, OWED_NOTICE

_ASKING = inside("order")
_TIMES = inside("order-times")
_NUMBER, _CALLER, _AT = "ORDER_NUMBER", "ORDER_CALLER", "ORDER_AT"
_ROUND, _CHOICE, _OFFERS_TIMES = "ORDER_ROUND", "ORDER_CHOICE", "ORDER_OFFERS_TIMES"
_ORDER = "ORDER"
_QUEUE = var(words.VAR_QUEUE)
_KEY_WAIT, _OFFER_WAIT = "5", "3"
_SHOWN_NUMBER = choose(
    is_equal(f"{words.VAR_PRESENTATION}:0:6", "prohib"), "", var(f"FILTER(0-9,{var('CALLERID(num)')})")
)
"""The caller's; empty if it is hidden."""


def contexts(source: Source) -> Iterator[Context]:
    """Per queue the ways in and back, and the dialogue; nothing of it where no call can be ordered."""
    queues = source.configuration.queues
    if source.configuration.callback.enabled:
        for name, queue in queues.items():
            yield _owed(source, name, queue)
    taking = takes_orders(source.configuration)
    for name in taking:
        yield from _ways(source, name, queues[name])
    # What is the same for every queue is written nowhere but in the section of callbacks.
    place = source.at("callback")
    if taking:
        yield Context(_ASKING, *_asking(source), place=place)
    if any(queues[name].order.mode == "chosen_time" for name in taking):
        yield Context(_TIMES, *_times(source), place=place)


def _owed(source: Source, name: str, queue: Queue) -> Context:
    """Once per call. Python late here is not asked again at the door: one deadline is all a caller waits."""
    place = source.at("queues", name)
    door = partial(goto, queue_context(name), place=place)
    arguments = f"{TRUNK_NAME},{var(words.VAR_PRESENTATION)}"
    return Context(
        inside(f"owed-{name}"),
        Extension(
            "s",
            assign({words.VAR_OWED: "no"}, place),
            *ask_python(source, words.AGI_OWED_CALLBACK, arguments, place),
            goto_if(differs(words.VAR_OWED, "yes"), "t,1"),
            Step("Background", sounds(OWED_NOTICE)),
            Step("WaitExten", _OFFER_WAIT),
        ),
        Extension("1", play(LEFT_TO_CALLBACK, place=place), Step("Hangup")),
        *plan.wrong_or_silent(door(label="place")),
        Extension(OUT_OF_TIME, door(label=RESUME)) if queue.asks_before_joining else late(place),
    )


def _ways(source: Source, name: str, queue: Queue) -> Iterator[Context]:
    at = partial(source.at, "queues", name, "order")
    begin = {words.VAR_QUEUE: name, _CHOICE: "0", _ROUND: "1"}
    begin[_OFFERS_TIMES] = "yes" if queue.order.mode == "chosen_time" else ""
    entrance = Extension("s", assign(begin, at()), goto(_ASKING))
    key = queue.order.key
    if key is None:
        yield Context(order_context(name), entrance)
        return
    left = plan.user_event(words.EVENT_LEFT_QUEUE, at("key"), Queue=name, Result="KEY")
    by_key = Extension(key, left, assign({ORDER_THEN: ""}), goto(order_context(name)))
    yield Context(order_context(name), entrance, by_key)
    yield Context(_back_context(name), *_back(source, name, queue))
    if queue.order.over is not None:
        place = at("over")
        yield Context(
            inside(f"offer-{name}"),
            Extension(
                "s",
                assign({_NUMBER: _SHOWN_NUMBER}, place),
                goto_if(is_equal(_NUMBER), "t,1"),  # the request would be refused
                Step("Background", sounds(ORDER_OFFER)),
                Step("WaitExten", _OFFER_WAIT),
            ),
            Extension(key, assign({ORDER_THEN: ""}, place), goto(order_context(name))),
            *plan.wrong_or_silent(goto(queue_context(name), label="join", place=place)),
        )


def _back_context(queue: str) -> str:
    return inside(f"back-{queue}")


def _back(source: Source, name: str, queue: Queue) -> Iterator[Extension]:
    """To the place the wait has earned; with Python dead to the one that was left, as Asterisk counts it."""
    place = source.at("queues", name, "order")
    waited = f"$[${{EPOCH}} - {var(JOINED)}]"
    yield Extension(
        "s",
        assign({words.VAR_CREDIT: waited, words.VAR_POSITION: "${QUEUEPOSITION}"}, place),
        *ask_python(source, words.AGI_CALLBACK_POSITION, name, place),
        *joining(source, name, queue, var(words.VAR_POSITION)),
    )
    yield late(place)


def _asking(source: Source) -> Iterator[Extension]:
    """The dialogue: 1 this number, 2 another one, * or three silences none."""
    yield Extension(
        "s",
        assign({_NUMBER: _SHOWN_NUMBER, _CALLER: _SHOWN_NUMBER}),
        goto_if(is_equal(_NUMBER), "hidden,1"),
        Step("Background", sounds("order_number"), label="ask"),
        assign({_AT: "0"}),
        Step("Background", sounds(f"digit-{var(f'{_NUMBER}:{var(_AT)}:1')}"), label="digit"),
        assign({_AT: one_more(_AT)}),
        goto_if(f"{var(_AT)} < {length(_NUMBER)}", "digit"),
        Step("Background", sounds("order_keys")),
        Step("WaitExten", _KEY_WAIT),  # silence goes to `t` only where no step follows
    )
    yield Extension("hidden", play("order_no_number"), Step("Goto", "*,1"))
    yield Extension("1", goto_if(is_equal(_OFFERS_TIMES, "yes"), f"{_TIMES},s,1:commit,1"))
    yield Extension("2", *_another_number(source))
    yield Extension(
        "*",
        goto_if(is_equal(ORDER_THEN), "back"),
        goto(node_context(var(ORDER_THEN))),
        Step("Goto", f"{_back_context(_QUEUE)},s,1", label="back"),
    )
    yield from _again("*,1")
    yield Extension("commit", *_commit(source))
    yield late(NOWHERE, "commit")


def _again(otherwise: str) -> tuple[Extension, Extension]:
    again = goto_if(f"{var(_ROUND)} <= {ASKED_AT_MOST}", f"s,ask:{otherwise}")
    return plan.wrong_or_silent(assign({_ROUND: one_more(_ROUND)}), again)


def _another_number(source: Source) -> Iterator[Step]:
    """A national number; what is keyed is neither part of the menu's path nor of any event we write."""
    prefix, lengths = national_shape(source.configuration.hotline.country)
    fits = " | ".join(f"{length(_AT)} = {digits}" for digits in lengths)
    begins = is_equal(f"{_AT}:0:{len(prefix)}", prefix)
    is_digits = is_equal(f"FILTER(0-9,{var(_AT)})", var(_AT))
    yield Step("Read", f"{_AT},{sounds('order_type_number')},{lengths[-1]},,1,{_KEY_WAIT}")
    yield goto_if(f"({fits}) & {begins} & {is_digits}", "keyed")
    yield play("order_wrong_number")
    yield Step("Goto", "i,1")
    yield assign({_NUMBER: var(_AT)}, label="keyed")
    yield Step("Goto", "s,ask")


def _times(source: Source) -> Iterator[Extension]:
    """The times of `callback.new_times` by key."""
    ask = Step("Background", sounds("callback_new_time"), label="ask")
    yield Extension("s", ask, Step("WaitExten", _KEY_WAIT))
    for choice in map(str, range(1, len(source.configuration.callback.new_times) + 1)):
        yield Extension(choice, assign({_CHOICE: choice}), goto(_ASKING, "commit"))
    yield from _again(f"{_ASKING},*,1")


def _commit(source: Source) -> Iterable[Step]:
    """The order is left in queue_log, which outlives Python and its database; Python says what came of it."""
    number, caller, language, choice = map(var, (_NUMBER, _CALLER, words.VAR_LANGUAGE, _CHOICE))
    waited = if_set(JOINED, f"$[${{EPOCH}} - 0{var(JOINED)}]", "0")
    order = "|".join(("${EPOCH}", number, caller, TRUNK_NAME, language, choice, waited))
    yield assign({_ORDER: order, words.VAR_ORDERED: "", words.VAR_SAY: ""})
    yield plan.queue_log(_QUEUE, "${UNIQUEID}", words.LOG_ORDER, var(_ORDER))
    yield from ask_python(source, words.AGI_ORDER_CALLBACK, f"{_QUEUE},{var(_ORDER)}", NOWHERE)
    yield goto_if(differs(words.VAR_ORDERED), "answered")
    yield assign({words.VAR_SAY: sounds("order_noted")})
    yield Step("Playback", var(words.VAR_SAY), label="answered")
    yield goto_if(is_equal(words.VAR_ORDERED, "refused"), "*,1")
    yield Step("Hangup")
