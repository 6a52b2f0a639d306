"""What each kind of import file says: its columns, and how the text of a field becomes a value.

A reader of a field raises ValueError with a sentence for whoever made the file. It goes on behind the field's
text, such as `'dvy' is not a structure`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from ivr.calls.callbacks import Disposition
from ivr.calls.numbers import ReadNumber
from ivr.config.model import Targets

Kind = Literal["attempts", "topics", "inquiries", "minutes", "published"]
QueryKind = Literal["complex_question", "e_service_error"]
"""Inquiries that count as query sheets; the others are sent on."""
InquiryKind = Literal[
    QueryKind, "complaint_about_third_party", "complaint_about_body_or_staff", "reception_booking", "proposal"
]
InquiryOutcome = Literal["answered_by_centre", "sent_on"]
Values = dict[str, Any]
"""Of one row, by the names of the store's columns."""

ALL: Final = "all"
"""The scope of a published figure that is the sum of the structures."""
FIGURES: Final = frozenset(Targets.model_fields) | {
    "reach_level", "contacts", "answered", "ordered", "excluded", "lost", "waiting", "reached",
    "mean_wait_seconds", "mean_handle_seconds", "answered_per_agent_day",
}  # fmt: skip
FIGURES_OF: Final = frozenset({"lost_slices", "topics", "inquiries", "directions"})
"""Figures that have a part of their own behind a dot, such as `topics.other`."""

_YEARS: Final = range(2000, 2101)
_DATE_ONLY: Final = len("2024-05-14")
_AHEAD: Final = timedelta(days=1)
_VALUE: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_PART: Final = re.compile(r"[a-z][a-z0-9_]{0,30}", re.ASCII)
_TRUE: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
Read = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the fields of this hotline's files may say. Without `structures` any name is one."""

    zone: ZoneInfo
    """Of moments without an offset."""
    now: datetime
    read_number: ReadNumber
    topics: Collection[str]
    structures: Collection[str] | None = None


class Column(NamedTuple):
    """A column of a file: the store's column it fills, and how its text is read.

    `default` is the value of an empty field or of a column that is left out; a required one has none.
    """

    stored: str
    read: Read
    is_required: bool = True
    default: Any = ""


def columns_of(kind: Kind, words: Vocabulary) -> dict[str, Column]:
    """The columns of that kind of file by the names in its header."""
    past = _Moments(words.zone, words.now + _AHEAD)
    structure = Column("structure", _structure(words))
    server = Column("server", _text(64))
    match kind:
        case "attempts":
            return {
                "number": Column("caller_e164", _number(words.read_number)),
                "at": Column("at", past.moment),
                "structure": structure,
                "outcome": Column("outcome", _one_of(get_args(Disposition), "a disposition")),
                "agent": Column("agent", _text(128), False),
                "server": server._replace(is_required=False),
            }
        case "topics":
            return {
                "call": Column("call", _text(150)),
                "structure": structure,
                "topic": Column("topic", _one_of(words.topics, "a topic")),
                "server": server._replace(is_required=False),
                "at": Column("at", past.moment, False, None),
            }
        case "inquiries":
            return {
                "id": Column("reference", _text(120)),
                "kind": Column("kind", _one_of(get_args(InquiryKind), "a kind of inquiry")),
                "structure": structure,
                "opened": Column("opened_at", past.moment_or_day),
                "closed": Column("closed_at", past.moment_or_day, False, None),
                "outcome": Column("outcome", _one_of(get_args(InquiryOutcome), "an outcome"), False),
                "call": Column("call", _text(150), False),
                "due": Column("due_at", _Moments(words.zone).moment_or_day, False, None),
                "extended": Column("extended", _yes_or_no, False, False),
            }
        case "minutes":
            return {
                "server": server,
                "minute": Column("minute_at", past.minute),
                "checks": Column("checks", _count),
                "failed": Column("failed", _count),
            }
        case "published":
            scopes = None if words.structures is None else (ALL, *words.structures)
            return {
                "year": Column("year", _year),
                "figure": Column("figure", _figure),
                "scope": Column("scope", _text(64) if scopes is None else _one_of(scopes, "a scope")),
                "value": Column("value", _value),
            }


