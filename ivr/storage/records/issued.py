"""Reports as they were issued. A number is given once, and what it was given to never changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from ivr.storage.engine.statements import add, all_as, columns, one_as
from ivr.storage.schema.columns import database_now
from ivr.storage.schema.running import issued_reports

IssuedKind = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class IssuedReport:
    """`document`: the frozen report, `digest` its SHA-256; `version` of this software made it."""

    number: str
    kind: IssuedKind
    label: str
    issued_at: datetime
    issued_by: str
    version: str
    digest: str
    document: str


_ALL: Any = columns(IssuedReport, issued_reports)


def keep(connection: Connection, report: IssuedReport) -> bool:
    """Store it as issued now; False if its number is given already."""
    return add(connection, issued_reports, {**asdict(report), "issued_at": database_now()}) is not None


def with_number(connection: Connection, number: str) -> IssuedReport | None:
    """The report of that number; None if it was never given."""
    return one_as(connection, IssuedReport, select(*_ALL).filter_by(number=number))


def every_issued(connection: Connection) -> list[IssuedReport]:
    """All of them, the latest first."""
    return all_as(connection, IssuedReport, select(*_ALL).order_by(issued_reports.c.id.desc()))
