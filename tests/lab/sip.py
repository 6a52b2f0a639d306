"""SIP and SDP as values: bytes from the wire become a `Request` or a `Response`, and back.

Pure: `tests.lab.wire` moves them over UDP, `tests.lab.leg` makes calls of them. Only what a phone beside a
local Asterisk needs is understood (RFC 3261, digest of RFC 2617 with qop=auth, one audio stream).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

Address = tuple[str, int]
"""Host and UDP port."""

REASONS: Mapping[int, str] = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    302: "Moved Temporarily",
    404: "Not Found",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    503: "Service Unavailable",
    603: "Decline",
}


class SipSyntaxError(ValueError):
    """What arrived is not a SIP message."""


@dataclass(frozen=True, slots=True)
class Message:
    """Headers in the order sent; a name may be repeated (Via, Record-Route)."""

    headers: tuple[tuple[str, str], ...]
    body: str = ""

    def __getitem__(self, name: str) -> str:
        """The first value of that header, empty if it was not sent; names are compared without case."""
        return next(iter(self.every(name)), "")

    def every(self, name: str) -> tuple[str, ...]:
        """All values of that header."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def call_id(self) -> str:
        return self["Call-ID"]

    @property
    def branch(self) -> str:
        """The transaction this message belongs to."""
        return parameter(self["Via"], "branch")

    @property
    def method_of_transaction(self) -> str:
        return self["CSeq"].partition(" ")[2]

    def encoded(self, start: str) -> bytes:
        lines = [start, *(f"{name}: {value}" for name, value in self.headers)]
        body = self.body.encode()
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Request(Message):
    method: str = ""
    uri: str = ""

    def encode(self) -> bytes:
        return self.encoded(f"{self.method} {self.uri} SIP/2.0")


@dataclass(frozen=True, slots=True)
class Response(Message):
    status: int = 0

    def encode(self) -> bytes:
        return self.encoded(f"SIP/2.0 {self.status} {REASONS.get(self.status, 'Unknown')}")


def parse(data: bytes) -> Request | Response:
    """One datagram as a message; SipSyntaxError if it is none (a keep-alive, for one)."""
    head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    headers = tuple(
        (name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
    )
    if match := re.fullmatch(r"SIP/2\.0 (\d{3}) ?.*", start):
        return Response(headers, body, status=int(match[1]))
    if match := re.fullmatch(r"([A-Z]+) (\S+) SIP/2\.0", start):
        return Request(headers, body, method=match[1], uri=match[2])
    raise SipSyntaxError(f"neither a request nor a response: {start[:60]!r}")


def reply(request: Request, status: int, *, tag: str = "", contact: str = "", body: str = "") -> Response:
    """The response to a request: its Via, From, To (with our tag), Call-ID and CSeq given back."""
    to = request["To"]
    if tag and not parameter(to, "tag"):
        to = f"{to};tag={tag}"
    headers = [*(("Via", via) for via in request.every("Via")), ("From", request["From"]), ("To", to)]
    headers += [("Call-ID", request.call_id), ("CSeq", request["CSeq"])]
    if contact:
        headers.append(("Contact", contact))
    if body:
        headers.append(("Content-Type", "application/sdp"))
    return Response(tuple(headers), body, status=status)


def parameter(value: str, name: str) -> str:
    """`parameter('<sip:a@b>;tag=1', 'tag')` is `1`; empty if it is not there."""
    match = re.search(rf";\s*{name}=([^;,\s]+)", value, re.IGNORECASE)
    return match[1] if match else ""


def uri_of(value: str) -> str:
    """The URI of a From, To or Contact."""
    match = re.search(r"<([^>]+)>", value)
    return match[1] if match else value.partition(";")[0].strip()


def user_of(value: str) -> str:
    """The user of a From, To, Contact or URI: `sip:195@host` is `195`, empty if it names none."""
    user, at, _ = uri_of(value).removeprefix("sip:").partition("@")
    return user.partition(";")[0] if at else ""


def tag_of(value: str) -> str:
    """The tag of a From or To, empty if it has none yet."""
    _, _, rest = value.partition(";tag=")
    return rest.partition(";")[0]


def display_of(value: str) -> str:
    """The display name of a From, empty if it has none."""
    match = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<', value)
    return re.sub(r"\\(.)", r"\1", match[1] or match[2] or "") if match else ""


def token() -> str:
    """A fresh tag, branch or Call-ID part."""
    return secrets.token_hex(8)


def authorization(challenge: str, request: Request, user: str, secret: str) -> str:
    """The value of `Authorization` that answers a `WWW-Authenticate: Digest …` for this request."""
    asked = {
        key: quoted or plain for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', challenge)
    }
    nonce, realm, count, cnonce = asked["nonce"], asked["realm"], "00000001", token()
    account = _md5(f"{user}:{realm}:{secret}")
    action = _md5(f"{request.method}:{request.uri}")
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": request.uri}
    plain = ["algorithm=MD5"]
    if "auth" in asked.get("qop", "").split(","):
        fields |= {"response": _md5(f"{account}:{nonce}:{count}:{cnonce}:auth:{action}"), "cnonce": cnonce}
        plain += ["qop=auth", f"nc={count}"]
    else:
        fields["response"] = _md5(f"{account}:{nonce}:{action}")
    if "opaque" in asked:
        fields["opaque"] = asked["opaque"]
    return "Digest " + ", ".join([*(f'{key}="{value}"' for key, value in fields.items()), *plain])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


PCMU = 0
TELEPHONE_EVENT = 101


def session(media: Address) -> str:
    """Our SDP: µ-law audio and RFC 2833 keys at that address, 20 ms a packet."""
    host, port = media
    return "\r\n".join(
        [
            "v=0",
            f"o=- {port} {port} IN IP4 {host}",
            "s=-",
            f"c=IN IP4 {host}",
            "t=0 0",
            f"m=audio {port} RTP/AVP {PCMU} {TELEPHONE_EVENT}",
            f"a=rtpmap:{PCMU} PCMU/8000",
            f"a=rtpmap:{TELEPHONE_EVENT} telephone-event/8000",
            f"a=fmtp:{TELEPHONE_EVENT} 0-15",
            "a=ptime:20",
            "a=sendrecv",
            "",
        ]
    )


@dataclass(frozen=True, slots=True)
class Media:
    """Where the other side wants its audio, and under which payload type it takes keys."""

    address: Address
    keys: int = TELEPHONE_EVENT


def parse_session(body: str) -> Media | None:
    """The other side's SDP; None if it offers no audio."""
    host = re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", body, re.MULTILINE)
    keys = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", body, re.MULTILINE)
    if host is None or port is None:
        return None
    return Media((host[1], int(port[1])), int(keys[1]) if keys else TELEPHONE_EVENT)
