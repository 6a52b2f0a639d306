"""`hotline callbacks`: who is owed a call, what became of it, what would be decided for a number.

All commands of the group are listed at the end.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection

from callback_dialer.decide import Decision
from callback_dialer.deciding import BY_HAND, against_request
from callback_dialer.policy import Policy
from ivr.base.masking import masked
from ivr.calls.callbacks import CallbackState
from ivr.calls.numbers import reader
from ivr.command.callback_orders import add, import_file
from ivr.command.callback_switches import cancel, pause, release, resume, show_refusals
from ivr.command.loading import local, running_configuration, timestamp
from ivr.command.options import LARGEST, AsJson, group, key_of_pseudonyms
from ivr.command.printing import Table, fail, print_line, print_result
from ivr.command.store import noted, open_store
from ivr.reading.callback_history import History, history, listed
from ivr.reading.export import NUMBERS
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store
from ivr.storage.owed.attempts import Attempt
from ivr.storage.owed.callbacks import Callback

app = group(
    "Citizens who are owed a call: who they are, what was tried.", "hotline callbacks list --state owed"
)

FullNumbers = Annotated[bool, typer.Option("--full-numbers", help="Show whole numbers instead of masked.")]
Show = Callable[[str], str]
"""A number as it may be shown."""
_FIGURES: Final = frozenset({"id", "waited", "tries", "try", "cause", "talk"})


def decide(
    numbers: Annotated[
        list[str], typer.Argument(metavar="NUMBER", help="As delivered; `-` reads JSON strings, one a line.")
    ],
    trunk: Annotated[str | None, typer.Option(help="By which the call comes in; default: the first.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
) -> None:
    """What would be decided now for a missed call from each number, as if it alone came in."""
    configuration = running_configuration()
    by = next(iter(configuration.trunks), "") if trunk is None else trunk
    if trunk is not None and trunk not in configuration.trunks:
        fail(f"there is no trunk {trunk!r}", hint=f"trunks: {', '.join(configuration.trunks)}", status=2)
    policy, read = Policy.of(configuration, key_of_pseudonyms), reader(configuration)
    outcome, unread = next(iter(policy.callback.outcomes), "abandoned"), 0
    waited = f"waited {policy.callback.wait_over + 1:.1f} s and was not answered ({outcome})"

    def decided(connection: Connection, number: str) -> tuple[str, Decision]:
        caller = read(number, by, "")
        reason_against = against_request(connection, caller, by, clock_of(connection), policy)
        return caller.e164, reason_against or Decision("callback", waited)

    with open_store() as store:
        for place, number in _given(numbers):
            e164, decision = "", Decision("not_dialable", "no JSON string")
            if number is not None:
                e164, decision = store.read(partial(decided, number=number))
            else:
                unread += 1
                print_line(f"{place}: no JSON string", err=True)
            if as_json:
                told = {"number": number, "caller_e164": e164}
                print_line(json.dumps({**told, "decision": decision.verdict, "why": decision.why}))
            elif number is not None:
                print_line(f"{number:<20}  {decision.verdict:<17}  {decision.why}")
    if unread:
        fail(f"lines that are no JSON string: {unread}", hint='write each number like "0501234567"')


def _given(numbers: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Where each number stands and the number, None for what is no JSON string; standard input for `-`.

    One at a time: a program may write a line and read its answer. Only empty lines have none.
    """
    for number in numbers:
        if number != "-":
            yield "", number
            continue
        for line_number, line in enumerate(sys.stdin.buffer, 1):
            if line.strip():
                yield f"standard input:{line_number}", _json_string(line)


def _json_string(line: bytes) -> str | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def list_callbacks(
    state: Annotated[CallbackState | None, typer.Option(help="Only callbacks in this state.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=LARGEST, help="At most so many, the latest missed first.")
    ] = 100,
    full_numbers: FullNumbers = False,
    as_json: AsJson = False,
) -> None:
    """Callbacks, the latest missed first."""
    with open_store() as store:
        show = _shown(store, full_numbers, "callbacks list")
        found = store.read(lambda c: listed(c, () if state is None else (state,), limit + 1))
    if len(found) > limit:
        print_line(f"only the latest {limit} are shown: --limit", err=True)
        del found[limit:]
    columns = ("id", "number", "state", "why", "queue", "since", "due", "tries")
    table = Table(columns, [_row(one, show) for one in found], _FIGURES)
    none = "no callbacks" + (f" in state {state}" if state else "")
    print_result(as_json, [_as_data(one, show) for one in found], [table if found else none])


def show_callback(
    callback_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST, help="As `list` shows it.")],
    full_numbers: FullNumbers = False,
    as_json: AsJson = False,
) -> None:
    """One callback: the missed calls it settles, every change of state, every attempt."""
    with open_store() as store:
        show = _shown(store, full_numbers, f"callback {callback_id}")
        found = store.read(lambda connection: history(connection, callback_id))
    if found is None:
        fail(f"there is no callback {callback_id}", hint="`hotline callbacks list` shows their ids")
    print_result(as_json, _history_as_data(found, show), _history_as_lines(found, show))


