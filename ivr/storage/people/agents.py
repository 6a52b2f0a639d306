"""What the store knows of agents: their changes of state, each a dated row, and who is called what.

The states are written by the dialer, which sees them live.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy import BigInteger, Connection, func, insert, select, type_coerce

from ivr.queues.board import AgentChange
from ivr.storage.engine.statements import unindexed
from ivr.storage.schema.recorded import visits
from ivr.storage.schema.running import agent_states

_WEEK: Final = 7 * 24 * 3_600_000
"""Milliseconds. All visits there ever were would take minutes to read, at each start of a recorder."""


def record(connection: Connection, server: str, changes: Sequence[AgentChange]) -> None:
    """Append the changes of agents at that server, in order."""
    if changes:
        connection.execute(insert(agent_states), [{"server": server, **asdict(change)} for change in changes])


def interfaces(connection: Connection, server: str) -> dict[str, str]:
    """Agent's name → interface where AMI told of one only, in the latest week that has records."""
    latest = select(func.max(visits.c.joined_at)).scalar_subquery()
    in_that_week = type_coerce(visits.c.joined_at, BigInteger) > type_coerce(latest, BigInteger) - _WEEK
    query = (
        select(visits.c.agent_name, func.min(visits.c.agent))
        .where(
            in_that_week,
            unindexed(visits.c.server) == server,
            visits.c.agent_name != "",
            visits.c.agent.contains("/"),
        )
        .group_by(visits.c.agent_name)
        .having(func.count(visits.c.agent.distinct()) == 1)
    )
    return dict(connection.execute(query).all())