def contradiction(kind: Kind, values: Values, zone: ZoneInfo) -> tuple[str, str] | None:
    """What of a row does not go together, if anything: a column of the file and a sentence."""
    if kind == "inquiries":
        closed, outcome = values["closed_at"], values["outcome"]
        if bool(closed) != bool(outcome):
            has, lacks = ("closed", "outcome") if closed else ("outcome", "closed")
            return has, f"`{has}` without `{lacks}`: an open inquiry has neither"
        if closed and closed.astimezone(zone).date() < values["opened_at"].astimezone(zone).date():
            return "closed", "it is closed before it was opened"
    if kind == "minutes" and not values["failed"] <= values["checks"] > 0:
        return "checks", "`checks` is at least 1 and at least `failed`; an unknown minute has no row"
    return None


def _text(longest: int) -> Read:
    def read(text: str) -> str:
        if len(text) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if not text.isprintable():
            raise ValueError("has characters that cannot be seen")
        return text

    return read


def _one_of(names: Collection[str], what: str) -> Read:
    known = {name: name for name in names}

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"is not {what}: {', '.join(known)}")
        return known[text]

    return read


def _structure(words: Vocabulary) -> Read:
    return _text(64) if words.structures is None else _one_of(words.structures, "a structure")


def _number(read_number: ReadNumber) -> Read:
    def read(text: str) -> str:
        if not (e164 := read_number(text, "", "").e164):
            raise ValueError("is not a citizen's phone number")
        return e164

    return read


@dataclass(frozen=True, slots=True)
class _Moments:
    """Moments as ISO 8601, in that zone if they have no offset, until `latest`; read as UTC."""

    zone: ZoneInfo
    latest: datetime | None = None

    def moment(self, text: str) -> datetime:
        if len(text) <= _DATE_ONLY:
            raise ValueError("is not a moment such as 2024-05-14T10:30 or 2024-05-14T06:30:00Z")
        return self.moment_or_day(text)

    def moment_or_day(self, text: str) -> datetime:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("is not a date or moment such as 2024-05-14 or 2024-05-14T10:30+04:00") from None
        if at.year not in _YEARS:
            raise ValueError(f"is not in the years {_YEARS.start} to {_YEARS.stop - 1}")
        at = (self._local(at) if at.tzinfo is None else at).astimezone(UTC)
        if self.latest is not None and at > self.latest:
            raise ValueError("is in the future")
        return at

    def minute(self, text: str) -> datetime:
        at = self.moment(text)
        if at.second or at.microsecond:
            raise ValueError("has seconds: a minute is written 2024-05-14T10:30")
        return at

    def _local(self, at: datetime) -> datetime:
        first, second = (at.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() == second.utcoffset():
            return first
        exists = first.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) == at
        what = "came twice" if exists else "did not exist"
        raise ValueError(f"{what} in {self.zone.key}, where clocks were set: write its offset from UTC")


def _yes_or_no(text: str) -> bool:
    if (found := _TRUE.get(text.lower())) is None:
        raise ValueError("is not yes or no")
    return found


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise ValueError("is not a whole number from 0 to 999999999")
    return int(text)


def _year(text: str) -> int:
    if not _COUNT.fullmatch(text) or int(text) not in _YEARS:
        raise ValueError(f"is not a year from {_YEARS.start} to {_YEARS.stop - 1}")
    return int(text)


def _value(text: str) -> float:
    if not _VALUE.fullmatch(text):
        raise ValueError("is not a number such as 64.9, with a point and without a sign of percent")
    return float(text)


def _figure(text: str) -> str:
    group, _, part = text.partition(".")
    if text not in FIGURES and not (group in FIGURES_OF and _PART.fullmatch(part)):
        of = ", ".join(f"{name}.NAME" for name in sorted(FIGURES_OF))
        raise ValueError(f"is not a figure: {', '.join(sorted(FIGURES))}, {of}")
    return text
