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
from dialplan.plan import Context, Extension, Step, assign, goto, inside, sounds
from dialplan.source import Source
from ivr.asterisk.words import VAR_LANGUAGE, VAR_PATH, VAR_STEPS
from ivr.config.menu_graph import returns
from ivr.config.model import Menu, Node, Retry
from ivr.config.places import Place
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
        entry = _hours(node, at("hours"))
        if node.keys is None:
            yield Context(
                node_context(name), (Extension("s", (*entry, *_passing(source, name, node, at()))),)
            )
        else:
            yield Context(node_context(name), tuple(_choice(source, name, node, entry)))


def _hours(node: Node, place: Place) -> tuple[Step, ...]:
    if node.hours is None or node.closed is None:
        return ()
    return schedule.unless_open(node.hours, node_context(node.closed), place)


def _passing(source: Source, name: str, node: Node, place: Place) -> Iterator[Step]:
    """A node that asks nothing: an announcement, the way to a queue or a contact, or the end."""
    yield assign(place, "", **_entered(name), **_language(node))
    if node.say:
        yield Step("Playback", sounds(node.say), place)
    if node.queue is not None:
        yield goto(queue_context(node.queue), place=place)
    elif node.order is not None and source.configuration.callback.enabled:
        yield assign(place, "", **{ORDER_THEN: node.then or ""})
        yield goto(order_context(node.order), place=place)
    elif node.then is not None:
        yield goto(node_context(node.then), place=place)
    elif node.redirect is not None and node.otherwise is not None:
        yield redirections.redirect(node.redirect, place)
        yield goto(node_context(node.otherwise), place=place)
    else:
        yield Step("Hangup", "", place)


def _entered(name: str) -> dict[str, str]:
    """The steps so far and this node, as `ivr.menus.steps` reads them: one variable, set once a node."""
    return {VAR_STEPS: f"${{{VAR_STEPS}:0:{LONGEST_STEPS}}}/${{LEN(${{{VAR_PATH}}})}}:{name}"}


def _language(node: Node) -> dict[str, str]:
    return {} if node.language is None else {VAR_LANGUAGE: node.language, "CHANNEL(language)": node.language}


def _choice(source: Source, name: str, node: Node, entry: tuple[Step, ...]) -> Iterator[Extension]:
    """A choice and what each key does."""
    at = partial(source.at, "menu", "nodes", name)
    yield Extension(
        "s",
        (
            *entry,
            assign(at(), "", **_entered(name), **_language(node)),
            *_asking(node, at("say"), at("wait")),
        ),
    )
    for key, target in (node.keys or {}).items():
        yield Extension(key, tuple(_key(source, name, key, target, at("keys", key))))
    menu = source.configuration.menu
    wrong, silent = node.wrong_key or menu.wrong_key, node.silence or menu.silence
    yield _retry("i", "w", menu, name, wrong, _retry_place(source, name, node, "wrong_key"))
    yield _retry("t", "s", menu, name, silent, _retry_place(source, name, node, "silence"))


def _asking(node: Node, say: Place, wait: Place) -> Iterator[Step]:
    """Background without a prompt would hang up on the caller."""
    if node.say:
        yield Step("Background", sounds(node.say), say, "ask")
    yield Step("WaitExten", f"{node.wait:g}", wait, "" if node.say else "ask")


def _retry_place(source: Source, name: str, node: Node, word: str) -> Place:
    return source.at("menu", word) if getattr(node, word) is None else source.at("menu", "nodes", name, word)


def _key(source: Source, name: str, key: str, target: str, place: Place) -> Iterator[Step]:
    """Steps of one key. Every key but `repeat` leads somewhere and is part of the path."""
    if target == "repeat":
        yield Step("Goto", "s,ask", place)
        return
    slash = f"${{IF(${{LEN(${{{VAR_PATH}}})}}?/)}}"
    path = {VAR_PATH: f"${{{VAR_PATH}:0:{LONGEST_PATH - 2}}}{slash}{key}"}
    if target == "hangup":
        yield assign(place, "", **path)
        yield Step("Hangup", "", place)
    elif target == "back":
        before = f"${{IF(${{LEN(${{{BACK}}})}}?${{CUT({BACK},/,1)}}:{source.configuration.front_node})}}"
        yield assign(place, "", **path, **{_BEFORE: before, BACK: f"${{CUT({BACK},/,2-)}}"})
        yield goto(node_context(f"${{{_BEFORE}}}"), place=place)
    else:
        yield assign(place, "", **path, **_pushed(source.configuration.menu, name, target))
        yield goto(node_context(target), place=place)


def _pushed(menu: Menu, choice: str, target: str) -> dict[str, str]:
    """Remember the choice the caller leaves, unless an announcement only brings them back to it."""
    return {} if returns(menu, choice, target) else {BACK: f"{choice}/${{CUT({BACK},/,1-9)}}"}


def _retry(extension: str, mark: str, menu: Menu, name: str, retry: Retry, place: Place) -> Extension:
    """What a wrong key or silence costs: said and asked again `times` times, then elsewhere."""
    visit = f"${{{VAR_PATH}}}@{name}"
    so_far = f'${{IF($["${{{_TRIED_AT}}}" = "{visit}"]?${{{_TRIES}}})}}'
    tried = f"${{LEN(${{FILTER({mark},${{{_TRIES}}})}})}}"
    return Extension(
        extension,
        (
            assign(place, "", **{_TRIES: f"{so_far}{mark}", _TRIED_AT: visit}),
            Step("GotoIf", f"$[{tried} <= {retry.times}]?again", place),
            *_giving_up(menu, name, retry, mark, place),
            Step("Background", sounds([retry.say]), place, "again"),
            Step("Goto", "s,ask", place),
        ),
    )


def _giving_up(menu: Menu, name: str, retry: Retry, mark: str, place: Place) -> Iterator[Step]:
    marked = {VAR_STEPS: f"${{{VAR_STEPS}}}:{mark}"}
    yield assign(place, "", **marked, **_pushed(menu, name, retry.then))
    yield goto(node_context(retry.then), place=place)
