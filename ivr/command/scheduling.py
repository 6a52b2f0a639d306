"""`hotline report scheduled`: whatever `reports.schedule` has due, into its folder and to its recipients."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer

from ivr.asterisk.connection import utc_now
from ivr.asterisk.secrets import SecretMissing, read_secret
from ivr.base.permissions import write_whole
from ivr.command.issuing import Unprintable, file_of, report_now
from ivr.command.loading import options, running_configuration
from ivr.command.options import SECRETS, Secrets
from ivr.command.printing import print_line
from ivr.command.store import open_store
from ivr.config.reports import Mail, RunState
from ivr.reports.mail import PASSWORD, MailUnknown, NotMailed, message, send
from ivr.reports.schedule import Due, due
from ivr.reports.words import period_text, word
from ivr.storage.engine.store import Store
from ivr.storage.records import report_runs

app = typer.Typer()

_SECRET: Final = "hotline-smtp"
_MAKE_ROOM: Final = "make room there, or let the service's user write there (ReadWritePaths in its unit)"


@app.command("scheduled", epilog="Example: hotline report scheduled")
def write_scheduled(secrets: Secrets = SECRETS) -> None:
    """Write and mail what `reports.schedule` has due now, and what was missed, as `hotline run` does.

    Made up for are the last 7 days, 4 weeks and 3 months. Status 1 if anything failed, which `hotline status`
    shows.
    """
    reports = running_configuration().reports
    with open_store() as store:
        store.write(report_runs.settle_mails)
        known = store.read(report_runs.runs)
        wanted = due(reports.schedule, known, utc_now(), options().zone)
        done = [_Run(store, one, reports.mail, secrets).make() for one in wanted]
    raise typer.Exit(0 if all(done) else 1)


class _Run:
    """One report that is due."""

    def __init__(self, store: Store, wanted: Due, mail: Mail | None, secrets: Path) -> None:
        self._store, self._wanted, self._mail, self._secrets = store, wanted, mail, secrets

    def make(self) -> bool:
        """Write it, then mail it if anybody gets it; False if one of these failed."""
        entry, label, known = self._wanted
        if not self._store.write(lambda c: report_runs.plan(c, entry.key, label, known)):
            return True  # another process has it
        report = report_now(self._store, entry.period, label, options().zone)
        try:
            files = {
                f"{label}.{entry.language}.{form}": file_of(report, entry.language, form)
                for form in entry.formats
            }
            for name, content in files.items():
                write_whole(Path(entry.folder) / name, content)
        except OSError as problem:
            return self._fails("planned", f"{entry.folder}: {problem.strerror}; {_MAKE_ROOM}")
        except Unprintable as problem:
            return self._fails("planned", str(problem))
        if not self._moves("planned", "written"):
            return True
        print_line(f"{entry.period} {label} is written into {entry.folder}")
        title = word("report.title", entry.language, period=period_text(report.period, entry.language))
        return not entry.recipients or self._mails(title, files)

    def _mails(self, title: str, files: Mapping[str, bytes]) -> bool:
        entry, mail = self._wanted.entry, self._mail
        assert mail is not None, "the configuration has `mail` where it has `recipients`"
        is_begun = False

        def begin() -> bool:
            nonlocal is_begun
            is_begun = self._moves("written", "mailing")
            return is_begun

        try:
            made = message(mail, entry.recipients, title, files, f"{entry.key} {self._wanted.label}")
            send(mail, self._password(mail), entry.recipients, made, begin)
        except (NotMailed, SecretMissing) as problem:
            return self._fails("mailing" if is_begun else "written", str(problem))
        except MailUnknown as problem:
            self._moves("mailing", "mail_unknown", str(problem))
            return False
        print_line(f"{entry.period} {self._wanted.label} is mailed to {', '.join(entry.recipients)}")
        return self._moves("mailing", "mailed")

    def _fails(self, state: RunState, why: str) -> bool:
        self._moves(state, "failed", why)
        print_line(f"{self._wanted.entry.key}, {self._wanted.label}: {why}", err=True)
        return False

    def _moves(self, begins_in: RunState, state: RunState, why: str = "") -> bool:
        key, label = self._wanted.entry.key, self._wanted.label
        return self._store.write(lambda c: report_runs.move(c, key, label, (begins_in,), state, why))

    def _password(self, mail: Mail) -> str:
        if not mail.user:
            return ""
        if given := os.environ.get(PASSWORD):
            return given
        try:
            return read_secret(self._secrets, _SECRET)
        except SecretMissing:
            file = self._secrets / f"{_SECRET}.conf"
            how = f"set {PASSWORD}, or write `password = …` into {file}"
            raise SecretMissing(f"there is no password for {mail.user}: {how}") from None
