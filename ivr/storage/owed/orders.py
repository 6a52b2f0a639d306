"""Call orders in the store: each noted once, whether AGI told of it, queue_log, or both; and decided once.

The recorder and backfill note what queue_log tells; the dialer decides.
"""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, select, text, update
from sqlalchemy.sql.elements import ColumnElement

from ivr.calls.callbacks import CallOrder, Verdict
from ivr.storage.engine.statements import add, all_as, columns
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.owed import ORDER_UNDECIDED, orders


def note(connection: Connection, order: CallOrder) -> None:
    """Keep an order that has not been told before."""
    add(connection, orders, asdict(order))


def undecided(connection: Connection, limit: int) -> list[CallOrder]:
    """Orders nobody has decided yet, the oldest first."""
    query = select(*columns(CallOrder, orders)).where(text(ORDER_UNDECIDED))
    return all_as(connection, CallOrder, query.order_by(orders.c.id).limit(limit))


def claim(connection: Connection, order: CallOrder) -> bool:
    """Take a noted order to be decided in this transaction; False if it has been."""
    mine = select(orders.c.id).where(*_is(order), text(ORDER_UNDECIDED)).with_for_update()
    return connection.scalar(mine) is not None


def callback_of(connection: Connection, order: CallOrder) -> int | None:
    """Id of the callback a decided order led to; None if it was refused."""
    return connection.scalar(select(orders.c.callback_id).where(*_is(order)))


def decided(
    connection: Connection, order: CallOrder, verdict: Verdict, why: str, callback_id: int | None
) -> None:
    """Store the one decision about an order, and forget the numbers: the callback has the one to dial."""
    known = {"decision": verdict, "why": why, "callback_id": callback_id, "decided_at": database_now()}
    connection.execute(update(orders).where(*_is(order)).values(**known, number="", orderer=""))


def _is(order: CallOrder) -> tuple[ColumnElement[bool], ...]:
    return (
        orders.c.server == order.server,
        orders.c.uniqueid == order.uniqueid,
        orders.c.asked_at == order.asked_at,
    )
