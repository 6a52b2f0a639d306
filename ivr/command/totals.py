"""`hotline data totals`: a period in sums, and all that a reader of them must know of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection

from ivr.command.checking import load_or_stop
from ivr.command.days import LastDay, first_and_last, from_day
from ivr.command.options import options
from ivr.command.status import gap_told
from ivr.command.store import open_store
from ivr.config.loading import configuration_of
from ivr.storage.listening import every_gap
from ivr.storage.totals import Total, begins, is_sealed, totals

EXAMPLE: Final = "Example: hotline data totals --from 2026-11-01 --to 2026-11-30 --json"


def show_totals(
    context: typer.Context,
    begin: Annotated[datetime | None, from_day("today")] = None,
    end: LastDay = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")] = False,
) -> None:
    """How many visits, decisions, callbacks and attempts ended how, and the seconds waited and talked.

    Days are the hotline's own. Below the sums: when nobody listened to AMI, and which days are sealed.
    """
    zone = ZoneInfo(configuration_of(load_or_stop(options(context).config)).hotline.time_zone)
    first, last = first_and_last(begin, end, zone, days_back=0)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    with open_store() as store:
        summed = store.read(lambda connection: _summed(connection, days, zone))
        sealed = store.read(lambda connection: [day for day in days if is_sealed(connection, day)])
        end_of_last = begins(last + timedelta(days=1), zone)
        gaps = store.read(lambda connection: every_gap(connection, begins(first, zone), end_of_last))
    if as_json:
        document = {
            "from": first,
            "to": last,
            "totals": [asdict(total) for total in summed],
            "gaps": [{"server": server, **asdict(gap)} for server, gap in gaps],
            "sealed_days": sealed,
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))
        return
    typer.echo(f"{first} to {last}")
    for line in _lines(summed):
        typer.echo(line)
    for server, gap in gaps:
        typer.echo(f"gap at {server}: {gap_told(gap)}")
    if sealed:
        typer.echo(f"sealed: {len(sealed)} days up to {sealed[-1]}; numbers or records of them may be gone")


def _summed(connection: Connection, days: Iterable[date], zone: ZoneInfo) -> list[Total]:
    """One total for each way in which records ended in the period."""
    found: dict[tuple[str, ...], Total] = {}
    for day in days:
        for total in totals(connection, day, zone):
            key = (total.record, total.server, total.structure, total.queue, total.origin, total.result)
            so_far = found.get(key)
            found[key] = total if so_far is None else _added(so_far, total)
    return sorted(found.values())


def _added(one: Total, other: Total) -> Total:
    return replace(
        one,
        number=one.number + other.number,
        wait_seconds=round(one.wait_seconds + other.wait_seconds, 3),
        talk_seconds=round(one.talk_seconds + other.talk_seconds, 3),
    )


def _lines(summed: Iterable[Total]) -> Iterator[str]:
    for record, of_record in groupby(summed, key=lambda total: total.record):
        kind = list(of_record)
        yield _line(record, kind)
        for place, same in groupby(sorted(kind, key=_place), key=_place):
            yield _line(f"  {place}", list(same))


def _place(total: Total) -> str:
    return f"{total.server} {total.queue or total.structure} {total.origin}"


def _line(what: str, same: Iterable[Total]) -> str:
    results, waited, talked = Counter[str](), 0.0, 0.0
    for total in same:
        results[total.result] += total.number
        waited, talked = waited + total.wait_seconds, talked + total.talk_seconds
    told = [f"{number:,} {result}" for result, number in results.most_common()]
    told += [
        f"{seconds:,.0f} s {how}" for seconds, how in ((waited, "waited"), (talked, "talked")) if seconds
    ]
    return f"{what:<28}  {results.total():>9,}   {', '.join(told)}"


def _plain(value: date) -> str:
    return value.isoformat()
