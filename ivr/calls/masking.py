"""Numbers as they may be shown: enough to recognise one's own, too little to call it.

Used by commands, exports and logs wherever full numbers were not asked for.
"""

from __future__ import annotations

from typing import Final

_SHOWN_FIRST: Final = 6
_SHOWN_LAST: Final = 2


def masked(number: str) -> str:
    """`+99450*****67`: country and operator, then stars, then two digits; short numbers are all stars."""
    hidden = len(number) - _SHOWN_FIRST - _SHOWN_LAST
    if hidden < 1:
        return "*" * len(number)
    return f"{number[:_SHOWN_FIRST]}{'*' * hidden}{number[-_SHOWN_LAST:]}"
