"""What the store knows of a caller: the language chosen last time, whether a rating was asked for lately.

`caller_language`: the compiled entry calls it where `hotline.remember_language` is on, with the trunk as
argument. It sets MENU_LANGUAGE; left as it is (a new or hidden number, or Python dead) the call begins in the
default language.

`survey`: the compiled survey of a queue calls it once the agent has hung up, with the queue as argument. It
sets HOTLINE_SURVEY for some callers, and for nobody too often; left unset, the call just ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import uniform

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.words import VAR_LANGUAGE, VAR_PRESENTATION, VAR_SURVEY
from ivr.calls.numbers import ReadNumber
from ivr.config.model import Configuration
from ivr.storage.engine.store import Store
from ivr.storage.owed.undecided import last_chosen
from ivr.storage.records.visits import was_asked_since


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
