"""`hotline data recordings`: find the recording of a call, and copy it for who may hear it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection, select

from ivr import recordings
from ivr.calls.masking import masked
from ivr.command.auditing import noted
from ivr.command.checking import running_configuration
from ivr.command.options import fail, number_from, timestamp
from ivr.command.parameters import AsJson
from ivr.command.printing import print_line, print_result
from ivr.command.store import open_store
from ivr.storage.schema import calls

_MOST: Final = 100


def find_recordings(
    call: Annotated[str, typer.Argument(help="Linkedid of the call, as exports show it; or the file.")] = "",
    number: Annotated[str, typer.Option(help="Calls of this number, as +994501234567; `-` reads it.")] = "",
    copy: Annotated[
        Path | None, typer.Option(help="Copy the call's recording to this new file.", show_default=False)
    ] = None,
    why: Annotated[str, typer.Option(help="Kept with the copy in the audit.")] = "",
    as_json: AsJson = False,
) -> None:
    """Find recordings by call or number, the latest first; copy one, with a line in the audit."""
    if bool(call) == bool(number):
        fail("which call?", hint="give its linkedid, or --number", status=2)
    if copy is not None and not why:
        fail("why is it copied?", hint="--why is kept in the audit", status=2)
    number = number_from(number)
    folders = {name: Path(server.recordings) for name, server in running_configuration().servers.items()}
    wanted = Path(call)
    linkedids = {call}.union(*(recordings.calls_of(wanted.name, server) for server in folders))
    with open_store() as store:
        found = [
            {**row, "file": str(file)}
            for row in store.read(lambda connection: _calls(connection, linkedids, number))
            if (folder := folders.get(row["server"])) is not None
            for file in recordings.of_call(folder, row["server"], row["linkedid"])
            if number or call == row["linkedid"] or wanted == file
        ]
        if not found:
            fail("no recording is found", hint="it was not recorded, is on another machine, or is deleted")
        if copy is None:
            _show(found, as_json)
            return
        if len(found) > 1:
            _show(found, as_json)
            fail("there are several recordings", hint="name the file you want instead of the call")
        file = found[0]["file"]
        store.write(lambda connection: noted(connection, "recording copied", file, why))
    try:
        recordings.copy(Path(file), copy)
    except OSError as problem:
        fail(
            f"{file} is not copied to {copy}: {problem.strerror}",
            hint="name a new file, as a user who may read it",
        )
    if as_json:
        _show([{**found[0], "copied_to": str(copy)}], as_json)
    else:
        print_line(f"copied {file} to {copy}")


def _calls(connection: Connection, linkedids: set[str], number: str) -> list[dict[str, Any]]:
    is_it = calls.c.caller_e164 == number if number else calls.c.linkedid.in_(linkedids)
    wanted = select(calls.c.server, calls.c.linkedid, calls.c.caller_e164, calls.c.began_at)
    rows = connection.execute(wanted.where(is_it).order_by(calls.c.began_at.desc()).limit(_MOST))
    return [dict(row) for row in rows.mappings()]


def _show(found: list[dict[str, Any]], as_json: bool) -> None:
    shown = [{**row, "caller_e164": masked(row["caller_e164"])} for row in found]
    lines = (
        f"{timestamp(row['began_at'])}  {row['linkedid']}  {row['caller_e164']}  {row['file']}"
        for row in shown
    )
    print_result(as_json, shown, lines)
