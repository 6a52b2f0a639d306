"""The configuration as frozen typed values; what `config/*.yaml` may say and what each word means.

`ivr.config.loading` builds a `Configuration` from YAML nodes and keeps the place of every value beside it.
Cross-references (does this node exist?) are checked in `ivr.checks.whole`, not here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from ivr.config import shapes
from ivr.config.callback_rules import Callback
from ivr.config.reports import Reports
from ivr.config.sections import Agent, Blocked, Contact, Hours, Queue

Language = Literal["az", "ru", "en"]
Percent = Annotated[float, Field(ge=0, le=100)]


class Text(shapes.Frozen):
    """One text in the hotline's languages."""

    az: str
    ru: str
    en: str


class Prompt(Text):
    """A sentence citizens hear. `{n}` with `numbers: [1, 30]` makes one recording per number (`place-7`).

    A part in another language is marked: `… <ru>Русский язык — восемь.</ru>` is spoken by that voice.
    """

    numbers: tuple[int, int] | None = None
    """First and last number there is a recording of."""


class Hotline(shapes.Frozen):
    """The number and what it speaks. `delivered`: the first menu node of each number trunks may deliver."""

    number: shapes.Digits
    """What citizens dial."""
    time_zone: str = "Asia/Baku"
    """In which hours, days and reports are meant."""
    country: shapes.Country = "AZ"
    """Whose public holidays and numbering plan hold."""
    languages: Annotated[list[Language], Field(min_length=1)]
    remember_language: bool = False
    """Begin a call in the language its number chose last time."""
    delivered: Annotated[dict[shapes.Digits, shapes.Name], Field(min_length=1)]
    own_numbers: list[shapes.Prefix] = Field([], examples=[["+994123102800"]])
    """The organisation's numbers and prefixes, in E.164. Their calls count, and no callback goes to them.

    Contacts' numbers are treated alike."""


class Structure(shapes.Frozen):
    """One of the bodies behind the hotline."""

    name: Text


class Retry(shapes.Frozen):
    """What a caller hears after a wrong key or silence, how often, and where they go then."""

    say: shapes.Name
    times: Annotated[int, Field(ge=0, le=9)] = 2
    then: shapes.Name


class Node(shapes.Frozen):
    """A place in the menu. One of `keys`, `queue`, `order`, `then`, `redirect`, `hangup` says what it is:

    `keys` a choice, `queue` the door of a queue, `then` an announcement that goes on, `redirect` the way to a
    contact (unanswered or over its days, to node `otherwise`), `hangup` the end, `order` the offer of a call
    from that queue's agents; who does not want one goes on to its `then`.
    A key leads to a node or to `repeat`, `back` (the choice before this one) or `hangup`.
    """

    say: list[shapes.Name] = []
    """Prompts, one after the other; where there are `keys`, a key interrupts them."""
    language: Language | None = None
    """Set before anything is said."""
    hours: Annotated[shapes.Name | None, Field(examples=["office"])] = None
    """Outside them the caller goes to node `closed` instead."""
    closed: Annotated[shapes.Name | None, Field(examples=["closed"])] = None
    keys: Annotated[dict[shapes.Key, shapes.Name], Field(min_length=1)] | None = None
    wait: shapes.KeyWait = 5.0
    """For a key, after the last prompt."""
    wrong_key: Retry | None = None
    silence: Retry | None = None
    queue: shapes.Name | None = None
    order: shapes.Name | None = None
    then: shapes.Name | None = None
    redirect: Annotated[shapes.Name | None, Field(examples=["dvx_head"])] = None
    otherwise: Annotated[shapes.Name | None, Field(examples=["sorry"])] = None
    hangup: bool = False

    @model_validator(mode="after")
    def _is_one_thing(self) -> Node:
        chosen = [
            word
            for word in ("keys", "queue", "order", "then", "redirect", "hangup")
            if getattr(self, word) and not (word == "then" and self.order is not None)
        ]
        if len(chosen) != 1:
            said = " and ".join(chosen) or "none"
            raise ValueError(
                f"a node has exactly one of keys, queue, order, then, redirect, hangup; this one has {said}"
            )
        if self.order is not None and self.then is None:
            raise ValueError("`order` needs `then`: the node of who does not order")
        if (self.hours is None) != (self.closed is None):
            raise ValueError("`hours` and `closed` go together")
        if (self.redirect is None) != (self.otherwise is None):
            raise ValueError("`redirect` and `otherwise` go together")
        stray = sorted({"wait", "wrong_key", "silence"} & self.model_fields_set)
        if stray and self.keys is None:
            raise ValueError(f"`{stray[0]}` means something only beside `keys`")
        return self


class Menu(shapes.Frozen):
    """Nodes by name; `wrong_key` and `silence` hold for every choice that has none of its own."""

    wrong_key: Retry
    silence: Retry
    nodes: Annotated[dict[shapes.Name, Node], Field(min_length=1)]


class Trunk(shapes.Frozen):
    """A line to the public network and how it writes numbers.

    `arrives` says how caller numbers come in (`e164`: +994501234567, `international`: 994501234567,
    `national`: 0501234567); `dial` how they must be sent. `area_code` completes short local numbers.
    `carries` are the E.164 prefixes this trunk may dial; the compiled allow-list is made of nothing else.
    """

    server: shapes.HostPort
    """Host and port of the provider: `192.0.2.10:5060`."""
    match: Annotated[list[shapes.Network], Field(examples=[["192.0.2.0/24"]])] = []
    """Addresses calls come from, where they differ from `server`: an address or a network."""
    endpoint: shapes.Name
    channels: Annotated[shapes.Count, Field(ge=1)] = 30
    caller_id: shapes.Digits
    arrives: Literal["e164", "international", "national"] = "national"
    dial: Literal["e164", "international", "national"] = "national"
    area_code: shapes.AreaCode = "12"
    carries: list[shapes.Prefix] = []
    codec: Literal["alaw", "ulaw"] = "alaw"
    """What the provider speaks. Callbacks are set up in it, so that nothing is transcoded on the way."""


