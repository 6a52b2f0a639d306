"""queues.conf: the queues, the agents who serve them, and the agents of other queues who help.

queuerules.conf lets helpers in: a caller of a helped queue begins with QUEUE_MAX_PENALTY below every lent
member, and the queue's rule admits one step of them after the other. A context ends the daemon's pauses of
lent members if Python is dead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dialplan.menu import order_context
from dialplan.plan import Context, Extension, Source, Step, assign, goto_if, sounds
from dialplan.quoting import Section, differs, field, is_equal
from ivr.asterisk.words import CONTEXT_LENT, LENT_PENALTY, VAR_LENT, interface
from ivr.config.lending import Loan, loans
from ivr.config.sections import Queue
from ivr.sounds.prompts import FOLDER, HOLD_NOTICES, NEXT_NOTICE, PLACE_NOTICES

SIGN_OF_LIFE_SECONDS = 20
"""So long after the daemon's last sign Asterisk ends the daemon's pauses by itself."""
_LATEST = "GLOBAL(HOTLINE_LENT_SIGN)"
_ONE = "HOTLINE_LENT_ONE"


def own_agents_first(queue: Queue) -> dict[str, str]:
    """Variables for Queue(); a rule changes the greatest penalty only of a call that begins with one."""
    return {"QUEUE_MAX_PENALTY": f"{LENT_PENALTY - 1}"} if queue.helped_by else {}


def penalty(queue: Queue, loan: Loan) -> int:
    """The lent member's: one more for each later step."""
    return LENT_PENALTY + _steps(queue).index(loan.after)


def _steps(queue: Queue) -> list[float]:
    return sorted(set(queue.helped_by.values()))


def rules(source: Source) -> Iterator[Section]:
    """One rule for each helped queue, with the queue's name: seconds, greatest penalty."""
    for name, queue in source.configuration.queues.items():
        if queue.helped_by:
            steps = enumerate(_steps(queue), LENT_PENALTY)
            widening = tuple(("penaltychange", f"{round(after)},{most}") for most, after in steps)
            yield Section(name, widening, source.at("queues", name, "helped_by"))


def contexts(source: Source) -> Iterator[Context]:
    """Where the daemon's signs of life wait, each for the next one; the last ends the pauses it was told of.

    An agent who is paused at home too has paused themselves meanwhile, everywhere.
    """
    lent = loans(source.configuration)
    if not lent:
        return
    place = source.at("queues", lent[0].queue, "helped_by")
    queue, phone, home = (f"${{CUT({_ONE},|,{part})}}" for part in (1, 2, 3))
    is_ours = is_equal(f"QUEUE_MEMBER({home},paused,{phone})", "0")
    yield Context(
        CONTEXT_LENT,
        Extension(
            "s",
            Step("Answer", "", place),
            assign({_LATEST: "${UNIQUEID}"}),
            Step("Wait", f"{SIGN_OF_LIFE_SECONDS}"),
            goto_if(differs(_LATEST, "${UNIQUEID}"), "done"),
            assign({_ONE: f"${{SHIFT({VAR_LENT},&)}}"}, label="next"),
            goto_if(is_equal(_ONE), "done"),
            Step("ExecIf", f"$[{is_ours}]?UnpauseQueueMember({queue},{phone})"),
            Step("Goto", "next"),
            Step("Hangup", label="done"),
        ),
    )


_GENERAL = (
    ("persistentmembers", "no"),  # members come from this file, not from what was true before a restart
    ("autofill", "yes"),
    ("shared_lastcall", "yes"),  # wrap-up holds across all queues of an agent
    ("log_membername_as_agent", "no"),
)
_NOBODY_IS_DROPPED = (("joinempty", "yes"), ("leavewhenempty", "no"), ("ringinuse", "no"))

_HOLD_TIME: Final = {"never": "no", "once": "once", "always": "yes"}

_SECTION = re.compile(r"^\[(\w+)\].*\n(?:[^\[\n].*\n)*", re.MULTILINE)


def outgoing(old: str, new: str, plans: str) -> str:
    """The sections of queues.conf that `new` lacks but a loaded dialplan still names, for the calls in it."""
    there = {section[1] for section in _SECTION.finditer(new)}
    return "".join(
        f"\n{section[0]}"
        for section in _SECTION.finditer(old)
        if section[1] not in there and f",Queue({section[1]}," in plans
    )


def sections(source: Source) -> Iterator[Section]:
    """One section per queue."""
    yield Section("general", _GENERAL)
    for name, queue in source.configuration.queues.items():
        yield Section(name, tuple(_settings(source, name, queue)), source.at("queues", name))


def _settings(source: Source, name: str, queue: Queue) -> Iterator[tuple[str, str]]:
    yield "strategy", queue.strategy
    yield "timeout", f"{queue.ring_time:.0f}"
    yield "retry", f"{queue.retry:.0f}"
    yield "wrapuptime", f"{queue.wrap_up:.0f}"
    yield "servicelevel", f"{queue.service_level:.0f}"
    yield "musicclass", queue.music
    yield from _NOBODY_IS_DROPPED
    if queue.order.key is not None and source.configuration.callback.enabled:
        yield "context", order_context(name)
        yield "periodic-announce", sounds("order_key")
        yield "periodic-announce-frequency", f"{queue.order.remind:.0f}"
    yield from _announcements(queue)
    if queue.record:
        yield "monitor-format", "wav"
    if queue.survey is not None:
        yield "setinterfacevar", "yes"  # who is rated
    for account, agent in source.configuration.agents.items():
        if name in agent.queues:
            yield "member", f"{interface(account)},{agent.queues.index(name)},{field(agent.name)}"
    if queue.helped_by:
        yield "defaultrule", name
    for loan in loans(source.configuration):
        if loan.queue == name:
            helping = field(source.configuration.agents[loan.account].name)
            yield "member", f"{interface(loan.account)},{penalty(queue, loan)},{helping}"


def _announcements(queue: Queue) -> Iterator[tuple[str, str]]:
    """app_queue names the place as it is: above 1 only where nobody is put before who waits."""
    if queue.announce_every is None:
        yield "announce-frequency", "0"
        return
    yield "announce-frequency", f"{round(queue.announce_every)}"
    yield "min-announce-frequency", "5"  # so soon after the last announcement may who is next now hear of it
    yield "announce-position", "limit"
    yield "announce-position-limit", f"{queue.announce_places}"
    yield "announce-holdtime", _HOLD_TIME[queue.announce_hold_time]
    yield "queue-youarenext", f"{FOLDER}/{NEXT_NOTICE}"
    if queue.tells_places:
        yield "queue-thereare", f"{FOLDER}/{PLACE_NOTICES[0]}"
        yield "queue-callswaiting", ""
    if notices := HOLD_NOTICES.get(queue.announce_hold_time):
        yield "queue-holdtime", f"{FOLDER}/{notices[0]}"
        yield from (("queue-minute", ""), ("queue-minutes", ""))
    yield "queue-thankyou", ""
