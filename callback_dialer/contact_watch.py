"""Pauses agents whose phone's contact would send calls elsewhere than to that phone, and reports it.

In: every second the contacts Asterisk keeps, in one request, and from where each REGISTER came. Out: pauses
over the dialer's login, the log, and `alarms` for `hotline status`. The rules are in `ivr.queues.contacts`.

With Python dead a pause of ours stays; the next service ends it once the contact is fine.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final

import structlog

from ivr.asterisk.messages import AmiError, AmiEvent
from ivr.asterisk.readiness import Send
from ivr.asterisk.words import DB_CONTACTS, PAUSED_FOR_CONTACT
from ivr.config.model import Configuration
from ivr.queues.board import Board
from ivr.queues.contacts import Contact, ContactFinding, address_of, judge, pauses
from ivr.recording.availability import stopped

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 1.0
Sources = dict[tuple[str, str], str]
"""Account and Call-ID → the host a password was given from."""


class ContactWatch:
    """The phones of one Asterisk's agents. `alarms`: account → what is wrong with its contact."""

    def __init__(self, configuration: Configuration, board: Board, send: Send) -> None:
        self.alarms: dict[str, str] = {}
        self._agents = configuration.agents.keys()
        self._trunks = {address_of(trunk.server) for trunk in configuration.trunks.values()}
        self._sources: Sources = {}
        self._heard: Sources = {}
        self._found: dict[str, ContactFinding] = {}
        self._board, self._send = board, send

    def hear(self, event: AmiEvent) -> None:
        """Learn from where a REGISTER came; a phone's calls are heard, too, and soon forgotten."""
        if event.name == "SuccessfulAuth" and event["Service"] == "PJSIP" and event["UsingPassword"] == "1":
            host = event["RemoteAddress"].rpartition("/")[0].rpartition("/")[2]  # IPV4/UDP/192.0.2.7/5060
            self._heard[event["AccountID"], event["SessionID"]] = host

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; pauses stay, for the contacts stay."""
        while self._agents and not await stopped(stop, LOOK_EVERY):
            if self._board.is_fresh:
                try:
                    await self._look()
                except AmiError as problem:
                    log.warning("contacts of agents' phones not read", reason=str(problem))

    async def _look(self) -> None:
        recent, self._heard = self._heard, {}
        sources = self._sources | recent
        self._sources = recent
        found: dict[str, ContactFinding] = {}
        for row in (await self._send({"Action": "DBGetTree", "Family": DB_CONTACTS})).events:
            contact = _contact(row, sources)
            if contact.source:
                self._sources[contact.account, contact.call_id] = contact.source
            if contact.account in self._agents:
                one = judge(contact, self._trunks)
                found[contact.account] = max(one, found.get(contact.account, one))
        self._report(found)
        for member, paused in pauses(self._board.members, found):
            who = {"Queue": member.queue, "Interface": member.interface, "Reason": PAUSED_FOR_CONTACT}
            await self._send({"Action": "QueuePause", "Paused": paused, **who})

    def _report(self, found: dict[str, ContactFinding]) -> None:
        for account, one in found.items():
            if one != self._found.get(account, ContactFinding(False, "")):
                tell, why = log.error if one.is_bad else log.warning, one.why or "fine again"
                tell("contact of an agent's phone", agent=account, is_bad=one.is_bad, found=why)
        self._found |= found
        self.alarms = {account: one.why for account, one in self._found.items() if one.is_bad}


def _contact(row: AmiEvent, sources: Sources) -> Contact:
    """A contact as Asterisk's database holds it; one that cannot be read has no URI, and so is bad."""
    account = row["Key"].rpartition("/")[2].partition(";@")[0]
    try:
        kept = json.loads(row["Val"])
    except ValueError:
        return Contact(account, "", "", "", "")
    account = kept["endpoint"] or account
    source = sources.get((account, kept["call_id"]), "")
    return Contact(account, kept["uri"], kept["path"], kept["call_id"], source)
