"""A report by mail: what is sent, and how to know whether the server took it."""

from __future__ import annotations

import hashlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Final

from ivr.config.reports import Mail

_TIMEOUT: Final = 60.0
"""Seconds for each answer of the server."""
_TYPES: Final = {
    "pdf": ("application", "pdf"),
    "json": ("application", "json"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


class NotMailed(Exception):
    """The server did not take it; the text says why."""


class MailUnknown(Exception):
    """The connection ended after the text was sent and before the server said whether it took it."""


def message(mail: Mail, recipients: Sequence[str], subject: str, files: Mapping[str, bytes]) -> EmailMessage:
    """A mail with these files, by name, attached. One of the same name has the same Message-ID."""
    made = EmailMessage()
    made["From"] = mail.sender
    made["To"] = ", ".join(recipients)
    made["Subject"] = subject
    made["Date"] = formatdate()
    known = hashlib.sha256(" ".join(files).encode()).hexdigest()[:32]
    made["Message-ID"] = f"<{known}@{mail.sender.partition('@')[2]}>"
    made.set_content(f"{subject}\n")
    for name, content in files.items():
        kind, subtype = _TYPES[name.rpartition(".")[2]]
        made.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    return made


def send(
    mail: Mail,
    password: str,
    recipients: Sequence[str],
    made: EmailMessage,
    before_data: Callable[[], bool],
) -> None:
    """To all of the recipients or to nobody. `before_data` commits the intent; it may forbid with False.

    Raises NotMailed, MailUnknown.
    """
    has_begun = False
    try:
        with closing(
            smtplib.SMTP(mail.host.strip("[]"), mail.port, socket.gethostname(), _TIMEOUT)
        ) as server:
            if mail.starttls:
                server.starttls(context=ssl.create_default_context())
            if mail.user:
                server.login(mail.user, password)
            server.ehlo_or_helo_if_needed()
            _require(server.mail(mail.sender), mail.sender)
            for recipient in recipients:
                _require(server.rcpt(recipient), recipient)
            if not before_data():
                raise NotMailed("another process mails it")
            has_begun = True
            answer = server.data(made.as_bytes(policy=SMTP))
            has_begun = False
            if answer[0] < 400 and answer[0] != 250:
                raise MailUnknown(f"{mail.host} said {_said(*answer)}")
            _require(answer, "the mail")
            with suppress(OSError):  # it has the mail, whatever it says to this
                server.quit()
    except smtplib.SMTPResponseException as refused:
        if has_begun and not isinstance(refused, smtplib.SMTPDataError):  # its answer cannot be read
            raise MailUnknown(f"{mail.host} said {refused}") from refused
        raise NotMailed(_said(refused.smtp_code, refused.smtp_error)) from refused
    except OSError as problem:
        if has_begun:
            raise MailUnknown(f"{mail.host} did not answer: {problem}") from problem
        raise NotMailed(f"{mail.host}:{mail.port}: {problem}") from problem


def _require(answer: tuple[int, bytes], what: str) -> None:
    if answer[0] not in (250, 251):
        raise NotMailed(f"{what} was refused: {_said(*answer)}")


def _said(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())[:200]}"
