"""A callback somebody asks for: a citizen, an operator, a list. The same guards as for a missed call.

What a citizen asks for by key is `take`n before they hear "accepted", or decided by the dialer where only
queue_log tells of it (`decide_order`); it is noted and decided once, whoever told of it. `place` and
`place_all` are for `hotline callbacks add` and `import`; what they refuse is reported with the reason and
stored nowhere. Each is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection

from callback_dialer.decide import Decision
from callback_dialer.deciding import BEGINS_AS, BY_HAND, against_request, tell
from callback_dialer.policy import Policy
from ivr.calls.callbacks import CallOrder, HeldFor, OrderAnswer
from ivr.calls.numbers import CallerNumber
from ivr.config.callback_rules import Reason
from ivr.storage.engine.statements import clock_of
from ivr.storage.owed import callbacks, undecided
from ivr.storage.owed.callbacks import Wanted, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Wish):
    """Whom to call, why and when. `written` is the number as it was given, `number` what it was read as."""

    written: str
    number: CallerNumber
    by: str
    remark: str = ""
    """What else is said of who asks for it; for the journal alone."""
    reason: Reason = "ordered"
    not_before: datetime | None = None
    arrived_over: str = BY_HAND
    asked_at: datetime | None = None
    """None is now."""

    def wanted(self, policy: Policy, server: str, asked_at: datetime, held_for: HeldFor = "") -> Wanted:
        """The callback it opens, or what it adds to the one that is open."""
        latest = max(moment for moment in (asked_at, self.not_before, self.due_by) if moment)
        return Wanted(
            caller_e164=self.number.e164,
            caller=self.written,
            server=server,
            structure=policy.queues[self.queue].structure,
            missed_at=asked_at,
            expires_at=policy.expires_at(latest),
            orderer=self.by,
            due_at=self.not_before,
            held_for=held_for,
            **{wish.name: getattr(self, wish.name) for wish in fields(Wish)},
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """`callback_id` is the new callback, or the one that is open already; None if there is none."""

    decision: Decision
    callback_id: int | None

    @property
    def is_new(self) -> bool:
        """Whether the order opened a callback."""
        return self.decision.verdict in BEGINS_AS


def place(connection: Connection, order: Order, policy: Policy, server: str) -> Placed:
    """Open the callback, if a missed call of that number would be owed one now."""
    e164 = order.number.e164
    if e164:
        undecided.lock_number(connection, e164)
    now = clock_of(connection)
    asked_at = min(order.asked_at or now, now)
    reason_against = against_request(connection, order.number, order.arrived_over, asked_at, policy, order.by)
    decision = reason_against or Decision("callback", "asked for")
    state = BEGINS_AS.get(decision.verdict)
    if state is None:
        return Placed(decision, callbacks.open_for(connection, e164) if e164 else None)
    wanted = order.wanted(policy, server, asked_at, decision.held_for)
    by = order.by if order.arrived_over == BY_HAND else "the citizen"  # whose number stands in no note
    note = "; ".join(filter(None, (f"{order.reason} by {by}", order.remark, order.reference)))
    return Placed(decision, callbacks.owe(connection, wanted, state=state, note=note))


def place_all(connection: Connection, orders: Sequence[Order], policy: Policy, server: str) -> list[Placed]:
    """Each as `place` does: one that is refused is told so, and takes none with it."""
    # All numbers first and in one order, as `place` locks the budgets: else two lists wait for each other.
    for e164 in sorted({order.number.e164 for order in orders} - {""}):
        undecided.lock_number(connection, e164)
    return [place(connection, order, policy, server) for order in orders]


def take(connection: Connection, asked: CallOrder, policy: Policy) -> OrderAnswer:
    """Note and decide an order; what was decided before stays."""
    undecided.note_request(connection, asked)
    decide_order(connection, asked, policy)
    callback_id = undecided.callback_of_request(connection, asked)
    callback = None if callback_id is None else callbacks.find(connection, callback_id)
    if callback is None:
        return OrderAnswer(None)
    earliest = max(callback.due_at, clock_of(connection))
    opens_at = policy.hours_of(callback.caller_e164).next_opening(earliest)
    return OrderAnswer(opens_at, is_held=callback.state == "held")


def decide_order(connection: Connection, asked: CallOrder, policy: Policy) -> Decision | None:
    """Decide a noted order; None if it has been."""
    if not undecided.claim_request(connection, asked):
        return None
    placed = _placed(connection, asked, policy)
    undecided.request_decided(
        connection, asked, placed.decision.verdict, placed.decision.why, placed.callback_id
    )
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
