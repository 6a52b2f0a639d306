"""The table of AGI scripts: every name the compiled dialplan may call, bound to what the script reads.

Given to `ivr.asterisk.fastagi.FastAgiService` by whoever runs the service; docs/architecture.md says how one
is added. The scripts belong to the dialer's process and read its board, not the agents' states the recorder
stores: a caller waits for the answer, and the board in memory is half a second fresh and has the lines of
callers, which the store does not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Concatenate, ParamSpec

from agi_scripts.caller import IsOwed, TakeOrder, caller_language, order_callback, owed_callback, survey
from agi_scripts.position import announce_position, callback_position
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Script, Unanswered
from ivr.calls.callbacks import CallOrder, OrderAnswer
from ivr.calls.numbers import reader
from ivr.calls.opening_hours import calling_hours
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.storage.engine.store import Store, StoreAway

P = ParamSpec("P")


def scripts_for(
    board: Board, configuration: Configuration, now: Callable[[], datetime], store: Store, server: str
) -> Mapping[str, Script]:
    """All scripts but those of callback requests, by name. `now`: the clock its events were received by."""
    queues, trunks, read = configuration.queues, ("", *configuration.trunks), reader(configuration)
    return {
        words.AGI_ANNOUNCE_POSITION: _about(queues, announce_position, board, configuration, now),
        words.AGI_CALLBACK_POSITION: _about(queues, callback_position, board, configuration, now),
        words.AGI_CALLER_LANGUAGE: _about(trunks, caller_language, store, configuration, read),
        words.AGI_SURVEY: _about(queues, survey, store, server, configuration, now),
    }


def scripts_of_orders(
    configuration: Configuration, server: str, take: TakeOrder, is_owed: IsOwed, now: Callable[[], datetime]
) -> Mapping[str, Script]:
    """Those that the dialer's guards answer for: callback requests made and open. By name."""
    hours, trunks, read = calling_hours(configuration), ("", *configuration.trunks), reader(configuration)

    def take_known(order: CallOrder) -> OrderAnswer:
        if order.trunk not in trunks or order.language not in ("", *configuration.hotline.languages):
            raise Unanswered("a call order names a trunk or language that is not in the live configuration")
        return take(order)

    return {
        words.AGI_ORDER_CALLBACK: _about(
            configuration.queues, order_callback, take_known, server, hours, now
        ),
        words.AGI_OWED_CALLBACK: _about(trunks, owed_callback, read, is_owed),
    }


def _about(
    names: Collection[str], run: Callable[Concatenate[AgiSession, P], None], *args: P.args, **kwargs: P.kwargs
) -> Script:
    """The script that runs so, for sessions whose first argument is one of the configuration's names only.

    A database that is away for a while is no fault of the script.
    """

    def asking(session: AgiSession) -> None:
        if session.argument(1) not in names:
            raise Unanswered("the first argument names nothing in the live configuration")
        try:
            run(session, *args, **kwargs)
        except StoreAway as problem:
            raise Unanswered(f"database: {problem}") from None

    return asking
