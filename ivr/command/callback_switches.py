"""`hotline callbacks pause`, `resume`, `release`, `cancel`, `refusals`: what an operator decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Final

import typer
from sqlalchemy import Connection

from ivr.base.masking import is_pseudonym, masked
from ivr.calls.callbacks import WAITING_STATES
from ivr.command.loading import local
from ivr.command.options import LARGEST, AsJson, key_of_pseudonyms, line_option, number_from, one_line
from ivr.command.printing import Table, fail, print_line, print_result
from ivr.command.store import noted, open_store
from ivr.reading.callback_history import listed
from ivr.storage.engine.store import Store
from ivr.storage.owed import callbacks, switches
from ivr.storage.owed.switches import Part

_NO_KEY: Final = "or it is hashed, and HOTLINE_SECRETS names no folder with the key (see `data purge`)"

Change = Callable[[Connection, int, str], bool]


def pause(
    part: Annotated[Part, typer.Argument(help="`accept`: open none; `dial`: open them, dial nobody.")],
    why: Annotated[str, line_option("Shown wherever it is missed.")] = "paused by an operator",
) -> None:
    """Stop opening callbacks, or dialling them, at once and on every machine."""
    with open_store() as store:
        if not store.write(
            lambda c: noted(c, "callbacks pause", part, why, done=switches.turn_off(c, part, why))
        ):
            fail(f"`{part}` is paused already", hint=f"hotline callbacks resume {part}")
    print_line(f"`{part}` is paused until `hotline callbacks resume {part}`")


def resume(
    part: Annotated[
        str | None,
        typer.Argument(
            callback=one_line, help="`accept`, `dial`, or another name that `status` shows as off."
        ),
    ] = None,
) -> None:
    """Go on with it; without an argument, show what is paused."""
    with open_store() as store:
        off = store.read(switches.all_off)
        if part is None:
            for name, since, why in off:
                print_line(f"{name:<20}  since {local(since):%Y-%m-%d %H:%M}  {why}")
            if not off:
                print_line("nothing is paused or held")
            return
        is_named = part in {name for name, _, _ in off} or part in ("accept", "dial")
        name = part if is_named else switches.held(part.removeprefix("held:"))
        if not store.write(lambda c: noted(c, "callbacks resume", name, done=switches.resume(c, name))):
            fail(f"{part!r} is not paused", hint=f"paused: {', '.join(one[0] for one in off) or 'nothing'}")
    print_line(f"{name} goes on")
    if name.startswith("held:"):
        print_line("those held before wait for you: hotline callbacks list --state held")


def release(
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="ID", max=LARGEST, help="Held callbacks.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait for an operator.")] = False,
) -> None:
    """Have held callbacks dialled: you have seen that they are citizens.

    Those held until a budget has room go by themselves; naming one lets it go at once.
    """
    if not ids and not everything:
        fail("name callbacks, or --all", hint="hotline callbacks list --state held", status=2)
    with open_store() as store:
        held = store.read(lambda c: listed(c, ("held",), 1_000_000)) if everything else []
        ids = [*(ids or ()), *(one.id for one in held if one.held_for == "operator")]
        _change(store, "callbacks release", ids, callbacks.let_go, "released", "owed")


def cancel(
    ids: Annotated[list[int], typer.Argument(metavar="ID", max=LARGEST, help="As `list` shows them.")],
    why: Annotated[str, line_option("Kept in its journal.")] = "cancelled by an operator",
) -> None:
    """Take callbacks back that are not being dialled."""

    def close(connection: Connection, callback_id: int, note: str) -> bool:
        return callbacks.close(connection, callback_id, "cancelled", note, among=WAITING_STATES)

    with open_store() as store:
        _change(store, "callbacks cancel", ids, close, why, "cancelled")


def show_refusals(
    lifted: Annotated[str, typer.Option("--lift", help="Call this number again; `-` reads it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Citizens who asked not to be called, the latest first; retention makes keyed hashes of old numbers.

    A hash still keeps whoever calls from that number from being called back, and is lifted by the number.
    """
    number = number_from(lifted)
    shown, lift = masked(number), partial(switches.lift, number=number, key=key_of_pseudonyms())
    with open_store() as store:
        found = store.read(switches.every)
        if lifted:
            if not store.write(lambda c: noted(c, "refusal lifted", shown, done=lift(c))):
                fail("nobody at that number, written like +994501234567, refused calls", hint=_NO_KEY)
            print_line(f"{shown} may be called again")
            return
    for one in found:
        text = one["caller_e164"]
        one["caller_e164"] = text if is_pseudonym(text) else masked(text)
    rows = ((one["caller_e164"], f"{local(one['since']):%Y-%m-%d %H:%M}", one["why"]) for one in found)
    print_result(as_json, found, [Table(("number", "since", "why"), rows)])


def _change(store: Store, action: str, ids: list[int], change: Change, why: str, state: str) -> None:
    """Change each callback in one transaction, then print its new state, or why it is not changed."""
    changed = store.write(
        lambda c: {
            one: noted(c, action, f"callback {one}", why, done=change(c, one, why))
            for one in dict.fromkeys(ids)
        }
    )
    for callback_id, is_done in changed.items():
        found = store.read(partial(callbacks.find, callback_id=callback_id))
        is_now = f"is {found.state}" if found else "does not exist"
        print_line(f"callback {callback_id} {state if is_done else is_now}", err=not is_done)
    if not all(changed.values()):
        raise typer.Exit(1)
