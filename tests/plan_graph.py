"""A compiled dialplan read back as a graph: which extensions can be reached from where, and what they dial.

Reads the text Asterisk will read, not the values it was made from, and errs on the side of reaching too much:
a variable in a jump may stand for anything. Used by tests and by whoever wants to see where a context leads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

_STEP = re.compile(r"^(?:exten => (?P<exten>[^,]+),1| same => n)(?:\(\w+\))?,(?P<app>\w+)\((?P<args>.*)\)$")
_VARIABLE = re.compile(r"\$[{\[](?:[^{}\[\]]|[{\[](?:[^{}\[\]]|[{\[][^{}\[\]]*[}\]])*[}\]])*[}\]]")
_SELF_MADE = ("h", "i", "t", "T")
"""Extensions Asterisk goes to by itself."""
_LISTENING = ("Background", "WaitExten")


@dataclass(frozen=True, slots=True)
class Point:
    """An extension in a context."""

    context: str
    extension: str


@dataclass(frozen=True, slots=True)
class Call:
    """One application with its arguments, `*` in the place of every variable and expression."""

    application: str
    arguments: str


Graph = dict[Point, tuple[Call, ...]]


def read(text: str) -> Graph:
    """The contexts of an extensions.conf that `dialplan.plan.render` wrote; ValueError for any other line."""
    graph: dict[Point, list[Call]] = {}
    context, point = "", Point("", "")
    for line in text.splitlines():
        code = line.rpartition(" ; ")[0] or line
        if header := re.match(r"^\[([^]]+)\]$", code):
            context = header[1]
        elif context == "globals" or not code or code.startswith("#include"):
            continue
        elif step := _STEP.match(code):
            if step["exten"]:
                point = Point(context, step["exten"])
            graph.setdefault(point, []).append(Call(step["app"], _VARIABLE.sub("*", step["args"])))
        else:
            raise ValueError(f"not a step: {line!r}")
    return {point: tuple(calls) for point, calls in graph.items()}


def reachable(graph: Graph, contexts: Iterable[str]) -> set[Point]:
    """Every extension a channel can come to that begins in one of these contexts, by whatever it dials."""
    found: set[Point] = set()
    ahead = [point for point in graph if point.context in set(contexts)]
    while ahead:
        point = ahead.pop()
        if point not in found:
            found.add(point)
            ahead += _next(graph, point)
    return found


def dials(graph: Graph, points: Iterable[Point]) -> Iterator[tuple[Point, str]]:
    """What Dial() calls at these points, first argument only."""
    for point in points:
        for call in graph[point]:
            for found in re.finditer(r"(?:^|\?|:|\b)Dial\(([^,)]*)", f"{call.application}({call.arguments})"):
                yield point, found[1]


def _next(graph: Graph, point: Point) -> Iterator[Point]:
    listens = any(call.application in _LISTENING for call in graph[point])
    for other in graph:
        if other.context == point.context and (listens or other.extension in _SELF_MADE):
            yield other
    for call in graph[point]:
        for target in _targets(call):
            yield from _matching(graph, point, target)


def _targets(call: Call) -> Iterator[str]:
    """Jump targets as written: `label`, `extension,label` or `context,extension,label`."""
    if call.application in ("Goto", "Gosub"):
        yield call.arguments
    elif call.application in ("GotoIf", "GotoIfTime", "GosubIf"):
        yield from call.arguments.partition("?")[2].split(":")
    elif call.application == "Dial":
        for local in re.finditer(r"Local/([^@,]*)@([^/,&]*)", call.arguments):
            yield f"{local[2]},{local[1]},1"
    elif call.application == "ExecIf":
        for jump in re.finditer(r"[?:]Goto\(([^)]*)\)", call.arguments):
            yield jump[1]


def _matching(graph: Graph, point: Point, target: str) -> Iterator[Point]:
    parts = target.split(",")
    context = parts[-3] if len(parts) > 2 else point.context
    extension = parts[-2] if len(parts) > 1 else point.extension
    for other in graph:
        if fnmatchcase(other.context, context) and _fits(other.extension, extension):
            yield other


def _fits(pattern: str, dialled: str) -> bool:
    return "*" in dialled or pattern.startswith("_") or pattern == dialled
