"""Letters that are not what they look like, and marks of an unfinished merge: found before YAML is read.

YAML would stumble over them elsewhere, or take them in silence. In a sentence they may be meant, so only the
beginning of a line is searched: its indentation, its key and what stands around the colon.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ivr.config.problems import Place, Problem

_INVISIBLE = "\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_SEEMING = f"[{_INVISIBLE}\u2010-\u201f\u2212\uff01-\uff5e]"
"""Invisible ones, and quotes, dashes and wide letters that stand for those of a keyboard."""
_HEAD = re.compile(rf"[ {_INVISIBLE}]*(?:- *)?(?:[^\s:\uff1a#]+ *[:\uff1a][ {_INVISIBLE}]*)?")
VALUE = re.compile(rf"(?:^|[:,\[{{]) *({_SEEMING})")
"""Where one of these begins a line or a value, as if it were a quote or the dash of a list."""
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(?= |$)", re.MULTILINE)


def scan(file: str, text: str) -> Iterator[Problem]:
    """YAML002 for each such letter, with its code point and name; YAML001 for the first mark of a merge."""
    if conflict := _CONFLICT.search(text):
        place = Place(file, text.count("\n", 0, conflict.start()) + 1, 1)
        yield Problem.of("YAML001.conflict", place, mark=conflict[0])
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.isascii() and (head := _HEAD.match(line)):
            for position, letter in strange(head[0]):
                yield Problem.of("YAML002.letter", Place(file, number, position + 1), letter=named(letter))


def strange(text: str) -> Iterator[tuple[int, str]]:
    """Each letter that is not what it looks like, with its position: of Cyrillic ones, those beside Latin."""
    seeming = rf"{_SEEMING}|[\u0400-\u04ff]" if re.search("[A-Za-z]", text) else _SEEMING
    yield from ((found.start(), found[0]) for found in re.finditer(seeming, text))


def named(letter: str) -> str:
    """`U+00A0 NO-BREAK SPACE`."""
    return f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".rstrip()
