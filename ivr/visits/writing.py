"""A stay and its verdict written as the visit that is stored."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.asterisk import words
from ivr.visits.judge import Verdict
from ivr.visits.records import Call, Visit
from ivr.visits.stay import Stay


def visit_of(stay: Stay, verdict: Verdict, call: Call, source: str, structures: Mapping[str, str]) -> Visit:
    """The record; who called comes from the join, unless somebody else took that place since.

    Nor is a channel believed whose join was missed: an attended transfer leaves it the agent's variables.
    """
    party, variables = stay.party, stay.party.variables
    took_place = stay.place != party.uniqueid
    by = stay.answered or stay.completed
    told = [stay.joined, verdict.left, *(fact.when for fact in (stay.answered, stay.completed) if fact)]
    ends = [when for when in told if when is not None]
    return Visit(
        server=call.server,
        uniqueid=party.uniqueid,
        linkedid=call.linkedid if took_place else party.linkedid or call.linkedid,
        queue=stay.queue,
        origin=call.origin
        if took_place or stay.is_rebuilt
        else variables.get(words.VAR_ORIGIN) or call.origin,
        joined_at=stay.joined.at,
        received_at=stay.joined.received_at,
        outcome=verdict.outcome,
        source=source,
        precision="ms" if all(when.exact for when in ends) else "s",
        call_linkedid=call.linkedid,
        call_began_at=call.began_at,
        structure=variables.get(words.VAR_STRUCTURE) or structures.get(stay.queue, ""),
        attempt_id=variables.get(words.VAR_ATTEMPT, ""),
        caller=call.caller if took_place else party.caller,
        presentation=variables.get(words.VAR_PRESENTATION, ""),
        left_at=verdict.left.at if verdict.left else None,
        answered_at=verdict.answered_at,
        ended_at=verdict.ended_at,
        ended_by=verdict.ended_by,
        wait_seconds=verdict.wait_seconds,
        agent=by.agent if by else "",
        agent_name=by.agent_name if by else "",
        ring_seconds=verdict.ring_seconds,
        talk_seconds=verdict.talk_seconds,
        menu_path=variables.get(words.VAR_PATH, ""),
        language=variables.get(words.VAR_LANGUAGE, ""),
        recorded=stay.recorded and by is not None,
        clock_stepped=len({when.steps for when in ends}) > 1,
        place=stay.place if took_place else "",
        is_rebuilt=stay.is_rebuilt,
    )
