"""`hotline record`: watch an Asterisk, ours or any other, and store its queue visits."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.secrets import FOLDER, SecretMissing, read_secret
from ivr.base.daemon import TaskService, serve
from ivr.base.logs import configure_logging
from ivr.command.loading import options, running_configuration
from ivr.command.options import AllQueues, ServerInRecords, SpoolFile
from ivr.command.printing import fail
from ivr.command.store import open_spool, open_store_of_daemon, spool_path
from ivr.config.model import Configuration
from ivr.recording.availability import SignsOfLife
from ivr.recording.recorder import Recorder
from ivr.recording.watched import Watched
from ivr.storage.engine.store import StoreThread
from ivr.storage.running.liveness import RECORD

app = typer.Typer(add_completion=False)
DEFAULT_USER = "hotline-recorder"
DEFAULT_PORT = 5038


@app.command(epilog="Example: hotline record --ami 127.0.0.1:5038 --all-queues")
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

    HOTLINE_AMI_USER and HOTLINE_AMI_SECRET log in (read=agent,call is enough); HOTLINE_DATABASE_URL says
    where the records go.
    """
    configure_logging(json=not sys.stderr.isatty())
    configuration = None if all_queues else running_configuration()
    host, port = _address(ami, configuration, server)
    user = os.environ.get("HOTLINE_AMI_USER", DEFAULT_USER)
    connection = AmiConnection(host, port, user, _secret(user, options().config))
    watched = Watched.of(configuration) if configuration else Watched()
    if queue_log is None and configuration is not None and server in configuration.servers:
        queue_log = configuration.servers[server].log_file
    kept = open_spool(spool_path(spool))
    with open_store_of_daemon() as store:
        thread = StoreThread(store)
        recorder = Recorder(connection, thread, server, watched, kept, queue_log)
        signs = SignsOfLife(
            connection, thread, server, RECORD, lambda: json.dumps({"forged": recorder.forged})
        )
        status = serve(
            lambda reactor: [TaskService("recorder", recorder.run), TaskService("signs of life", signs.run)]
        )
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
        return ami, DEFAULT_PORT
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
