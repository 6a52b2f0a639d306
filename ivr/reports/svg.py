"""Charts as SVG text: vector, labelled where the figure is, for the printed report and the wall.

Presentation attributes only, so that no style sheet is needed and a strict content policy allows them. Values
come with their texts: a chart formats nothing. Whatever text it is given stays text.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from operator import itemgetter
from typing import Final, NamedTuple

ACCENT: Final = "#a3182d"
"""What the reader's eye should find: what was lost, what missed its target."""
INK: Final = "#1d2329"
MUTED: Final = "#5f6872"
GREY: Final = "#a9b1ba"
PALE: Final = "#e6e9ec"
WIDTH: Final = 642
"""The text of an A4 page with margins of 20 mm, in CSS pixels."""
FONT: Final = "Inter, 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"

_LETTER: Final = 0.56
"""A letter's mean width, of its size."""


_NEAR: Final = 35
"""So many percent below its target, a figure stands below the line, clear of the target's."""


class Bar(NamedTuple):
    """A bar and what is written at it. `is_marked`: in the accent colour."""

    label: str
    value: float
    text: str
    is_marked: bool = False


class Segment(NamedTuple):
    """A part of a stacked bar."""

    label: str
    value: float
    text: str
    colour: str
    ink: str = "#ffffff"


class Column(NamedTuple):
    """A column of which `marked` is in the accent colour, at its foot; `line`: a percentage over it."""

    label: str
    value: float
    text: str
    marked: float = 0.0
    line: float | None = None


class Marker(NamedTuple):
    """A line across a histogram, at `position` columns from the left."""

    position: float
    text: str


class HeatRow(NamedTuple):
    """`depths`: 0 to 1 for each column, None for an empty one; `texts`: what stands in them."""

    label: str
    depths: Sequence[float | None]
    texts: Sequence[str]
    total: str


def bars(title: str, items: Sequence[Bar], width: int = WIDTH, label_width: int = 300) -> str:
    """Horizontal bars, the label left of each and its figure at its end."""
    row, room = 26, width - label_width - 110
    most = max((item.value for item in items), default=0) or 1
    body = []
    for number, item in enumerate(items):
        middle = number * row + row / 2
        long = room * item.value / most
        colour = ACCENT if item.is_marked else GREY
        body.append(_text(label_width - 10, middle + 4, clipped(item.label, label_width - 10), "end"))
        body.append(_box(label_width, middle - 8, max(long, 0.5), 16, colour))
        ink = ACCENT if item.is_marked else INK
        body.append(_text(label_width + long + 6, middle + 4, item.text, fill=ink, weight=600))
    return drawing(title, width, row * len(items), body)


def stacked(title: str, rows: Sequence[tuple[str, Sequence[Segment]]], width: int = WIDTH) -> str:
    """Bars of equal length in parts; the parts are named above the first, their figures stand in them."""
    row, left, top = 30, 190, 18
    room = width - left
    body = []
    for number, (label, segments) in enumerate(rows):
        middle = top + number * row + row / 2
        whole = sum(segment.value for segment in segments)
        body.append(_text(left - 10, middle + 4, clipped(label, left - 10), "end"))
        at = float(left)
        for place, segment in enumerate(segments):
            long = room * segment.value / whole if whole else 0.0
            is_last = place == len(segments) - 1 and place > 0
            body.append(_box(at, middle - 10, max(long - 1, 0.5), 20, segment.colour))
            fits = long > len(segment.text) * 11 * _LETTER + 6
            if fits or is_last:
                where = at + long - 7 if is_last and fits else at - 7 if is_last else at + 7
                ink = segment.ink if fits else INK
                body.append(_text(where, middle + 4, segment.text, "end" if is_last else "start", ink))
            if number == 0:
                where = at + long if is_last else at
                name = clipped(segment.label, max(long, 120))
                body.append(_text(where, 11, name, "end" if is_last else "start", fill=MUTED, size=10))
            at += long
    return drawing(title, width, top + row * len(rows), body)