class Targets(shapes.Frozen):
    """Targets of the statute, in percent unless named otherwise; reports print them beside the figures.

    `within`: seconds up to which an answer is in time, for `accepted_within`.
    """

    within: shapes.WholeSeconds = 30.0
    accepted_within: Percent = 80
    accepted_overall: Percent = 90
    lost_after: Percent = 5
    callback_level: Percent = 90
    inquiry_share: Percent = 30
    inquiry_answer_days: Annotated[float, Field(ge=0)] = 7
    availability: Percent = 97
    first_contact_resolution: Percent = 75
    satisfaction: Percent = 85


TOPICS: Final = {
    "legislation_explained": Text(
        az="Qanunvericiliyin izahı", ru="Разъяснение законодательства", en="Legislation explained"
    ),
    "help_with_services": Text(
        az="Əməliyyatlara dəstək (xidmətlərdən istifadəyə köməklik)",
        ru="Помощь в пользовании услугами",
        en="Help with services",
    ),
    "redirected": Text(
        az="Yönləndirilmiş zənglər (səsli menyuya, rəsmi saytlara, xidmət mərkəzlərinə və s.)",
        ru="Перенаправленные звонки (в голосовое меню, на сайты, в центры обслуживания и др.)",
        en="Redirected calls (to the voice menu, official websites, service centres and others)",
    ),
    "service_impossible": Text(
        az="Xidmət göstərilməsi mümkün olmayan zənglər (əlaqə kəsilən, texniki səbəblər və s.)",
        ru="Обслуживание невозможно (связь прервалась, технические причины и др.)",
        en="Service impossible (connection lost, technical reasons and others)",
    ),
    "outside_competence": Text(
        az="Zəngin daxil olduğu strukturun səlahiyyətinə aid olmayan",
        ru="Вне компетенции структуры, в которую поступил звонок",
        en="Outside the competence of the structure that was called",
    ),
    "other": Text(az="Digər", ru="Другое", en="Other"),
}
"""What calls are about, as the ministry's report has it."""


class Server(shapes.Frozen):
    """One Asterisk and the addresses our processes meet it at; ports of 127.0.0.1 unless said."""

    ami_host: shapes.Address = "127.0.0.1"
    ami_port: Annotated[int, Field(ge=1, le=65535)] = 5038
    agi_host: shapes.Address = "127.0.0.1"
    agi_port: Annotated[int, Field(ge=1, le=65535)] = 4573
    agi_deadline: Annotated[shapes.Duration, Field(ge=0.2, le=10)] = 1.0
    """How long a call waits for Python before it goes on without."""
    recordings: shapes.Folder = "/var/spool/asterisk/monitor"
    """Where Asterisk puts recorded calls."""
    queue_log: Annotated[str | None, Field(examples=["/var/log/asterisk/queue_log"])] = None
    """Asterisk's queue_log file, where this machine can read it."""

    @property
    def log_file(self) -> Path | None:
        """`queue_log` as a path."""
        return Path(self.queue_log) if self.queue_log else None


class RecordRetention(shapes.Frozen):
    """Ages of records, counted in whole local days."""

    numbers: shapes.Kept = 365 * shapes.DAY
    """Then a citizen's number becomes a keyed hash: equal callers stay equal, nobody can be called."""
    records: shapes.Kept = 1826 * shapes.DAY
    """Then the records are deleted; the totals of their days stay."""


class Retention(shapes.Frozen):
    """How long private data is kept; `hotline data purge` enforces it."""

    calls: RecordRetention = RecordRetention()
    callbacks: RecordRetention = RecordRetention()
    agent_states: shapes.Kept = 365 * shapes.DAY
    recordings: shapes.Recorded = 180 * shapes.DAY


class Configuration(shapes.Frozen):
    """Everything in `config/*.yaml` together."""

    hotline: Hotline
    servers: Annotated[dict[shapes.Name, Server], Field(min_length=1)]
    structures: Annotated[dict[shapes.StructureName, Structure], Field(min_length=1)]
    queues: Annotated[dict[shapes.Name, Queue], Field(min_length=1)]
    agents: dict[shapes.Digits, Agent] = {}
    hours: dict[shapes.Name, Hours] = {}
    menu: Menu
    prompts: dict[shapes.Name, Prompt]
    contacts: dict[shapes.Name, Contact] = {}
    blocked: Blocked | None = None
    trunks: dict[shapes.Name, Trunk]
    callback: Callback
    targets: Targets = Targets()
    topics: Annotated[dict[shapes.Name, Text], Field(min_length=1)] = TOPICS
    """What calls are about: the names that `hotline data import topics` takes, and how reports print them."""
    retention: Retention = Retention()
    reports: Reports = Reports()

    @property
    def default_language(self) -> Language:
        """The first of `hotline.languages`."""
        return self.hotline.languages[0]

    @property
    def front_node(self) -> str:
        """Where a call to the hotline's own number begins; `back` leads here when there is nothing before."""
        return self.hotline.delivered[self.hotline.number]
