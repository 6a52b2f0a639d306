"""Scheduled reports are written and mailed once each; what nobody knows of is shown and not sent again."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

from ivr.command.root import app
from ivr.command.run import HOTLINE
from ivr.config.model import Retention
from ivr.config.reports import ScheduledReport
from ivr.reports.writing import ScheduledReports
from ivr.retention.purge import purge
from ivr.storage.engine.store import Store, StoreThread
from ivr.storage.records.report_runs import plan, runs
from ivr.storage.schema.running import report_runs
from tests.contracts.retaining import NOW, days_ago, house
from tests.mail_server import MailServer, mail_server, new_certificate

__all__ = ["house"]

BAKU = ZoneInfo("Asia/Baku")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as it:
        yield it


Schedules = Callable[..., Path]


@pytest.fixture
def schedules(house: Path, server: MailServer) -> Schedules:
    """Writes `reports` into the configuration; returns the folder of the papers."""

    def work(recipients: str = "", formats: str = "json", folder: str = "papers") -> Path:
        path = house / folder
        (house / "config" / "reports.yaml").write_text(
            f"""
reports:
  mail: {{host: 127.0.0.1, port: {server.port}, from: 195@example.org, starttls: false}}
  schedule:
    - {{period: day, at: "00:00", formats: [{formats}], folder: "{path}", recipients: [{recipients}]}}
"""
        )
        return path

    return work


def hotline(house: Path, *words: str) -> Result:
    said = CliRunner().invoke(app, ["--config", str(house / "config"), *words])
    assert isinstance(said.exception, SystemExit | None), said.exc_info
    return said


def yesterday(days: int = 1) -> str:
    return (datetime.now(BAKU).date() - timedelta(days=days)).isoformat()


def states(store: Store) -> dict[str, str]:
    query = select(report_runs.c.period, report_runs.c.state)
    return dict(store.read(lambda c: [tuple(row) for row in c.execute(query)]))


def an_hour_passes(store: Store) -> None:
    """For the runs: the states they are in are an hour old."""
    store.write(lambda c: c.execute(update(report_runs).values(at=datetime.now(UTC) - timedelta(hours=1))))


def test_each_format_is_written_once_into_the_folder(house: Path, store: Store, schedules: Schedules) -> None:
    folder = schedules(formats="pdf, xlsx, json")
    assert hotline(house, "report", "scheduled").exit_code == 0
    files = {path.name: path.read_bytes()[:2] for path in folder.iterdir()}
    assert files == {
        f"{yesterday()}.az.{form}": begin
        for form, begin in (("pdf", b"%P"), ("xlsx", b"PK"), ("json", b"{\n"))
    }
    assert states(store) == {yesterday(): "written"}
    assert hotline(house, "report", "scheduled").stdout == ""


def test_a_day_that_was_missed_is_made_up_for(house: Path, store: Store, schedules: Schedules) -> None:
    folder = schedules()
    made(store, folder, 3)
    hotline(house, "report", "scheduled")
    missed = {f"{yesterday(days)}.az.json" for days in (1, 2)}
    assert {path.name for path in folder.iterdir()} == missed


def test_recipients_get_the_files_by_one_mail(
    house: Path, store: Store, schedules: Schedules, server: MailServer
) -> None:
    folder = schedules(recipients="head@example.org, deputy@example.org")
    assert hotline(house, "report", "scheduled").exit_code == 0
    (raw,) = server.mails
    mail = message_from_bytes(raw, policy=default)
    assert mail["To"] == "head@example.org, deputy@example.org"
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == f"{yesterday()}.az.json"
    written = (folder / f"{yesterday()}.az.json").read_bytes()
    assert attached.get_payload(decode=True) == written
    assert states(store) == {yesterday(): "mailed"}
    an_hour_passes(store)
    hotline(house, "report", "scheduled")
    assert len(server.mails) == 1


def test_a_mail_that_is_refused_is_shown_and_sent_once_it_is_taken(
    house: Path, store: Store, schedules: Schedules, server: MailServer
) -> None:
    schedules(recipients="head@example.org, nobody@example.org")
    server.refuses = b"nobody@"
    assert hotline(house, "report", "scheduled").exit_code == 1
    assert (states(store), server.mails) == ({yesterday(): "failed"}, [])
    assert "550 nobody of that name" in hotline(house, "status").stdout
    server.refuses, server.answer = b"", b"452 full"
    an_hour_passes(store)
    assert hotline(house, "report", "scheduled").exit_code == 1
    assert states(store) == {yesterday(): "failed"}
    server.answer = b"250 taken"
    an_hour_passes(store)
    assert hotline(house, "report", "scheduled").exit_code == 0
    assert states(store) == {yesterday(): "mailed"}
    assert "550" not in hotline(house, "status").stdout


def made(store: Store, folder: Path, days: int) -> None:
    """The report of the day so many days ago was written on the day after it."""
    store.write(lambda c: plan(c, f"day az {folder}", yesterday(days), None))
    mine = update(report_runs).where(report_runs.c.period == yesterday(days))
    store.write(lambda c: c.execute(mine.values(state="written", at=days_ago(days - 1))))


def environment(store: Store) -> dict[str, str]:
    return os.environ | {"HOTLINE_DATABASE_URL": store.engine.url.render_as_string(hide_password=False)}


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_mail_of_a_process_that_was_killed_is_shown_as_unknown_and_never_sent_again(
    house: Path, store: Store, schedules: Schedules, server: MailServer
) -> None:
    schedules(recipients="head@example.org")
    server.answer = None
    killed_once(as_process(house, store), lambda: server.mails)
    assert states(store) == {yesterday(): "mailing"}
    server.answer = b"250 taken"
    an_hour_passes(store)
    hotline(house, "report", "scheduled")
    an_hour_passes(store)
    hotline(house, "report", "scheduled")
    assert (states(store), len(server.mails)) == ({yesterday(): "mail_unknown"}, 1)
    assert "nobody knows whether its mail arrived" in hotline(house, "status").stdout


def test_login_and_mail_are_encrypted_with_the_password_of_the_secrets(
    house: Path, store: Store, schedules: Schedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = new_certificate(house)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    schedules(recipients="head@example.org")
    secret = house / "secrets" / "hotline-smtp.conf"
    words = ("report", "scheduled", "--secrets", str(secret.parent))
    with mail_server(certificate) as server:
        server.login = ("195", "right")
        file = house / "config" / "reports.yaml"
        mail = f"{{host: 127.0.0.1, port: {server.port}, from: 195@example.org, user: '195'}}"
        file.write_text(re.sub(r"\{host.*\}", mail, file.read_text(), count=1))
        for password, shown in ((None, str(secret)), ("wrong", "535 wrong password; correct")):
            if password:
                secret.parent.mkdir()
                secret.write_text(f"password = {password}\n")
            assert hotline(house, *words).exit_code == 1
            assert states(store) == {yesterday(): "failed"}
            assert shown in hotline(house, "status").stdout
            an_hour_passes(store)
        secret.write_text("password = right\n")
        assert hotline(house, *words).exit_code == 0
        assert (states(store), len(server.mails)) == ({yesterday(): "mailed"}, 1)


def test_an_answer_that_says_neither_yes_nor_no_leaves_the_mail_unknown(
    house: Path, store: Store, schedules: Schedules, server: MailServer
) -> None:
    schedules(recipients="head@example.org")
    server.answer = b"what?"
    assert hotline(house, "report", "scheduled").exit_code == 1
    assert states(store) == {yesterday(): "mail_unknown"}


def as_process(house: Path, store: Store, *limits: str) -> subprocess.Popen[bytes]:
    """`hotline report scheduled` in a process of its own, in a shell that has set these limits before."""
    words = [*HOTLINE, "--config", str(house / "config"), "report", "scheduled"]
    shell = ["sh", "-c", f'{" ".join(limits) or "true"}; exec "$@"', "sh"]
    return subprocess.Popen([*shell, *words], env=environment(store), stdout=subprocess.DEVNULL)


def killed_once(process: subprocess.Popen[bytes], condition: Callable[[], Any]) -> None:
    """SIGKILL as soon as that is so."""
    with process:
        until(condition)
        process.kill()


def template(house: Path, text: str) -> Path:
    """The admin's own first page."""
    own = house / "config" / "reports" / "templates" / "head.html"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(text)
    return own


