"""Setting files (queues.conf, manager.conf, pjsip.conf …) as sections of lines; values are quoted here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dialplan.quoting import comment, value
from ivr.config.places import NOWHERE, Place


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
