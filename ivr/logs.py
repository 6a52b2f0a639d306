"""Logs on stderr: pretty on a terminal, one JSON object a line in service, phone numbers masked in both."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor

from ivr.calls.masking import masked

_NUMBER: Final = re.compile(r"(?<![\w.+-])\+?\d{7,15}(?![\w-]|\.\d)")
"""Digits enough for a subscriber's number; not part of a uniqueid (`1795364181.41`), an address or a name."""


def configure_logging(*, json: bool) -> None:
    """Set up structlog for this process; called once, by the command."""
    last: list[Processor] = (
        [structlog.processors.JSONRenderer(ensure_ascii=False)]
        if json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_numbers,
            *last,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def mask_numbers(logger: Any, method: str, event: EventDict) -> EventDict:
    """Processor: whatever looks like a phone number, in any field, loses the digits that identify it."""
    return {name: _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    match value:
        case str():
            return _NUMBER.sub(lambda found: masked(found[0]), value)
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {_masked(name): _masked(inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(inner) for inner in value]
        case _:
            return _masked(repr(value))
