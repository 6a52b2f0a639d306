"""The words we and Asterisk agree on: contexts, channel variables, user events, queue_log lines.

The compiled dialplan writes them, the recorder and the dialer read them; nobody else spells them out.
"""

from typing import Final

# The only contexts with a fixed name; each names the current revision and nothing else.
CONTEXT_INBOUND: Final = "hotline-in"
"""Where trunks deliver calls; one extension per number in `hotline.delivered`."""
CONTEXT_AGENTS: Final = "hotline-agents"
"""Where agents' phones dial and transfer: queues and colleagues, never a trunk."""
CONTEXT_CALLBACK: Final = "hotline-callback"
"""The one context Originate enters: E.164 digits dial the citizen, `EXTEN_TALK` talks to them."""
CONTEXT_LENT: Final = "hotline-lent"
"""Entered by Originate alone: ends our pauses (VAR_LENT) unless Python gives another sign of life in time."""
FIXED_CONTEXTS: Final = (CONTEXT_INBOUND, CONTEXT_AGENTS, CONTEXT_CALLBACK, CONTEXT_LENT)
VAR_LENT: Final = "HOTLINE_LENT"
"""Our pauses, given to Originate: `queue|interface|home`, joined by `&`."""
LENT_PENALTY: Final = 100
"""Members with this penalty or a higher one are lent by another queue."""
PAUSED_BY_US: Final = "hotline-needed-at-home"
"""The reason of a pause that is ours; no other pause is ever ended by us."""
PAUSED_FOR_CONTACT: Final = "hotline-bad-contact"
"""The reason of a pause for a phone's contact; only `callback_dialer.contact_watch` ends it."""
DB_CONTACTS: Final = "registrar/contact"
"""AstDB family in which Asterisk keeps where phones are registered."""
EXTEN_TALK: Final = "talk"
"""Extension of CONTEXT_CALLBACK for the citizen's half (`;1`) once they have answered."""

VAR_PATH: Final = "MENU_PATH"
"""Keys pressed so far, joined by `/`: `1/3`."""
VAR_LANGUAGE: Final = "MENU_LANGUAGE"
VAR_STEPS: Final = "MENU_STEPS"
"""Every menu node the caller came to (`ivr.menus.steps`); at hang-up the last is where it left the menu."""
VAR_STRUCTURE: Final = "HOTLINE_STRUCTURE"
"""Structure the citizen chose; overflow into another queue does not change it."""
VAR_ORIGIN: Final = "HOTLINE_ORIGIN"
"""`inbound`, `callback` or `internal`."""
VAR_ATTEMPT: Final = "HOTLINE_ATTEMPT"
"""Attempt id of a callback; equals the channel id given to Originate."""
VAR_PRESENTATION: Final = "HOTLINE_PRESENTATION"
"""`${CALLERID(num-pres)}` at entry; anything that begins with `prohib` is an anonymous caller."""
ATTEMPT_PREFIX: Final = "cb-"
"""What the id of every attempt begins with, and so the uniqueid of every visit of a callback."""
VAR_CREDIT: Final = "HOTLINE_CREDIT"
"""Whole seconds a called-back citizen has already waited (rule 7)."""
CHANNEL_VARIABLES: Final = (
    VAR_PATH, VAR_LANGUAGE, VAR_STEPS, VAR_STRUCTURE, VAR_ORIGIN, VAR_ATTEMPT, VAR_PRESENTATION, VAR_CREDIT,
)  # fmt: skip
"""What `channelvars` in manager.conf lists: added to every event of the channel as ChanVariable."""

EVENT_FILTER: Final = "!Event: .*[^a-zA-Z]Event:"
"""`eventfilter` of each manager user: drops an event that holds a second one (asterisk-notes, caller ids)."""

VAR_QUEUE: Final = "HOTLINE_QUEUE"
"""Queue a callback shall join; given to Originate."""
VAR_CITIZEN: Final = "HOTLINE_CITIZEN"
"""Citizen's number as the agent shall see it; given to Originate."""
VAR_DIAL_BEFORE: Final = "HOTLINE_DIAL_BEFORE"
"""Epoch seconds; given to Originate. Later nobody is dialled: the order lay somewhere for too long."""
VAR_POSITION: Final = "HOTLINE_POSITION"
"""Place for Queue()'s `position` argument, set by the AGI script `callback_position`; empty = at the end."""

DB_CLOSED: Final = "hotline-closed"
"""AstDB family, key: a schedule. Epoch seconds until which it is closed by hand, whatever the clock says."""
DB_NOTICE: Final = "hotline-notice"
"""AstDB family, key: NOTICE_MENU or `queue-<name>`. The sound file of a notice, as Playback() takes it."""
DB_NOTICE_UNTIL: Final = "hotline-notice-until"
"""AstDB family, the same keys. Epoch seconds until which that notice is heard."""
NOTICE_MENU: Final = "menu"

