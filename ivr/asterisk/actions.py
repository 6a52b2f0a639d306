"""What an AMI action can come back as: a `Reply`, or one of the `AmiError`s; and the check before it is sent.

Used by the session that sends and by everybody who asks Asterisk for something.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivr.asterisk.events import AmiEvent

Header = str | Sequence[str]
"""A header's value; a sequence repeats the header, as Originate's `Variable` needs it."""


class AmiError(Exception):
    """The action did not succeed."""


class ActionRefused(AmiError):
    """Asterisk answered with an error; its message says why."""


class ActionLost(AmiError):
    """The connection was not there, or ended before the answer: whether Asterisk acted is unknown."""


class ActionNotSent(ActionLost):
    """The connection was not there: nothing was sent, so Asterisk did not act."""


class ActionTimedOut(AmiError):
    """No answer within the deadline: whether Asterisk acted is unknown."""


class UnsafeHeader(AmiError):
    """A header name or value that would break out of its line was refused before anything was sent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer to one action; `events` are the rows of a list action, without the closing event."""

    headers: Mapping[str, str]
    events: tuple[AmiEvent, ...]


def refuse_unsafe(headers: Mapping[str, Header]) -> None:
    """Raise `UnsafeHeader` for anything that could end its line: panoramisk sends CR LF as given."""
    for name, value in headers.items():
        if not name.isascii() or not name.isalnum():
            raise UnsafeHeader(f"{name!r} is no AMI header name")
        for text in (value,) if isinstance(value, str) else value:
            if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
                # Not shown: it may be a secret, or a caller's number.
                raise UnsafeHeader(f"the value of {name} holds a control character")
