"""`hotline data`: the records for other programs, recordings, who did what, retention and the store's schema.

All commands of the group are listed at the end. `hotline run` starts `data purge` every night.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from sqlalchemy import Connection

from ivr.asterisk.connection import utc_now
from ivr.asterisk.secrets import PSEUDONYMS, SecretMissing, make_missing, read_secret
from ivr.base.masking import masked, pseudonym
from ivr.command.days import show_totals, told_days
from ivr.command.imports import import_file
from ivr.command.loading import TimeZone, configuration_if_any, options, running_configuration, timestamp
from ivr.command.options import SECRETS, AsJson, Bom, Delimiter, group, number_from, secrets_option
from ivr.command.printing import (
    Table,
    fail,
    or_fail,
    print_line,
    print_lines,
    print_records,
    print_result,
    progress,
)
from ivr.command.queue_logs import audit, backfill
from ivr.command.status import gap_told
from ivr.command.store import make_tables, noted, open_store
from ivr.config.model import Configuration
from ivr.reading.day_figures import judging_of
from ivr.reading.export import NUMBERS, Kind, fields, find, rows
from ivr.retention import recordings
from ivr.retention.final_days import Kept, keep_final_days
from ivr.retention.purge import Done, is_any_nameless, purge, why_doubtful
from ivr.storage.engine.store import Store
from ivr.storage.owed.switches import KEY_KNOWN
from ivr.storage.people import audit as audited
from ivr.storage.people.audit import last_subject
from ivr.storage.records.sealed import sealed
from ivr.storage.running.listening import every_gap

_RESTORE: Final = (
    "restore it from a backup, or copy it from the other machine: without it equal callers differ"
)
_CLOCK: Final = "set the clock; if it is right, confirm it once: hotline data purge --clock-is-right"


def purge_data(
    secrets: Annotated[Path, secrets_option("Folder `secrets.d`, where the hash's key is kept.")] = SECRETS,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="Purge this once, whatever speaks against the clock.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hash old numbers and delete older records, as `retention` says; totals of each day are kept first.

    Equal callers stay equal. A callback that is still open is left alone, and every day since it was missed.
    Refused while this machine's clock is a day ahead of the newest record or of the database's clock, or the
    hotline left no sign of life for over 7 days that would be sealed.
    """
    configuration = running_configuration()
    with open_store() as store:
        zone, kept, now = options().zone, configuration.retention, utc_now()
        why = store.read(partial(why_doubtful, retention=kept, zone=zone, now=now))
        if why and not clock_is_right:
            fail(f"nothing is purged: {why}", hint=_CLOCK)
        counted = Done("kept", "days' figures", _keep_figures(store, configuration))
        done, refused = [counted, *purge(store, _key(store, secrets), kept, zone, now)], []
        for name, server in configuration.servers.items():
            try:
                done += _recordings(name, Path(server.recordings), configuration.retention.recordings)
            except OSError as problem:
                refused.append(f"recordings in {server.recordings} cannot be deleted: {problem.strerror}")
        what = ", ".join(f"{one.number} {one.what} {one.action}" for one in done if one.number)
        what = f"{why}; confirmed: {what}" if why else what
        store.write(lambda connection: noted(connection, "purge", "retention", what or "nothing was due"))
    print_result(as_json, done, (f"{one.number:>9} {one.what} {one.action}" for one in done))
    if refused:
        fail("; ".join(refused), hint="give this user's group the right to write there")


def keep_figures(time_zone: TimeZone = "") -> None:
    """Count the days whose figures are final, and keep their sums, so that reports need not count them again.

    The service does it every night before it purges. Whatever is stored of such a day later on makes it count
    again.
    """
    configuration = configuration_if_any()
    with open_store() as store:
        days = _keep_figures(store, configuration)
    print_line(f"{days:,} days counted and kept")


def _keep_figures(store: Store, configuration: Configuration | None) -> int:
    """How many days were counted; with a progress bar."""
    zone, kept = options().zone, Kept(0, 0)
    judging = store.read(lambda connection: judging_of(connection, configuration, zone))
    with progress() as bar:
        task = bar.add_task("final days", total=None)
        for kept in keep_final_days(store, judging, utc_now()):
            bar.update(task, total=kept.wanted, completed=kept.kept)
    return kept.kept


def _recordings(server: str, folder: Path, kept_seconds: float) -> Iterator[Done]:
    """Delete what is older, if that server's recordings are on this machine. Raises OSError."""
    if folder.is_dir():
        old = list(recordings.older_than(folder, server, utc_now() - timedelta(seconds=kept_seconds)))
        for path in old:
            path.unlink(missing_ok=True)
        yield Done("deleted", f"recordings of {server}", len(old))


def _key(store: Store, secrets: Path) -> str:
    """The key of this store's pseudonyms, made if there are none yet; by a hash it is known again."""
    is_in_use = store.read(is_any_nameless)
    try:
        with or_fail("name the folder with --secrets", f"{secrets} cannot be written"):
            if not is_in_use:
                make_missing(secrets, [PSEUDONYMS])
            key = read_secret(secrets, PSEUDONYMS)
    except SecretMissing as missing:
        fail(str(missing).partition(";")[0], hint=_RESTORE)
    mine = pseudonym(key, "")
    known = store.read(lambda connection: last_subject(connection, KEY_KNOWN))
    if known not in (None, mine) and is_in_use:
        fail(f"the key in {secrets} is another than the one numbers were hashed with", hint=_RESTORE)
    if known != mine:
        store.write(lambda connection: noted(connection, KEY_KNOWN, mine))
    return key


