"""The table of AGI scripts: every name the compiled dialplan may call, bound to what the script reads.

Given to `ivr.asterisk.fastagi.FastAgiService` by whoever runs the service. A new script has its words in
`ivr.asterisk.words`, a row here, and in the dialplan `ask_python` with an extension `late` behind it. The
scripts belong to the dialer's process and read its board, not the agents' states the recorder stores: a
caller waits for the answer, and the board in memory is half a second fresh and has the lines of callers,
which the store does not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from random import uniform
from typing import Concatenate, ParamSpec

from agi_scripts.announce_position import announce_position
from agi_scripts.callback_position import callback_position
from agi_scripts.caller_language import caller_language
from agi_scripts.order_callback import TakeOrder, order_callback
from agi_scripts.owed_callback import IsOwed, owed_callback
from agi_scripts.survey import survey
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Script, Unanswered
from ivr.calls.callbacks import CallOrder, OrderAnswer
from ivr.calls.numbers import reader
from ivr.calls.opening_hours import calling_hours
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.storage.engine.store import Store, StoreAway


def scripts_for(
    board: Board, configuration: Configuration, now: Callable[[], datetime], store: Store, server: str
) -> Mapping[str, Script]:
    """All scripts but those of orders, by name. `now` is the clock its events were received by."""
    queues, trunks = configuration.queues, ("", *configuration.trunks)
    draw = partial(uniform, 0, 100)
    return {
        words.AGI_ANNOUNCE_POSITION: _about(queues, announce_position, board, configuration, now),
        words.AGI_CALLBACK_POSITION: _about(queues, callback_position, board, configuration, now),
        words.AGI_CALLER_LANGUAGE: _about(
            trunks, caller_language, store, configuration, reader(configuration)
        ),
        words.AGI_SURVEY: _about(queues, survey, store, server, configuration, now, draw),
    }


def scripts_of_orders(
    configuration: Configuration, server: str, take: TakeOrder, is_owed: IsOwed, now: Callable[[], datetime]
) -> Mapping[str, Script]:
    """The scripts of call orders, by name."""
    hours, trunks = calling_hours(configuration), ("", *configuration.trunks)

    def take_known(order: CallOrder) -> OrderAnswer:
        if order.trunk not in trunks or order.language not in ("", *configuration.hotline.languages):
            raise Unanswered("a call order names a trunk or language that is not in the live configuration")
        return take(order)

    return {
        words.AGI_ORDER_CALLBACK: _about(
            configuration.queues, order_callback, take_known, server, hours, now
        ),
        words.AGI_OWED_CALLBACK: _about(trunks, owed_callback, reader(configuration), is_owed),
    }


_Given = ParamSpec("_Given")


def _about(
    names: Collection[str],
    script: Callable[Concatenate[AgiSession, _Given], None],
    *given: _Given.args,
    **named: _Given.kwargs,
) -> Script:
    """The script, for sessions whose first argument is one of the configuration's names only.

    A database that is away for a while is no fault of the script.
    """

    def asking(session: AgiSession) -> None:
        if session.argument(1) not in names:
            raise Unanswered("the first argument names nothing in the live configuration")
        try:
            script(session, *given, **named)
        except StoreAway as problem:
            raise Unanswered(f"database: {problem}") from None

    return asking
