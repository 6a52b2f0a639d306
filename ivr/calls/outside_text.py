"""Text from outside, such as a caller id, an agent's name or a reference, as others may receive it.

`visible` is for terminals and logs, `spreadsheet_cell` for CSV. Every command and log goes through them.
"""

from __future__ import annotations

import json
import re
from typing import Final

_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks by Unicode's categories, but nothing of them is seen."""
_FORMULA: Final = re.compile(r"(?<![^;])(?=[=+\-@＝＋－＠])|^(?=[\t\r\n])")
"""Where a cell begins like a formula, also for a spreadsheet that parts cells at semicolons."""
_NUMBER: Final = re.compile(r"[+-]?[0-9*]+(\.[0-9]+)?")
"""A plain or a masked one."""


class _Visible(dict[int, str]):
    """Code of a character → the character, or its escape if nothing would be seen of it."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        is_seen = letter.isprintable() and not _UNSEEN.match(letter)
        self[code] = letter if is_seen else json.dumps(letter)[1:-1]
        return self[code]


_VISIBLE: Final = _Visible()


def visible(text: str) -> str:
    r"""The text in one line, without control, bidirectional or zero-width characters: `\u202e` for each.

    These are the escapes of JSON, so a JSON document still says the same.
    """
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE)


def visible_lines(text: str) -> str:
    """The same for text of ours in several lines."""
    return "\n".join(map(visible, text.split("\n")))


def spreadsheet_cell(text: str) -> str:
    """The text as CSV may hold it: visible, with an apostrophe before what a spreadsheet would calculate.

    A number stays as it is: `+994501234567`, `+99450*****67`, `-3.5`.
    """
    return text if _NUMBER.fullmatch(text) else visible(_FORMULA.sub("'", text))
