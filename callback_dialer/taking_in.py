"""An attempt that only queue_log knows, taken into the store in one transaction.

One that is over ends as its lines say; one that may be alive is left to `resolving`, which asks Asterisk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from callback_dialer.ordering import Order
from callback_dialer.policy import Policy
from callback_dialer.resolving import resolve
from callback_dialer.starting import plan
from ivr.asterisk import words
from ivr.calls.numbers import CallerNumber
from ivr.storage import attempts, callbacks, missed
from ivr.visits.from_queue_log import LogLine

_DIALLED: Final = re.compile(r"\S+ ([0-9]{5,15})(?!\S)")
_PRECISION: Final = timedelta(seconds=1)
"""Of queue_log."""
_FROM_LOG: Final = "known from queue_log alone"


def number_of(start: LogLine) -> str:
    """Whom a line says that we dialled, as E.164; empty where an earlier version of ours did."""
    found = _DIALLED.match(start.data[0])
    return f"+{found[1]}" if found else ""


def take_in(
    connection: Connection, lines: Sequence[LogLine], server: str, policy: Policy, *, is_latest: bool
) -> bool:
    """Store the attempt of these lines; False if they name nobody, or another one has to end before.

    `is_latest`: no later one dialled that number, so it may be alive.
    """
    start, number = lines[0], number_of(lines[0])
    trunk, at = start.data[0].partition(" ")[0], datetime.fromtimestamp(start.epoch, UTC)
    if not number or trunk not in policy.trunks or start.queue not in policy.queues:
        return False
    missed.lock_number(connection, number)
    callback_id = callbacks.open_for(connection, number)
    if callback_id is None:  # nor is its missed call known
        order = Order(
            written=number,
            number=CallerNumber(number, "other"),
            queue=start.queue,
            by=number,
            language=policy.default_language,
            reason="missed",
            arrived_over=trunk,
        )
        callback_id = callbacks.owe(
            connection, order.wanted(policy, server, at), state="owed", note=_FROM_LOG
        )
    callback = callbacks.find(connection, callback_id or 0)
    if callback is None or callback.state == "dialing":
        return False
    is_over = not is_latest or any(line.event == words.LOG_CALLBACK_END for line in lines)
    # Whoever was missed again after it was over is still owed a call, whatever it came to.
    if not is_over or callback.missed_at < at + _PRECISION:
        if not callbacks.release(connection, callback.id):
            callbacks.let_go(connection, callback.id, _FROM_LOG)
        callbacks.start_dialing(connection, callback.id, start.uniqueid)
    attempt = plan(connection, start.uniqueid, callback, server, trunk, policy, at)
    attempts.advance(connection, attempt.id, "originating", at)
    if is_over:
        resolve(connection, attempt, policy, lines)
    return True