def columns(
    title: str,
    items: Sequence[Column],
    names: tuple[str, str, str] = ("", "", ""),
    width: int = WIDTH,
    height: int = 170,
    target: float | None = None,
) -> str:
    """Upright columns with their figures on top and, over them, a line of percentages if there are any.

    `names`: of the columns, of their marked part, of the line. `target`: a percentage, dashed across.
    """
    has_line = any(item.line is not None for item in items)
    of_line = 84 if has_line else 0
    top, foot = of_line + 30, height - 18
    most = max((item.value for item in items), default=0) or 1
    pitch = width / max(len(items), 1)
    wide = min(pitch * 0.72, 46)
    body, points = [], []
    for number, item in enumerate(items):
        middle = pitch * number + pitch / 2
        tall = (foot - top) * item.value / most
        red = (foot - top) * item.marked / most
        body.append(_box(middle - wide / 2, foot - tall, wide, tall - red, GREY))
        body.append(_box(middle - wide / 2, foot - red, wide, red, ACCENT))
        if pitch >= len(item.text) * 9 * _LETTER:
            body.append(_text(middle, foot - tall - 5, item.text, "middle", size=9))
        if pitch >= len(item.label) * 9 * _LETTER or number % 2 == 0:
            body.append(_text(middle, height - 5, clipped(item.label, pitch * 2, 9), "middle", MUTED, 9))
        if item.line is not None:
            points.append((middle, item.line))
    body.append(_rule(0, foot, width, foot, INK))
    of_columns, of_marked, of_percent = names
    body.append(_text(0, of_line + 10, of_columns, fill=MUTED, size=10))
    body.append(_text(width, of_line + 10, of_marked, "end", ACCENT, 10))
    if has_line:
        body.append(_text(0, 10, of_percent, size=10))
    body += _line(points, 24, 74, target)
    return drawing(title, width, height, body)


def _line(points: Sequence[tuple[float, float]], top: float, foot: float, target: float | None) -> list[str]:
    """Through points of x and percent, from 0 at the foot to 100; the least and the most are written out."""
    if not points:
        return []
    at = [(x, foot - (foot - top) * percent / 100) for x, percent in points]
    found = [_rule(0, y, WIDTH, y, PALE) for y in (top, foot)] + [_path(at, INK)]
    found += [_text(WIDTH, y - 3, text, "end", MUTED, 9) for y, text in ((top, "100 %"), (foot, "0 %"))]
    if target is not None:
        level = foot - (foot - top) * target / 100
        found.append(_rule(0, level, WIDTH, level, INK, "3 2"))
    for choose in (min, max):
        x, percent = choose(points, key=itemgetter(1))
        y = foot - (foot - top) * percent / 100
        is_near = target is not None and 0 < target - percent < _NEAR
        text_y = y + 13 if choose is min or is_near else y - 6
        found += [_dot(x, y, INK, 2.5), _text(x, text_y, f"{percent:.0f} %", "middle", size=9)]
    return found


def histogram(
    title: str, items: Sequence[Column], markers: Sequence[Marker] = (), width: int = WIDTH, height: int = 158
) -> str:
    """Columns side by side, each named at its left edge, with lines across where a limit lies.

    A column with a text has it on top.
    """
    top, foot = 34, height - 18
    most = max((item.value for item in items), default=0) or 1
    pitch = width / max(len(items), 1)
    every = max(1, round(len(items) / 12))
    body = []
    for number, item in enumerate(items):
        tall, red = (foot - top) * item.value / most, (foot - top) * item.marked / most
        body.append(_box(pitch * number + 0.5, foot - tall, pitch - 1, tall - red, GREY))
        body.append(_box(pitch * number + 0.5, foot - red, pitch - 1, red, ACCENT))
        body.append(_text(pitch * (number + 1), foot - tall - 4, item.text, "end", size=9))
        if number == len(items) - 1:
            body.append(_text(pitch * (number + 1), height - 5, item.label, "end", MUTED, 9))
        elif number % every == 0:
            body.append(_text(pitch * number + 1, height - 5, item.label, "start", MUTED, 9))
    body.append(_rule(0, foot, width, foot, INK))
    for place, marker in enumerate(markers):
        x, y = marker.position * pitch, 12 + 13 * (place % 2)
        side = "end" if x > width * 0.7 else "start"
        body.append(_rule(x, y - 8, x, foot, INK, "3 2"))
        body.append(_text(x - 5 if side == "end" else x + 5, y, marker.text, side, size=10, weight=600))
    return drawing(title, width, height, body)


