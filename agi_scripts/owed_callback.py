"""Whether the caller who is about to join a queue is owed a call already.

Who is hears "your call back is already ordered" and may wait or leave it at that; nothing else is revealed,
for a caller's number proves nothing. Asked once per call, before the first queue.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.words import VAR_OWED
from ivr.calls.numbers import ReadNumber

IsOwed = Callable[[str], bool]
"""Whether that number, as E.164, has an open callback."""


def owed_callback(session: AgiSession, read: ReadNumber, is_owed: IsOwed) -> None:
    """Set HOTLINE_OWED for the caller; arguments 1 and 2 are the trunk and the presentation."""
    number = read(session.caller, session.argument(1), session.argument(2)).e164
    if number and is_owed(number):
        session.set_variable(VAR_OWED, "yes")
