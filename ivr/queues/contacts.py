"""Whether calls for a phone go to that phone, and which pauses of its agent begin or end for that.

In: the contacts Asterisk keeps, each with the host its REGISTER came from, and the trunks' addresses. Out: a
finding for each account, and pauses. Pure; `callback_dialer.contact_watch` looks and obeys.

A contact is the phone's own word. `rewrite_contact` replaces host and port of the first one in a REGISTER and
nothing else: parameters, headers and a second contact send calls for that phone wherever they say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from ivr.asterisk.words import PAUSED_BY_US, PAUSED_FOR_CONTACT, interface
from ivr.queues.agents import Membership, Memberships

_URI: Final = re.compile(
    r"sips?:((?P<user>[^@]*)@)?(?P<host>\[[0-9a-f:.]+\]|[\w.-]+)(:(?P<port>\d{1,5}))?"
    r"(?P<parameters>;[^?]*)?(?P<headers>\?.*)?",
    re.IGNORECASE,
)


class Contact(NamedTuple):
    """Where `account` is registered; `path` is empty unless its aor supports Path.

    `source`: the host its REGISTER came from, as Asterisk saw it; empty if nobody of ours heard that one.
    What Asterisk keeps as `via_addr` is the phone's own word, too.
    """

    account: str
    uri: str
    path: str
    call_id: str
    source: str


class ContactFinding(NamedTuple):
    """`why` is empty where all is fine; it never shows the contact, which may hold a number."""

    is_bad: bool
    why: str


def address_of(server: str) -> str:
    """`HOST:PORT` of a trunk's `server`, which may lack the port."""
    uri = _URI.fullmatch(f"sip:{server}")
    return _address(uri) if uri else ""


def _address(uri: re.Match[str]) -> str:
    return f"{uri['host'].lower()}:{uri['port'] or 5060}"


def judge(contact: Contact, trunks: Collection[str]) -> ContactFinding:
    """`trunks`: the address of each."""
    uri = _URI.fullmatch(contact.uri)
    if uri is None:
        return ContactFinding(True, "cannot be read")
    if re.search(r";maddr\b", uri["parameters"] or "", re.IGNORECASE):
        return ContactFinding(True, "names another host to send calls to (maddr)")
    if uri["headers"]:
        return ContactFinding(True, "adds headers to calls, such as Route")
    if contact.path:
        return ContactFinding(True, "sends calls by way of others (Path)")
    if _address(uri) in trunks:
        return ContactFinding(True, "is a trunk's address")
    if contact.source and uri["host"].lower().strip("[]") != contact.source.lower().strip("[]"):
        return ContactFinding(True, "is at another host than it registered from")
    is_odd = uri["user"] not in (None, contact.account)
    return ContactFinding(False, "has a user that is not its account" if is_odd else "")


def pauses(
    members: Memberships, found: Mapping[str, ContactFinding]
) -> Iterator[tuple[Membership, Literal["true", "false"]]]:
    """Memberships to pause (`true`) and those whose pause is over.

    An agent's own pause stays theirs, one of `helped_by` becomes ours; ours ends with a fine contact. With no
    contact at all the pause stays: the next one may be as bad as the last.
    """
    is_bad = {interface(account): finding.is_bad for account, finding in found.items()}
    for member in members.values():
        match is_bad.get(member.interface):
            case True if not member.paused or member.pause_reason == PAUSED_BY_US:
                yield member, "true"
            case False if member.paused and member.pause_reason == PAUSED_FOR_CONTACT:
                yield member, "false"