def heat_map(
    title: str, heads: Sequence[str], rows: Sequence[HeatRow], colour: str = ACCENT, width: int = WIDTH
) -> str:
    """A cell for each row and column, the deeper the colour the larger; each row's total at the right."""
    left, right, high, top = 108, 52, 22, 16
    pitch = (width - left - right) / max(len(heads), 1)
    body = []
    for number, head in enumerate(heads):
        if number % 2 == 0:
            body.append(_text(left + pitch * number, 10, head, "start", MUTED, 9))
    for place, row in enumerate(rows):
        y = top + place * high
        body.append(_text(left - 8, y + 15, row.label, "end", size=10))
        for number, (depth, text) in enumerate(zip(row.depths, row.texts, strict=True)):
            shade = 0.0 if depth is None else min(1.0, max(0.0, depth))
            body.append(
                _box(left + pitch * number, y, pitch - 1, high - 1, colour if depth else PALE, shade or 1)
            )
            ink = "#ffffff" if shade > 0.55 else INK
            if pitch >= len(text) * 7.5 * _LETTER:
                body.append(_text(left + pitch * number + pitch / 2 - 0.5, y + 14, text, "middle", ink, 7.5))
        body.append(_text(width, y + 15, row.total, "end", size=10, weight=600))
    return drawing(title, width, top + high * len(rows), body)


def spark(
    title: str, values: Sequence[tuple[float, bool]], target: float, width: int = 88, height: int = 20
) -> str:
    """A small line without labels, and the target as a dashed one; with each value whether it is marked."""
    every = [target, *(value for value, _ in values)]
    low, span = min(every), (max(every) - min(every)) or 1
    pitch = width / max(len(values), 1)
    *at, (_, level) = [
        (pitch * (number + 0.5), height - 3 - (height - 6) * (value - low) / span)
        for number, value in enumerate([*every[1:], target])
    ]
    dots = [_dot(x, y, ACCENT if mark else GREY, 1.4) for (x, y), (_, mark) in zip(at, values, strict=True)]
    return drawing(title, width, height, [_rule(0, level, width, level, INK, "2 2"), _path(at, GREY), *dots])


def drawing(title: str, width: float, height: float, body: Sequence[str]) -> str:
    """An image with a name for those who cannot see it."""
    name = _safe(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{name}" width="{width:g}"'
        f' height="{height:g}" viewBox="0 0 {width:g} {height:g}" font-family="{escape(FONT)}">'
        f"<title>{name}</title>{''.join(body)}</svg>"
    )


def clipped(text: str, width: float, size: float = 11) -> str:
    """As much of a text as has room."""
    most = max(1, int(width / (size * _LETTER)))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _text(
    x: float,
    y: float,
    content: str,
    anchor: str = "start",
    fill: str = INK,
    size: float = 11,
    weight: int = 400,
) -> str:
    heavy = f' font-weight="{weight}"' if weight != 400 else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{fill}"{heavy}>'
        f"{_safe(content)}</text>"
    )


def _path(at: Sequence[tuple[float, float]], colour: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _dot(x: float, y: float, colour: str, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>'


def _box(x: float, y: float, wide: float, tall: float, colour: str, opacity: float = 1) -> str:
    shade = f' fill-opacity="{opacity:.2f}"' if opacity < 1 else ""
    if tall <= 0 or wide <= 0:
        return ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{colour}"{shade}/>'


def _rule(x: float, y: float, to_x: float, to_y: float, colour: str, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"'
        f' stroke-width="0.75"{dashed}/>'
    )


def _safe(text: str) -> str:
    """Without control characters, which XML does not allow, and with its signs escaped."""
    return escape("".join(one if one.isprintable() or one.isspace() else " " for one in text))
