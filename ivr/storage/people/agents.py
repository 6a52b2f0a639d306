"""What the store knows of agents: their changes of state, each a dated row, and who is called what.

The recorder writes the states (`ivr.recording.agents`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy import BigInteger, Connection, Text, cast, func, insert, select, type_coerce

from ivr.queues.board import AgentChange
from ivr.storage.engine.statements import all_as, among, columns, unindexed
from ivr.storage.schema.recorded import visits
from ivr.storage.schema.running import agent_states

_WEEK: Final = 7 * 24 * 3_600_000
"""Milliseconds. All visits there ever were would take minutes to read, at each start of a recorder."""


def record(connection: Connection, server: str, changes: Sequence[AgentChange]) -> None:
    """Append the changes of agents at that server, in order."""
    if changes:
        connection.execute(insert(agent_states), [{"server": server, **asdict(change)} for change in changes])


def latest(connection: Connection, server: str) -> list[AgentChange]:
    """The last change of each agent who was ever seen at that server, sorted by agent."""
    # Each name is found by the index, and so is its last row: of a million rows in a year few are read.
    here, rows = agent_states.c.server == server, agent_states.alias()
    names = select(cast("", Text).label("agent")).cte("names", recursive=True)
    following = select(func.min(agent_states.c.agent)).where(here, agent_states.c.agent > names.c.agent)
    names = names.union_all(select(following.scalar_subquery()).where(names.c.agent.is_not(None)))
    last = (
        select(rows.c.id)
        .where(rows.c.server == server, rows.c.agent == names.c.agent)
        .order_by(rows.c.at.desc(), rows.c.id.desc())
        .limit(1)
        .correlate(names)
    )
    ids = [found for found in connection.scalars(select(last.scalar_subquery()).select_from(names)) if found]
    these = among(connection, agent_states.c.id, ids)
    query = select(*columns(AgentChange, agent_states)).where(these).order_by(agent_states.c.agent)
    return all_as(connection, AgentChange, query)


def interfaces(connection: Connection, server: str) -> dict[tuple[str, str], str]:
    """Queue and agent's name → interface where AMI told of one only, in the latest week that has records."""
    latest = select(func.max(visits.c.joined_at)).scalar_subquery()
    in_that_week = type_coerce(visits.c.joined_at, BigInteger) > type_coerce(latest, BigInteger) - _WEEK
    query = (
        select(visits.c.queue, visits.c.agent_name, func.min(visits.c.agent))
        .where(
            in_that_week,
            unindexed(visits.c.server) == server,
            visits.c.source != "queue_log",
            visits.c.agent_name != "",
            visits.c.agent.contains("/"),
        )
        .group_by(visits.c.queue, visits.c.agent_name)
        .having(func.count(visits.c.agent.distinct()) == 1)
    )
    return {(queue, name): agent for queue, name, agent in connection.execute(query)}
