"""AMI events in, facts out. The one place that knows which events make the record.

They are those of `_READERS` and `_SHOWS`, and FullyBooted, from which `AmiReader` knows whether Asterisk was
restarted since the last connection. Most events of a call mean nothing for the record and give no fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import ivr.visits.facts as fact
from ivr.asterisk import words
from ivr.asterisk.connection import Connected, Lost
from ivr.asterisk.messages import AmiEvent
from ivr.visits.facts import GIVEN_ID, Fact, Party, SourceCapabilities, caller_of, of_attempt
from ivr.visits.steady import SteadyClock, When

AMI: Final = SourceCapabilities("ami")

_LONGEST: Final = 1e9
"""Seconds; nothing Asterisk tells of lasts 30 years."""
_RESTART_SLACK: Final = 3.0
"""Seconds the uptime may lag behind our clock before it proves a restart: it comes in whole seconds."""

Facts = Iterable[Fact]


class AmiReader:
    """Reads one server's stream, across its connections."""

    def __init__(self) -> None:
        self._clock = SteadyClock()
        self._booted: tuple[float, datetime] | None = None
        self._set_by = timedelta()
        """How far the receipts have followed the machine's clock; for durations they have not."""

    def facts(self, told: AmiEvent | Connected | Lost) -> Facts:
        """What one event (or the news about the connection itself) says, in order."""
        if isinstance(told, Connected):
            self._clock.new_connection((told.clock_set_by - self._set_by).total_seconds())
            self._set_by = told.clock_set_by
            return
        if isinstance(told, Lost):
            yield fact.ConnectionLost(self._received(told.at))
            return
        when = self._clock.read(told.timestamp, told.received_at - self._set_by, told.doubt)
        if (what := _SHOWS.get(told.name)) is not None:
            yield fact.Hears(when, what)
        if told.name == "FullyBooted":
            yield self._booted_fact(told, when)
        elif (read := _READERS.get(told.name)) is not None:
            yield from read(told, when)

    def _received(self, at: datetime) -> When:
        return self._clock.read(None, at - self._set_by)

    def tick(self, now: datetime) -> fact.Tick:
        """Time passed without an event; `now` by receipts that have followed nothing."""
        return fact.Tick(self._clock.read(None, now))

    def waiting(self, entry: AmiEvent, channels: Mapping[str, AmiEvent]) -> Facts:
        """A row of QueueStatus: who waits, and who serves; `channels`: rows of CoreShowChannels by Uniqueid.

        Only those carry the channel's variables: whose call it is, in which language.
        """
        when = self._received(entry.received_at)
        if entry.name == "QueueEntry":
            party = _party(entry)
            if (channel := channels.get(party.uniqueid)) is not None:
                party = party._replace(variables=channel.variables, linkedid=channel["Linkedid"])
            yield fact.FoundWaiting(when, party, entry["Queue"], _number(entry["Wait"]) or 0.0)
        elif entry.name == "QueueMember":
            yield from _members(entry, when)

    def started(self, core_status: Mapping[str, str], connected_at: datetime) -> Facts:
        """The answer to CoreStatus. FullyBooted's uptime, in whole seconds, misses a quick restart."""
        words = f"{core_status.get('CoreStartupDate', '')} {core_status.get('CoreStartupTime', '')}".strip()
        if words:
            yield fact.Started(self._received(connected_at), words)

    def live_calls(self, rows: tuple[AmiEvent, ...], asked_at: datetime) -> fact.LiveCalls:
        """The rows of CoreShowChannels."""
        linkedids, channels = (frozenset(row[name] for row in rows) for name in ("Linkedid", "Uniqueid"))
        return fact.LiveCalls(self._received(asked_at), linkedids, channels)

    def _booted_fact(self, event: AmiEvent, when: When) -> fact.Booted:
        """Read late, an uptime would look too short: it belongs to the earliest moment of receipt."""
        uptime = _number(event["Uptime"]) or 0.0
        received_at = when.received_at - timedelta(seconds=event.doubt)
        before, self._booted = self._booted or (uptime, received_at), (uptime, received_at)
        grown, passed = uptime - before[0], (received_at - before[1]).total_seconds()
        is_another = grown < min(0.0, passed) or grown < passed - _RESTART_SLACK
        return fact.Booted(when._replace(received_at=received_at), uptime, is_another)


def _gave_up(event: AmiEvent, when: When) -> Facts:
    yield fact.GaveUp(when, _party(event), event["Queue"], _number(event["HoldTime"]))


def _offered(event: AmiEvent, when: When) -> Facts:
    yield from _members(event, when)
    yield fact.Offered(when, event["Uniqueid"], event["Queue"], event["Interface"], event["DestUniqueid"])


def _answered(event: AmiEvent, when: When) -> Facts:
    yield from _members(event, when)
    hold, ring = _number(event["HoldTime"]), _number(event["RingTime"])
    yield fact.Answered(when, _party(event), *_agent(event), event["DestChannel"], hold, ring)


def _completed(event: AmiEvent, when: When) -> Facts:
    hold, talk = _number(event["HoldTime"]), _number(event["TalkTime"])
    lasted = (hold or 0.0) + (talk or 0.0)
    party = Party("") if _is_younger(event, when, lasted) else _party(event)
    yield fact.Completed(when, party, *_agent(event), hold, talk, event["Reason"].lower())