app = group("The records for other programs.", "hotline data export visits --format csv")
_DAYS_BACK: Final = timedelta(days=30)
_GONE_WITH: Final[dict[str, frozenset[Kind]]] = {
    "calls_deleted": frozenset({"visits", "surveys", "calls", "decisions", "topics"}),
    "callbacks_deleted": frozenset({"callbacks", "attempts", "orders", "outside_attempts"}),
}
"""Which records retention deletes with calls and with callbacks, by the field of a sealed day."""


def export(
    kind: Annotated[Kind, typer.Argument(help="Which records.")],
    form: Annotated[
        Literal["jsonl", "csv"], typer.Option("--format", help="One JSON object a line, or CSV.")
    ] = "jsonl",
    full_numbers: Annotated[
        bool, typer.Option("--full-numbers", help="Whole numbers instead of masked ones.")
    ] = False,
    has_bom: Bom = False,
    delimiter: Delimiter = ",",
) -> None:
    """Write every record to stdout, oldest first; numbers masked.

    On stderr: when nobody listened to AMI, and up to which day retention has deleted such records.
    """
    if form != "csv" and (has_bom or delimiter != ","):
        fail("--bom and --delimiter are of CSV", hint="add --format csv", status=2)
    with open_store() as store:
        numbers = "full numbers" if full_numbers else ""
        store.write(lambda connection: noted(connection, "export", kind, numbers))
        gaps, days = store.read(every_gap), store.read(sealed)
        print_lines((f"gap at {server}: {gap_told(gap)}" for server, gap in gaps), err=True)
        gone_with = next((with_it for with_it, kinds in _GONE_WITH.items() if kind in kinds), "")
        if deleted := [one.day for one in days if gone_with and getattr(one, gone_with)]:
            print_line(f"deleted by retention: {kind} of {told_days(deleted)}", err=True)

        def write(connection: Connection) -> None:
            found = rows(connection, kind)
            shown = found if full_numbers else map(_masked, found)
            print_records(form, fields(kind), shown, delimiter=delimiter, has_bom=has_bom)

        store.read(write)


def migrate() -> None:
    """Make the tables of a new database. A daemon does so at its start; no other command does.

    Tables of another version stay as they are: export with that version, then start with an empty database.
    """
    name, made = make_tables()
    print_line(f"the tables of {name} are {'made' if made else 'up to date'}")


def audit_log(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day.", show_default="30 days ago")
    ] = None,
    time_zone: TimeZone = "",
    as_json: AsJson = False,
) -> None:
    """Who did what, the newest first: exports, whole numbers, callbacks stopped, hours closed, applies.

    `who` is the login the command was started from, whatever `sudo` or `su` came between.
    """
    begin = since.replace(tzinfo=options().zone) if since else utc_now() - _DAYS_BACK
    with open_store() as store:
        found = store.read(lambda connection: audited.lines(connection, begin))
    rows = ((timestamp(one["at"]), *map(str, list(one.values())[1:])) for one in found)
    print_result(as_json, found, [Table(("when", "who", "action", "about", "note"), rows)])


def find_recordings(
    call: Annotated[str, typer.Argument(help="Linkedid of the call, as exports show it; or the file.")] = "",
    number: Annotated[str, typer.Option(help="Calls of this number, as +994501234567; `-` reads it.")] = "",
    copy: Annotated[Path | None, typer.Option(help="Copy the call's recording to this new file.")] = None,
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
            {**asdict(one), "file": str(file)}
            for one in store.read(lambda connection: find(connection, linkedids, number))
            if (folder := folders.get(one.server)) is not None
            for file in recordings.of_call(folder, one.server, one.linkedid)
            if number or call == one.linkedid or wanted == file
        ]
        if not found:
            fail("no recording is found", hint="it was not recorded, is on another machine, or is deleted")
        if copy is None or len(found) > 1:
            _show(found, as_json)
        if copy is None:
            return
        if len(found) > 1:
            fail("there are several recordings", hint="name the file you want instead of the call")
        file = found[0]["file"]
        store.write(lambda connection: noted(connection, "recording copied", file, why))
    with or_fail("name a new file, as a user who may read it", f"{file} is not copied to {copy}"):
        recordings.copy(Path(file), copy)
    print_result(as_json, [_masked({**found[0], "copied_to": str(copy)})], [f"copied {file} to {copy}"])


def _show(found: list[dict[str, Any]], as_json: bool) -> None:
    shown = list(map(_masked, found))
    lines = (
        f"{timestamp(row['began_at'])}  {row['linkedid']}  {row['caller_e164']}  {row['file']}"
        for row in shown
    )
    print_result(as_json, shown, lines)


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: masked(value or "") if name in NUMBERS else value for name, value in row.items()}


for name, command, example in (
    ("export", export, "hotline data export visits --format jsonl"),
    ("audit", audit, "hotline data audit --from 2026-11-01 --to 2026-11-30"),
    ("audit-log", audit_log, "hotline data audit-log --since 2026-11-01"),
    ("backfill", backfill, "hotline data backfill --all-queues /var/log/asterisk/queue_log*"),
    ("figures", keep_figures, "hotline data figures"),
    ("import", import_file, "hotline data import topics topics-2026-11.csv"),
    ("migrate", migrate, "hotline data migrate"),
    ("purge", purge_data, "hotline data purge --secrets /etc/asterisk/secrets.d"),
    ("totals", show_totals, "hotline data totals --from 2026-11-01 --to 2026-11-30 --json"),
    ("recordings", find_recordings, 'hotline data recordings 1795364181.41 --copy a.wav --why "request 17"'),
):
    app.command(name, epilog=f"Example: {example}")(command)
