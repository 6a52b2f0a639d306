"""The table of AGI scripts: every name the compiled dialplan may call, bound to what the script reads.

Given to `ivr.asterisk.fastagi.FastAgiService` by whoever runs the service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from random import uniform

from agi_scripts.announce_position import announce_position
from agi_scripts.callback_position import callback_position
from agi_scripts.caller_language import caller_language
from agi_scripts.order_callback import TakeOrder, order_callback
from agi_scripts.owed_callback import IsOwed, owed_callback
from agi_scripts.survey import survey
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Script, Unanswered
from ivr.calls.caller import reader
from ivr.calls.opening_hours import calling_hours
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.storage.engine import Store, StoreAway


def scripts_for(
    board: Board, configuration: Configuration, now: Callable[[], datetime], store: Store, server: str
) -> Mapping[str, Script]:
    """All scripts but those of orders, by name. `now` is the clock its events were received by."""
    return {
        words.AGI_ANNOUNCE_POSITION: partial(
            announce_position, board=board, configuration=configuration, now=now
        ),
        words.AGI_CALLBACK_POSITION: partial(
            callback_position, board=board, configuration=configuration, now=now
        ),
        words.AGI_CALLER_LANGUAGE: _asking_the_store(
            partial(
                caller_language, store=store, configuration=configuration, read_number=reader(configuration)
            )
        ),
        words.AGI_SURVEY: _asking_the_store(
            partial(
                survey,
                store=store,
                server=server,
                configuration=configuration,
                now=now,
                draw=partial(uniform, 0, 100),
            )
        ),
    }


def scripts_of_orders(
    configuration: Configuration, server: str, take: TakeOrder, is_owed: IsOwed, now: Callable[[], datetime]
) -> Mapping[str, Script]:
    """The scripts of call orders, by name."""
    hours = calling_hours(configuration)
    return {
        words.AGI_ORDER_CALLBACK: _asking_the_store(
            partial(order_callback, take=take, server=server, hours=hours, now=now)
        ),
        words.AGI_OWED_CALLBACK: _asking_the_store(
            partial(owed_callback, read=reader(configuration), is_owed=is_owed)
        ),
    }


def _asking_the_store(script: Script) -> Script:
    """A database that is away for a while is no fault of the script."""

    def asking(session: AgiSession) -> None:
        try:
            script(session)
        except StoreAway as problem:
            raise Unanswered(f"database: {problem}") from None

    return asking
