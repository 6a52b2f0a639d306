"""The two records, a call and its queue visits: values of the fold, rows of the store.

Named tuples: they are copied at every word about them, two and a half million times for a year of queue_log.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

OUTCOMES: Final = (
    "answered", "abandoned", "timeout", "key", "empty", "withdrawn", "redirected", "interrupted", "waiting",
)  # fmt: skip
"""The last one is not over."""
LONGEST_CALL: Final = timedelta(hours=12)
"""Who joined so long ago has left, whatever became of the line that said so."""


class Call(NamedTuple):
    """One call, open until `ended_at`. Moments are aware UTC; `received_at` is our clock when it began.

    `source`: `ami`, or `queue_log`, which knows neither its linkedid nor when it really began and ended.
    `steps`: the menu nodes it passed, see `ivr.menus.steps`.
    """

    server: str
    linkedid: str
    uniqueid: str
    origin: str
    began_at: datetime
    received_at: datetime
    last_seen_at: datetime
    caller: str = ""
    presentation: str = ""
    delivered: str = ""
    trunk: str = ""
    language: str = ""
    menu_path: str = ""
    left_menu: str = ""
    steps: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""
    is_interrupted: bool = False
    source: str = "ami"


class Survey(NamedTuple):
    """A caller was asked to rate the talk with `agent`; `rating` 1-5, None if they have not (yet).

    Each rating is told after the question, as a second record: `asked_at` is the earlier of the two.
    """

    server: str
    uniqueid: str
    queue: str
    agent: str
    asked_at: datetime
    rating: int | None = None


class Visit(NamedTuple):
    """One stay of a call in a queue; durations in seconds, None where they are not known (yet).

    `outcome`: one of `OUTCOMES`.
    `place`: the channel that stood there in the end, if that was another one: after an attended transfer into
    the queue, or once a Local channel was optimised away.
    `is_rebuilt`: its join was not told but computed back from whole seconds.
    `clock_stepped`: Asterisk's clock stepped during it; its durations come from our receipts.
    `uncertain`: nothing named its outcome, or what queue_log says of it can be read in another way.

    As it is stored: `source` is `both` where both tell of it; `log_joined_at` and `log_outcome` are what
    queue_log itself said of it, whatever else is known.
    """

    server: str
    uniqueid: str
    linkedid: str
    queue: str
    origin: str
    joined_at: datetime
    received_at: datetime
    outcome: str
    source: str
    precision: str
    call_linkedid: str
    call_began_at: datetime
    structure: str = ""
    attempt_id: str = ""
    caller: str = ""
    presentation: str = ""
    left_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    wait_seconds: float | None = None
    agent: str = ""
    agent_name: str = ""
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    menu_path: str = ""
    language: str = ""
    recorded: bool = False
    clock_stepped: bool = False
    uncertain: bool = False
    place: str = ""
    is_rebuilt: bool = False
    log_joined_at: datetime | None = None
    log_outcome: str = ""
