"""The AGI scripts about a caller's records: language chosen last, rating, callback requested or owed.

`caller_language`: the compiled entry calls it where `hotline.remember_language` is on, with the trunk as
argument. It sets MENU_LANGUAGE; left as it is (a new or hidden number, or Python dead) the call begins in the
default language.

`survey`: the compiled survey of a queue calls it once the agent has hung up, with the queue as argument. It
sets HOTLINE_SURVEY for some callers, and for nobody too often; left unset, the call just ends.

`order_callback`: the request is committed, and only then the citizen hears what came of it. Called by the
compiled order dialogue. `take` commits under the dialer's guards and is given by whoever runs the service; if
it takes too long the dialplan leaves the request in queue_log, which makes no second one. What the citizen
hears: that an agent will call as soon as one is free, or during today, or on the next working day, with hour
and minute if they chose a time; that it is noted, if it is for later or held; or that no more requests are
taken now, and then they are back where they were.

`owed_callback`: whether the caller who is about to join a queue has an open callback, by request or because
they gave up. Such a caller hears that their number is on the list of callbacks, and waits for an agent or
leaves. Nothing else is revealed: a caller's number proves nothing. Asked once per call, at the first queue.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import uniform

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.words import VAR_LANGUAGE, VAR_ORDERED, VAR_OWED, VAR_PRESENTATION, VAR_SAY, VAR_SURVEY
from ivr.calls.callbacks import CallOrder, OrderAnswer, read_order, when_called
from ivr.calls.numbers import ReadNumber
from ivr.calls.opening_hours import Schedule
from ivr.config.model import Configuration
from ivr.sounds.prompts import ORDER_REFUSED
from ivr.storage.engine.store import Store
from ivr.storage.owed.undecided import last_chosen
from ivr.storage.records.visits import was_asked_since

TakeOrder = Callable[[CallOrder], OrderAnswer]
"""Commits an order, or raises."""
IsOwed = Callable[[str], bool]
"""Whether that number, as E.164, has an open callback."""


def caller_language(
    session: AgiSession, store: Store, configuration: Configuration, read_number: ReadNumber
) -> None:
    """Set MENU_LANGUAGE for a caller by the trunk named in argument 1; a hidden number is not looked up."""
    number = read_number(session.caller, session.argument(1), session.get_variable(VAR_PRESENTATION))
    if number.e164:
        chosen = store.read(partial(last_chosen, caller_e164=number.e164))
        if chosen in configuration.hotline.languages:  # does the hotline still speak it?
            session.set_variable(VAR_LANGUAGE, chosen)


def survey(
    session: AgiSession, store: Store, server: str, configuration: Configuration, now: Callable[[], datetime]
) -> None:
    """Set HOTLINE_SURVEY if the caller of this channel shall be asked about the queue named in argument 1."""
    asked = configuration.queues[session.argument(1)].survey
    if asked is None:
        return
    since = now() - timedelta(seconds=asked.not_again_within)
    was_asked = store.read(partial(was_asked_since, server=server, uniqueid=session.uniqueid, since=since))
    if uniform(0, 100) < asked.share and not was_asked:
        session.set_variable(VAR_SURVEY, "ask")


def reply_to_order(
    answer: OrderAnswer, hours: Schedule, now: datetime, *, is_chosen: bool
) -> tuple[str, tuple[str, ...]]:
    """The word for the dialplan, and the prompts that say when to expect the call."""
    if answer.called_from is None:
        return "refused", (ORDER_REFUSED,)
    if answer.is_held:
        return "accepted", ("order_noted",)
    return "accepted", when_called(answer.called_from, hours, now, is_chosen=is_chosen)


def order_callback(
    session: AgiSession, take: TakeOrder, server: str, hours: Schedule, now: Callable[[], datetime]
) -> None:
    """Take the order in argument 2, for the queue in argument 1; set HOTLINE_SAY and HOTLINE_ORDERED."""
    order = read_order(server, session.uniqueid, session.argument(1), session.argument(2))
    if order is not None:
        word, prompts = reply_to_order(take(order), hours, now(), is_chosen=order.choice > 0)
        session.set_variable(VAR_SAY, "&".join(f"hotline/{prompt}" for prompt in prompts))
        session.set_variable(VAR_ORDERED, word)


def owed_callback(session: AgiSession, read: ReadNumber, is_owed: IsOwed) -> None:
    """Set HOTLINE_OWED for the caller; arguments 1 and 2 are the trunk and the presentation."""
    number = read(session.caller, session.argument(1), session.argument(2)).e164
    if number and is_owed(number):
        session.set_variable(VAR_OWED, "yes")
