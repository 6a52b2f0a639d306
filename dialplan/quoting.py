"""The one place that turns text into Asterisk's configuration syntax.

Every value that came from YAML passes through here on its way into a file. What Asterisk's parsers cannot
carry unchanged is escaped; what they cannot carry at all is refused by `UnsafeText`, so that no text can
become a setting, an application or a comment of its own.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_PLAIN = re.compile(r"^[\w./:+@&*#!?=<>\- ]*$")


class UnsafeText(ValueError):
    """Text that no escaping can carry into an Asterisk file; the message says what to change."""


def value(text: str) -> str:
    """Text as the value of a setting (`key = value`), read back by Asterisk unchanged.

    Raises UnsafeText for control characters, line ends, and blanks at either end (Asterisk cuts them off).
    """
    if found := _CONTROL.search(text):
        raise UnsafeText(
            f"{text!r} contains the control character {found[0]!r}; write it on one line of plain text"
        )
    if text != text.strip():
        raise UnsafeText(f"{text!r} begins or ends with a blank; remove it")
    return text.replace(";", "\\;")


def field(text: str) -> str:
    """Text as one comma-separated field of a setting (a queue member's name), read back unchanged.

    Raises UnsafeText as `value` does, and for `|`, which queue_log uses to part its fields and never escapes.
    """
    if "|" in text:
        raise UnsafeText(f"{text!r} contains '|', which parts the fields of queue_log; write it without")
    return value(re.sub(r'([\\",])', r"\\\1", text))


def argument(text: str) -> str:
    """Text as an argument of a dialplan application.

    Asterisk substitutes `${}` and splits at commas before it looks at any quoting, so everything that means
    something to it is refused rather than escaped. Raises UnsafeText.
    """
    if not _PLAIN.match(value(text)):
        raise UnsafeText(f"{text!r} cannot stand in a dialplan; use letters, digits and ./:+@&*#!?=<>-_ only")
    return text


def comment(text: str) -> str:
    """Text after `;`. Control characters are refused; a `--` in front would open a block comment."""
    if _CONTROL.search(text) or text.startswith("--"):
        raise UnsafeText(f"{text!r} cannot stand in a comment")
    return text
