"""The language a call begins in: the one its number chose last time.

Called by the compiled entry where `hotline.remember_language` is on, with the trunk as argument. Sets
MENU_LANGUAGE; left as it is (a new or hidden number, or Python dead) the call begins in the default language.
"""

from __future__ import annotations

from functools import partial

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.words import VAR_LANGUAGE, VAR_PRESENTATION
from ivr.calls.numbers import ReadNumber
from ivr.config.model import Configuration
from ivr.storage.engine.store import Store
from ivr.storage.owed.missed import last_chosen


def caller_language(
    session: AgiSession, store: Store, configuration: Configuration, read_number: ReadNumber
) -> None:
    """Set MENU_LANGUAGE for a caller by the trunk named in argument 1; a hidden number is not looked up."""
    number = read_number(session.caller, session.argument(1), session.get_variable(VAR_PRESENTATION))
    if number.e164:
        chosen = store.read(partial(last_chosen, caller_e164=number.e164))
        if chosen in configuration.hotline.languages:  # does the hotline still speak it?
            session.set_variable(VAR_LANGUAGE, chosen)
