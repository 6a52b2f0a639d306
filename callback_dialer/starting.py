"""Choose the next citizen to dial, plan the attempt, and spell it as the headers of an AMI Originate.

`start_next` checks everything once more in one transaction: it counts the attempts alive, looks for the
citizen's own calls and stores the attempt under the same lock, so that two dialers of one server share no
agent and nobody is dialled who is being served. Across servers only trunks, callbacks and numbers are shared:
a phone is registered at one. The dialer calls it until it returns None. Before that, in every turn,
`release_next` makes owed what was held for the window of a budget: held is not lost.

`originate` is called once the attempt is committed. The dialling half of the Local channel enters the
compiled callback context with the citizen's digits, which checks them against its allow-list; the citizen's
half enters it at `talk`. `/n` keeps the halves from being optimised away, so the attempt's id stays the
channel's.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from callback_dialer import pacing
from callback_dialer.deciding import guarded
from callback_dialer.pacing import QueueLoad, queues_with_room, room_for_places
from callback_dialer.policy import Policy
from ivr.asterisk import words
from ivr.asterisk.messages import Header
from ivr.calls.numbers import dial_string, national
from ivr.storage.engine.statements import advisory_lock, clock_of
from ivr.storage.owed import attempts, budgets, callbacks, switches, waiting
from ivr.storage.owed.attempts import Attempt
from ivr.storage.owed.callbacks import Callback
from ivr.storage.owed.waiting import Idle
from ivr.storage.running import listening

GREETING: Final = timedelta(seconds=60)
"""More than the greeting and its keys can take each time they are said."""
LOOKS_AT: Final = 5
"""Of each trunk: the first may have a prefix whose budget is full, or be settled now."""
KEY_MISSING: Final = "who refused calls is unknown without secrets.d/hotline-pseudonyms.conf: restore it"


@dataclass(frozen=True, slots=True)
class Start:
    """An attempt that is planned and committed, and the callback it is for."""

    attempt: Attempt
    callback: Callback


def start_next(
    connection: Connection, server: str, loads: Mapping[str, QueueLoad], policy: Policy
) -> Start | None:
    """Plan an attempt for the next due callback whose queue has room; None if there is none.

    `loads` is what the board sees; the attempts alive are counted here. Nobody is dialled while no recorder
    hears whether they have called again.
    """
    # One dialer at a time counts idle agents, and the trunks' channels, which servers may share.
    advisory_lock(connection, "pacing")
    if switches.is_dialling_off(connection) or listening.is_silent(connection, server):
        return None
    alive = attempts.alive_by_queue(connection, server)
    loads = {queue: replace(load, alive=alive.get(queue, 0)) for queue, load in loads.items()}
    room = queues_with_room(loads)
    idle = {
        queue: Idle(
            loads[queue].idle,
            policy.skills_of(loads[queue].idle),
            is_for_places=queue not in room,
            waiting_since=loads[queue].waiting_since,
        )
        for queue in room_for_places(loads)
    }
    trunks = _trunks_with_room(connection, policy, clock_of(connection))
    # Everybody who turns out not to be dialled now leaves the list of those due, so this ends.
    while idle and (
        due := waiting.next_due(connection, idle, policy.carried_by(trunks), policy.callback.order)
    ):
        if switches.is_key_missing(connection, policy.key):
            switches.turn_off(connection, "dial", KEY_MISSING)
            return None
        now = clock_of(connection)
        trunk = policy.trunk_for(due.caller_e164)
        if _is_settled(connection, due) or _is_barred(connection, due, policy) or trunk is None:
            continue
        opens_at = policy.hours_of(due.caller_e164).next_opening(now)
        if opens_at > now:
            callbacks.postpone(connection, due.id, opens_at, "not at this hour where the citizen lives")
            continue
        attempt_id = f"{words.ATTEMPT_PREFIX}{uuid.uuid4().hex}"
        callbacks.start_dialing(connection, due.id, attempt_id)
        return Start(plan(connection, attempt_id, due, server, trunk, policy, now), due)
    return None


def release_next(connection: Connection, policy: Policy) -> bool:
    """Let one callback become owed that the budgets have room for; False if none did.

    Under the lock of those who open callbacks, and under the same guards.
    """
    now, digits = clock_of(connection), policy.callback.budgets.prefix.digits
    for trunk in budgets.trunks_waiting(connection):
        for one in budgets.in_turn(connection, trunk, digits, LOOKS_AT):
            number, by = one.caller_e164, one.orderer
            if guarded(connection, number, by, trunk, one.missed_at, policy, now).held:
                continue
            if not _is_settled(connection, one) and not _is_barred(connection, one, policy):
                return callbacks.let_go(connection, one.id, "the budgets have room")
    return False


def _is_settled(connection: Connection, due: Callback) -> bool:
    """Re-contact: whoever was answered meanwhile, or is on the line, is left alone."""
    return any(waiting.settle(connection, *one) for one in waiting.settlements(connection, due.id).items())


def _is_barred(connection: Connection, due: Callback, policy: Policy) -> bool:
    """A number that was blocked since, or that the guards would not let in any more."""
    number = due.caller_e164
    is_denied = switches.is_denied(connection, number, policy.key()) or policy.denies(number)
    why = "the number has been blocked since" if is_denied else policy.never_dials(number)
    return bool(why) and callbacks.close(connection, due.id, "cancelled", why, among=("owed", "held"))


def _trunks_with_room(connection: Connection, policy: Policy, now: datetime) -> frozenset[str]:
    """The trunks that may take one more call now; callbacks for the others wait for a later turn."""
    return frozenset(
        name
        for name, trunk in policy.trunks.items()
        if attempts.alive_on_trunk(connection, name)
        < min(trunk.channels, pacing.calls_allowed(attempts.latest_on_trunk(connection, name), policy, now))
    )


def plan(
    connection: Connection,
    attempt_id: str,
    due: Callback,
    server: str,
    trunk: str,
    policy: Policy,
    at: datetime,
) -> Attempt:
    """Store an attempt as planned `at` a moment."""
    digits = dial_string(due.caller_e164, policy.trunks[trunk], policy.country)
    lasts = longest_without_agent(policy)
    return attempts.plan(
        connection, attempt_id, due, server=server, trunk=trunk, dial_string=digits, now=at, lasts=lasts
    )


def longest_without_agent(policy: Policy) -> timedelta:
    """How long an attempt can go on before an agent has it: ringing, greeting, holding."""
    rules = policy.callback
    asking = rules.confirm_times * (GREETING + timedelta(seconds=rules.confirm_wait))
    return asking + GREETING + timedelta(seconds=rules.ring_for + rules.max_hold)


START_WITHIN: Final = timedelta(seconds=60)
"""Asterisk refuses an order that lay longer, in a frozen dialer or a full socket. Well before the attempt's
deadline: who is declared never dialled then, is not dialled afterwards."""
MARGIN_SECONDS: Final = 5.0
"""The dialplan's own Dial() timeout comes first, so that its outcome is the one we store."""


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
