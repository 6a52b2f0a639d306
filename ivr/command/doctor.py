"""`hotline doctor`: everything the hotline needs looked at once, each finding with what to do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from ivr.checks.whole import load
from ivr.command.loading import load_live, options, server_of, shelf_of
from ivr.command.options import ETC, SECRETS, AsJson, AsteriskFolder, Revisions, Secrets, server_option
from ivr.command.printing import joined, print_result, styled
from ivr.command.store import database_url
from ivr.config.loading import Loaded
from ivr.doctor import machine
from ivr.doctor.asterisk import asterisk
from ivr.doctor.machine import Finding

app = typer.Typer(add_completion=False)
_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "red"}


@app.command(epilog="Example: hotline doctor --secrets /etc/asterisk/secrets.d")
def doctor(
    secrets: Secrets = SECRETS,
    server: Annotated[str, server_option("Which of `servers` to look at.")] = "main",
    asterisk_folder: AsteriskFolder = ETC,
    revisions: Revisions = None,
    as_json: AsJson = False,
) -> None:
    """Look at configuration, Asterisk, prompts, FastAGI, clock and database; exit status 1 on an error.

    Nothing is changed and nobody is called. Run it on Asterisk's machine, as the daemon's user.
    """
    draft, shelf = options().config, shelf_of(asterisk_folder, revisions)
    spool = map(Path, filter(None, [os.environ.get("HOTLINE_SPOOL")]))
    try:
        loaded, folder, _ = load_live(shelf, draft)
    except OSError:  # told by machine.revisions
        loaded, folder = load(draft), draft
    if loaded.configuration is not None:
        server_of(loaded.configuration, server)
    findings = [
        machine.configuration(loaded, folder),
        *machine.draft(draft, folder),
        machine.revisions(shelf),
        machine.secrets(secrets, asterisk_folder),
        machine.privacy(database_url(), (shelf.folder, draft, *spool)),
        machine.database(database_url()),  # last: opening a SQLite file closes it to others
    ]
    # Recordings are beside the draft only: of what is live, any sentence of its name will do.
    findings += asyncio.run(_live(loaded, server, secrets, draft if folder == draft else None))
    print_result(as_json, findings, _lines(findings))
    raise typer.Exit(1 if any(finding.level == "error" for finding in findings) else 0)


async def _live(loaded: Loaded, server: str, secrets: Path, recordings: Path | None) -> list[Finding]:
    configuration = loaded.configuration
    if configuration is None:
        return []  # where Asterisk is, and what it should have, is not known
    where = configuration.servers[server]
    found, sounds = await asterisk(configuration, where, secrets)
    if sounds is not None:
        found.append(machine.prompts(loaded, sounds, recordings))
    found.append(await machine.fastagi(where, configuration, secrets))
    found.append(machine.time_zone(configuration.hotline.time_zone))
    return found


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        level = styled(f"{finding.level:<8}", fg=_COLOURS[finding.level])
        yield joined(level, f"{finding.check:<16} {finding.what}")
        if finding.do:
            yield f"{'':<26}{finding.do}"
