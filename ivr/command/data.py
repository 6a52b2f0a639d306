"""`hotline data`: the records for other programs, and the store's schema."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from ivr.calls.masking import masked
from ivr.command.audit import audit
from ivr.command.auditing import audit_log, noted
from ivr.command.backfill import backfill
from ivr.command.parameters import group
from ivr.command.period import told_days
from ivr.command.printing import print_csv, print_json_lines, print_line
from ivr.command.purge import purge_data
from ivr.command.recordings import find_recordings
from ivr.command.reports import show_totals
from ivr.command.status import gap_told
from ivr.command.store import open_store
from ivr.storage.export import NUMBERS, Kind, fields, rows
from ivr.storage.listening import every_gap
from ivr.storage.sealed import sealed

app = group("The records for other programs.", "hotline data export visits --format csv")


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


def migrate() -> None:
    """Bring the database's tables to this version; every other command does so too."""
    with open_store() as store:
        print_line(f"the tables of {store.engine.url.database} are up to date")


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: masked(value or "") if name in NUMBERS else value for name, value in row.items()}


for name, command, example in (
    ("export", export, "hotline data export visits --format jsonl"),
    ("audit", audit, "hotline data audit --from 2026-11-01 --to 2026-11-30"),
    ("audit-log", audit_log, "hotline data audit-log --since 2026-11-01"),
    ("backfill", backfill, "hotline data backfill --all-queues /var/log/asterisk/queue_log*"),
    ("migrate", migrate, "hotline data migrate"),
    ("purge", purge_data, "hotline data purge --secrets /etc/asterisk/secrets.d"),
    ("totals", show_totals, "hotline data totals --from 2026-11-01 --to 2026-11-30 --json"),
    ("recordings", find_recordings, 'hotline data recordings 1795364181.41 --copy a.wav --why "request 17"'),
):
    app.command(name, epilog=f"Example: {example}")(command)
