"""`hotline data`: the records for other programs, and the store's schema."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from ivr.calls.masking import masked
from ivr.command import audit, auditing, backfill, purge, recordings, totals
from ivr.command.auditing import noted
from ivr.command.days import told_days
from ivr.command.printing import print_csv, print_json_lines, print_line
from ivr.command.status import gap_told
from ivr.command.store import open_store
from ivr.storage.export import NUMBERS, Kind, fields, rows
from ivr.storage.listening import every_gap
from ivr.storage.sealed import sealed

app = typer.Typer(
    help="The records for other programs.",
    epilog="Example: hotline data export visits --format csv",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("export", epilog="Example: hotline data export visits --format jsonl")
def export(
    kind: Annotated[Kind, typer.Argument(help="Which records.")],
    form: Annotated[
        Literal["jsonl", "csv"], typer.Option("--format", help="One JSON object a line, or CSV.")
    ] = "jsonl",
    full_numbers: Annotated[
        bool, typer.Option("--full-numbers", help="Whole numbers instead of masked ones.")
    ] = False,
) -> None:
    """Write every record to stdout, oldest first; numbers masked.

    On stderr: when nobody listened to AMI, and up to which day retention has deleted such records.
    """
    is_deleted = attrgetter("calls_deleted" if kind in ("visits", "surveys") else "callbacks_deleted")
    with open_store() as store:
        numbers = "full numbers" if full_numbers else ""
        store.write(lambda connection: noted(connection, "export", kind, numbers))
        gaps, days = store.read(every_gap), store.read(sealed)
        for server, gap in gaps:
            print_line(f"gap at {server}: {gap_told(gap)}", err=True)
        if deleted := [one.day for one in days if is_deleted(one)]:
            print_line(f"deleted by retention: {kind} of {told_days(deleted)}", err=True)

        def write(connection: Connection) -> None:
            found = rows(connection, kind)
            shown = found if full_numbers else map(_masked, found)
            if form == "csv":
                print_csv(fields(kind), shown)
            else:
                print_json_lines(shown)

        store.read(write)


app.command("audit", epilog=audit.EXAMPLE)(audit.audit)
app.command("audit-log", epilog=auditing.EXAMPLE)(auditing.audit_log)
app.command("backfill", epilog=backfill.EXAMPLE)(backfill.backfill)


@app.command("migrate", epilog="Example: hotline data migrate")
def migrate() -> None:
    """Bring the database's tables to this version; every other command does so too."""
    with open_store() as store:
        print_line(f"the tables of {store.engine.url.database} are up to date")


app.command("purge", epilog=purge.EXAMPLE)(purge.purge_data)
app.command("totals", epilog=totals.EXAMPLE)(totals.show_totals)
app.command("recordings", epilog=recordings.EXAMPLE)(recordings.find_recordings)


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: masked(value or "") if name in NUMBERS else value for name, value in row.items()}
