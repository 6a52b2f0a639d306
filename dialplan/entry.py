"""The contexts with a fixed name: one jump per extension into the current revision, and nothing else.

A reload changes only where new calls go; calls in progress stay in the revision in which they began. Also the
first steps of an inbound call, which the fixed context jumps to.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan import blocked
from dialplan.door import ask_python, late
from dialplan.menu import BACK, node_context
from dialplan.plan import Context, Extension, Step, assign, goto, inside, user_event
from dialplan.source import Source
from ivr.asterisk.secrets import FOLDER
from ivr.asterisk.words import (
    AGI_CALLER_LANGUAGE,
    CONTEXT_INBOUND,
    EVENT_CALL,
    SECRET_FILES,
    VAR_LANGUAGE,
    VAR_ORIGIN,
    VAR_PATH,
    VAR_PRESENTATION,
)
from ivr.config.places import Place

INBOUND = inside("in")
_TRUNK = "HOTLINE_TRUNK_"
"""Global variables, one per endpoint: the trunk's name."""
TRUNK_NAME = f"${{{_TRUNK}${{CHANNEL(endpoint)}}}}"


def global_variables(source: Source) -> str:
    """The section of global variables: each trunk's name by its endpoint, and the dialplan's secrets."""
    trunks = (f"{_TRUNK}{trunk.endpoint} = {name}" for name, trunk in source.configuration.trunks.items())
    secrets = (f'#include "{FOLDER}/{name}.conf"' for name in SECRET_FILES)
    return "\n".join(("[globals]", *trunks, *secrets, ""))


def doorway(name: str, behind: Context) -> Context:
    """The fixed context in front of a revision's context: the same extensions, each only a jump.

    Asterisk's own extensions (`h`, `i`, `t`, `T`) are nobody's to dial.
    """
    return Context(
        name,
        tuple(
            Extension(each.pattern, (goto(behind.name, "${EXTEN}", place=each.steps[0].place),))
            for each in behind.extensions
            if each.pattern not in {"h", "i", "t", "T"}
        ),
    )


def contexts(source: Source) -> Iterator[Context]:
    """Where trunks deliver calls; where languages are remembered, one more for each number."""
    inbound = Context(
        INBOUND,
        tuple(
            Extension(number, tuple(_arrival(source, number, node)))
            for number, node in source.configuration.hotline.delivered.items()
        ),
    )
    yield doorway(CONTEXT_INBOUND, inbound)
    yield inbound
    if _remembers(source):
        for number, node in source.configuration.hotline.delivered.items():
            place = source.at("hotline", "remember_language")
            yield Context(
                _language_context(number),
                (Extension("s", tuple(_last_time(source, node, place))), late(place)),
            )


def _remembers(source: Source) -> bool:
    hotline = source.configuration.hotline
    return hotline.remember_language and len(hotline.languages) > 1


def _language_context(number: str) -> str:
    return inside(f"language-{number}")


def _last_time(source: Source, node: str, place: Place) -> Iterator[Step]:
    """The language the caller chose last time; the default if Python does not say, or not in time."""
    yield from ask_python(source, AGI_CALLER_LANGUAGE, TRUNK_NAME, place)
    yield assign(place, "", **{"CHANNEL(language)": f"${{{VAR_LANGUAGE}}}"})
    yield goto(node_context(node), place=place)


def _arrival(source: Source, number: str, node: str) -> Iterator[Step]:
    configuration = source.configuration
    place = source.at("hotline", "delivered", number)
    language = configuration.default_language
    begin = {
        VAR_ORIGIN: "inbound",
        VAR_PRESENTATION: "${CALLERID(num-pres)}",
        VAR_LANGUAGE: language,
        "CHANNEL(language)": language,
        VAR_PATH: "/".join(number.removeprefix(configuration.hotline.number)),
    }
    if node != configuration.front_node:
        begin[BACK] = configuration.front_node
    yield assign(place, "", **begin)
    yield from blocked.steps(source, place, TRUNK_NAME)
    yield user_event(EVENT_CALL, place, "", Delivered=number, Trunk=TRUNK_NAME)
    yield Step("Answer", "", place)
    yield goto(_language_context(number) if _remembers(source) else node_context(node), place=place)
