"""What a caller is told before joining a queue: their place and the expected wait, or nothing.

`decide` is pure. `announce_position` asks the board and sets HOTLINE_SAY, and HOTLINE_OFFER where the wait is
so long that a call order is offered; the dialplan says both, so that Python is gone before that.
Called by the compiled door of each queue; its argument is the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import ceil
from typing import Final

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.words import VAR_OFFER, VAR_SAY
from ivr.config.model import Configuration
from ivr.queues.board import Board

PLACE: Final = "place"
PLACE_MANY: Final = "place_many"
WAIT: Final = "wait_minutes"
WAIT_MANY: Final = "wait_many"


def decide(
    place: int, idle: int, wait_seconds: float | None, most_place: int, most_minutes: int
) -> tuple[str, ...]:
    """Names of the prompts to play, in order.

    `place` 1 = next; `idle` agents take as many callers at once, who are told nothing: it would only keep
    them from being answered. Beyond `most_place` and `most_minutes` (the last numbers recorded) the prompts
    for "many" are said; a wait of which nothing reliable is known (None) is not said.
    """
    if place <= idle:
        return ()
    where = f"{PLACE}-{place}" if place <= most_place else PLACE_MANY
    if wait_seconds is None:
        return (where,)
    minutes = max(ceil(wait_seconds / 60), 1)
    return where, f"{WAIT}-{minutes}" if minutes <= most_minutes else WAIT_MANY


def prompts(
    configuration: Configuration, place: int, idle: int, wait_seconds: float | None
) -> tuple[str, ...]:
    """As `decide`, as far as this hotline's numbers are recorded."""
    return decide(
        place, idle, wait_seconds, _last_number(configuration, PLACE), _last_number(configuration, WAIT)
    )


def announce_position(
    session: AgiSession, board: Board, configuration: Configuration, now: Callable[[], datetime]
) -> None:
    """Set HOTLINE_SAY and HOTLINE_OFFER for the caller who is about to join the queue named in argument 1."""
    queue, moment = session.argument(1), now()
    if queue not in configuration.queues or not board.is_fresh:
        return
    place = 1 + sum(caller.uniqueid != session.uniqueid for caller in board.waiting(queue))
    idle = len(board.idle(queue, moment))
    wait, rules = board.expected_wait(queue, place - idle, moment), configuration.queues[queue]
    said = prompts(configuration, place, idle, wait) if rules.announce_position else ()
    if said:
        session.set_variable(VAR_SAY, "&".join(f"hotline/{name}" for name in said))
    if rules.order.over is not None and wait is not None and wait > rules.order.over:
        session.set_variable(VAR_OFFER, "yes")


def _last_number(configuration: Configuration, prompt: str) -> int:
    numbered = configuration.prompts.get(prompt)
    return numbered.numbers[1] if numbered is not None and numbered.numbers is not None else 0
