"""Where a called-back citizen joins the queue: behind everybody who has waited longer, before the rest.

Called by the compiled callback context once the citizen has pressed 1, with the queue as argument. Sets
HOTLINE_POSITION for Queue(); left unset (nothing known, or Python dead) they join at the end. So does who
comes by an earlier revision of the menu to a queue that tells places by now: none of them may rise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.messages import whole_number
from ivr.asterisk.words import VAR_CREDIT, VAR_POSITION
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.queues.waiting import place_for


def callback_position(
    session: AgiSession, board: Board, configuration: Configuration, now: Callable[[], datetime]
) -> None:
    """Set HOTLINE_POSITION for the queue named in argument 1, by the credit in HOTLINE_CREDIT."""
    queue = configuration.queues[session.argument(1)]
    if board.is_fresh and not queue.tells_places:
        credit = whole_number(session.get_variable(VAR_CREDIT))
        place = place_for(board.waiting(session.argument(1)), credit, now())
        session.set_variable(VAR_POSITION, str(place))
