"""The outline of a menu as SVG: a tree from left to right, each node in full once, elsewhere by its name.

A menu's ways cross and return; drawn as a tree none crosses another, and a reader follows keys with a finger.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from xml.etree import ElementTree as Xml

from ivr.menus.outline import Outline, Way, shortened

_BOX, _COLUMN, _GAP, _LINE, _MARGIN = 316, 504, 14, 17, 24
_TITLE, _NOTE = 37, 44
"""Characters that fit into a box."""
_KINDS = {
    "keys": ("#e8f0fe", "#3b6fd4", "choice"),
    "queue": ("#e3f4e6", "#2d8a46", "queue"),
    "order": ("#efe6f7", "#7d5ba6", "call order"),
    "then": ("#f4f1ea", "#9a8a63", "announcement"),
    "redirect": ("#e2f3f4", "#2a8591", "another number"),
    "hangup": ("#fbe9e7", "#c0503c", "end of the call"),
    "call": ("#ffffff", "#333333", ""),
}
"""What a box is → its colours, and its words in the legend."""


@dataclass
class _Place:
    """A box in the tree: a node in full, or (`is_reference`) only the name of one drawn elsewhere."""

    way: Way
    kind: str
    lines: tuple[str, ...]
    is_reference: bool = False
    children: list[_Place] = field(default_factory=list)
    top: float = 0.0

    @property
    def height(self) -> float:
        return 26 if self.is_reference else 14 + _LINE * len(self.lines)

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def svg(drawn: Outline) -> str:
    """The picture as text; it needs nothing but itself."""
    roots = _planted(drawn)
    below = float(_MARGIN)
    for root in roots:
        below = _laid_out(root, below) + _GAP
    depth = max(map(_depth, roots))
    width = 2 * _MARGIN + _COLUMN * (depth - 1) + _BOX
    height = below + 2 * _LINE
    picture = Xml.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height:g}")
    picture.set("font-family", "DejaVu Sans, Verdana, Arial, sans-serif")
    Xml.SubElement(picture, "rect", width=f"{width}", height=f"{height:g}", fill="white")
    for root in roots:
        _draw(picture, root, 0)
    legend = ((kind, said) for kind, (_, _, said) in _KINDS.items() if said)
    for number, (kind, said) in enumerate(legend):
        x = _MARGIN + 150 * number
        _box(picture, kind, x=x, y=below, width=16, height=14)
        _text(picture, x + 22, below + 11, drawn.words[said], 12, "#555")
    return Xml.tostring(picture, encoding="unicode") + "\n"


def _planted(drawn: Outline) -> list[_Place]:
    """Breadth first, so that a node stands in full where the fewest keys lead to it."""
    roots: list[_Place] = []
    stands: set[str] = set()
    for start in (*drawn.starts, *drawn.anywhere):
        if start in drawn.starts and start.target in stands:
            continue  # a direct number: the node itself names it
        lines = (start.when,) if start in drawn.starts else (drawn.words["at any choice"], start.when)
        roots.append(_Place(start, "call", lines))
        ahead = deque([(roots[-1].children, Way("", start.target))])
        while ahead:
            siblings, way = ahead.popleft()
            point = drawn.points[way.target]
            is_reference = way.target in stands
            told = (f"→ {point.name}",) if is_reference else (point.title, *point.notes)
            place = _Place(way, point.kind, told, is_reference)
            siblings.append(place)
            if not is_reference:
                stands.add(way.target)
                ahead += [(place.children, onward) for onward in point.ways]
    return roots


def _laid_out(place: _Place, top: float) -> float:
    """Give every box of the subtree its height on the page; returns where the next one may begin."""
    below = top
    for child in place.children:
        below = _laid_out(child, below)
    if place.children:
        place.top = (place.children[0].middle + place.children[-1].middle - place.height) / 2
        if (missing := top - place.top) > 0:  # taller than all that follows it
            _lower(place, missing)
            below += missing
    else:
        place.top = top
    return max(below, place.top + place.height + _GAP)


def _lower(place: _Place, by: float) -> None:
    place.top += by
    for child in place.children:
        _lower(child, by)


def _depth(place: _Place) -> int:
    return 1 + max(map(_depth, place.children), default=0)


def _draw(picture: Xml.Element, place: _Place, column: int) -> None:
    x = _MARGIN + _COLUMN * column
    for child in place.children:
        turn, end = x + _BOX + 22, x + _COLUMN
        path = f"M{x + _BOX} {place.middle:g}H{turn}V{child.middle:g}H{end}"
        Xml.SubElement(picture, "path", d=path, fill="none", stroke="#999")
        if child.way.when:
            is_key = len(child.way.when) == 1
            size = 14 if is_key else 10
            label = _text(picture, turn + 6, child.middle - 4, shortened(child.way.when, 26), size, "#222")
            label.set("font-weight", "bold" if is_key else "normal")
        _draw(picture, child, column + 1)
    frame = {"x": x, "y": place.top, "width": _BOX, "height": place.height}
    _box(picture, place.kind, is_dashed=place.is_reference, **frame)
    for number, line in enumerate(place.lines):
        most, size, colour = (_NOTE, 11, "#555") if number else (_TITLE, 13, "#111")
        y = place.top + 19 + _LINE * number - 2 * place.is_reference
        _text(picture, x + 10, y, shortened(line, most), size, colour)


def _box(picture: Xml.Element, kind: str, *, is_dashed: bool = False, **frame: float) -> None:
    """`frame`: x, y, width and height."""
    fill, stroke, _ = _KINDS[kind]
    shape = {name: f"{size:g}" for name, size in frame.items()}
    box = Xml.SubElement(
        picture, "rect", {**shape, "rx": "6"}, fill="white" if is_dashed else fill, stroke=stroke
    )
    if is_dashed:
        box.set("stroke-dasharray", "4 3")


def _text(picture: Xml.Element, x: float, y: float, said: str, size: int, colour: str) -> Xml.Element:
    place = {"x": f"{x:g}", "y": f"{y:g}", "font-size": str(size)}
    text = Xml.SubElement(picture, "text", place, fill=colour)
    text.text = said
    return text
