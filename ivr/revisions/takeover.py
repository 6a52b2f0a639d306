"""What a running Asterisk is asked and told when a revision goes live, as the AMI user `hotline-apply`.

Queues are reloaded before the dialplan that names them. No reload touches a call: members and waiting callers
of a queue stay, and a channel goes on in the dialplan its context is named after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from ivr.asterisk.messages import ActionRefused
from ivr.asterisk.readiness import Send
from ivr.asterisk.words import interface

USER: Final = "hotline-apply"
WITHIN: Final = 30.0
"""Seconds for each answer; a reload of 10,000 extensions takes about one."""
_MODULES: Final = ("app_queue", "pbx_config", "manager")


async def contexts_in_use(send: Send) -> str:
    """The contexts channels are in now, one a line."""
    channels = await send({"Action": "CoreShowChannels"})
    return "\n".join(channel["Context"] for channel in channels.events)


async def reload(send: Send) -> None:
    """Have Asterisk read its files again. Raises AmiError; then some may have been read.

    What a module could not read leaves it as it was.
    """
    for module in _MODULES:
        try:
            await send({"Action": "Reload", "Module": module})
        except ActionRefused as refused:
            raise ActionRefused(f"{module} did not reload: {refused}") from None


async def dialplan_rows(send: Send) -> Iterable[Mapping[str, str]]:
    """Every step of every context, as ShowDialPlan tells it."""
    return [row.headers for row in (await send({"Action": "ShowDialPlan"})).events]


async def lacking_members(send: Send, members: Mapping[str, Collection[str]]) -> list[str]:
    """Which queues are not loaded, and which agents are not in theirs; `members`: accounts by queue."""
    rows = (await send({"Action": "QueueStatus"})).events
    there = {(row["Queue"], row["Location"]) for row in rows} | {(row["Queue"], "") for row in rows}
    return [
        f"{member or 'any caller'} is not let into queue {queue}"
        for queue, accounts in members.items()
        for member in ("", *map(interface, accounts))
        if (queue, member) not in there
    ]
