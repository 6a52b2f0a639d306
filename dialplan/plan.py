"""A dialplan as values: contexts of extensions of steps, each step with the YAML place it comes from.

The modules that compile menu, queues and callbacks build these, mostly of the steps at the end of this file:
jumps, variables, prompts, and lines in queue_log. `dialplan.compiler` renders them. Contexts that belong to
one revision are named by `inside`; the revision itself is filled in when the text is complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from dialplan.quoting import comment
from ivr.asterisk import secrets
from ivr.asterisk.secrets import FOLDER
from ivr.asterisk.words import DB_NOTICE, DB_NOTICE_UNTIL, LOG_KEY
from ivr.config.model import Configuration, Server
from ivr.config.problems import NOWHERE, Place, Places

REVISION = "<revision>"
"""Stands in context names until the hash of the whole plan is known."""


def inside(name: str) -> str:
    """The full name of a context of this revision."""
    return f"hotline-{REVISION}-{name}"


@dataclass(frozen=True, slots=True)
class Source:
    """What one rendering is made from: a valid configuration for one Asterisk server."""

    configuration: Configuration
    places: Places
    server_name: str
    today: date
    """Holidays are rendered for this year and the next; the only thing that comes from outside the YAML."""

    @property
    def server(self) -> Server:
        """The Asterisk rendered for."""
        return self.configuration.servers[self.server_name]

    def at(self, *path: str | int) -> Place:
        """Where that key of the YAML is written."""
        return self.places.at(*path)


@dataclass(frozen=True, slots=True)
class Step:
    """One priority: an application and its argument text, already quoted.

    A step without a place is written where the one before it in its extension is.
    """

    application: str
    argument: str = ""
    place: Place = NOWHERE
    label: str = ""


class Extension:
    """A pattern as extensions.conf writes it, and what happens there in order."""

    def __init__(self, pattern: str, *steps: Step) -> None:
        self.pattern, self.steps = pattern, steps


class Context:
    """`name` is complete: fixed, or made by `inside`. `place`: of steps before the first that has its own."""

    def __init__(self, name: str, *extensions: Extension, place: Place = NOWHERE) -> None:
        self.name, self.extensions, self.place = name, extensions, place


def render(contexts: Iterable[Context]) -> str:
    """The text of extensions.conf for these contexts; every line ends with the YAML place it comes from."""
    return "\n".join("\n".join(_context_lines(context)) + "\n" for context in contexts)


def _context_lines(context: Context) -> Iterable[str]:
    yield f"[{context.name}]"
    for extension in context.extensions:
        place = context.place
        for number, step in enumerate(extension.steps, start=1):
            place = step.place if step.place != NOWHERE else place
            start = f"exten => {extension.pattern},1" if number == 1 else " same => n"
            label = f"({step.label})" if step.label else ""
            origin = comment(f"{place.file}:{place.line}") if place != NOWHERE else "hotline"
            yield f"{start}{label},{step.application}({step.argument}) ; {origin}"


_LOG_KEY = f"${{FILE(${{ASTETCDIR}}/{FOLDER}/{LOG_KEY}.conf)}}"


def goto(context: str, extension: str = "s", label: str = "1", *, place: Place = NOWHERE) -> Step:
    """Go on elsewhere."""
    return Step("Goto", f"{context},{extension},{label}", place)


def goto_if(condition: str, target: str, place: Place = NOWHERE) -> Step:
    """Go on at `target` (as Goto() takes it) where the condition holds."""
    return Step("GotoIf", f"$[{condition}]?{target}", place)


def assign(values: Mapping[str, str], place: Place = NOWHERE, label: str = "") -> Step:
    """Set channel variables in one step; all right-hand sides are read before the first is written."""
    pairs = [f"{name}={value}" for name, value in values.items()]
    return Step("Set" if len(pairs) == 1 else "MSet", ",".join(pairs), place, label)


def wrong_or_silent(*steps: Step) -> tuple[Extension, Extension]:
    """What a key that means nothing, and no key at all, lead to."""
    return Extension("i", *steps), Extension("t", *steps)


def user_event(name: str, place: Place = NOWHERE, /, **headers: str) -> Step:
    """Tell the AMI listeners."""
    return Step("UserEvent", ",".join([name, *(f"{key}: {text}" for key, text in headers.items())]), place)


def queue_log(
    queue: str, uniqueid: str, event: str, data: str = "", agent: str = "NONE", *, place: Place = NOWHERE
) -> Step:
    """Leave a line in queue_log, which outlives every Python process; its last field proves who wrote it."""
    proof = f"${{SHA1({_LOG_KEY}|{queue}|{uniqueid}|{agent}|{event}|{data}):0:{secrets.DIGITS}}}"
    return Step("QueueLog", f"{queue},{uniqueid},{agent},{event},{data}|{proof}", place)


def play(*names: str, place: Place = NOWHERE) -> Step:
    """Say these prompts; no key is heard meanwhile."""
    return Step("Playback", sounds(*names), place)


def notice(heard_at: str, place: Place = NOWHERE) -> Step:
    """Say the notice that was put there, while it lasts (`hotline notice`)."""
    lasts = f"${{EPOCH}} < 0${{DB({DB_NOTICE_UNTIL}/{heard_at})}}"
    return Step("ExecIf", f"$[{lasts}]?Playback(${{DB({DB_NOTICE}/{heard_at})}})", place)


def sounds(*names: str) -> str:
    """Prompt names as Playback and Background take them."""
    return "&".join(f"hotline/{name}" for name in names)
