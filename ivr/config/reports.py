"""What the configuration says of papers: the section `reports`, and the texts of an issued report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ivr.config import shapes

RunState = Literal["planned", "written", "mailing", "mailed", "failed", "mail_unknown"]
"""How far a scheduled report has come."""
ScheduledFormat = Literal["pdf", "xlsx", "json"]
_Folder = Annotated[str, shapes.Shape(r"/[^\n\r\t]*", "a folder is written from the root (/…)")]


class Mail(shapes.Frozen):
    """The mail server that takes reports. Its password is HOTLINE_SMTP_PASSWORD or `hotline-smtp.conf`."""

    host: Annotated[shapes.Address, Field(examples=["mail.example.org"])]
    port: Annotated[int, Field(ge=1, le=65535)] = 25
    sender: shapes.MailAddress = Field(alias="from", examples=["195@example.org"])
    starttls: bool = True
    """Whether the connection must be encrypted; without, mail is readable on its way."""
    user: shapes.Line | None = Field(None, examples=["195"])
    """Login at the server; none: without."""

    @model_validator(mode="after")
    def _fits(self) -> Mail:
        if self.user and not self.starttls:
            raise ValueError("`user` needs `starttls`: no password goes over a readable connection")
        return self


class ScheduledReport(shapes.Frozen):
    """A report that the daemon writes of every day, week or month that is over."""

    period: Annotated[Literal["day", "week", "month"], Field(examples=["day"])]
    at: Annotated[shapes.Clock, Field(examples=["07:00"])]
    """Local time on the first day after the period."""
    formats: Annotated[list[ScheduledFormat], Field(min_length=1, examples=[["pdf"]])]
    folder: Annotated[_Folder, Field(max_length=200, examples=["/var/lib/hotline/reports"])]
    language: Literal["az", "en"] = "az"
    recipients: list[shapes.MailAddress] = Field([], examples=[["head@example.org"]])
    """Get the files by mail."""

    @property
    def key(self) -> str:
        """By which it is known what was made of it; also if its time, formats or recipients change."""
        return f"{self.period} {self.language} {self.folder}"


class Reports(shapes.Frozen):
    """Reports that are written by themselves, and how they are mailed."""

    schedule: list[ScheduledReport] = []
    mail: Mail | None = None

    @model_validator(mode="after")
    def _fits(self) -> Reports:
        keys = [entry.key for entry in self.schedule]
        if len(set(keys)) < len(keys):
            raise ValueError("two entries of `schedule` have the same period, language and folder")
        if self.mail is None and any(entry.recipients for entry in self.schedule):
            raise ValueError("`recipients` need `mail`: the server that takes it")
        return self


Section = Literal[
    "targets", "answered_lost", "slices", "topics", "structures", "inquiries", "directions", "kpis", "heat",
    "waits", "callbacks", "menu", "quality", "definitions",
]  # fmt: skip


class PaperTexts(shapes.Frozen):
    """What one language's paper says beside its figures."""

    letterhead: list[shapes.Line] = []
    """Lines above the title."""
    signature: shapes.Line | None = None
    """The name below the signature line, instead of that of `--by`."""
    paragraphs: dict[Section, Annotated[str, Field(min_length=1)]] = {}
    """The officer's words at the beginning of a section."""


class IssueTexts(shapes.Frozen):
    """`reports/2024.yaml` beside the configuration: the texts of the report that is issued of that period."""

    az: PaperTexts = PaperTexts()
    en: PaperTexts = PaperTexts()
