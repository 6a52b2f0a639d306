"""A phone's contact: which is fine, which is odd, which is bad; and whose pause begins or ends for it."""

from __future__ import annotations

import pytest

from ivr.asterisk.words import PAUSED_BY_US, PAUSED_FOR_CONTACT
from ivr.queues.agents import Membership
from ivr.queues.contacts import Contact, ContactFinding, address_of, judge, pauses

TRUNKS = {address_of("192.0.2.10"), address_of("SIP.provider.example:5070"), address_of("[2001:db8::1]:5060")}
HERE = "10.0.0.5"


def judged(uri: str, path: str = "", source: str = HERE) -> ContactFinding:
    return judge(Contact("1101", uri, path, "", source), TRUNKS)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("sip:1101@10.0.0.5:5060;maddr=192.0.2.10", "maddr"),
        ("sip:1101@10.0.0.5;line=1;MADDR=192.0.2.10;transport=udp", "maddr"),
        ("sip:10.0.0.5;maddr", "maddr"),
        ("sip:1101@10.0.0.5?Route=%3csip:192.0.2.10%3e", "Route"),
        ("sip:1101@10.0.0.5;line=1?Route=%3csip:192.0.2.10%3e", "Route"),
        ("sip:0900200123@192.0.2.10", "trunk"),
        ("sips:0900200123@192.0.2.10:5060;transport=TLS", "trunk"),
        ("sip:1@sip.PROVIDER.example:5070", "trunk"),
        ("sip:1101@[2001:DB8::1]", "trunk"),
        ("sip:1101@10.0.0.6:5060", "another host"),
        ("", "cannot be read"),
        ("tel:0900200123", "cannot be read"),
        ("sip:1101@a@10.0.0.5", "cannot be read"),
    ],
)
def test_a_contact_that_sends_calls_elsewhere_is_bad_and_the_finding_shows_none_of_it(
    uri: str, why: str
) -> None:
    finding = judged(uri)
    assert finding.is_bad
    assert why in finding.why
    assert not any(text in finding.why for text in ("0900", "192.0.2", "10.0.0"))


def test_a_path_is_bad_whatever_the_contact() -> None:
    assert "Path" in judged("sip:1101@10.0.0.5", path="<sip:192.0.2.10;lr>").why


@pytest.mark.parametrize(
    "uri",
    [
        "sip:1101@10.0.0.5:34001",
        "sip:1101@10.0.0.5;x-ast-orig-host=192.168.1.5:5060",
        "sip:10.0.0.5:5060",
        "sips:1101@10.0.0.5:5061;transport=TLS;line=maddr",
    ],
)
def test_the_contact_of_an_honest_phone_is_fine(uri: str) -> None:
    assert judged(uri) == (False, "")


def test_a_trunks_host_with_another_port_is_no_trunk() -> None:
    assert judged("sip:1101@192.0.2.10:5062", source="192.0.2.10") == (False, "")


@pytest.mark.parametrize("user", ["0900200123", "a1;b=c,&d", "8vlp2bsd", "1101:password"])
def test_an_odd_user_alone_is_a_warning(user: str) -> None:
    finding = judged(f"sip:{user}@10.0.0.5:5060;transport=ws")
    assert not finding.is_bad
    assert finding.why


def test_where_nobody_heard_the_register_its_host_is_not_doubted() -> None:
    assert judged("sip:1101@10.0.0.6", source="") == (False, "")
    assert judged("sip:1101@[2001:db8::5]", source="2001:db8::5") == (False, "")


def _member(queue: str, reason: str | None = None) -> Membership:
    return Membership(
        queue, "PJSIP/1101", "PJSIP/1101", "Aysel", 1, reason is not None, reason or "", False, False
    )


def _changes(finding: ContactFinding | None, *members: Membership) -> list[tuple[str, str]]:
    known = {(member.queue, member.interface): member for member in members}
    found = {} if finding is None else {"1101": finding}
    return [(member.queue, paused) for member, paused in pauses(known, found)]


MEMBERS = (
    _member("free"),
    _member("lunch", "lunch"),
    _member("no reason", ""),
    _member("lent", PAUSED_BY_US),
    _member("ours", PAUSED_FOR_CONTACT),
)


def test_a_bad_contact_pauses_its_agent_everywhere_but_where_they_paused_themselves() -> None:
    assert _changes(ContactFinding(True, "why"), *MEMBERS) == [("free", "true"), ("lent", "true")]


@pytest.mark.parametrize("why", ["", "odd"])
def test_a_contact_that_is_not_bad_ends_our_pause_and_no_other(why: str) -> None:
    assert _changes(ContactFinding(False, why), *MEMBERS) == [("ours", "false")]


def test_an_agent_whose_phone_is_not_registered_stays_as_they_are() -> None:
    assert _changes(None, *MEMBERS) == []
