"""`hotline config render`: the configuration as Asterisk's files, in a folder the admin names."""

from __future__ import annotations

from datetime import date
from grp import getgrnam
from pathlib import Path
from typing import Annotated

import typer

from dialplan.quoting import UnsafeText
from dialplan.writing import write
from ivr.command.options import fail, options, server_of
from ivr.command.parameters import server_option
from ivr.command.printing import print_line
from ivr.config.loading import load


def render(
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write to: Asterisk's configuration folder, or a copy.")
    ],
    server: Annotated[str, server_option("Which of `servers` to render for.")] = "main",
    group: Annotated[
        str, typer.Option(help="Asterisk's group, which reads the files; default: the folder's own group.")
    ] = "",
) -> None:
    """Write Asterisk's files: dialplan, queues, manager users; make the secrets that are missing.

    In the folder's own extensions.conf, queues.conf, queuerules.conf and manager.conf, include
    `hotline/<the same name>`. Nothing is reloaded; what is equal is not touched; earlier menus stay for the
    calls that are in them.
    """
    loaded = load(options().config)
    if loaded.configuration is None:
        fail("the configuration has mistakes; nothing was written", hint="see them: hotline config check")
    server_of(loaded.configuration, server)
    if (out / "hotline").is_symlink():
        fail(f"{out / 'hotline'} belongs to `config apply`", hint="hotline config apply, or another folder")
    try:
        gid = getgrnam(group).gr_gid if group else None
    except KeyError:
        fail(f"there is no group {group!r} on this machine", hint="Debian's Asterisk runs in `asterisk`")
    try:
        written = write(loaded, out, server, date.today(), gid)
    except UnsafeText as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", hint="name a folder you may write to, or run it as root")
    for path in written:
        print_line(f"wrote {path}")
    if not written:
        print_line(f"{out} is current")