def _agent(event: AmiEvent) -> tuple[str, str, str, str]:
    """Out of which queue, and the agent's interface, name and channel."""
    return event["Queue"], event["Interface"], event["MemberName"], event["DestUniqueid"]


def _is_younger(event: AmiEvent, when: When, lasted: float) -> bool:
    """Whether the caller had joined, or the agent's leg been dialled for them, before their channel began.

    Then it is another's: Asterisk may end an attended transfer's first talk under the agent's second leg.
    """
    channel, leg = (GIVEN_ID.fullmatch(event[name]) for name in ("Uniqueid", "DestUniqueid"))
    if channel is None:
        return False
    # An agent who stays logged in has an older leg, but in the caller's call.
    if leg is not None and event["Linkedid"] != event["DestLinkedid"] and int(leg[2]) < int(channel[2]):
        return True
    return when.exact and int(channel[1]) > when.at.timestamp() - lasted


def _members(event: AmiEvent, when: When) -> Facts:
    """QueueMember says Location."""
    interfaces = {event["Interface"], event["Location"], event["StateInterface"]} - {""}
    return (fact.MemberKnown(when, interface) for interface in interfaces)


def _attended_transfer(event: AmiEvent, when: When) -> Facts:
    """The party of one leg of the agent takes the other's place, in a queue or in a talk with a colleague.

    Asterisk names a target only where both legs talk; either may be the citizen.
    """
    party, target = _transferred(event, "Transferee"), _transferred(event, "TransferTarget")
    first, second = event["OrigTransfererUniqueid"], event["SecondTransfererUniqueid"]
    if not target.uniqueid:
        yield from (fact.TookPlace(when, party, leg) for leg in (first, second) if leg and party.uniqueid)
        return
    yield fact.TookPlace(when, party, second, target, first)
    yield fact.TookPlace(when, target, first, party, second)


def _transferred(event: AmiEvent, who: str) -> Party:
    uniqueid, linkedid, channel = (event[f"{who}{name}"] for name in ("Uniqueid", "Linkedid", "Channel"))
    return Party(uniqueid, linkedid, channel, caller_of(event[f"{who}CallerIDNum"]))


def _variable(event: AmiEvent, when: When) -> Facts:
    if event["Variable"] == "QUEUESTATUS" and event["Value"]:
        yield fact.ResultKnown(when, event["Uniqueid"], "", event["Value"])
    elif event["Variable"] == "QUEUEWAIT" and (hold := _number(event["Value"])) is not None:
        yield fact.HoldKnown(when, event["Uniqueid"], hold)


def _went_on(event: AmiEvent, when: When) -> Facts:
    if event["Exten"] != "h":  # which runs after the hang-up
        yield fact.WentOn(when, event["Uniqueid"])


def _user_event(event: AmiEvent, when: When) -> Facts:
    if event["UserEvent"] == words.EVENT_CALL:
        yield fact.CallBegan(when, _party(event), event["Delivered"], event["Trunk"])
    elif event["UserEvent"] == words.EVENT_LEFT_QUEUE:
        yield fact.ResultKnown(when, event["Uniqueid"], event["Queue"], event["Result"])
    elif event["UserEvent"] == words.EVENT_SURVEY:
        rating = words.RATINGS.get(event["Answer"])
        yield fact.Surveyed(when, event["Uniqueid"], event["Queue"], event["Agent"], rating)


_READERS: Final[Mapping[str, Callable[[AmiEvent, When], Facts]]] = {
    "QueueCallerJoin": lambda event, when: (fact.Joined(when, _party(event), event["Queue"]),),
    "QueueCallerAbandon": _gave_up,
    "QueueCallerLeave": lambda event, when: (fact.Left(when, _party(event), event["Queue"]),),
    "AgentCalled": _offered,
    "AgentConnect": _answered,
    "AgentComplete": _completed,
    "QueueMemberStatus": _members,
    "QueueMemberAdded": _members,
    "HangupRequest": lambda event, when: (fact.HangupAsked(when, event["Uniqueid"]),),
    "Hangup": lambda event, when: (fact.ChannelEnded(when, _party(event)),),
    "AttendedTransfer": _attended_transfer,
    "Newexten": _went_on,
    "VarSet": _variable,
    "UserEvent": _user_event,
    "MixMonitorStart": lambda event, when: (fact.RecordingBegan(when, event["Uniqueid"]),),
}
_SHOWS: Final = {
    **dict.fromkeys(("Newchannel", "HangupRequest", "Hangup"), "channels"),
    **dict.fromkeys(("Newexten", "VarSet"), "variables"),
}
"""Events by which the source shows that it can tell of these at all."""


def _party(event: AmiEvent) -> Party:
    uniqueid = event["Uniqueid"]
    told = event.variables or of_attempt(uniqueid)
    return Party(uniqueid, event["Linkedid"], event["Channel"], caller_of(event["CallerIDNum"]), told)


def _number(text: str) -> float | None:
    """Seconds as Asterisk tells them; None for what is no duration (negative after a step of its clock)."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < _LONGEST else None
