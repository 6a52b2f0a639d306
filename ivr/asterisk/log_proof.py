"""The last field of the queue_log lines that our dialplan writes: a keyed hash of the fields before it.

queue_log escapes nothing and a caller's number may hold a line end, so that anybody could write a line of
ours; but not its proof. `dialplan.steps.queue_log` makes it, whoever acts on such a line looks.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

DIGITS: Final = 12


def is_proven(key: bytes, proof: str, fields: Sequence[str]) -> bool:
    """Whether `proof` is that of the line's fields from queue to data; SHA1() is what Asterisk has."""
    text = "|".join(("", *fields)).encode()
    made = hashlib.sha1(key + text, usedforsecurity=False).hexdigest()[:DIGITS]
    return hmac.compare_digest(made.encode(), proof.encode())
