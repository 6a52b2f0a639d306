"""What is asked of a running Asterisk: would a call be answered and queued now, what is closed by hand.

The right `reporting` is enough to ask; to close a schedule takes the right `system`. The switch "closed now"
stands in Asterisk's own database, where the compiled dialplan reads it: it holds whatever else runs, and
after a restart. Daemons ask over their `AmiConnection`; commands log in by `logged_in`, ask and leave.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, Self

from ivr.asterisk.connection import utc_now
from ivr.asterisk.messages import ActionRefused, AmiError, Header, Reply
from ivr.asterisk.secrets import read_secret
from ivr.asterisk.session import Session
from ivr.asterisk.words import CONTEXT_INBOUND, DB_CLOSED, DB_NOTICE, DB_NOTICE_UNTIL, NOTICE_MENU
from ivr.config.model import Configuration, Server

ANSWER_WITHIN: Final = 5.0
"""Seconds for all that is asked: an Asterisk slower than that keeps callers waiting too."""
TESTED_WITH: Final = 22
OLDEST: Final = 21
TOO_OLD: Final = (
    f"before {OLDEST}, callbacks join a queue at its end,"
    " and no talk is recorded though callers hear that it is"
)
"""Queue()'s ninth argument is a rule there, and `monitor-format` alone records nothing."""
_AWAY: Final = ("UNAVAILABLE", "INVALID")
"""What DEVICE_STATE says of an endpoint whose qualify went unanswered, or that does not exist."""


Send = Callable[[Mapping[str, Header]], Awaitable[Reply]]
"""`AmiConnection.send`: one action and its answer."""


async def unless_refused(send: Send, headers: Mapping[str, Header]) -> Reply | None:
    """Asterisk's answer; None if it refuses. Raises the other AmiErrors."""
    try:
        return await send(headers)
    except ActionRefused:
        return None


@dataclass(frozen=True, slots=True)
class Needed:
    """What a call needs of Asterisk beside the dialplan; and the `hours` that may be closed by hand."""

    queues: Collection[str]
    endpoints: Collection[str]
    hours: Collection[str] = ()

    @classmethod
    def of(cls, configuration: Configuration) -> Self:
        """The queues, trunks and hours of a configuration."""
        endpoints = [trunk.endpoint for trunk in configuration.trunks.values()]
        return cls(frozenset(configuration.queues), endpoints, tuple(configuration.hours))


async def shortcomings(send: Send, needed: Needed, within: float = ANSWER_WITHIN) -> tuple[str, ...]:
    """Why a call would not be answered and queued now, in plain words; empty if it would. Never raises."""
    try:
        async with asyncio.timeout(within):
            return (*await _dialplan(send), *await _queues(send, needed), *await _trunks(send, needed))
    except TimeoutError:
        return (f"Asterisk does not answer within {within:g} s",)
    except AmiError as problem:
        return (str(problem),)


async def _dialplan(send: Send) -> Iterable[str]:
    """The fixed context is there, and so is the revision each of its extensions jumps to."""
    contexts = [CONTEXT_INBOUND]
    for context in contexts:
        try:
            plan = await send({"Action": "ShowDialPlan", "Context": context})
        except ActionRefused as refused:
            return (f"dialplan: {refused}",)
        if context == CONTEXT_INBOUND:
            jumps = (row for row in plan.events if row["Application"] == "Goto")
            contexts += {row["AppData"].partition(",")[0] for row in jumps}
    return ()


async def _queues(send: Send, needed: Needed) -> Iterable[str]:
    loaded = {row["Queue"] for row in (await send({"Action": "QueueSummary"})).events}
    return [f"queue {name} is not loaded" for name in sorted(set(needed.queues) - loaded)]


async def _trunks(send: Send, needed: Needed) -> Iterable[str]:
    """One trunk that is reachable is enough for calls to come; a state that is not told counts as such."""
    states: dict[str, str] = {}
    for endpoint in needed.endpoints:
        asked = {"Action": "Getvar", "Variable": f"DEVICE_STATE(PJSIP/{endpoint})"}
        if (answer := await unless_refused(send, asked)) is None:
            return ()
        states[endpoint] = answer.headers.get("Value", "")
    if not states or any(state not in _AWAY for state in states.values()):
        return ()
    listed = ", ".join(f"{endpoint} {state.lower()}" for endpoint, state in states.items())
    return (f"no trunk is reachable: {listed}",)


