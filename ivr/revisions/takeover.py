"""A running Asterisk takes over a revision: reloads, and comparisons with what was rendered.

All of it happens as the AMI user `hotline-apply`. Queues are reloaded before the dialplan that names them.
No reload touches a call: members and waiting callers of a queue stay, and a channel goes on in the dialplan
its context is named after.

Asterisk skips what it cannot read with no more than a line in its log, so a reload that succeeded is no
proof: the dialplan it runs is compared with the rendered one, step by step.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from ivr.asterisk.messages import ActionRefused
from ivr.asterisk.readiness import Send
from ivr.asterisk.words import FIXED_CONTEXTS, interface

USER: Final = "hotline-apply"
WITHIN: Final = 30.0
"""Seconds for each answer; a reload of 10,000 extensions takes about one."""
_MODULES: Final = ("app_queue", "pbx_config", "manager")


async def contexts_in_use(send: Send) -> str:
    """The contexts channels are in now, one a line."""
    return "\n".join(each["Context"] for each in (await send({"Action": "CoreShowChannels"})).events)


async def reload(send: Send) -> None:
    """Have Asterisk read its files again. Raises AmiError; then some may have been read.

    What a module could not read leaves it as it was.
    """
    for module in _MODULES:
        try:
            await send({"Action": "Reload", "Module": module})
        except ActionRefused as refused:
            raise ActionRefused(f"{module} did not reload: {refused}") from None


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


Steps = dict[tuple[str, str, int], str]
"""Context, extension and priority → `Application(argument)`."""
_HEADING = re.compile(r"\[(.+)\]$")
_STEP = re.compile(r"(?:exten => ([^,]+),1| same => n)(?:\(\w+\))?,(\w+\(.*\)) ; .*$")
_PLAN = re.compile(r"hotline-([0-9a-f]{8})-")


def plans_named(text: str) -> set[str]:
    """The revisions whose contexts a text names: that of a channel, or a whole extensions.conf."""
    return set(_PLAN.findall(text))


def rendered(texts: Iterable[str]) -> Steps:
    """The steps that files of `dialplan.plan.render` mean."""
    steps: Steps = {}
    for text in texts:
        context = extension = ""
        priority = 0
        for line in text.splitlines():
            if heading := _HEADING.match(line):
                context = heading[1]
            elif step := _STEP.match(line):
                extension, priority = (step[1], 1) if step[1] else (extension, priority + 1)
                steps[context, extension, priority] = step[2].replace("\\;", ";")
    return steps


def running(rows: Iterable[Mapping[str, str]]) -> Steps:
    """The steps of the hotline's contexts among the rows of ShowDialPlan."""
    return {
        (row["Context"], row["Extension"], int(row["Priority"])): f"{row['Application']}({row['AppData']})"
        for row in rows
        if row.get("Priority", "").isdigit()
        and (row["Context"] in FIXED_CONTEXTS or plans_named(row["Context"]))
        and row.get("Registrar") == "pbx_config"
    }


def differences(wanted: Steps, found: Steps) -> Iterator[str]:
    """One sentence for each step that is not as it was rendered."""
    for where in sorted(wanted.keys() | found.keys()):
        want, is_there = wanted.get(where, "nothing"), found.get(where, "nothing")
        if want != is_there:
            context, extension, priority = where
            yield f"{extension}@{context} step {priority} is {is_there}, not {want}"
