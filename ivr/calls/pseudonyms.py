"""What is left of a citizen's number after its retention date: a keyed hash, equal for equal numbers.

Without the key, which is kept outside the database, it cannot be found out by trying all numbers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

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
