"""`hotline data audit`: does everything that was stored of a period agree with itself and with queue_log?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from ivr.asterisk.connection import utc_now
from ivr.asterisk.queue_log import LogFile
from ivr.command.backfill import own_queue_logs, queue_logs
from ivr.command.options import local, server_of, timestamp
from ivr.command.parameters import AsJson, LastDay, from_day, server_option
from ivr.command.period import Days, told_days
from ivr.command.printing import print_result
from ivr.command.store import open_store
from ivr.config.model import Configuration
from ivr.queue_log import QueueLog
from ivr.storage.agreement import LogComparison, Period, decided, sums
from ivr.storage.engine import Store
from ivr.visits.agreement import Disagreement
from ivr.watched import Watched

_SETTLED: Final = timedelta(minutes=5)
"""What happened in the last minutes may still be on its way."""


def audit(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="queue_log files of --server; else the servers' own, if this machine has them."),
    ] = None,
    begin: Annotated[datetime | None, from_day("yesterday")] = None,
    end: LastDay = None,
    server: Annotated[str, server_option("Whose the given files are.")] = "main",
    as_json: AsJson = False,
) -> None:
    """Whether sums close, each missed call has its decision, and queue_log tells the same.

    Exit status 1 if anything disagrees; days that retention has deleted are named. Days are the hotline's,
    and end five minutes ago at the latest.
    """
    days = Days.asked(begin, end, days_back=1)
    configuration, period = days.configuration, Period(days.begin, min(days.end, utc_now() - _SETTLED))
    if files:
        server_of(configuration, server)
    logs = {server: queue_logs(files)} if files else _own_logs(configuration)
    with open_store() as store:
        found = sorted(_disagreements(store, configuration, period, logs))
        known = store.read(days.completeness)
    compared = [name for name, log in logs.items() if log]
    data = {**asdict(period), "compared_with_queue_log_of": compared, "disagreements": found}
    lines = (*_lines(found, period, compared, known.deleted_days), *known.lines())
    print_result(as_json, {**data, **known.as_json()}, lines)
    if found:
        raise typer.Exit(1)


def _own_logs(configuration: Configuration) -> dict[str, list[LogFile]]:
    paths = {name: server.log_file for name, server in configuration.servers.items()}
    return {name: own_queue_logs(path) for name, path in paths.items() if path is not None}


def _disagreements(
    store: Store, configuration: Configuration, period: Period, logs: Mapping[str, list[LogFile]]
) -> Iterator[Disagreement]:
    yield from store.read(lambda connection: list(sums(connection, period)))
    yield from store.read(lambda connection: list(decided(connection, period)))
    for server, files in logs.items():
        comparison, read_to = LogComparison(store, server, period, frozenset(configuration.queues)), None
        for told in QueueLog(server, Watched.of(configuration), {}).told(files, {}):
            yield from comparison.compare(told.changes.visits)
            read_to = told.read_to
        if read_to is not None:
            yield from comparison.end(files[0].began_at, read_to)


def _lines(
    found: list[Disagreement], period: Period, compared: list[str], deleted: list[date]
) -> Iterator[str]:
    for one in found:
        where = f"{one.server:<8}  {one.queue:<8}  {one.check:<9}  {one.subject:<20}"
        yield f"{timestamp(one.at)}  {where}  {one.says}"
    days = f"{local(period.begin):%Y-%m-%d %H:%M} to {local(period.end):%Y-%m-%d %H:%M}"
    logs = (
        f"queue_log of {', '.join(compared)}" if compared else "no queue_log (none is here; name its files)"
    )
    left = " in what is left" if deleted else ""
    yield f"{days}: {len(found) or 'no'} disagreements{left}; compared with {logs}"
    if deleted:
        yield f"cannot be audited any more: {told_days(deleted)}, whose records retention has deleted"
