"""A callback that the caller requests by key, or is owed already.

`order_callback`: the request is committed, and only then the citizen hears what came of it. Called by the
compiled order dialogue. `take` commits under the dialer's guards and is given by whoever runs the service; if
it takes too long the dialplan leaves the request in queue_log, which makes no second one. What the citizen
hears: that an agent will call as soon as one is free, or during today, or on the next working day, with hour
and minute if they chose a time; that it is noted, if it is for later; or that no more requests are taken now,
and then they are back where they were.

`owed_callback`: whether the caller who is about to join a queue has an open callback, by request or because
they gave up. Such a caller hears that their number is on the list of callbacks, and waits for an agent or
leaves. Nothing else is revealed: a caller's number proves nothing. Asked once per call, at the first queue.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.words import VAR_ORDERED, VAR_OWED, VAR_SAY
from ivr.calls.callbacks import CallOrder, OrderAnswer, read_order, when_called
from ivr.calls.numbers import ReadNumber
from ivr.calls.opening_hours import Schedule
from ivr.sounds.prompts import ORDER_REFUSED

TakeOrder = Callable[[CallOrder], OrderAnswer]
"""Commits an order, or raises."""


def decide(
    answer: OrderAnswer, hours: Schedule, now: datetime, *, is_chosen: bool
) -> tuple[str, tuple[str, ...]]:
    """The word for the dialplan, and the prompts that say when to expect the call."""
    if answer.called_from is None:
        return "refused", (ORDER_REFUSED,)
    return "accepted", when_called(answer.called_from, hours, now, is_chosen=is_chosen)


def order_callback(
    session: AgiSession, take: TakeOrder, server: str, hours: Schedule, now: Callable[[], datetime]
) -> None:
    """Take the order in argument 2, for the queue in argument 1; set HOTLINE_SAY and HOTLINE_ORDERED."""
    order = read_order(server, session.uniqueid, session.argument(1), session.argument(2))
    if order is not None:
        word, prompts = decide(take(order), hours, now(), is_chosen=order.choice > 0)
        session.set_variable(VAR_SAY, "&".join(f"hotline/{prompt}" for prompt in prompts))
        session.set_variable(VAR_ORDERED, word)


IsOwed = Callable[[str], bool]
"""Whether that number, as E.164, has an open callback."""


def owed_callback(session: AgiSession, read: ReadNumber, is_owed: IsOwed) -> None:
    """Set HOTLINE_OWED for the caller; arguments 1 and 2 are the trunk and the presentation."""
    number = read(session.caller, session.argument(1), session.argument(2)).e164
    if number and is_owed(number):
        session.set_variable(VAR_OWED, "yes")
