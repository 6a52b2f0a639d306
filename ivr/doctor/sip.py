"""Agents' phones and trunks as the running Asterisk has them: can a phone's contact send calls out?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ivr.asterisk.messages import AmiEvent
from ivr.asterisk.readiness import Send, unless_refused
from ivr.asterisk.words import CONTEXT_AGENTS, DB_CONTACTS
from ivr.config.model import Configuration, Trunk
from ivr.doctor.findings import Finding, error, warning, well
from ivr.queues.contacts import address_of

Rows = Sequence[AmiEvent]
"""What Asterisk tells of an endpoint: itself, its aor, auth, transport and contacts."""


async def phones_and_trunks(send: Send, configuration: Configuration) -> list[Finding]:
    """Every finding about agents' endpoints, and about trunks' beside whether they are reachable."""
    phones = {name: await _endpoint(send, name) for name in configuration.agents}
    found = list(_phones(phones))
    is_registered = _values(phones.values(), "ContactsRegistered") - {"0"}
    if is_registered and not (await send({"Action": "DBGetTree", "Family": DB_CONTACTS})).events:
        what = "Asterisk does not keep phones' contacts in its own database: nobody looks whether one is bad"
        found += [error("agents", what, "take the line `contact = …` out of [res_pjsip] in sorcery.conf")]
    transports = _values(phones.values(), "Transport")
    for trunk in configuration.trunks.values():
        rows = await _endpoint(send, trunk.endpoint)
        if rows is not None:  # a missing one is found as readiness
            found += _trunk(trunk, rows, transports)
    return found


def _phones(phones: Mapping[str, Rows | None]) -> Iterator[Finding]:
    if phoneless := [name for name, rows in phones.items() if rows is None]:
        do = f"make each an endpoint of that name in pjsip.conf, with `context = {CONTEXT_AGENTS}`"
        yield error("agents", f"Asterisk knows no phone {', '.join(phoneless)}: it never rings", do)
    if loose := [name for name, rows in phones.items() if "false" in _values([rows], "RewriteContact")]:
        what = f"phone {', '.join(loose)} may register any address as its own, the provider's, too"
        yield error("agents", what, "set `rewrite_contact = yes` in its endpoint of pjsip.conf")


def _trunk(trunk: Trunk, rows: Rows, phones: Iterable[str]) -> Iterator[Finding]:
    """`phones`: the transports of agents' endpoints; an empty one is any, the trunk's, too."""
    name, (host, _, port) = trunk.endpoint, address_of(trunk.server).rpartition(":")
    if "NonQualified" in _values([rows], "Status"):
        what = f"nobody asks whether trunk {name} lives: a dead one counts as reachable"
        yield warning("trunk", what, "set `qualify_frequency = 30` in its aor of pjsip.conf")
    own = _values([rows], "Transport") - {"", *phones} if "" not in phones else set()
    if _values([rows], "OutboundAuth") - {""}:
        look = f"asterisk -rx 'pjsip set logger host {host}' (401 or 407 comes after an INVITE)"
        yield well("trunk", f"{name} has a password; if the provider asks cannot be seen from here: {look}")
    elif own:
        from_port = next(iter(_values([rows], "Bind"))).rpartition(":")[2]
        ports = f"th dport {port} th sport != {from_port}"
        rule = f"nft 'add rule inet filter output ip daddr {host} meta l4proto {{ tcp, udp }} {ports} drop'"
        yield well("trunk", f"{name} has its own transport; the firewall cannot be seen from here: {rule}")
    else:
        what = f"calls of agents' phones look to the provider like calls of trunk {name}, if one gets there"
        do = "give it `transport` of its own, and `outbound_auth`, in pjsip.conf (install page, step 4)"
        yield warning("trunk", what, do)


def _values(endpoints: Iterable[Rows | None], header: str) -> set[str]:
    return {row.headers[header] for rows in endpoints for row in rows or () if header in row.headers}


async def _endpoint(send: Send, name: str) -> Rows | None:
    """What Asterisk tells of it; None if there is no such endpoint."""
    shown = await unless_refused(send, {"Action": "PJSIPShowEndpoint", "Endpoint": name})
    return None if shown is None else shown.events
