"""The contexts with a fixed name: one jump per extension into the current revision, and nothing else.

A reload changes only where new calls go; calls in progress stay in the revision in which they began. Also the
first steps of an inbound call, which the fixed context jumps to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialplan.menu import BACK, node_context
from dialplan.plan import Context, Extension, Step, assign, goto, inside, user_event
from dialplan.source import Source
from ivr.asterisk.words import (
    CONTEXT_INBOUND,
    EVENT_CALL,
    VAR_LANGUAGE,
    VAR_ORIGIN,
    VAR_PATH,
    VAR_PRESENTATION,
)

INBOUND = inside("in")
_TRUNK = "HOTLINE_TRUNK_"
"""Global variables, one per endpoint: the trunk's name."""
MOMENT_HEADER = "X-Hotline-Moment"
"""SIP header by which a lab call carries its own moment, in epoch seconds."""


def trunk_names(source: Source) -> str:
    """The global variables that tell the trunk by its endpoint."""
    lines = (f"{_TRUNK}{trunk.endpoint} = {name}" for name, trunk in source.configuration.trunks.items())
    return "\n".join(("[globals]", *lines, ""))


def trunk_of_channel() -> str:
    """The trunk an inbound call came in by, as the dialplan finds it."""
    return f"${{{_TRUNK}${{CHANNEL(endpoint)}}}}"


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


def contexts(source: Source) -> Iterable[Context]:
    """Where trunks deliver calls."""
    inbound = Context(
        INBOUND,
        tuple(
            Extension(number, tuple(_arrival(source, number, node)))
            for number, node in source.configuration.hotline.delivered.items()
        ),
    )
    return (doorway(CONTEXT_INBOUND, inbound), inbound)


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
    if source.lab is not None:
        begin["TESTTIME"] = f"${{PJSIP_HEADER(read,{MOMENT_HEADER})}}"
    yield assign(place, "", **begin)
    yield user_event(EVENT_CALL, place, "", Delivered=number, Trunk=trunk_of_channel())
    yield Step("Answer", "", place)
    yield goto(node_context(node), place=place)
