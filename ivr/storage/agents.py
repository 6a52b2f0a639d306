"""Agents' changes of state in the store, each a dated row. Written by the dialer, which sees them live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, insert

from ivr.queues.board import AgentChange
from ivr.storage.schema import agent_states


def record(connection: Connection, server: str, changes: Sequence[AgentChange]) -> None:
    """Append the changes of agents at that server, in order."""
    if changes:
        connection.execute(insert(agent_states), [{"server": server, **asdict(change)} for change in changes])
