"""What every value of the configuration is, and the shapes of single ones: names, addresses, durations.

`ivr.config.model` builds its fields from them. Each says its own sentence to the admin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.config import JsonDict
from pydantic_core import CoreSchema, core_schema


class Frozen(BaseModel):
    """Base of every value: unknown fields are refused, nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Shape:
    """A text must match `pattern` as a whole; else the admin reads `says`. The JSON Schema has it too."""

    pattern: str
    says: str

    def check(self, text: str) -> str:
        """`text` itself; ValueError with the sentence for the admin if it does not fit."""
        if not re.fullmatch(self.pattern, text):
            raise ValueError(self.says)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        # An editor takes digits without quotes for a number; here they stay the text that was written.
        kind = ["string", "integer"] if re.fullmatch(self.pattern, "1") else "string"
        return {**handler(schema), "type": kind, "pattern": f"^({self.pattern})$"}


Name = Annotated[
    str,
    Shape(
        r"[a-z][a-z0-9_]{0,30}",
        "a name is a small letter, then small letters, digits or `_`, at most 31 in all",
    ),
]
"""Of a node, queue, structure, trunk, schedule or prompt; such a name can stand in a context's name."""
StructureName = Annotated[
    str,
    Shape(
        r"(?!all$)[a-z][a-z0-9_]{0,30}",
        "a structure is named as everything else is, but not `all`: reports call their sum so",
    ),
]
Digits = Annotated[str, Shape(r"[0-9]{1,15}", "a number here is 1 to 15 digits and nothing else")]
CallerId = Annotated[
    str, Shape(r"\+?[0-9]{1,20}|anonymous", "a caller is a number as the trunk delivers it, or `anonymous`")
]
Country = Annotated[str, Shape(r"[A-Z]{2}", "a country is two capital letters, for example AZ")]
AreaCode = Annotated[str, Shape(r"[1-9][0-9]{1,4}", 'an area code has no leading 0, for example "12"')]
Key = Annotated[str, Shape(r"[0-9*#]", "a key is one of 0-9, `*` and `#` (put quotes around `*` and `#`)")]
AgentName = Annotated[
    str,
    Shape(
        r"[^\s|]([^|\n\r\t\u2028\u2029]*[^\s|])?",
        "an agent's name is one line without `|`, and without a blank at either end",
    ),
]
"""What queues.conf and queue_log can carry."""
Line = Annotated[str, Shape(r"[^\n\r\t]*[^\s][^\n\r\t]*", "a text in one line is needed here")]
Prefix = Annotated[
    str, Shape(r"\+[1-9][0-9]{0,14}", 'a number or prefix is written with its country, for example "+99412"')
]
_OCTET = "(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_HOST = rf"({_OCTET}(\.{_OCTET}){{3}}|(?![0-9.]+(:|$))[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])"
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
Address = Annotated[str, Shape(_HOST, "an address is a host name or an IP address")]
HostPort = Annotated[
    str, Shape(f"{_HOST}(:{_PORT})?", "an address is written HOST or HOST:PORT, for example 192.0.2.10:5060")
]
Network = Annotated[
    str, Shape(r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?", "an address or a network, for example 192.0.2.0/24")
]
MailAddress = Annotated[
    str, Shape(r"[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9.-]{1,190}", "a mail address is written name@example.org")
]
Folder = Annotated[str, Shape(r"/[\w./@+-]*", "a folder is written from the root (/…), without spaces")]

_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
Clock = Annotated[str, Shape(_CLOCK, 'a time of day is written like "07:00"')]
_SPAN = f"{_CLOCK}-({_CLOCK}|24:00)"
OpeningTime = Annotated[
    str,
    Shape(
        f"closed|{_SPAN}(, *{_SPAN}){{0,7}}",
        'opening hours are written like "09:00-18:00" or "09:00-13:00, 14:00-18:00", or `closed`',
    ),
]

DAY = 86400.0
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


LONGEST_DAYS = 36_500
"""A longer time ago there is no date to compute with."""


def parse_duration(value: object) -> object:
    """`"90s"`, `"1.5m"`, `"2h"` or `"1d"` as seconds, a number as it is; else ValueError."""
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        seconds = float(match[1]) * _SECONDS[match[2]]
        if seconds > LONGEST_DAYS * DAY:
            raise ValueError(f"must be {LONGEST_DAYS}d or less")
        return seconds
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError('must be a duration like "30s", "10m" or "2h"')
    return float(value)


_WRITTEN: JsonDict = {"type": "string", "pattern": rf"^\s*{_DURATION.pattern}\s*$"}
"""How an editor sees a duration: a number with its unit."""
Duration = Annotated[float, BeforeValidator(parse_duration), Field(json_schema_extra=_WRITTEN)]
Seconds = Annotated[Duration, Field(ge=0)]
WholeSeconds = Annotated[Seconds, Field(multiple_of=1)]
"""For Asterisk's queues, which know no part of a second."""

Count = Annotated[int, Field(ge=0, le=1_000_000)]
"""Of agents, calls, callbacks; a database takes no number without end."""
KeyWait = Annotated[Duration, Field(ge=0.1, le=120)]
"""Silence in which a key is waited for; a longer one was meant to be something else."""


def _at_least(days: int, because: str) -> AfterValidator:
    """A duration must not be shorter than `days`; else the admin reads why."""

    def check(seconds: float) -> float:
        if seconds < days * DAY:
            raise ValueError(f"must be at least {days}d: {because}")
        return seconds

    return AfterValidator(check)


Kept = Annotated[
    Seconds, _at_least(30, "until then callbacks may be open, and callers who call again must be recognised")
]
"""An age, for example `365d`."""
Recorded = Annotated[Seconds, _at_least(92, "for 3 months a caller may ask for a copy of the recording")]
