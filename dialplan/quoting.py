"""The one place that turns text into Asterisk's configuration syntax.

Every value that came from YAML passes through here on its way into a file. What Asterisk's parsers cannot
carry unchanged is escaped; what they cannot carry at all is refused by `UnsafeText`, so that no text can
become a setting, an application or a comment of its own. `Section`s make the setting files (queues.conf,
manager.conf …). Expressions are written by name, so that nobody counts braces; what they are made of is ours
or has been quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ivr.config.problems import NOWHERE, Place

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


@dataclass(frozen=True, slots=True)
class Section:
    """`[name]`, its settings in order, and a file of secrets read into it at load time."""

    name: str
    settings: tuple[tuple[str, str], ...]
    place: Place = NOWHERE
    secret: str = ""
    """File to include, relative to Asterisk's configuration folder. A secret itself never gets here."""


def render(sections: Iterable[Section]) -> str:
    """The text of the file; each section names the YAML place it comes from."""
    return "\n".join("\n".join(_lines(section)) + "\n" for section in sections)


def _lines(section: Section) -> Iterable[str]:
    place = section.place
    yield f"[{section.name}] ; {comment(f'{place.file}:{place.line}') if place != NOWHERE else 'hotline'}"
    for key, text in section.settings:
        yield f"{key} {'=>' if key == 'member' else '='} {value(text)}".rstrip()
    if section.secret:
        yield f'#include "{section.secret}"'


def var(name: str) -> str:
    """The value of a channel variable, or of a function."""
    return f"${{{name}}}"


def is_equal(name: str, text: str = "") -> str:
    """Condition: the variable has that value; without one, it is empty or not set."""
    return f'"{var(name)}" = "{text}"'


def differs(name: str, text: str = "") -> str:
    """Condition: the variable has another value; without one, it has any."""
    return f'"{var(name)}" != "{text}"'


def choose(condition: str, then: str, otherwise: str = "") -> str:
    """`then` where the condition holds, else `otherwise`."""
    return f"${{IF($[{condition}]?{then}{otherwise and ':'}{otherwise})}}"


def if_set(name: str, then: str, otherwise: str = "") -> str:
    """`then` where the variable is not empty, else `otherwise`."""
    return f"${{IF({length(name)}?{then}{otherwise and ':'}{otherwise})}}"


def unless_set(variable: str, otherwise: str) -> str:
    """The variable's value, or `otherwise` where it is empty."""
    return choose(is_equal(variable), otherwise, var(variable))


def length(name: str) -> str:
    """How many letters the variable holds."""
    return f"${{LEN({var(name)})}}"


def one_more(name: str) -> str:
    """The number in the variable, and one."""
    return f"$[{var(name)} + 1]"
