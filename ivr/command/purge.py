"""`hotline data purge`: enforce the retention of the configuration; `hotline run` runs it every night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from ivr.asterisk.connection import utc_now
from ivr.asterisk.secrets import PSEUDONYMS, SecretMissing, make_missing, read_secret
from ivr.base.masking import pseudonym
from ivr.command.checking import running_configuration
from ivr.command.options import fail, options
from ivr.command.parameters import SECRETS, AsJson, secrets_option
from ivr.command.printing import print_result
from ivr.command.store import noted, open_store
from ivr.retention import recordings
from ivr.retention.purge import Done, is_any_nameless, purge, why_doubtful
from ivr.storage.engine.store import Store
from ivr.storage.owed.refusals import KEY_KNOWN
from ivr.storage.people.audit import last_subject

_RESTORE: Final = (
    "restore it from a backup, or copy it from the other machine: without it equal callers differ"
)
_CLOCK: Final = "set the clock; if it is right, confirm it once: hotline data purge --clock-is-right"


def purge_data(
    secrets: Annotated[Path, secrets_option("Folder `secrets.d`, where the hash's key is kept.")] = SECRETS,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="Purge this once, whatever speaks against the clock.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hash old numbers and delete older records, as `retention` says; totals of each day are kept first.

    Equal callers stay equal. A callback that is still open is left alone, and every day since it was missed.
    Refused while this machine's clock is a day ahead of the newest record or of the database's clock, or the
    hotline left no sign of life for over 7 days that would be sealed.
    """
    configuration = running_configuration()
    with open_store() as store:
        zone, kept, now = options().zone, configuration.retention, utc_now()
        why = store.read(partial(why_doubtful, retention=kept, zone=zone, now=now))
        if why and not clock_is_right:
            fail(f"nothing is purged: {why}", hint=_CLOCK)
        key = _key(store, secrets)
        done, refused = list(purge(store, key, kept, zone, now)), []
        for name, server in configuration.servers.items():
            try:
                done += _recordings(name, Path(server.recordings), configuration.retention.recordings)
            except OSError as problem:
                refused.append(f"recordings in {server.recordings} cannot be deleted: {problem.strerror}")
        what = ", ".join(f"{one.number} {one.what} {one.action}" for one in done if one.number)
        what = f"{why}; confirmed: {what}" if why else what
        store.write(lambda connection: noted(connection, "purge", "retention", what or "nothing was due"))
    print_result(as_json, done, (f"{one.number:>9} {one.what} {one.action}" for one in done))
    if refused:
        fail("; ".join(refused), hint="give this user's group the right to write there")


def _recordings(server: str, folder: Path, kept_seconds: float) -> Iterator[Done]:
    """Delete what is older, if that server's recordings are on this machine. Raises OSError."""
    if folder.is_dir():
        old = list(recordings.older_than(folder, server, utc_now() - timedelta(seconds=kept_seconds)))
        for path in old:
            path.unlink(missing_ok=True)
        yield Done("deleted", f"recordings of {server}", len(old))


def _key(store: Store, secrets: Path) -> str:
    """The key of this store's pseudonyms, made if there are none yet; by a hash it is known again."""
    is_in_use = store.read(is_any_nameless)
    try:
        if not is_in_use:
            make_missing(secrets, [PSEUDONYMS])
        key = read_secret(secrets, PSEUDONYMS)
    except SecretMissing as missing:
        fail(str(missing).partition(";")[0], hint=_RESTORE)
    except OSError as problem:
        fail(f"{secrets} cannot be written: {problem.strerror}", hint="name the folder with --secrets")
    mine = pseudonym(key, "")
    known = store.read(lambda connection: last_subject(connection, KEY_KNOWN))
    if known not in (None, mine) and is_in_use:
        fail(f"the key in {secrets} is another than the one numbers were hashed with", hint=_RESTORE)
    if known != mine:
        store.write(lambda connection: noted(connection, KEY_KNOWN, mine))
    return key
