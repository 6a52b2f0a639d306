"""An SMTP server on loopback, with TLS and login: it keeps what it takes, refuses and breaks off."""

from __future__ import annotations

import base64
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """PEM files of a certificate that nobody has signed but itself, and of its key."""

    file: Path
    key: Path


def new_certificate(folder: Path, name: str = "IP:127.0.0.1") -> Certificate:
    """One for that name, made in the folder."""
    made = Certificate(folder / "mail.pem", folder / "mail.key")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    names = ("-subj", "/CN=mail", "-addext", f"subjectAltName={name}")
    files = ("-keyout", made.key, "-out", made.file)
    command = ("openssl", "req", "-x509", "-nodes", "-days", "2", *curve, *names, *files)
    subprocess.run(command, check=True, capture_output=True)
    return made


class MailServer(socketserver.ThreadingTCPServer):
    """`banner`, and `answer` to the end of a mail; None: it never says any, empty: it breaks off."""

    daemon_threads = True
    banner: bytes | None = b"220 here"
    answer: bytes | None = b"250 taken"
    refuses = b""
    """Recipients with this in their address."""
    login: tuple[str, str] | None = None
    """User and password without which it takes no mail."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[bytes] = []
        self.said: list[tuple[bytes, bool]] = []
        """Each line that came, and whether it was encrypted."""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self.context and certificate:
            self.context.load_cert_chain(certificate.file, certificate.key)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: MailServer
    is_encrypted = False
    is_known = False

    def handle(self) -> None:
        with suppress(OSError):  # whoever speaks with it may hang up
            if self.server.banner:
                self._say(self.server.banner)
            while (line := self.rfile.readline()) and self._answer(line):
                pass
        if self.is_encrypted:
            self.request.close()  # the server knows the socket below it alone

    def _answer(self, line: bytes) -> bool:
        """Whether the session goes on."""
        self.server.said.append((line, self.is_encrypted))
        match line[:4].upper().strip():
            case b"EHLO":
                offers = [b"STARTTLS"] * (self.server.context is not None and not self.is_encrypted)
                offers += [b"AUTH PLAIN"] * (self.server.login is not None)
                self._say(b"\r\n".join([*(b"250-" + offer for offer in (b"here", *offers)), b"250 good"]))
            case b"STAR":
                self._encrypt()
            case b"AUTH":
                sent = base64.b64decode(line.split()[2]).decode().split("\0")[1:]
                self.is_known = tuple(sent) == self.server.login
                self._say(b"235 welcome" if self.is_known else b"535 wrong password")
            case b"MAIL" if self.server.login and not self.is_known:
                self._say(b"530 who are you?")
            case b"RCPT" if self.server.refuses and self.server.refuses in line:
                self._say(b"550 nobody of that name")
            case b"DATA":
                self._say(b"354 go on")
                self.server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                if self.server.answer is None:
                    self.rfile.read()
                if not self.server.answer:
                    return False
                self._say(self.server.answer)
            case b"QUIT":
                self._say(b"221 bye")
            case _:
                self._say(b"250 good")
        return True

    def _encrypt(self) -> None:
        assert self.server.context
        self._say(b"220 go on")
        self.finish()
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.is_encrypted = True
        self.setup()

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


@contextmanager
def mail_server(certificate: Certificate | None = None) -> Iterator[MailServer]:
    """A server that runs; with a certificate it offers STARTTLS."""
    with MailServer(certificate) as it:
        thread = threading.Thread(target=it.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield it
        finally:
            it.shutdown()
            thread.join()