def _row(one: Callback, show: Show) -> tuple[str, ...]:
    due = _minute(one.due_at) if one.closed_at is None else ""
    what = (str(one.id), show(one.caller_e164), _state(one), _why(one), one.queue)
    return (*what, _minute(one.missed_at), due, str(one.attempts_used))


def _state(one: Callback) -> str:
    return f"held for {one.held_for}" if one.state == "held" else one.state


def _why(one: Callback) -> str:
    if one.priority != "normal":
        return one.priority
    return f"waited {one.credit_seconds:.0f} s" if one.reason == "missed" else one.reason


def _history_as_lines(found: History, show: Show) -> Iterator[str | Table]:
    one = found.callback
    yield f"Callback {one.id}: {show(one.caller_e164)}, {one.queue}, {one.language}: {_state(one)}"
    if one.reason == "missed":
        told = [f"waited {one.credit_seconds:.1f} s, missed {timestamp(one.missed_at)}"]
    else:
        by = one.orderer if one.arrived_over == BY_HAND else "the citizen"
        told = [f"{one.reason} by {by}, {timestamp(one.missed_at)}", one.reference]
    told.append("" if one.priority == "normal" else f"priority {one.priority}")
    told += [one.agent and f"only while {one.agent} is idle", one.skill and f"only for skill {one.skill}"]
    if one.closed_at is None:
        told.append(f"due {timestamp(one.due_at)}")
        told.append(f"goes first from {timestamp(one.due_by)}" if one.due_by else "")
    yield ", ".join(filter(None, told))
    calls = [
        (timestamp(one.ended_at), one.structure, f"{one.wait_seconds:.1f} s", one.decision, one.why)
        for one in found.calls
    ]
    asked = [(timestamp(one.asked_at), one.queue, one.uniqueid, one.decision) for one in found.orders]
    tried = [_tried(one) for one in found.attempts]
    journal = [(timestamp(one.at), str(one.attempt or ""), one.state, one.note) for one in found.journal]
    attempts = ("try", "planned", "trunk", "disposition", "cause", "agent", "talk")
    for table in (
        Table(("missed call", "structure", "waited", "decision", "why"), calls, _FIGURES, "Missed calls"),
        Table(("ordered", "queue", "in call", "decision"), asked, _FIGURES, "Orders"),
        Table(attempts, tried, _FIGURES, "Attempts"),
        Table(("when", "try", "state", "note"), journal, _FIGURES, "What happened"),
    ):
        if table.rows:
            yield from ("", table)


def _tried(one: Attempt) -> tuple[str, ...]:
    cause = "" if one.cause is None else str(one.cause)
    talked = "" if one.talk_seconds is None else f"{one.talk_seconds:.1f} s"
    ended = one.disposition or one.state
    return (str(one.number), timestamp(one.planned_at), one.trunk, ended, cause, one.agent, talked)


def _shown(store: Store, full_numbers: bool, subject: str) -> Show:
    if not full_numbers:
        return masked
    store.write(lambda connection: noted(connection, "full numbers", subject))
    return str


def _minute(moment: datetime) -> str:
    return local(moment).strftime("%m-%d %H:%M")


def _as_data(one: Callback, show: Show) -> dict[str, Any]:
    return {name: show(value) if name in NUMBERS else value for name, value in asdict(one).items()}


def _history_as_data(found: History, show: Show) -> dict[str, Any]:
    tried = [{**asdict(one), "dial_string": show(one.dial_string)} for one in found.attempts]
    return {**asdict(found), "callback": _as_data(found.callback, show), "attempts": tried}


for name, command, example in (
    ("decide", decide, "hotline callbacks decide 0501234567 +19005551234"),
    ("add", add, "hotline callbacks add 0501234567 --queue dvx"),
    ("import", import_file, "hotline callbacks import answers.csv"),
    ("pause", pause, 'hotline callbacks pause dial --why "trunk works until 14:00"'),
    ("resume", resume, "hotline callbacks resume dial"),
    ("release", release, "hotline callbacks release 17 18"),
    ("cancel", cancel, 'hotline callbacks cancel 17 --why "answered by letter"'),
    ("refusals", show_refusals, "hotline callbacks refusals --lift -"),
    ("list", list_callbacks, "hotline callbacks list --state owed --json"),
    ("show", show_callback, "hotline callbacks show 17"),
):
    app.command(name, epilog=f"Example: {example}")(command)
