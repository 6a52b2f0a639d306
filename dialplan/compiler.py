"""Configuration in, Asterisk's files out: the same configuration always gives the same bytes.

Called by `hotline config render`, `hotline config apply` and the lab. Files are named relative to
Asterisk's configuration folder; `hotline/revisions/` holds one file of contexts per revision, all of them
included, so that calls in progress keep the menu they began in.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date

from dialplan import (
    agents,
    blocked,
    callback,
    contacts,
    door,
    entry,
    lending,
    manager,
    menu,
    orders,
    queues,
    quoting,
    schedule,
    survey,
)
from dialplan.plan import REVISION, Context, Source, render
from ivr.asterisk.words import FIXED_CONTEXTS
from ivr.config.loading import Loaded, configuration_of

REVISIONS = "hotline/revisions"
_INCLUDE = f'#include "{REVISIONS}/*.conf"\n'
_ORIGIN = re.compile(r" ; \S+$", re.MULTILINE)


def compile(loaded: Loaded, server: str = "main", *, today: date) -> dict[str, str]:
    """Files for one server: relative name → text.

    `today` only says for which years holidays are rendered (its own and the next). Raises KeyError for a
    server the configuration does not name, `dialplan.quoting.UnsafeText` for text that Asterisk cannot
    carry.
    """
    source = Source(configuration_of(loaded), loaded.places, server, today)
    parts = (entry, agents, callback, menu, door, survey, orders, schedule, contacts, blocked, lending)
    contexts: list[Context] = [context for part in parts for context in part.contexts(source)]
    plan = render(context for context in contexts if context.name not in FIXED_CONTEXTS)
    fixed = render(context for context in contexts if context.name in FIXED_CONTEXTS)
    revision = revision_of(plan)
    # In this order: a reload between the first two must not name contexts that are not there yet.
    files = {
        f"{REVISIONS}/{revision}.conf": plan,
        "hotline/extensions.conf": "\n".join((_INCLUDE, entry.global_variables(source), fixed)),
        "hotline/queues.conf": quoting.render(queues.sections(source)),
        "hotline/queuerules.conf": quoting.render(lending.rules(source)),
        "hotline/manager.conf": quoting.render(manager.sections(source)),
    }
    return {name: text.replace(REVISION, revision) for name, text in files.items()}


def revision_of(plan: str) -> str:
    """Eight hex digits of the plan's content; where its lines stand in the YAML does not count."""
    return hashlib.sha256(_ORIGIN.sub("", plan).encode()).hexdigest()[:8]
