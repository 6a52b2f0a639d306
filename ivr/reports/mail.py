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

from ivr.base.masking import visible
from ivr.config.reports import Mail

PASSWORD: Final = "HOTLINE_SMTP_PASSWORD"
_CORRECT_LOGIN: Final = f"correct `reports.mail.user` or the password ({PASSWORD})"
_TO_DO: Final[Sequence[tuple[type[OSError], str]]] = (
    (smtplib.SMTPAuthenticationError, _CORRECT_LOGIN),
    (smtplib.SMTPNotSupportedError, "correct `reports.mail`: its port is often 587"),
    (
        ssl.SSLCertVerificationError,
        "have this machine trust its authority (update-ca-certificates), or correct `reports.mail.host`",
    ),
    (OSError, "look at that server, and whether `reports.mail` has its name and port"),
)
"""What to do about what an SMTP client raises; the first that fits."""
_TIMEOUT: Final = 60.0
"""Seconds for each answer of the server."""
_TYPES: Final = {
    "pdf": ("application", "pdf"),
    "json": ("application", "json"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
_LONGEST: Final = 200
"""Characters of a server's answer that are shown."""


class NotMailed(Exception):
    """The server did not take it; the text says why and what to do."""


class MailUnknown(Exception):
    """The connection ended after the text was sent and before the server said whether it took it."""


def message(
    mail: Mail, recipients: Sequence[str], subject: str, files: Mapping[str, bytes], key: str
) -> EmailMessage:
    """A mail with these files, by name, attached. One of the same key has the same Message-ID."""
    made = EmailMessage()
    made["From"] = mail.sender
    made["To"] = ", ".join(recipients)
    made["Subject"] = subject
    made["Date"] = formatdate()
    known = hashlib.sha256(key.encode()).hexdigest()[:32]
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
    where, has_begun = f"{mail.host}:{mail.port}", False
    try:
        with closing(
            smtplib.SMTP(mail.host.strip("[]"), mail.port, socket.gethostname(), _TIMEOUT)
        ) as server:
            if mail.starttls:
                server.starttls(context=ssl.create_default_context())
            if mail.user and not f"{mail.user}{password}".isascii():
                raise NotMailed(f"a login has ASCII letters only; {_CORRECT_LOGIN}")
            if mail.user:
                server.login(mail.user, password)
            server.ehlo_or_helo_if_needed()
            _require(server.mail(mail.sender), mail.sender, "`reports.mail.from`")
            for recipient in recipients:
                _require(server.rcpt(recipient), recipient, "`recipients`; nobody has got the mail")
            if not before_data():
                raise NotMailed("another process mails it")
            has_begun = True
            answer = server.data(made.as_bytes(policy=SMTP))
            has_begun = False
            if answer[0] < 400 and answer[0] != 250:
                raise MailUnknown(f"{where}: {_said(*answer)}")
            _require(answer, "the mail", "its `formats`, if it is too large")
            with suppress(OSError):  # it has the mail, whatever it says to this
                server.quit()
    except OSError as problem:
        why = f"{where}: {_reason(problem)}"
        if has_begun and not isinstance(problem, smtplib.SMTPDataError):
            raise MailUnknown(why) from problem
        do = next(do for kind, do in _TO_DO if isinstance(problem, kind))
        raise NotMailed(f"{why}; {do}") from problem


def _require(answer: tuple[int, bytes], what: str, where: str) -> None:
    """Raise NotMailed unless it is a yes; `where`: what to correct if it is a no for good."""
    if answer[0] not in (250, 251):
        correct = f"; correct {where}" if answer[0] >= 500 else ""
        raise NotMailed(f"{what} was refused: {_said(*answer)}{correct}")


def _reason(problem: OSError) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        return _said(problem.smtp_code, problem.smtp_error)
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {problem.verify_message}"
    return _visible(problem.strerror or str(problem).rstrip("."))


def _said(code: int, said: bytes | str) -> str:
    return f"{code} {_visible(said.decode(errors='replace') if isinstance(said, bytes) else said)}"


def _visible(text: str) -> str:
    return visible(" ".join(text.split()))[:_LONGEST]
