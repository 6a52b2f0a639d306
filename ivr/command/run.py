"""The daemons: `hotline run`, the hotline as a service, and `hotline record`, which watches any Asterisk.

Recorder, dialer and AGI meet in the database and nowhere else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import typer
from twisted.application.service import Service

from agi_scripts.table import scripts_for, scripts_of_orders
from callback_dialer.contact_watch import ContactWatch
from callback_dialer.dialer import Dialer, dialer_service
from callback_dialer.ordering import take as take_order
from callback_dialer.policy import Policy
from ivr.asterisk.connection import AmiConnection, Receipts, utc_now
from ivr.asterisk.fastagi import FastAgiService, Limits, Script
from ivr.asterisk.readiness import Needed
from ivr.asterisk.secrets import FOLDER, SecretMissing, pseudonym_key, read_secret, read_secret_file
from ivr.asterisk.words import FASTAGI_SECRET, LOG_KEY
from ivr.base.daemon import TaskService, serve
from ivr.base.logs import configure_logging
from ivr.calls.callbacks import CallOrder, OrderAnswer
from ivr.checks.whole import unfit_database
from ivr.command.loading import load_running, options, server_of, shelf_of, show_problems
from ivr.command.options import (
    ETC,
    SECRETS,
    AllQueues,
    AsteriskFolder,
    Revisions,
    Secrets,
    ServerInRecords,
    SpoolFile,
    server_option,
)
from ivr.command.printing import fail
from ivr.command.store import database_url, open_spool, open_store_of_daemon, spool_path
from ivr.config.loading import configuration_of
from ivr.config.model import Configuration, Server
from ivr.queues.board import Board
from ivr.recording.availability import Availability, SignsOfLife
from ivr.recording.recorder import Recorder
from ivr.recording.unstored import Spool
from ivr.recording.watched import Watched
from ivr.reports.writing import ScheduledReports
from ivr.retention.nightly import NightlyPurge
from ivr.revisions.shelf import Renewal
from ivr.storage.engine.store import StoreThread
from ivr.storage.owed import callbacks
from ivr.storage.running.liveness import RECORD

app = typer.Typer(add_completion=False)

HOTLINE: Final = (sys.executable, "-c", "from ivr.command.root import app; app()")
"""This command, as another process."""
_RECORDING_USER: Final = "hotline-recorder"
_AMI_PORT: Final = 5038
Part = Literal["recorder", "dialer"]


@app.command("run", epilog="Example: hotline --config config run --secrets /etc/asterisk/secrets.d")
def run(
    secrets: Secrets = SECRETS,
    server: Annotated[str, server_option("Which of `servers` to serve.")] = "main",
    only: Annotated[
        Part | None, typer.Option(help="Only this part; the AGI scripts belong to the dialer.")
    ] = None,
    spool: SpoolFile = None,
    asterisk: AsteriskFolder = ETC,
    revisions: Revisions = None,
) -> None:
    """Record every call, call back who is owed it, answer the dialplan's questions; until SIGTERM.

    Calls are answered and queued whether this runs or not. The database is HOTLINE_DATABASE_URL. The
    configuration is the one `config apply` put live, the next one within seconds; before the first, --config.
    """
    shelf = shelf_of(asterisk, revisions)
    loaded, folder, number = load_running(shelf)
    renewal = Renewal(shelf, number)
    configuration = configuration_of(loaded)
    where = server_of(configuration, server)
    if unfit := unfit_database(loaded, database_url()):
        show_problems(unfit, folder, err=True)
        raise typer.Exit(1)
    spool_file = spool_path(spool)
    parts: tuple[Part, ...] = ("recorder", "dialer") if only is None else (only,)
    try:
        logins = {part: _login(where, secrets, part) for part in parts}
        agi_secret, log_key = (read_secret_file(secrets, name) for name in (FASTAGI_SECRET, LOG_KEY))
    except SecretMissing as missing:
        fail(str(missing), hint="--secrets names the folder that `hotline config render` made")
    configure_logging(json=not sys.stderr.isatty())
    records = open_spool(spool_file) if "recorder" in logins else None
    policy = Policy.of(configuration, partial(pseudonym_key, secrets))
    with open_store_of_daemon() as store:
        thread = StoreThread(store)
        here = ["env", f"HOTLINE_REVISIONS={shelf.folder}"]
        purge = ["--config", str(folder), "data", "purge", "--secrets", str(secrets)]
        zone = ZoneInfo(configuration.hotline.time_zone)
        nightly = NightlyPurge(thread, zone, [*here, *HOTLINE, *purge])
        scheduled = ["--config", str(folder), "report", "scheduled", "--secrets", str(secrets)]
        schedule = configuration.reports.schedule
        papers = ScheduledReports(thread, zone, schedule, [*here, *HOTLINE, *scheduled])
        last_attempt = spool_file.with_suffix(".last-attempt")
        hotline = _Hotline(configuration, policy, server, thread, agi_secret, log_key, records, last_attempt)
        status = serve(
            lambda reactor: [
                *hotline.services(logins, reactor),
                TaskService("retention", nightly.run),
                TaskService("reports", papers.run),
                TaskService("revisions", lambda stop: renewal.watch(stop, reactor.stop)),
            ]
        )
        thread.close()
    if renewal.is_due and status == 0:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    raise typer.Exit(status)


@dataclass(frozen=True)
class _Hotline:
    """What the parts of the hotline on one server are made of."""

    configuration: Configuration
    policy: Policy
    server: str
    store: StoreThread
    agi_secret: bytes
    log_key: bytes
    spool: Spool | None
    """The recorder's; None where that is not here."""
    last_attempt: Path

    def services(self, logins: Mapping[Part, AmiConnection], reactor: Any) -> Iterator[Service]:
        """Asterisk → recorder → store → dialer → Asterisk; and what the dialer sees, for AGI."""
        where = self.configuration.servers[self.server]
        tells: dict[Part, Callable[[], str]] = {}
        if ami := logins.get("recorder"):
            log_file, watched = where.log_file, Watched.of(self.configuration)
            recorder = Recorder(ami, self.store, self.server, watched, self.spool, log_file, self.log_key)
            yield TaskService("recorder", recorder.run)
            availability = Availability(ami, self.store, self.server, Needed.of(self.configuration))
            yield TaskService("availability", availability.run)
            tells["recorder"] = partial(_recorder_tells, recorder, availability)
        if ami := logins.get("dialer"):
            board = Board({name: queue.wrap_up for name, queue in self.configuration.queues.items()})
            watch = ContactWatch(self.configuration, board, ami.send)
            about = self.policy, self.server, self.store, ami, board
            dialer = Dialer(*about, where.log_file, self.log_key, watch.hear, self.last_attempt)
            yield dialer_service(self.configuration, dialer, watch)
            scripts, limits = self._scripts(board, ami.clock), Limits(deadline=where.agi_deadline)
            agi = FastAgiService(where.agi_host, where.agi_port, scripts, limits, self.agi_secret, reactor)
            yield agi
            tells["dialer"] = lambda: agi.tally.as_json(contacts=watch.alarms)
        for part, login in logins.items():
            signs = SignsOfLife(login, self.store, self.server, part, tells[part])
            yield TaskService(f"signs of life of the {part}", signs.run)

    def _scripts(self, board: Board, clock: Receipts) -> dict[str, Script]:
        store = self.store

        def take(order: CallOrder) -> OrderAnswer:
            return store.write_now(lambda c: take_order(c, order, self.policy))

        def is_owed(number: str) -> bool:
            return store.store.read(lambda c: callbacks.open_for(c, number)) is not None

        orders = scripts_of_orders(self.configuration, self.server, take, is_owed, utc_now)
        return {**scripts_for(board, self.configuration, clock, store.store, self.server), **orders}