EVENT_CALL: Final = "HotlineCall"
"""UserEvent at entry of an inbound call. Headers: Delivered, Trunk."""
EVENT_LEFT_QUEUE: Final = "HotlineLeftQueue"
"""UserEvent right after Queue(). Headers: Queue, Result (QUEUESTATUS, empty when answered; `KEY`)."""
EVENT_CALLBACK: Final = "HotlineCallback"
"""UserEvent of a callback's citizen half. Headers: Attempt, State (CALLBACK_*), Choice (new time only)."""
CALLBACK_ANSWERED: Final = "answered"
CALLBACK_CONFIRMED: Final = "confirmed"
CALLBACK_REFUSED: Final = "refused"
CALLBACK_NO_AGENT: Final = "no_agent"
CALLBACK_NEW_TIME: Final = "new_time"
CALLBACK_LATE: Final = "late"
"""Not dialled: VAR_DIAL_BEFORE was over."""

EVENT_SURVEY: Final = "HotlineSurvey"
"""UserEvent after a talk. Headers: Queue, Agent (interface), Answer (SURVEY_ASKED or the key, 1-5)."""
SURVEY_ASKED: Final = "asked"
RATINGS: Final = {str(rating): rating for rating in range(1, 6)}
"""Key → rating."""
LOG_SURVEY: Final = "SURVEY"
"""queue_log, under the visit's queue, uniqueid and agent. Data: as Answer of EVENT_SURVEY."""

LOG_CALLBACK_START: Final = "CBSTART"
"""queue_log, uniqueid = attempt id: dialled. Data: `TRUNK NUMBER`, the number as E.164 digits."""
LOG_CALLBACK_ANSWERED: Final = "CBANSWERED"
LOG_CALLBACK_CONFIRMED: Final = "CBCONFIRMED"
LOG_CALLBACK_REFUSED: Final = "CBREFUSED"
LOG_CALLBACK_NEW_TIME: Final = "CBNEWTIME"
LOG_CALLBACK_END: Final = "CBEND"
"""queue_log: `DIALSTATUS HANGUPCAUSE`."""

LOG_ORDER: Final = "CBORDER"
"""queue_log, uniqueid = the caller's: an order, before Python is asked. Data: see `ivr.calls.callbacks`."""
OUR_LOG_LINES: Final = frozenset(
    {
        LOG_SURVEY, LOG_CALLBACK_START, LOG_CALLBACK_ANSWERED, LOG_CALLBACK_CONFIRMED, LOG_CALLBACK_REFUSED,
        LOG_CALLBACK_NEW_TIME, LOG_CALLBACK_END, LOG_ORDER,
    }
)  # fmt: skip
"""Events of the queue_log lines our dialplan writes; the last field proves each (`ivr.asterisk.secrets`)."""

FASTAGI_SECRET: Final = "hotline-agi"
"""File of `secrets.d/` by which Asterisk proves itself to the FastAGI server."""
FASTAGI_QUESTION: Final = (
    f'GET FULL VARIABLE "${{SHA1(%s${{FILE(${{ASTETCDIR}}/secrets.d/{FASTAGI_SECRET}.conf)}})}}"'
)
"""Asked of each FastAGI session, with a nonce. A global variable would stand in the verbose log."""
UNIQUEID: Final = r"[!-{}~]{1,149}"
"""What Asterisk takes for the id of a channel, where it fits a line of queue_log."""
LOG_KEY: Final = "hotline-log"
"""File of `secrets.d/`: the key of the proofs in our queue_log lines. The dialplan reads it by FILE()."""

VAR_SAY: Final = "HOTLINE_SAY"
"""What a script wants said, as Playback() takes it: `hotline/place-3&hotline/wait_minutes-4`.
Empty or not set: nothing."""

VAR_TOLD: Final = "HOTLINE_TOLD"
"""`yes` once the caller may have heard a place in this call: no later announcement names another."""

AGI_ANNOUNCE_POSITION: Final = "announce_position"
"""FastAGI script, argument: the queue. Sets VAR_SAY; the dialplan plays it."""
VAR_ORDERED: Final = "HOTLINE_ORDERED"
"""`accepted` or `refused`, set by `order_callback` once that is committed; VAR_SAY tells the citizen."""
VAR_OFFER: Final = "HOTLINE_OFFER"
"""Set by `announce_position` where the expected wait is so long that a call order is offered."""
VAR_OWED: Final = "HOTLINE_OWED"
"""`yes`, set by `owed_callback`, where that caller is owed a call."""

AGI_ORDER_CALLBACK: Final = "order_callback"
"""FastAGI script, arguments: the queue, the order (`ivr.calls.callbacks`). Sets VAR_ORDERED and VAR_SAY."""
AGI_OWED_CALLBACK: Final = "owed_callback"
"""FastAGI script, arguments: trunk, presentation. Sets VAR_OWED."""
AGI_CALLBACK_POSITION: Final = "callback_position"
"""FastAGI script, argument: the queue; reads VAR_CREDIT. Sets VAR_POSITION."""

AGI_CALLER_LANGUAGE: Final = "caller_language"
"""FastAGI script, argument: the trunk; reads VAR_PRESENTATION. Sets VAR_LANGUAGE."""
AGI_SURVEY: Final = "survey"
"""FastAGI script, argument: the queue. Sets VAR_SURVEY where the caller shall be asked to rate the talk."""
VAR_SURVEY: Final = "HOTLINE_SURVEY"


def interface(account: str) -> str:
    """The name under which queues and events know an agent's phone."""
    return f"PJSIP/{account}"
