"""Numbers as they may be shown: enough to recognise one's own, too little to call it.

Used by commands, exports and logs wherever full numbers were not asked for.
"""

from __future__ import annotations

from typing import Final

_HIDDEN: Final = 5
_SHOWN_LAST: Final = 2


def masked(number: str) -> str:
    """`+99450*****67`, `050*****67`: five stars before the last two digits; short numbers are all stars."""
    first = len(number) - _HIDDEN - _SHOWN_LAST
    if first < 1:
        return "*" * len(number)
    return f"{number[:first]}{'*' * _HIDDEN}{number[-_SHOWN_LAST:]}"
