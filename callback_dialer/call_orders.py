"""Call orders of citizens: the same guards as after a missed call, asked once, whoever told of the order.

`take` is what AGI asks for before the citizen hears "accepted"; `decide_order` is the dialer's, for orders
that only queue_log tells of. Both are one transaction.
"""

from __future__ import annotations

from sqlalchemy import Connection

from callback_dialer.decide import Decision
from callback_dialer.deciding import tell
from callback_dialer.ordering import Order, Placed, place
from callback_dialer.policy import Policy
from ivr.calls.orders import CallOrder, OrderAnswer
from ivr.storage import callbacks, missed, orders


def take(connection: Connection, asked: CallOrder, policy: Policy) -> OrderAnswer:
    """Note and decide an order; what was decided before stays."""
    orders.note(connection, asked)
    decide_order(connection, asked, policy)
    callback_id = orders.callback_of(connection, asked)
    callback = None if callback_id is None else callbacks.find(connection, callback_id)
    if callback is None:
        return OrderAnswer(None)
    earliest = max(callback.due_at, missed.now(connection))
    return OrderAnswer(policy.hours_of(callback.caller_e164).next_opening(earliest))


def decide_order(connection: Connection, asked: CallOrder, policy: Policy) -> Decision | None:
    """Decide a noted order; None if it has been."""
    if not orders.claim(connection, asked):
        return None
    placed = _placed(connection, asked, policy)
    orders.decided(connection, asked, placed.decision.verdict, placed.decision.why, placed.callback_id)
    tell("order", placed.decision, queue=asked.queue)
    return placed.decision


def _placed(connection: Connection, asked: CallOrder, policy: Policy) -> Placed:
    if asked.queue not in policy.queues:
        return Placed(Decision("switched_off", f"there is no queue {asked.queue} any more"), None)
    number, orderer = (policy.read(told, asked.trunk, "") for told in (asked.number, asked.orderer))
    mode = policy.queues[asked.queue].order.mode
    order = Order(
        written=asked.number,
        number=number,
        queue=asked.queue,
        by=orderer.e164,
        language=asked.language or policy.default_language,
        not_before=policy.new_time(asked.choice, asked.asked_at) if mode == "chosen_time" else None,
        arrived_over=asked.trunk,
        asked_at=asked.asked_at,
        credit_seconds=asked.credit_seconds,
        keeps_place=mode == "keep_place",
    )
    if not orderer.e164:
        return Placed(Decision("anonymous", "the caller hid their number"), None)
    placed = place(connection, order, policy, asked.server)
    if placed.decision.verdict == "already_open" and placed.callback_id and number == orderer:
        # Their own: it goes to the queue and in the language of the order (rule 4).
        wanted = order.wanted(policy, asked.server, asked.asked_at)
        callbacks.join(connection, placed.callback_id, wanted, "ordered")
    return placed
