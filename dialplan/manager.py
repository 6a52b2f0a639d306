"""manager.conf: one AMI user for each of our processes, with the least rights that work.

Tried on Asterisk 22: QueueStatus and Ping need no right to write; `originate` alone does not allow Status,
Hangup or Getvar, hence `call` and `reporting`; `agent` is for QueuePause (`callback_dialer.lender`),
`security` for who gave a password from where (`callback_dialer.contact_watch`). Nobody has `command`,
`config` or `all`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.plan import Source
from dialplan.quoting import Section
from ivr.asterisk.words import CHANNEL_VARIABLES, EVENT_FILTER

RIGHTS = {
    "hotline-recorder": ("agent,call,user", "reporting"),
    "hotline-dialer": ("call,agent,user,security", "originate,call,reporting,agent"),
    "hotline-apply": ("", "system,reporting"),
}
"""User → read classes, write classes."""


def sections(source: Source) -> Iterator[Section]:
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
