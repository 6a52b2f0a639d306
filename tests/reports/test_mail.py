"""A report by mail on a real SMTP server: what is sent, not sent or unknown, and what to do about it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from ivr.config.reports import Mail
from ivr.reports.mail import MailUnknown, NotMailed, message, send
from tests.mail_server import Certificate, MailServer, mail_server, new_certificate

HEAD = "head@example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return new_certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """This machine trusts it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    return certificate


@pytest.fixture
def server(certificate: Certificate) -> Iterator[MailServer]:
    """It offers STARTTLS."""
    with mail_server(certificate) as it:
        yield it


def mailed(
    server: MailServer, password: str = "", recipients: tuple[str, ...] = (HEAD,), **given: Any
) -> None:
    """Send them a report of one file through that server."""
    mail = Mail.model_validate({"host": "127.0.0.1", "port": server.port, "from": "195@example.org", **given})
    made = message(mail, recipients, "14 may 2024", {"2024-05-14.az.json": b"{}\n"}, "day 2024-05-14")
    send(mail, password, recipients, made, lambda: True)


def refusal(server: MailServer, password: str = "", **given: Any) -> str:
    """Why the mail was not sent."""
    with pytest.raises(NotMailed) as found:
        mailed(server, password, **given)
    assert server.mails == []
    return str(found.value)


@pytest.mark.usefixtures("trusted")
def test_login_and_mail_go_over_an_encrypted_connection(server: MailServer) -> None:
    server.login = ("195", "p4ss, word")
    mailed(server, "p4ss, word", user="195")
    (mail,) = server.mails
    assert message_from_bytes(mail, policy=default)["To"] == HEAD
    assert {line[:4] for line, is_encrypted in server.said if not is_encrypted} == {b"ehlo", b"STAR"}


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_named_with_where_to_correct_it(server: MailServer) -> None:
    server.login = ("195", "right")
    why = refusal(server, "wrong", user="195")
    assert "535 wrong password; correct `reports.mail.user` or the password" in why
    assert "HOTLINE_SMTP_PASSWORD" in why
    assert "wrong;" not in why, "the password itself is shown nowhere"


@pytest.mark.usefixtures("trusted")
def test_a_password_that_no_login_carries_is_refused_in_a_sentence(server: MailServer) -> None:
    server.login = ("195", "şifrə")
    assert "ASCII" in refusal(server, "şifrə", user="195")


@pytest.mark.usefixtures("trusted")
def test_a_server_without_login_is_named(server: MailServer) -> None:
    why = refusal(server, "any", user="195")
    assert "AUTH extension not supported by server; correct `reports.mail`" in why


def test_an_untrusted_certificate_is_refused_with_what_to_do(server: MailServer) -> None:
    why = refusal(server)
    assert f"127.0.0.1:{server.port}" in why
    assert "certificate is not trusted" in why
    assert "update-ca-certificates" in why
    assert "_ssl.c" not in why


def test_a_certificate_of_another_host_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_certificate(tmp_path, "DNS:mail.example.org")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.file))
    with mail_server(other) as server:
        assert "not valid for '127.0.0.1'" in refusal(server)


def test_without_encryption_nothing_is_sent_but_on_demand() -> None:
    with mail_server() as server:
        assert "STARTTLS extension not supported by server; correct `reports.mail`" in refusal(server)
        assert b"MAIL" not in {line[:4].upper() for line, _ in server.said}
        mailed(server, starttls=False)
        assert len(server.mails) == 1


def test_a_password_needs_encryption() -> None:
    with pytest.raises(ValueError, match="`user` needs `starttls`"):
        Mail.model_validate({"host": "mail", "from": "a@b.az", "user": "195", "starttls": False})


@pytest.mark.usefixtures("trusted")
def test_a_refused_recipient_is_named_and_nobody_gets_the_mail(server: MailServer) -> None:
    server.refuses = b"nobody@"
    why = refusal(server, recipients=(HEAD, "nobody@example.org"))
    assert why.startswith("nobody@example.org was refused: 550 nobody of that name; correct")


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("answer", [b"", b"what?", b"\xff\x00\x1b[2J"], ids=["cut", "words", "garbage"])
def test_a_mail_whose_end_is_not_answered_is_unknown(server: MailServer, answer: bytes) -> None:
    server.answer = answer
    with pytest.raises(MailUnknown):
        mailed(server)
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    "banner",
    [b"\xff\xfe\x00 \x1b[31mgarbage", b"554 no mail here", b"220 " + b"x" * 20_000, b"HTTP/1.1 400 Bad"],
)
def test_a_banner_of_garbage_is_no_mail_and_its_words_are_short_and_visible(banner: bytes) -> None:
    with mail_server() as server:
        server.banner = banner
        why = refusal(server, starttls=False)
        assert why.isprintable()
        assert len(why) < 400


def test_a_server_that_is_not_there_is_named_with_what_to_look_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    mail = Mail.model_validate({"host": "127.0.0.1", "port": port, "from": "a@b.az"})
    with pytest.raises(NotMailed, match=rf"127\.0\.0\.1:{port}: Connection refused; .*reports\.mail"):
        send(mail, "", [HEAD], message(mail, [HEAD], "x", {}, "x"), lambda: True)


def test_two_reports_with_files_of_one_name_are_two_mails() -> None:
    mail = Mail.model_validate({"host": "127.0.0.1", "from": "195@example.org"})
    files = {"2024-05-14.az.json": b"{}"}
    first, second = (
        [message(mail, [HEAD], "x", files, f"day az {folder}")["Message-ID"] for folder in ("/a", "/b")]
        for _ in range(2)
    )
    assert first == second
    assert first[0] != first[1]
