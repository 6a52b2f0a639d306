"""In which state each agent is now, since when and why; and who is idle: for the wall, commands, reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from ivr.queues.board import AgentChange
from ivr.storage.people.agents import latest
from ivr.storage.running.listening import is_silent

UNHEARD: Final = "no recorder hears this server"


def states(connection: Connection, server: str) -> tuple[AgentChange, ...]:
    """The latest change of each agent at that server, sorted by agent; `at` is since when it holds.

    While no recorder hears the server nothing is known of any agent, and `at` is when something last was.
    """
    known = latest(connection, server)
    if is_silent(connection, server):
        known = [replace(change, state="unknown", reason=UNHEARD) for change in known]
    return tuple(known)


def idle(connection: Connection, server: str) -> tuple[str, ...]:
    """Interfaces of the agents who could take a call now."""
    return tuple(change.agent for change in states(connection, server) if change.state == "idle")
