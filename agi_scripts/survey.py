"""Whether a caller whose agent has hung up is asked to rate the talk: some are, and nobody too often.

Called by the compiled survey of a queue, with the queue as argument. Sets HOTLINE_SURVEY; left unset (not
this one, or Python dead) the call just ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.words import VAR_SURVEY
from ivr.config.model import Configuration
from ivr.storage.engine.store import Store
from ivr.storage.records.surveys import was_asked_since


def survey(
    session: AgiSession,
    store: Store,
    server: str,
    configuration: Configuration,
    now: Callable[[], datetime],
    draw: Callable[[], float],
) -> None:
    """Set HOTLINE_SURVEY if the caller of this channel shall be asked about the queue named in argument 1.

    `draw`: a number at random from 0 up to 100.
    """
    asked = configuration.queues[session.argument(1)].survey
    if asked is None:
        return
    since = now() - timedelta(seconds=asked.not_again_within)
    was_asked = store.read(partial(was_asked_since, server=server, uniqueid=session.uniqueid, since=since))
    if draw() < asked.share and not was_asked:
        session.set_variable(VAR_SURVEY, "ask")
