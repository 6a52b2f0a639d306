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
from agi_scripts.survey import survey
from ivr.asterisk.fastagi import Script
from ivr.asterisk.words import (
    AGI_ANNOUNCE_POSITION,
    AGI_CALLBACK_POSITION,
    AGI_CALLER_LANGUAGE,
    AGI_SURVEY,
)
from ivr.calls.caller import reader
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.storage.engine import Store


def scripts_for(
    board: Board, configuration: Configuration, now: Callable[[], datetime], store: Store, server: str
) -> Mapping[str, Script]:
    """Scripts by name. `now` is the clock the board's events were received by."""
    return {
        AGI_ANNOUNCE_POSITION: partial(announce_position, board=board, configuration=configuration, now=now),
        AGI_CALLBACK_POSITION: partial(callback_position, board=board, now=now),
        AGI_CALLER_LANGUAGE: partial(
            caller_language, store=store, configuration=configuration, read_number=reader(configuration)
        ),
        AGI_SURVEY: partial(
            survey,
            store=store,
            server=server,
            configuration=configuration,
            now=now,
            draw=partial(uniform, 0, 100),
        ),
    }
