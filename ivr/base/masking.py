"""What may be shown or kept of citizens' numbers, and of any text from outside.

`masked` leaves enough of a number to recognise one's own, too little to call it. `visible` makes text fit for
terminals and logs, `spreadsheet_cell` for CSV; every command and log goes through them. `pseudonym` is what
is left of a number after its retention date: a keyed hash, equal for equal numbers, which nobody finds by
trying all numbers without the key. Neither `ivr.reading` nor the printing masks: the command that shows a
number does (`NUMBERS` of `ivr.reading.export`), and `ivr.base.logs` masks every line of the log.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import Final

_HIDDEN: Final = 5
_SHOWN_LAST: Final = 2
_RUN: Final = re.compile(r"\d+")
_NUMBER: Final = re.compile(r"(?<![\w.+-])\+?\d{7,}(?![\w-]|\.\d)")
"""Digits enough for a subscriber's number; not part of a uniqueid (`1795364181.41`), an address or a name."""

_DIGITS: Final = re.compile(r"\d(?: ?\d){6,}")


def masked(number: str) -> str:
    """`+99450*****67`, `050*****67;x`: in every run of digits five stars before the last two.

    Short runs are all stars. A word such as `anonymous` identifies nobody and stays.
    """
    return _RUN.sub(lambda found: _masked_run(found[0]), number)


def _masked_run(digits: str) -> str:
    first = len(digits) - _HIDDEN - _SHOWN_LAST
    if first < 1:
        return "*" * len(digits)
    return f"{digits[:first]}{'*' * _HIDDEN}{digits[-_SHOWN_LAST:]}"


def without_numbers(text: str) -> str:
    """The text with stars for seven digits or more in a row, single spaces between them or not."""
    return _DIGITS.sub("*" * _HIDDEN, text)


def masked_text(text: str) -> str:
    """The text with whatever looks like a phone number masked."""
    return _NUMBER.sub(lambda found: masked(found[0]), text)


_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks by Unicode's categories, but nothing of them is seen."""
_FORMULA: Final = re.compile(r"(?<![^;])(?=[=+\-@＝＋－＠])|^(?=[\t\r\n])")
"""Where a cell begins like a formula, also for a spreadsheet that parts cells at semicolons."""
_SIGNED_NUMBER: Final = re.compile(r"[+-]?[0-9*]+(\.[0-9]+)?")
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
    return text if _SIGNED_NUMBER.fullmatch(text) else visible(_FORMULA.sub("'", text))


MARK: Final = "#"
"""No number begins so; a pseudonym always does."""
_LETTERS: Final = 19
"""Of base 32: 95 bits, and 20 characters in all, as many as a number's column has."""


def pseudonym(key: str, number: str) -> str:
    """`#` and 19 letters or digits for any text that holds a number."""
    digest = hmac.new(key.encode(), number.encode(), hashlib.sha256).digest()
    return MARK + base64.b32encode(digest).decode().lower()[:_LETTERS]


def is_pseudonym(text: str) -> bool:
    """Whether that is no number any more."""
    return text.startswith(MARK)
