"""The voice menu: each node a context of native dialplan, so that a caller's walk costs no Python at all.

A choice listens while it speaks (Background, WaitExten); `i` is a wrong key, `t` silence. Setting a variable
is an event and a snapshot of the channel, so a key costs two (the path, and the choices to go back to: latest
first, ten deep) and a node one; tries are counted only once something went wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dialplan import contacts as redirections
from dialplan import schedule
from dialplan.plan import Context, Extension, Source, Step, assign, goto, goto_if, inside, play, sounds
from dialplan.quoting import choose, if_set, is_equal, length, var
from ivr.asterisk.words import VAR_LANGUAGE, VAR_PATH, VAR_STEPS
from ivr.config.menu_graph import retry_of, returns
from ivr.config.model import Menu, Node, Retry
from ivr.config.problems import Place
from ivr.config.sections import Queue
from ivr.menus.steps import LONGEST_STEPS
from ivr.menus.walk import LONGEST_PATH

BACK = "MENU_BACK"
"""Choices the caller came through, without the one they are in: `ministry/welcome`."""
ORDER_THEN = "ORDER_THEN"
"""The node of who does not order; empty for who came out of the queue."""
_BEFORE = "MENU_BEFORE"
_TRIES = "MENU_TRIES"
"""`w` for each wrong key, `s` for each silence of one visit to one choice."""
_TRIED_AT = "MENU_TRIED_AT"
"""The visit the tries belong to: path and node, which no other visit has both of."""


def node_context(name: str) -> str:
    """The context of a menu node."""
    return inside(f"menu-{name}")


def queue_context(queue: str) -> str:
    """The context of a queue's door."""
    return inside(f"queue-{queue}")


def order_context(queue: str) -> str:
    """Where a call from that queue's agents is ordered; app_queue sends who presses the key there."""
    return inside(f"order-{queue}")


def contexts(source: Source) -> Iterator[Context]:
    """All nodes of the menu."""
    for name, node in source.configuration.menu.nodes.items():
        at = partial(source.at, "menu", "nodes", name)
        entry = tuple(unless_open(source, node, at("hours")))
        if node.keys is None:
            yield Context(node_context(name), Extension("s", *entry, *_passing(source, name, node, at())))
        else:
            yield Context(node_context(name), *_choice(source, name, node, entry))


def unless_open(source: Source, to: Node | Queue, place: Place) -> Iterator[Step]:
    """Steps that fall through while the node or queue is open, and go to its `closed` node when it is not."""
    if to.hours is not None and to.closed is not None:
        yield from schedule.unless_open(source, to.hours, f"{node_context(to.closed)},s,1", place)


def _passing(source: Source, name: str, node: Node, place: Place) -> Iterator[Step]:
    """A node that asks nothing: an announcement, the way to a queue or a contact, or the end."""
    yield assign(_entered(name, node), place)
    if node.say:
        yield play(*node.say)
    if node.queue is not None:
        yield goto(queue_context(node.queue))
    elif node.order is not None and source.configuration.callback.enabled:
        yield assign({ORDER_THEN: node.then or ""})
        yield goto(order_context(node.order))
    elif node.then is not None:
        yield goto(node_context(node.then))
    elif node.redirect is not None and node.otherwise is not None:
        yield redirections.redirect(node.redirect, place)
        yield goto(node_context(node.otherwise))
    else:
        yield Step("Hangup")


def _entered(name: str, node: Node) -> dict[str, str]:
    """The steps so far and this node, as `ivr.menus.steps` reads them: one variable, set once a node."""
    steps = {VAR_STEPS: f"{var(f'{VAR_STEPS}:0:{LONGEST_STEPS}')}/{length(VAR_PATH)}:{name}"}
    language = {VAR_LANGUAGE: node.language, "CHANNEL(language)": node.language} if node.language else {}
    return steps | language


def _choice(source: Source, name: str, node: Node, entry: tuple[Step, ...]) -> Iterator[Extension]:
    """A choice and what each key does."""
    at = partial(source.at, "menu", "nodes", name)
    # Background without a prompt would hang up on the caller.
    asking = [Step("Background", sounds(*node.say), at("say"), "ask")] if node.say else []
    waiting = Step("WaitExten", f"{node.wait:g}", at("wait"), "" if node.say else "ask")
    yield Extension("s", *entry, assign(_entered(name, node), at()), *asking, waiting)
    for key, target in (node.keys or {}).items():
        yield Extension(key, *_key(source, name, key, target, at("keys", key)))
    for extension, mark, which in (("i", "w", "wrong_key"), ("t", "s", "silence")):
        place = at(which) if getattr(node, which) else source.at("menu", which)
        retry = retry_of(source.configuration, node, which)
        yield Extension(extension, *_retry(mark, source.configuration.menu, name, retry, place))


def _key(source: Source, name: str, key: str, target: str, place: Place) -> Iterator[Step]:
    """Steps of one key. Every key but `repeat` leads somewhere and is part of the path."""
    if target == "repeat":
        yield Step("Goto", "s,ask", place)
        return
    path = {VAR_PATH: f"{var(f'{VAR_PATH}:0:{LONGEST_PATH - 2}')}{if_set(VAR_PATH, '/')}{key}"}
    if target == "hangup":
        yield assign(path, place)
        yield Step("Hangup")
    elif target == "back":
        before = if_set(BACK, var(f"CUT({BACK},/,1)"), source.configuration.front_node)
        yield assign(path | {_BEFORE: before, BACK: var(f"CUT({BACK},/,2-)")}, place)
        yield goto(node_context(var(_BEFORE)))
    else:
        yield assign(path | _pushed(source.configuration.menu, name, target), place)
        yield goto(node_context(target))


def _pushed(menu: Menu, choice: str, target: str) -> dict[str, str]:
    """Remember the choice the caller leaves, unless an announcement only brings them back to it."""
    return {} if returns(menu, choice, target) else {BACK: f"{choice}/{var(f'CUT({BACK},/,1-9)')}"}


def _retry(mark: str, menu: Menu, name: str, retry: Retry, place: Place) -> Iterator[Step]:
    """What a wrong key or silence costs: said and asked again `times` times, then elsewhere."""
    visit = f"{var(VAR_PATH)}@{name}"
    so_far = choose(is_equal(_TRIED_AT, visit), var(_TRIES))
    yield assign({_TRIES: f"{so_far}{mark}", _TRIED_AT: visit}, place)
    yield goto_if(f"{length(f'FILTER({mark},{var(_TRIES)})')} <= {retry.times}", "again")
    yield assign({VAR_STEPS: f"{var(VAR_STEPS)}:{mark}"} | _pushed(menu, name, retry.then))
    yield goto(node_context(retry.then))
    yield Step("Background", sounds(retry.say), label="again")
    yield Step("Goto", "s,ask")