def _recorder_tells(recorder: Recorder, availability: Availability) -> str:
    recorded = {"long_lines": recorder.long_lines, "forged": recorder.forged}
    return json.dumps({"closed": availability.closed_by_hand, **recorded})


def _login(where: Server, secrets: Path, part: Part) -> AmiConnection:
    user = f"hotline-{part}"
    return AmiConnection(where.ami_host, where.ami_port, user, read_secret(secrets, user))


@app.command("record", epilog="Example: hotline record --ami 127.0.0.1:5038 --all-queues")
def record(
    ami: Annotated[
        str, typer.Option(help="HOST:PORT of the AMI; default: the server's in the configuration.")
    ] = "",
    all_queues: AllQueues = False,
    server: ServerInRecords = "main",
    spool: SpoolFile = None,
    queue_log: Annotated[
        Path | None,
        typer.Option(help="Asterisk's queue_log; default: the one in the configuration.", dir_okay=False),
    ] = None,
) -> None:
    """Watch an Asterisk and store its calls and queue visits until Ctrl-C or SIGTERM.

    HOTLINE_AMI_USER and HOTLINE_AMI_SECRET log in; the user needs `read=agent,call,dialplan` and
    `write=reporting`. HOTLINE_DATABASE_URL says where the records go.
    """
    configure_logging(json=not sys.stderr.isatty())
    configuration = None if all_queues else configuration_of(load_running()[0])
    host, port = _address(ami, configuration, server)
    user = os.environ.get("HOTLINE_AMI_USER", _RECORDING_USER)
    login = AmiConnection(host, port, user, _secret(user, options().config))
    if queue_log is None and configuration is not None and server in configuration.servers:
        queue_log = configuration.servers[server].log_file
    kept = open_spool(spool_path(spool))
    with open_store_of_daemon() as store:
        thread = StoreThread(store)
        recorder = Recorder(login, thread, server, Watched.of(configuration), kept, queue_log)
        signs = SignsOfLife(login, thread, server, RECORD, lambda: json.dumps({"forged": recorder.forged}))
        tasks = {"recorder": recorder.run, "signs of life": signs.run}
        status = serve(lambda _: [TaskService(name, run) for name, run in tasks.items()])
        thread.close()
    raise typer.Exit(status)


def _address(ami: str, configuration: Configuration | None, server: str) -> tuple[str, int]:
    if not ami:
        known = configuration.servers.get(server) if configuration else None
        if known is None:
            fail(f"where is the AMI of server {server!r}?", hint="give --ami HOST:PORT", status=2)
        return known.ami_host, known.ami_port
    host, colon, port = ami.rpartition(":")
    if not colon:
        return ami, _AMI_PORT
    if not port.isdigit() or not 0 < int(port) < 65536:
        fail(f"{ami!r} is no HOST:PORT", hint="such as 127.0.0.1:5038", status=2)
    return host.strip("[]"), int(port)


def _secret(user: str, folder: Path) -> str:
    if given := os.environ.get("HOTLINE_AMI_SECRET"):
        return given
    try:
        return read_secret(folder / FOLDER, user)
    except SecretMissing:
        fail(f"no secret for the AMI user {user!r}", hint="set HOTLINE_AMI_USER and HOTLINE_AMI_SECRET")