def test_a_process_killed_before_its_file_leaves_none_and_the_next_one_makes_it(
    house: Path, store: Store, schedules: Schedules
) -> None:
    folder = schedules(formats="pdf")
    loop = "{% for _ in range(99999) %}"
    endless = template(house, f"{loop}{loop}{{% endfor %}}{{% endfor %}}")
    for _ in range(2):
        killed_once(as_process(house, store), lambda: any(run.at > NOW for run in store.read(runs)))
        assert states(store) == {yesterday(): "planned"}
        assert not folder.exists()
        assert hotline(house, "report", "scheduled").stdout == "", "for a quarter of an hour it may go on"
        an_hour_passes(store)
    assert "the process that made it ended before it was done" in hotline(house, "status").stdout
    endless.unlink()
    assert hotline(house, "report", "scheduled").exit_code == 0
    assert [path.name for path in folder.iterdir()] == [f"{yesterday()}.az.pdf"]
    assert "the process that made it" not in hotline(house, "status").stdout


def test_a_process_killed_between_file_and_mail_is_followed_by_one_mail(
    house: Path, store: Store, schedules: Schedules, server: MailServer
) -> None:
    folder = schedules(recipients="head@example.org")
    server.banner = None
    killed_once(as_process(house, store), lambda: states(store) == {yesterday(): "written"})
    assert [path.name for path in folder.iterdir()] == [f"{yesterday()}.az.json"]
    server.banner = b"220 here"
    for _ in range(2):
        an_hour_passes(store)
        hotline(house, "report", "scheduled")
    assert (states(store), len(server.mails)) == ({yesterday(): "mailed"}, 1)


