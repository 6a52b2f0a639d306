"""Lines of text with a tone, such as a terminal shows in colour or not, and tables of them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final, Literal, NamedTuple

WIDTH: Final = 100
"""Characters of a line."""
Tone = Literal["", "bold", "dim", "good", "bad"]
GAP: Final = "  "
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_WIDEST: Final = 17
"""Characters of a column's head; a longer one takes two lines."""


class Span(NamedTuple):
    """Text in one tone."""

    text: str
    tone: Tone = ""


Spans = Sequence[Span]


def parted(blocks: Iterable[Iterable[Spans]]) -> list[Spans]:
    """One below the other, with an empty line between them."""
    lines: list[Spans] = []
    for block in map(list, blocks):
        lines += [*([()] if lines and block else ()), *block]
    return lines


def plain(spans: Spans) -> Spans:
    """Without no-break spaces, which a terminal would show as an escape, and without spaces at the end."""
    found = [Span(span.text.replace(_NO_BREAK, " "), span.tone) for span in spans]
    while found and not found[-1].text.strip():
        del found[-1]
    return [*found[:-1], *(Span(last.text.rstrip(), last.tone) for last in found[-1:])]


def wrapped(said: Iterable[str], tone: Tone = "", between: str = " · ") -> Iterator[Spans]:
    """One after the other, over as many lines as that takes."""
    unbroken = (one.replace(" ", _NO_BREAK) if len(one) < WIDTH - len(GAP) else one for one in said)
    yield from prose(between.join(unbroken), tone)


def prose(said: str, tone: Tone = "") -> Iterator[Spans]:
    """A sentence, over as many lines as it takes."""
    for line in textwrap.wrap(said, WIDTH, subsequent_indent=GAP, break_on_hyphens=False):
        yield [Span(line, tone)]


class Column(NamedTuple):
    """`head` in at most two lines; texts of a column that is not `is_left` end at its right."""

    head: Sequence[str]
    cells: Sequence[Span]
    is_left: bool = False

    @property
    def width(self) -> int:
        """Characters of its longest line."""
        return max(map(len, (*self.head, *(cell.text for cell in self.cells))))


def table(columns: Sequence[Column], joined: Mapping[int, str] | None = None) -> Iterator[Spans]:
    """The head and a line for each row; `joined`: a text that takes the place of all cells but the label."""
    joined = joined or {}
    heads = zip_longest(*(_in_two(column.head) for column in columns), fillvalue="")
    for head in heads:
        if any(head):
            yield [Span(_aligned([Span(one) for one in head], columns), "dim")]
    for number_of_row in range(len(columns[0].cells)):
        cells = [column.cells[number_of_row] for column in columns]
        if number_of_row in joined:
            label = f"{cells[0].text:<{columns[0].width}}{GAP}"
            for place, line in enumerate(textwrap.wrap(joined[number_of_row], WIDTH - len(label))):
                yield [Span(" " * len(label) if place else label), Span(line, "dim")]
            continue
        yield [
            Span(f"{GAP * bool(place)}{_padded(cell.text, column)}", cell.tone)
            for place, (cell, column) in enumerate(zip(cells, columns, strict=True))
        ]


def _aligned(cells: Sequence[Span], columns: Sequence[Column]) -> str:
    return GAP.join(_padded(cell.text, column) for cell, column in zip(cells, columns, strict=True)).rstrip()


def _padded(text: str, column: Column) -> str:
    return f"{text:<{column.width}}" if column.is_left else f"{text:>{column.width}}"


def _in_two(head: Sequence[str]) -> Sequence[str]:
    return head if len(head) > 1 else ("", *head)


def head_of(title: str) -> list[str]:
    """In one line or two, as narrow as its words allow."""
    for width in range(1, _WIDEST):
        found = textwrap.wrap(title, width, break_long_words=False)
        if len(found) < 3 and all(len(line) <= width for line in found):
            return found or [""]
    return [cut(line, _WIDEST) for line in textwrap.wrap(title, _WIDEST, max_lines=2, placeholder="…")]


def cut(text: str, width: int) -> str:
    """At most so many characters of it."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
