"""`make bench`: a year of queue_log into SQLite and into PostgreSQL, beside a bare insert of the same rows.

A quarter of the year goes first, to show that the time grows with the lines and with nothing else. Then what
reports of the whole year cost.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Shown
from sqlalchemy import Connection, Table

from ivr.storage.engine.statements import COPY
from ivr.storage.engine.store import Store
from ivr.storage.schema.recorded import calls, visits
from tests.postgresql import PostgreSQL
from tests.stores import empty_store
from tests.year.backfilling import backfill, stored, write_year
from tests.year.generator import CALLS_OF_2024
from tests.year.report_bench import report_steps

SEED = 2024
_PORTION = 1000


def bare_insert(source: Store, target: Store) -> float:
    """Seconds the driver takes to put the rows of one store into an empty one, a thousand at once."""
    spent = 0.0
    for table in (calls, visits):
        with source.engine.connect() as reading:
            found = reading.execution_options(yield_per=_PORTION).exec_driver_sql(
                f"SELECT {', '.join(table.c.keys())} FROM {table.name}"
            )
            for rows in found.partitions(_PORTION):
                plain = [tuple(row) for row in rows]
                began = time.perf_counter()
                target.write(lambda connection, rows=plain, table=table: _insert(connection, table, rows))  # type: ignore[misc]  # bound at once
                spent += time.perf_counter() - began
    return spent


def _insert(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    places = ", ".join(("?" if connection.dialect.paramstyle == "qmark" else "%s",) * len(rows[0]))
    into = f"{table.name} ({', '.join(table.c.keys())})"
    options = {COPY: f"COPY {into} FROM STDIN"}
    connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({places})", rows, execution_options=options)


def bench(folder: Path, number: int, console: Console) -> None:
    """Print one line for each store and size; RuntimeError if what is stored is not what was made.

    Then what reports of the whole year cost.
    """
    reported = Shown("store", "report", "s", "peak MB", box=None)
    shown = Shown("store", "calls", "lines", "s", "µs/line", "peak MB", "bare s", "ratio", box=None)
    with PostgreSQL.running() as server, console.status("starting PostgreSQL") as doing:
        for size in (number // 4, number):
            path = folder / f"queue_log.{size}"
            doing.update(f"making the queue_log of {size:,} calls")
            count, truth = write_year(path, SEED, size)
            for kind in ("SQLite", "PostgreSQL"):
                full, bare = (_new_store(kind, server, folder, f"{size}-{name}") for name in ("full", "bare"))
                doing.update(f"{kind}: {size:,} calls, {count:,} lines")
                cost = backfill(full.engine.url.render_as_string(hide_password=False), path)
                if stored(full) != truth:
                    raise RuntimeError(f"{kind} does not hold what was made")
                doing.update(f"{kind}: the same rows by its driver alone")
                by_driver = bare_insert(full, bare)
                figures = (cost.seconds, cost.seconds / count * 1e6, cost.megabytes, by_driver)
                ratio = f"{cost.seconds / by_driver:.1f}"
                shown.add_row(kind, f"{size:,}", f"{count:,}", *(f"{one:.1f}" for one in figures), ratio)
                if size == number:
                    for what, spent in report_steps(full, folder):
                        doing.update(f"{kind}: {what}")
                        memory = f"{spent.megabytes:.1f}" if spent.megabytes else "–"
                        reported.add_row(kind, what, f"{spent.seconds:.2f}", memory)
                full.close()
                bare.close()
    console.print(shown)
    console.print(reported)


def _new_store(kind: str, server: PostgreSQL, folder: Path, name: str) -> Store:
    if kind == "PostgreSQL":
        return Store(server.create_database())
    (folder / name).mkdir()
    return empty_store(folder / name)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=CALLS_OF_2024, help="of the whole year")
    with tempfile.TemporaryDirectory(prefix="hotline-year-") as folder:
        bench(Path(folder), options.parse_args().calls, Console())


if __name__ == "__main__":
    main()
