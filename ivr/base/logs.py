"""Logs on stderr: pretty on a terminal, one JSON object a line in service, phone numbers masked in both.

`Trouble` logs what is away for a while when that begins, when its reason changes, and when it is over: the
log of an hour's outage stays one page. `Guard` logs what one event broke, so that the next ones are heard.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import structlog
from structlog.typing import EventDict, Processor
from twisted.logger import STDLibLogObserver, globalLogBeginner

from ivr.base.masking import masked_text, visible, visible_lines


def configure_logging(*, json: bool) -> None:
    """Set up structlog, and libraries to log through it, for this process; called once, by the command."""
    structlog.configure(
        processors=processors(json=json, colors=sys.stderr.isatty()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING)
    observer: Any = STDLibLogObserver()  # zope's interface is no type for mypy
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda of: _log_uncaught(of.exc_type, of.exc_value, of.exc_traceback)


def mask_uncaught() -> None:
    """What ends this process as nobody expected is shown with its numbers masked, as in a log."""
    sys.excepthook = _show_uncaught


class _Library(logging.Handler):
    """What Twisted, asyncio and every other library logs, as our own log lines."""

    def emit(self, record: logging.LogRecord) -> None:
        told = structlog.get_logger()
        told.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _log_uncaught(*raised: Any) -> None:
    structlog.get_logger().critical("not expected by anybody", exc_info=raised)


def _show_uncaught(kind: object, problem: BaseException, trace: object) -> None:
    is_refused = isinstance(problem, OSError)  # by the system, such as a full disk: a sentence says it all
    told = [f"{problem}\n"] if is_refused else traceback.format_exception(problem)
    sys.stderr.write(visible_lines(masked_text("".join(told))))


def processors(*, json: bool, colors: bool) -> list[Processor]:
    """From an event to its line; whatever a caller or an agent's name brings in, it stays one line."""
    last: list[Processor] = (
        [structlog.processors.JSONRenderer(ensure_ascii=False), escape_line]
        if json
        else [escape_values, structlog.dev.ConsoleRenderer(colors=colors)]
    )
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_numbers,
        *last,
    ]


def escape_line(logger: Any, method: str, line: Any) -> str:
    """Processor after JSON, which leaves some line ends as they are: they can only stand in its texts."""
    return visible(line)


def escape_values(logger: Any, method: str, event: EventDict) -> EventDict:
    """Processor before the terminal; only a traceback keeps its lines."""
    return {
        name: (visible_lines if name == "exception" else visible)(value) if isinstance(value, str) else value
        for name, value in event.items()
    }


def mask_numbers(logger: Any, method: str, event: EventDict) -> EventDict:
    """Processor: whatever looks like a phone number, in any field, loses the digits that identify it."""
    return {name: _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    match value:
        case str():
            return masked_text(value)
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {_masked(name): _masked(inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(inner) for inner in value]
        case _:
            return _masked(repr(value))


log: Final = structlog.get_logger(__name__)


class Trouble:
    """One thing that may be away; `begun` and `over` are what the log says of it."""

    def __init__(self, begun: str, over: str) -> None:
        self._begun, self._over = begun, over
        self._reason = ""

    @property
    def is_there(self) -> bool:
        """Whether it is away, as far as is known."""
        return bool(self._reason)

    def because(self, reason: str, **facts: Any) -> None:
        """It is away now."""
        if reason != self._reason:
            log.error(self._begun, reason=reason, **facts)
            self._reason = reason

    def ends(self, **facts: Any) -> None:
        """It is there now."""
        if self.is_there:
            log.info(self._over, **facts)
            self._reason = ""


T = TypeVar("T")


class Guard:
    """Whatever one event does to one of those who hear it, the others and the next events go on."""

    def __init__(self, who: str) -> None:
        """`who` goes on, for the log."""
        self._who, self._skipped = who, 0

    def __call__(self, hear: Callable[[T], object], event: T) -> None:
        """Let it be heard; what is raised is logged, with how many were skipped so far."""
        try:
            hear(event)
        except Exception:  # whatever one event does, the next ones are heard
            self._skipped += 1
            name = getattr(event, "name", repr(event))
            log.exception(f"not understood; the {self._who} goes on", told=name, skipped=self._skipped)
