"""The switch "closed now" of each schedule, in Asterisk's own database, where the compiled dialplan reads it.

It holds whatever else runs, and after a restart of Asterisk. Asked as a user with the right `system`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from ivr.asterisk.readiness import Send, unless_refused
from ivr.asterisk.words import DB_CLOSED

FOR_GOOD: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Until somebody opens it again."""


async def close(send: Send, schedule: str, until: datetime = FOR_GOOD) -> None:
    """New callers are told that it is closed, until that moment; those who wait go on waiting."""
    seconds = str(int(until.timestamp()))
    await send({"Action": "DBPut", "Family": DB_CLOSED, "Key": schedule, "Val": seconds})


async def open_again(send: Send, schedule: str) -> bool:
    """Back to the clock; False if it was not closed by hand. Raises AmiError."""
    is_closed = bool(await closed_by_hand(send, [schedule]))
    if is_closed:
        await send({"Action": "DBDel", "Family": DB_CLOSED, "Key": schedule})
    return is_closed


async def closed_by_hand(send: Send, schedules: Iterable[str]) -> dict[str, datetime]:
    """Those closed by hand, each until when. Raises AmiError."""
    now = datetime.now(UTC)
    found = {}
    for schedule in schedules:
        entry = await unless_refused(send, {"Action": "DBGet", "Family": DB_CLOSED, "Key": schedule})
        until = datetime.fromtimestamp(int(entry.events[0]["Val"]) if entry else 0, UTC)
        if until > now:
            found[schedule] = until
    return found
