"""What queue_log told, in the store, together with how far it was read."""

from __future__ import annotations

from sqlalchemy import Connection

from ivr.calls.numbers import CallerNumber
from ivr.queue_log import Known, Told
from ivr.storage import agents, leases, log_positions, orders, surveys
from ivr.storage.dialects import advisory_lock
from ivr.storage.visits import Saved, save
from ivr.watched import Watched


def known(connection: Connection, server: str, watched: Watched) -> Known:
    """What the store knows before a file is read."""
    return Known(
        log_positions.known(connection, server, watched.scope), agents.interfaces(connection, server)
    )


def keep(connection: Connection, server: str, watched: Watched, told: Told) -> Saved:
    """Store what was told and how far it was read, in the caller's transaction."""
    advisory_lock(connection, f"visits {server}")  # else two readers would make one bookmark

    def read_number(caller: str, trunk: str, presentation: str) -> CallerNumber:
        already = told.numbers.get((caller, trunk, presentation))
        return already or watched.read_number(caller, trunk, presentation)

    saved = save(
        connection,
        told.changes.calls,
        told.changes.visits,
        read_number,
        is_listened=leases.is_held(connection, server, "recorder"),
    )
    surveys.keep(connection, told.changes.surveys)
    for order in told.orders:
        orders.note(connection, order)
    if told.read_to is not None:
        for first_line, position in told.settled.items():
            log_positions.put(connection, server, watched.scope, first_line, position, told.read_to)
    return saved