def test_of_two_processes_that_saw_the_same_one_makes_it(store: Store) -> None:
    for known in (None, *store.read(runs)):
        began = [store.write(lambda c, it=known: plan(c, "day az /x", yesterday(), it)) for _ in range(2)]  # type: ignore[misc]  # bound at once
        assert began == [True, False]


def a_file(house: Path, folder: Path) -> str:
    folder.write_text("a file where the folder should be")
    return str(folder)


def a_broken_template(house: Path, folder: Path) -> str:
    return f"{template(house, '<p>{% if %}')}:1: "


@pytest.mark.parametrize("breaks", [a_file, a_broken_template])
def test_what_failed_stands_in_the_status_with_what_to_do_and_is_made_once_that_is_done(
    house: Path, store: Store, schedules: Schedules, breaks: Callable[[Path, Path], str]
) -> None:
    folder = schedules(formats="pdf")
    shown = breaks(house, folder)
    said = hotline(house, "report", "scheduled")
    assert (said.exit_code, states(store)) == (1, {yesterday(): "failed"})
    status = hotline(house, "status")
    assert (status.exit_code, shown in status.stdout, "it is tried again" in status.stdout) == (1, True, True)
    (folder if folder.is_file() else house / "config" / "reports" / "templates" / "head.html").unlink()
    an_hour_passes(store)
    assert hotline(house, "report", "scheduled").exit_code == 0
    assert "report  " not in hotline(house, "status").stdout


def test_a_package_that_is_missing_is_named_with_its_command(
    house: Path, store: Store, schedules: Schedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedules(formats="xlsx")
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    assert hotline(house, "report", "scheduled").exit_code == 1
    assert "pip install 'hotline195[report]'" in hotline(house, "status").stdout


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(
    house: Path, store: Store, schedules: Schedules
) -> None:
    folder = schedules()
    folder.mkdir()
    file = folder / f"{yesterday()}.az.json"
    file.write_text("old")
    assert as_process(house, store, "ulimit -f 2").wait() == 1
    assert states(store) == {yesterday(): "failed"}
    assert [(path, path.read_text()) for path in folder.iterdir()] == [(file, "old")]
    assert f"{folder}: File too large; make room there" in hotline(house, "status").stdout


def test_a_report_that_is_tried_no_more_is_shown_with_the_command_that_makes_it(
    house: Path, store: Store, schedules: Schedules
) -> None:
    folder = schedules()
    made(store, folder, 10)
    late = update(report_runs).values(state="failed", why="no room", at=days_ago(3))
    store.write(lambda c: c.execute(late))
    said = hotline(house, "status").stdout
    assert f"no room; it is not tried again, make it by hand: hotline report day {yesterday(10)}" in said


def test_a_folder_may_have_blanks_and_any_letter(house: Path, store: Store, schedules: Schedules) -> None:
    folder = schedules(folder="Gündəlik 'hesabat' ƏMDX; $(id)")
    assert hotline(house, "report", "scheduled").exit_code == 0
    assert [path.name for path in folder.iterdir()] == [f"{yesterday()}.az.json"]


def test_what_became_of_a_report_is_forgotten_after_150_days_and_due_stays_what_is_due(
    house: Path, store: Store, schedules: Schedules
) -> None:
    folder = schedules()
    for days in (152, 149):
        made(store, folder, days)
    before = store.read(runs)
    assert [
        done.number for done in purge(store, "", Retention(), BAKU, NOW) if done.what == "report runs"
    ] == [1]
    assert (store.read(runs), list(states(store))) == (before, [yesterday(149)])


def test_of_two_daemons_one_writes_what_is_due(house: Path, store: Store, schedules: Schedules) -> None:
    folder = schedules()
    words = [*HOTLINE, "--config", str(house / "config"), "report", "scheduled"]
    entry = ScheduledReport.model_validate(
        {"period": "day", "at": "00:00", "formats": ["json"], "folder": str(folder)}
    )

    async def main() -> None:
        stop = asyncio.Event()
        url = store.engine.url.render_as_string(hide_password=False)
        threads = [StoreThread(Store(url)) for _ in range(2)]
        running = [
            asyncio.create_task(ScheduledReports(thread, BAKU, [entry], words, every=0.05).run(stop))
            for thread in threads
        ]
        end = time.monotonic() + 60
        while states(store).get(yesterday()) != "written" and time.monotonic() < end:
            await asyncio.sleep(0.05)
        stop.set()
        await asyncio.gather(*running)
        for thread in threads:
            thread.close()

    asyncio.run(main())
    assert states(store) == {yesterday(): "written"}
    assert date.fromisoformat(next(folder.iterdir()).name[:10]).isoformat() == yesterday()
