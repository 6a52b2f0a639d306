"""The dialplan Asterisk runs, compared with the rendered one; what `hotline config apply` believes in.

Asterisk skips what it cannot read with no more than a line in its log: a reload that succeeded is no
proof. Pure: rendered texts and AMI rows in, differences out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ivr.asterisk.words import FIXED_CONTEXTS

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
