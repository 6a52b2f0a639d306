"""`hotline menu`: the menu tried without a phone, tested and drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError

from ivr.command.days import stats
from ivr.command.loading import draft_configuration, load_or_stop, options, show_problems, spoken
from ivr.command.options import AsJson, group
from ivr.command.printing import fail, print_document, print_json, print_line, styled
from ivr.config.explain import explain
from ivr.config.model import Configuration
from ivr.config.problems import Places
from ivr.config.shapes import Frozen
from ivr.menus.cases import Given, QueueState, Walked, menu_for, walk, where
from ivr.menus.drawing import svg
from ivr.menus.outline import mermaid, outline
from ivr.menus.walk import HANG_UP, SILENCE
from ivr.revisions.menu_tests import announcer, run_tests
from ivr.sounds.prompts import needed

app = group("The menu: try it without a phone, test it, draw it.", "hotline menu try 1 1")
Texts = dict[tuple[str, str], str]
"""Language and name of a sound file → what it says."""
_WORDS = {"": SILENCE, "s": SILENCE, SILENCE: SILENCE, "h": HANG_UP, HANG_UP: HANG_UP}
_KEYS = frozenset("0123456789*#")
_LEGEND = "keys 0-9 * #, Enter or s: silence, h: hang up"


@app.command("try", epilog="Example: hotline menu try 9 1 1 --at '2026-11-23 11:00'")
def walk_through(
    presses: Annotated[
        list[str] | None, typer.Argument(metavar="KEY", help=f"{_LEGEND}. Left out, they are asked for.")
    ] = None,
    at: Annotated[
        str, typer.Option(help="When the call comes, in the hotline's time zone; default now.")
    ] = "",
    number: Annotated[str, typer.Option(help="Number dialled; default the hotline's own.")] = "",
    caller: Annotated[str, typer.Option(help="Number of the caller.")] = "",
    language: Annotated[str, typer.Option(help="Remembered from an earlier call.")] = "",
    state: Annotated[
        list[str] | None, typer.Option(help="How full a queue is: queue=dvx,waiting=12,ewt=5m,idle=0.")
    ] = None,
    owed: Annotated[bool, typer.Option("--owed", help="The caller is owed a call already.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="No more calls can be ordered: too many are owed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Walk through the menu: what would be heard, in which language, and where the caller ends.

    What is put in Asterisk by hand (`hotline notice`, `hotline closed`) is not simulated.
    """
    configuration = draft_configuration()
    moment = at or datetime.now(ZoneInfo(configuration.hotline.time_zone)).isoformat()
    fields: dict[str, Any] = {"at": moment, "number": number, "caller": caller, "language": language}
    fields |= {"state": dict(map(_state, state or [])), "owed": owed, "full": full}
    given = _given(configuration, {name: value for name, value in fields.items() if value})
    texts: Texts = {(file.language, file.name): file.text for file in needed(configuration)}
    steps = walk(menu_for(configuration, given, announcer(configuration)), given, _pressed(presses, as_json))
    if as_json:
        print_json({"given": given.model_dump(mode="json"), "steps": [_as_data(one, texts) for one in steps]})
        return
    print_line(f"{given.at:%A %d %B %Y %H:%M}{f', from {given.caller}' if given.caller else ''}")
    for one in steps:
        print_line(styled(one.does, bold=True))
        for heard in one.step.heard:
            print_line(f"    {heard.language} {heard.prompt}: {texts[heard.language, heard.prompt]}")
        print_line(f"  {where(one.step.caller)}")


@app.command("test", epilog="Example: hotline menu test")
def run(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of tests; default all in and beside the configuration.")
    ] = None,
) -> None:
    """Run the menu tests; exit status 1 if one fails, with the walk up to the difference."""
    folder = options().config
    tested = run_tests(load_or_stop(folder), folder, files or ())
    show_problems(tested.problems, folder)
    if tested.problems:
        unread = "" if tested.failed else "not all could be read: "
        fail(f"{unread}{tested.failed} of {tested.count} menu tests failed")
    print_line(f"{tested.count} menu tests passed")


app.command("stats", epilog="Example: hotline menu stats --from 2026-11-01 --to 2026-11-30")(stats)


@app.command("graph", epilog="Example: hotline menu graph > menu.svg")
def draw(
    kind: Annotated[
        Literal["svg", "mermaid"], typer.Option("--format", help="A picture, or text that draws itself.")
    ] = "svg",
    language: Annotated[str, typer.Option(help="Whose words; default the hotline's first language.")] = "",
) -> None:
    """Draw the menu: every node in the citizen's words, the keys between them, queues and their hours."""
    configuration = draft_configuration()
    drawn = outline(configuration, spoken(configuration, language))
    print_document(mermaid(drawn) if kind == "mermaid" else svg(drawn))


def _given(configuration: Configuration, fields: dict[str, Any]) -> Given:
    """The call of those options; ends the command if this hotline cannot have it."""
    given, delivered = _valid(Given, fields), configuration.hotline.delivered
    if given.number is not None and given.number not in delivered:
        fail(f"no call comes in for {given.number}", hint=f"delivered: {', '.join(delivered)}", status=2)
    spoken(configuration, given.language or "")
    for queue in given.state.keys() - configuration.queues.keys():
        fail(f"there is no queue {queue!r}", hint=f"queues: {', '.join(configuration.queues)}", status=2)
    return given


Kind = TypeVar("Kind", bound=Frozen)


def _valid(kind: type[Kind], fields: Any) -> Kind:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first, *_ = explain(kind, error.errors(include_url=False), fields, Places()).values()
        fail(first.message, hint=first.hint, status=2)


def _state(text: str) -> tuple[str, QueueState]:
    fields = dict(part.partition("=")[::2] for part in text.split(","))
    return fields.pop("queue", ""), _valid(QueueState, fields)


def _pressed(presses: list[str] | None, as_json: bool) -> Iterator[str]:
    """Keys and words from the arguments, else line by line from standard input."""
    is_asked = not presses and sys.stdin.isatty()
    if is_asked and not as_json:
        print_line(styled(_LEGEND, dim=True), err=True)
    for line in presses or (text.rstrip("\n") for text in sys.stdin):
        for word in line.split() or [""]:
            if word in _WORDS:
                yield _WORDS[word]
            elif set(word) <= _KEYS:
                yield from word
            elif is_asked:
                print_line(styled(f"{word!r}? {_LEGEND}", dim=True), err=True)
            else:
                fail(f"{word!r} is not a key", hint=_LEGEND, status=2)


def _as_data(one: Walked, texts: Texts) -> dict[str, object]:
    caller = one.step.caller
    return {
        "does": one.does,
        "heard": [{**asdict(each), "text": texts[each.language, each.prompt]} for each in one.step.heard],
        "node": caller.node,
        "queue": caller.queue or None,
        "door": caller.door and caller.door.queue,
        "redirected": caller.redirected or None,
        "ended": caller.has_ended,
        "language": caller.language,
        "path": caller.path,
        "back": caller.back,
    }
