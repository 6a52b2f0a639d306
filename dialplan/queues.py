"""queues.conf: the queues and the agents who serve them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dialplan import lending
from dialplan.menu import order_context
from dialplan.plan import Source
from dialplan.quoting import Section, field
from dialplan.steps import sounds
from ivr.asterisk.words import interface
from ivr.config.lending import loans
from ivr.config.model import Queue
from ivr.sounds.prompts import FOLDER, HOLD_NOTICES, NEXT_NOTICE, PLACE_NOTICES

_GENERAL = (
    ("persistentmembers", "no"),  # members come from this file, not from what was true before a restart
    ("autofill", "yes"),
    ("shared_lastcall", "yes"),  # wrap-up holds across all queues of an agent
    ("log_membername_as_agent", "no"),
)
_NOBODY_IS_DROPPED = (
    ("joinempty", "yes"),
    ("leavewhenempty", "no"),
    ("ringinuse", "no"),
)

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
            yield "member", f"{interface(loan.account)},{lending.penalty(queue, loan)},{helping}"


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
