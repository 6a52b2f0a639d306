"""Numbers as they may be shown: enough to recognise one's own, too little to call it.

Used by commands, exports and logs wherever full numbers were not asked for.
"""

from __future__ import annotations

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
