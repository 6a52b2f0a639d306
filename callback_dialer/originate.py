"""One attempt as the headers of an AMI Originate.

The dialling half of the Local channel enters the compiled callback context with the citizen's digits,
which checks them against its allow-list; the citizen's half enters it at `talk`. `/n` keeps the halves
from being optimised away, so the attempt's id stays the channel's. Called by the dialer after the attempt
is committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from callback_dialer.policy import Policy
from ivr.asterisk import words
from ivr.asterisk.messages import Header
from ivr.calls.numbers import national
from ivr.storage.owed.attempts import Attempt
from ivr.storage.owed.callbacks import Callback

START_WITHIN: Final = timedelta(seconds=60)
"""Asterisk refuses an order that lay longer, in a frozen dialer or a full socket. Well before the attempt's
deadline: who is declared never dialled then, is not dialled afterwards."""
MARGIN_SECONDS: Final = 5.0
"""The dialplan's own Dial() timeout comes first, so that its outcome is the one that is told."""


def originate(
    attempt: Attempt, callback: Callback, policy: Policy, asterisk_time: datetime
) -> Mapping[str, Header]:
    """The headers; `Timeout` in milliseconds.

    `asterisk_time`: what Asterisk's own clock showed before the attempt was planned.
    """
    variables = {
        words.VAR_ORIGIN: "callback",
        words.VAR_ATTEMPT: attempt.id,
        words.VAR_QUEUE: attempt.queue,
        words.VAR_STRUCTURE: callback.structure,
        words.VAR_CITIZEN: national(callback.caller_e164, policy.country),
        words.VAR_CREDIT: str(int(_credit(attempt, callback))),
        words.VAR_LANGUAGE: callback.language,
        words.VAR_DIAL_BEFORE: str(int((asterisk_time + START_WITHIN).timestamp())),
    }
    trunk = policy.trunks[attempt.trunk]
    return {
        "Action": "Originate",
        "Channel": f"Local/{callback.caller_e164.removeprefix('+')}@{words.CONTEXT_CALLBACK}/n",
        "ChannelId": attempt.id,
        "OtherChannelId": f"{attempt.id}-2",
        "Context": words.CONTEXT_CALLBACK,
        "Exten": words.EXTEN_TALK,
        "Priority": "1",
        "Async": "true",
        "Timeout": str(int((policy.callback.ring_for + MARGIN_SECONDS) * 1000)),
        "CallerID": trunk.caller_id,
        # Else the Local channel carries signed linear, and where that is transcoded the voice of every agent
        # whose phone begins its RTP sequence above 2^15 is lost (docs/asterisk-notes.md).
        "Codecs": trunk.codec,
        "Variable": tuple(f"__{name}={value}" for name, value in variables.items()),
    }


def _credit(attempt: Attempt, callback: Callback) -> float:
    """Seconds of waiting that count for their place; who keeps it has waited ever since."""
    if callback.keeps_place:
        return (attempt.planned_at - callback.waits_since).total_seconds()
    return callback.credit_seconds
