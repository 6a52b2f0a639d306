"""Places in line: what a caller hears before joining a queue, and where a called-back citizen joins it.

`decide` is pure. `announce_position` asks the board and sets HOTLINE_SAY, and HOTLINE_OFFER where the wait is
so long that a callback is offered; the dialplan says both, so that Python is gone before that. Called by the
compiled door of each queue.

`callback_position` sets HOTLINE_POSITION for Queue(): behind everybody who has waited longer, before the
rest. Called by the compiled callback context once the citizen has pressed 1. Left unset (nothing known, or
Python dead) they join at the end. So do those who come by an earlier revision of the menu to a queue that
tells places by now: nobody's place may rise. The argument of both is the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import ceil
from typing import Final

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.messages import whole_number
from ivr.asterisk.words import VAR_CREDIT, VAR_OFFER, VAR_POSITION, VAR_SAY, VAR_TOLD
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.queues.waiting import place_for

PLACE: Final = "place"
PLACE_MANY: Final = "place_many"
WAIT: Final = "wait_minutes"
WAIT_MANY: Final = "wait_many"


def decide(
    place: int,
    idle: int,
    wait_seconds: float | None,
    most_place: int,
    most_minutes: int,
    told: bool = False,
    told_in_queue: int = 0,
) -> tuple[str, ...]:
    """Names of the prompts to play, in order.

    `place` 1 = next; `idle` agents take as many callers at once, who are told nothing: it would only keep
    them from being answered. Beyond `most_place` and `most_minutes` (the last numbers recorded) the prompts
    for "many" are said; a wait of which nothing reliable is known (None) is not said. Nor is the place to who
    was `told` one earlier in the call, perhaps by Asterisk while they waited: it could be a higher one now.
    Nor one up to `told_in_queue`, which Asterisk tells as soon as they have joined: others may join before.
    """
    if place <= idle:
        return ()
    names_place = not told and place > told_in_queue
    where = (f"{PLACE}-{place}" if place <= most_place else PLACE_MANY,) if names_place else ()
    if wait_seconds is None:
        return where
    minutes = max(ceil(wait_seconds / 60), 1)
    return *where, f"{WAIT}-{minutes}" if minutes <= most_minutes else WAIT_MANY


def prompts(
    configuration: Configuration, queue: str, place: int, idle: int, wait_seconds: float | None, told: bool
) -> tuple[str, ...]:
    """As `decide`, as far as that queue announces and this hotline's numbers are recorded."""
    rules = configuration.queues[queue]
    if not rules.announce_position:
        return ()
    most_place, most_minutes = _last_number(configuration, PLACE), _last_number(configuration, WAIT)
    in_queue = rules.announce_places if rules.tells_places else 0
    return decide(place, idle, wait_seconds, most_place, most_minutes, told, in_queue)


def announce_position(
    session: AgiSession, board: Board, configuration: Configuration, now: Callable[[], datetime]
) -> None:
    """Set HOTLINE_SAY and HOTLINE_OFFER for the caller who is about to join the queue named in argument 1."""
    queue, moment = session.argument(1), now()
    if not board.is_fresh:
        return
    place = 1 + sum(caller.uniqueid != session.uniqueid for caller in board.waiting(queue))
    idle = len(board.idle(queue, moment))
    told = session.get_variable(VAR_TOLD) != ""
    wait, rules = board.expected_wait(queue, place - idle, moment), configuration.queues[queue]
    if said := prompts(configuration, queue, place, idle, wait, told):
        session.set_variable(VAR_SAY, "&".join(f"hotline/{name}" for name in said))
    if rules.order.over is not None and wait is not None and wait > rules.order.over:
        session.set_variable(VAR_OFFER, "yes")


def _last_number(configuration: Configuration, prompt: str) -> int:
    numbered = configuration.prompts.get(prompt)
    return numbered.numbers[1] if numbered is not None and numbered.numbers is not None else 0


def callback_position(
    session: AgiSession, board: Board, configuration: Configuration, now: Callable[[], datetime]
) -> None:
    """Set HOTLINE_POSITION for the queue named in argument 1, by the credit in HOTLINE_CREDIT."""
    queue = configuration.queues[session.argument(1)]
    if board.is_fresh and not queue.tells_places:
        credit = whole_number(session.get_variable(VAR_CREDIT))
        place = place_for(board.waiting(session.argument(1)), credit, now())
        session.set_variable(VAR_POSITION, str(place))
