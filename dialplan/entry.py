"""The contexts with a fixed name: the caller's id made plain, and one jump into the current revision.

A reload changes only where new calls go; calls in progress stay in the revision in which they began. Also the
first steps of an inbound call, which the fixed context jumps to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dialplan.door import ask_python, late
from dialplan.menu import BACK, node_context
from dialplan.number_patterns import send_blocked_away
from dialplan.plan import Context, Extension, Source, Step, assign, goto, inside, notice, user_event
from dialplan.quoting import var
from ivr.asterisk import words
from ivr.config.problems import Place

_TRUNK = "HOTLINE_TRUNK_"
"""Global variables, one per endpoint: the trunk's name."""
TRUNK_NAME = f"${{{_TRUNK}${{CHANNEL(endpoint)}}}}"


def global_variables(source: Source) -> str:
    """The section of global variables: each trunk's name by its endpoint."""
    trunks = (f"{_TRUNK}{trunk.endpoint} = {name}" for name, trunk in source.configuration.trunks.items())
    return "\n".join(("[globals]", *trunks, ""))


_NUMBER = r"0-9A-Za-z+*#._\x2d"
_NAME = r"\x20-\x21\x23-\x2b\x2d-\x5b\x5d-\x7b\x7d-\x7e\x80-\xff"
"""What FILTER() lets through: no control character, no comma, quote, backslash or `|`."""


def plain_caller() -> Step:
    """Whoever calls keeps of number, name, ANI and RDNIS only what ends no line of Asterisk's.

    From here on neither an event nor a line of queue_log can hold another one (asterisk-notes, caller ids).
    """
    fields = {"num": _NUMBER, "name": _NAME, "ANI": _NUMBER, "RDNIS": _NUMBER}
    return assign(
        {f"CALLERID({of})": f"${{FILTER({kept},{var(f'CALLERID({of})')})}}" for of, kept in fields.items()}
    )


def doorway(name: str, behind: Context, *first: Step) -> Context:
    """The fixed context in front of a revision's context: the same extensions, each `first` and a jump.

    Asterisk's own extensions (`h`, `i`, `t`, `T`) are nobody's to dial.
    """
    step, *onward = *first, goto(behind.name, "${EXTEN}")
    extensions = (
        Extension(each.pattern, replace(step, place=each.steps[0].place), *onward)
        for each in behind.extensions
        if each.pattern not in {"h", "i", "t", "T"}
    )
    return Context(name, *extensions)


def contexts(source: Source) -> Iterator[Context]:
    """Where trunks deliver calls; where languages are remembered, one more for each number."""
    delivered = source.configuration.hotline.delivered.items()
    arrivals = (Extension(number, *_arrival(source, number, node)) for number, node in delivered)
    inbound = Context(inside("in"), *arrivals)
    yield doorway(words.CONTEXT_INBOUND, inbound, plain_caller())
    yield inbound
    if _remembers(source):
        place = source.at("hotline", "remember_language")
        for number, node in delivered:
            asking = Extension("s", *_last_time(source, node, place))
            yield Context(_language_context(number), asking, late(place))


def _remembers(source: Source) -> bool:
    hotline = source.configuration.hotline
    return hotline.remember_language and len(hotline.languages) > 1


def _language_context(number: str) -> str:
    return inside(f"language-{number}")


def _last_time(source: Source, node: str, place: Place) -> Iterator[Step]:
    """The language the caller chose last time; the default if Python does not say, or not in time."""
    yield from ask_python(source, words.AGI_CALLER_LANGUAGE, TRUNK_NAME, place)
    yield assign({"CHANNEL(language)": var(words.VAR_LANGUAGE)})
    yield notice(words.NOTICE_MENU)
    yield goto(node_context(node))


def _arrival(source: Source, number: str, node: str) -> Iterator[Step]:
    configuration = source.configuration
    place = source.at("hotline", "delivered", number)
    language = configuration.default_language
    begin = {
        words.VAR_ORIGIN: "inbound",
        words.VAR_PRESENTATION: "${CALLERID(num-pres)}",
        words.VAR_LANGUAGE: language,
        "CHANNEL(language)": language,
        words.VAR_PATH: "/".join(number.removeprefix(configuration.hotline.number)),
    }
    if node != configuration.front_node:
        begin[BACK] = configuration.front_node
    yield assign(begin, place)
    yield from send_blocked_away(source, place, TRUNK_NAME)
    yield user_event(words.EVENT_CALL, Delivered=number, Trunk=TRUNK_NAME)
    yield Step("Answer")
    if _remembers(source):
        yield goto(_language_context(number))
    else:
        yield notice(words.NOTICE_MENU)
        yield goto(node_context(node))
