"""The voice menu: each node a context of native dialplan, so that a caller's walk costs no Python at all.

A choice listens while it speaks (Background, WaitExten); `i` is a wrong key, `t` silence. The channel
carries MENU_KEYS (`/1/3`), MENU_CHOICE (the choice the caller is in or came from), MENU_BACK (the choices
before it, latest first, ten deep) and MENU_TRIES (`w` per wrong key, `s` per silence since the choice was
entered).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dialplan import schedule
from dialplan.plan import Context, Extension, Step, assign, goto, inside, sounds
from dialplan.source import Source
from ivr.asterisk.words import VAR_LANGUAGE, VAR_NODE, VAR_PATH, VAR_STRUCTURE
from ivr.config.model import Node, Retry
from ivr.config.places import Place

KEYS = "MENU_KEYS"
CHOICE = "MENU_CHOICE"
_BACK = "MENU_BACK"
_TRIES = "MENU_TRIES"
PATH = f"${{{KEYS}:1:79}}"
"""MENU_PATH from MENU_KEYS: without the leading `/`, as long as the store keeps it."""


def node_context(name: str) -> str:
    """The context of a menu node."""
    return inside(f"menu-{name}")


def queue_context(queue: str) -> str:
    """The context of a queue's door."""
    return inside(f"queue-{queue}")


def contexts(source: Source) -> Iterator[Context]:
    """All nodes of the menu."""
    for name, node in source.configuration.menu.nodes.items():
        at = partial(source.at, "menu", "nodes", name)
        entry = _hours(source, node, at("hours"))
        if node.keys is None:
            yield Context(node_context(name), (Extension("s", (*entry, *_passing(name, node, at()))),))
        else:
            yield Context(node_context(name), tuple(_choice(source, name, node, entry)))


def _hours(source: Source, node: Node, place: Place) -> tuple[Step, ...]:
    if node.hours is None or node.closed is None:
        return ()
    return schedule.steps(source, node.hours, goto(node_context(node.closed)), place)


def _passing(name: str, node: Node, place: Place) -> Iterator[Step]:
    """A node that asks nothing: an announcement, the way to a queue, or the end."""
    yield assign(place, "", **{VAR_NODE: name, VAR_PATH: PATH}, **_language(node))
    if node.say:
        yield Step("Playback", sounds(node.say), place)
    if node.queue is not None:
        yield goto(queue_context(node.queue), place=place)
    elif node.then is not None:
        yield goto(node_context(node.then), place=place)
    else:
        yield Step("Hangup", "", place)


def _language(node: Node) -> dict[str, str]:
    return {} if node.language is None else {VAR_LANGUAGE: node.language, "CHANNEL(language)": node.language}


def _choice(source: Source, name: str, node: Node, entry: tuple[Step, ...]) -> Iterator[Extension]:
    """A choice and what each key does. A new visit forgets the tries, and the structure chosen before."""
    at = partial(source.at, "menu", "nodes", name)
    came_from = f'${{IF($["${{{CHOICE}}}" = "{name}"]?${{{_BACK}}}:${{{CHOICE}}}/${{CUT({_BACK},/,1-9)}})}}'
    visit = {_BACK: came_from, CHOICE: name, _TRIES: "", VAR_STRUCTURE: ""}
    yield Extension(
        "s",
        (
            *entry,
            assign(at(), "", **{VAR_NODE: name, VAR_PATH: PATH}, **visit, **_language(node)),
            Step("Background", sounds(node.say), at("say"), "ask"),
            Step("WaitExten", f"{node.wait:g}", at("wait")),
        ),
    )
    for key, target in (node.keys or {}).items():
        yield Extension(key, tuple(_key(source, key, target, at("keys", key))))
    menu = source.configuration.menu
    yield _retry("i", "w", node.wrong_key or menu.wrong_key, _retry_place(source, name, node, "wrong_key"))
    yield _retry("t", "s", node.silence or menu.silence, _retry_place(source, name, node, "silence"))


def _retry_place(source: Source, name: str, node: Node, word: str) -> Place:
    return source.at("menu", word) if getattr(node, word) is None else source.at("menu", "nodes", name, word)


def _key(source: Source, key: str, target: str, place: Place) -> Iterator[Step]:
    """Steps of one key. Every key but `repeat` leads somewhere and is part of the path."""
    if target == "repeat":
        yield Step("Goto", "s,ask", place)
        return
    yield assign(place, "", **{KEYS: f"${{{KEYS}}}/{key}"})
    if target == "hangup":
        yield Step("Hangup", "", place)
    elif target == "back":
        before = f'${{IF($["${{{_BACK}}}" = ""]?{source.front_node}:${{CUT({_BACK},/,1)}})}}'
        yield assign(place, "", **{CHOICE: before, _BACK: f"${{CUT({_BACK},/,2-)}}"})
        yield goto(node_context(f"${{{CHOICE}}}"), place=place)
    else:
        yield goto(node_context(target), place=place)


def _retry(extension: str, mark: str, retry: Retry, place: Place) -> Extension:
    """What a wrong key or silence costs: said and asked again `times` times, then elsewhere."""
    tried = f"${{LEN(${{FILTER({mark},${{{_TRIES}}})}})}}"
    return Extension(
        extension,
        (
            assign(place, "", **{_TRIES: f"${{{_TRIES}}}{mark}"}),
            Step("GotoIf", f"$[{tried} > {retry.times}]?{node_context(retry.then)},s,1", place),
            Step("Background", sounds([retry.say]), place),
            Step("Goto", "s,ask", place),
        ),
    )