FOR_GOOD: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Until somebody opens it again."""


async def close(send: Send, schedule: str, until: datetime = FOR_GOOD) -> None:
    """New callers hear that it is closed, until that moment; callers already waiting go on waiting."""
    seconds = str(int(until.timestamp()))
    await send({"Action": "DBPut", "Family": DB_CLOSED, "Key": schedule, "Val": seconds})


async def open_again(send: Send, schedule: str) -> bool:
    """Back to the clock; False if it was not closed by hand. Raises AmiError."""
    is_closed = bool(await closed_by_hand(send, [schedule]))
    if is_closed:
        await send({"Action": "DBDel", "Family": DB_CLOSED, "Key": schedule})
    return is_closed


async def closed_by_hand(send: Send, schedules: Iterable[str]) -> dict[str, datetime]:
    """Those closed by hand, each until when. Raises AmiError."""
    return await _still_to_come(send, DB_CLOSED, schedules)


async def _still_to_come(send: Send, family: str, keys: Iterable[str]) -> dict[str, datetime]:
    now = datetime.now(UTC)
    found = {}
    for key in keys:
        entry = await unless_refused(send, {"Action": "DBGet", "Family": family, "Key": key})
        until = datetime.fromtimestamp(int(entry.events[0]["Val"]) if entry else 0, UTC)
        if until > now:
            found[key] = until
    return found


OWN_NOTICE: Final = "notice_"
"""Before the name of a file that was put: no prompt is built there."""


async def put_notice(send: Send, queue: str, sound: str, until: datetime) -> None:
    """Before that queue, or the menu if it is empty, callers hear that sound file. Raises AmiError."""
    await send({"Action": "DBPut", "Family": DB_NOTICE, "Key": _heard_at(queue), "Val": sound})
    seconds = str(int(until.timestamp()))
    await send({"Action": "DBPut", "Family": DB_NOTICE_UNTIL, "Key": _heard_at(queue), "Val": seconds})


async def take_notice_away(send: Send, queue: str) -> None:
    """Callers hear it no more. Raises AmiError."""
    await send({"Action": "DBDel", "Family": DB_NOTICE_UNTIL, "Key": _heard_at(queue)})


async def notices(send: Send, queues: Iterable[str]) -> dict[str, tuple[str, datetime]]:
    """The notices heard now: queue, empty for the menu → name, and until when. Raises AmiError."""
    places = {_heard_at(queue): queue for queue in ("", *queues)}
    found = {}
    for place, until in (await _still_to_come(send, DB_NOTICE_UNTIL, places)).items():
        entry = await send({"Action": "DBGet", "Family": DB_NOTICE, "Key": place})
        name = entry.events[0]["Val"].rpartition("/")[2].removeprefix(OWN_NOTICE)
        found[places[place]] = name, until
    return found


def heard_before(queue: str) -> str:
    """Where a notice is, in words."""
    return f"queue {queue}" if queue else "the menu"


def _heard_at(queue: str) -> str:
    return f"queue-{queue}" if queue else NOTICE_MENU


@asynccontextmanager
async def logged_in(server: Server, user: str, secrets: Path, within: float) -> AsyncIterator[Send]:
    """`Send` as that AMI user, whose secret is in the folder `secrets`; each action has `within` seconds.

    Raises SecretMissing, ActionRefused (the login), OSError or TimeoutError (nobody answers there).
    """
    secret = read_secret(secrets, user)
    session = await Session.open(server.ami_host, server.ami_port, utc_now, within)

    send = partial(session.ask, deadline=within)
    try:
        await session.login(user, secret, "off", within)
        yield send
    finally:
        session.cut("looked")


async def version_of(send: Send) -> tuple[str, int]:
    """Asterisk's version in its words and as a number; a build that names none counts as the tested one."""
    version = (await send({"Action": "CoreSettings"})).headers.get("AsteriskVersion", "")
    number = re.match(r"\D*(\d+)\b", version)
    return version, int(number[1]) if number else TESTED_WITH


async def settings_of(send: Send, file: str, category: str) -> list[tuple[str, str]]:
    """Settings of a file of Asterisk's, as it would read them now; empty if there is no such category."""
    asked = {"Action": "GetConfig", "Filename": file, "Category": category}
    headers = answer.headers if (answer := await unless_refused(send, asked)) else {}
    lines = {name: text for name, text in headers.items() if name.startswith("Line-")}
    # Of several sections of one name all are reported, and the first holds.
    first = min((name.rpartition("-")[0] for name in lines), default="")
    settings = (text.partition("=") for name, text in lines.items() if name.startswith(f"{first}-"))
    return [(name, value) for name, _, value in settings]


async def sounds_folder(send: Send) -> Path | None:
    """The folder Asterisk plays sounds from, if it tells that."""
    folder = dict(await settings_of(send, "asterisk.conf", "directories")).get("astdatadir")
    return Path(folder, "sounds") if folder else None
