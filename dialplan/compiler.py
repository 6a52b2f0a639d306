"""Configuration in, Asterisk's files out, as text or onto disk with the secrets they include.

The same configuration always gives the same bytes. Called by `hotline config render`, `hotline config apply`
and the lab. Files are named relative to Asterisk's configuration folder; `hotline/revisions/` holds one file
of contexts per revision. All of them are included, and earlier ones stay in the folder, so that calls in
progress keep the menu they began in when Asterisk reloads.

manager.conf, with one AMI user for each of our processes, is compiled here; no menu changes it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from dialplan import agents, callback, contacts, door, entry, menu, number_patterns, orders, queues, schedule
from dialplan.plan import REVISION, Context, Source, render
from dialplan.quoting import Section
from dialplan.quoting import render as render_settings
from ivr.asterisk.secrets import FOLDER, make_all_missing
from ivr.asterisk.words import CHANNEL_VARIABLES, EVENT_FILTER, FIXED_CONTEXTS
from ivr.base.permissions import FILE_MODE, share, write_whole
from ivr.config.loading import Loaded, configuration_of

REVISIONS = "hotline/revisions"
_INCLUDE = f'#include "{REVISIONS}/*.conf"\n'
_ORIGIN = re.compile(r" ; \S+$", re.MULTILINE)

RIGHTS = {
    "hotline-recorder": ("agent,call,user", "reporting"),
    "hotline-dialer": ("call,agent,user,security", "originate,call,reporting,agent"),
    "hotline-apply": ("", "system,reporting"),
}
"""AMI user → read classes, write classes. Nobody has `command`, `config` or `all`.

Tried on Asterisk 22: QueueStatus and Ping need no right to write; `originate` alone does not allow Status,
Hangup or Getvar, hence `call` and `reporting`; `agent` is for QueuePause (`callback_dialer.lender`),
`security` for who gave a password from where (`callback_dialer.contact_watch`).
"""


def compile(loaded: Loaded, server: str = "main", *, today: date) -> dict[str, str]:
    """Files for one server: relative name → text.

    `today` only says for which years holidays are rendered (its own and the next). Raises KeyError for a
    server the configuration does not name, `dialplan.quoting.UnsafeText` for text that Asterisk cannot
    carry.
    """
    source = Source(configuration_of(loaded), loaded.places, server, today)
    parts = (entry, agents, callback, menu, door, orders, schedule, contacts, number_patterns, queues)
    contexts: list[Context] = [context for part in parts for context in part.contexts(source)]
    plan = render(context for context in contexts if context.name not in FIXED_CONTEXTS)
    fixed = render(context for context in contexts if context.name in FIXED_CONTEXTS)
    revision = revision_of(plan)
    # In this order: a reload between the first two must not name contexts that are not there yet.
    files = {
        f"{REVISIONS}/{revision}.conf": plan,
        "hotline/extensions.conf": "\n".join((_INCLUDE, entry.global_variables(source), fixed)),
        "hotline/queues.conf": render_settings(queues.sections(source)),
        "hotline/queuerules.conf": render_settings(queues.rules(source)),
        "hotline/manager.conf": render_settings(_manager_users(source)),
    }
    return {name: text.replace(REVISION, revision) for name, text in files.items()}


def _manager_users(source: Source) -> Iterator[Section]:
    """The server's AMI and its users."""
    server = source.server
    place = source.at("servers", source.server_name)
    yield Section(
        "general",
        (
            ("enabled", "yes"),
            ("bindaddr", server.ami_host),
            ("port", str(server.ami_port)),
            ("timestampevents", "yes"),
            ("channelvars", ",".join(CHANNEL_VARIABLES)),
            ("displayconnects", "no"),
        ),
        place,
    )
    for user, (read, write) in RIGHTS.items():
        address = (("deny", "0.0.0.0/0.0.0.0"), ("permit", f"{server.ami_host}/255.255.255.255"))
        yield Section(
            user,
            (*address, ("read", read), ("write", write), ("eventfilter", EVENT_FILTER)),
            place,
            secret=f"secrets.d/{user}.conf",
        )


def revision_of(plan: str) -> str:
    """Eight hex digits of the plan's content; where its lines stand in the YAML does not count."""
    return hashlib.sha256(_ORIGIN.sub("", plan).encode()).hexdigest()[:8]


HOME: Final = "hotline"
"""The folder of rendered files, in Asterisk's configuration folder; in a revision they stand without it."""


def write(loaded: Loaded, out: Path, server: str, today: date, group: int | None = None) -> list[Path]:
    """Render into `out` (Asterisk's configuration folder); returns the files that are new or changed.

    Each file is replaced as a whole. Secrets that exist stay as they are. `group`: the id of Asterisk's
    group, if it is not that of `out`. Raises as `compile` does, and OSError.
    """
    written = []
    files = compile(loaded, server, today=today)
    out.mkdir(parents=True, exist_ok=True)
    for folder in (HOME, FOLDER):
        share(out / folder, group)
    for name, text in files.items():
        path = out / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        write_whole(path, text.encode())
        path.chmod(FILE_MODE)
        written.append(path)
    return written + make_all_missing(out / FOLDER, RIGHTS)
