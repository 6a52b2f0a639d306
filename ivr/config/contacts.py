"""Numbers outside the call centre: contacts that a menu node may redirect to, callers who are not let in."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from ivr.config.shapes import Frozen, Line, Name, Prefix, Seconds


class Blocked(Frozen):
    """Callers who hear the prompt `say` and nothing else: numbers or prefixes in E.164, `+994501234567`."""

    say: Name
    numbers: list[Prefix] = Field([], examples=[["+994501234567"]])


class Contact(Frozen):
    """Whom a structure lets callers be put through to, at that number alone and on those days."""

    structure: Name = Field(examples=["dvx"])
    name: Line = Field(examples=["Head of the tax service's office"])
    number: Prefix = Field(examples=["+994124931234"])
    """Complete, in E.164: `+994124931234`."""
    valid_from: date | None = Field(None, examples=["2026-01-01"])
    valid_until: date | None = Field(None, examples=["2026-12-31"])
    """The last day."""
    ring_for: Seconds = Field(30.0, ge=1, le=120)

    def is_valid(self, day: date) -> bool:
        """Whether it may be dialled on that day."""
        return (self.valid_from or day) <= day <= (self.valid_until or day)
