"""`hotline callbacks decide`: what would be decided for a missed call from a number; it stores nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Annotated

import typer
from sqlalchemy import Connection

from callback_dialer.decide import Decision
from callback_dialer.deciding import would_decide
from callback_dialer.ordering import as_if_missed
from callback_dialer.policy import Policy
from ivr.calls.caller import reader
from ivr.command.checking import running_configuration
from ivr.command.options import fail, key_of_pseudonyms
from ivr.command.printing import print_line
from ivr.command.store import open_store
from ivr.storage import missed


def decide(
    numbers: Annotated[
        list[str], typer.Argument(metavar="NUMBER", help="As delivered; `-` reads JSON strings, one a line.")
    ],
    trunk: Annotated[
        str | None, typer.Option(help="By which the call comes in; default: the first.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
) -> None:
    """What would be decided now for a missed call from each number, as if it alone came in."""
    configuration = running_configuration()
    by = next(iter(configuration.trunks), "") if trunk is None else trunk
    if trunk is not None and trunk not in configuration.trunks:
        fail(f"there is no trunk {trunk!r}", hint=f"trunks: {', '.join(configuration.trunks)}", status=2)
    policy, read = Policy.of(configuration, key_of_pseudonyms), reader(configuration)
    queue, unread = next(iter(policy.queues)), 0

    def decided(connection: Connection, number: str) -> tuple[str, Decision]:
        now = missed.now(connection)
        call = as_if_missed(number, read(number, by, ""), by, policy, now, queue=queue)
        return call.caller_e164, would_decide(connection, call, policy)

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
