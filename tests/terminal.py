"""A command's output as a terminal receives it: a real pseudo-terminal, in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_EACH: Final = """
import json, sys
from ivr.command.root import app
for words in json.loads(sys.argv[1]):
    try:
        app(words)
    except SystemExit as end:
        print("\\0", end.code, "\\0", sep="", flush=True)
"""
_OUR_OWN: Final = re.compile(r"\x1b\[[0-9;]*[mK]|\x1b\[\?25[lh]|\x1b\[1A")
"""Colours, and what a progress bar does."""


def on_terminal(
    commands: Sequence[Sequence[str]], settings: Mapping[str, str], folder: Path
) -> list[tuple[int, str]]:
    """Exit status and output of each `hotline` command, one after the other on one terminal in `folder`."""
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "COLUMNS": "400", **settings}
    words = [sys.executable, "-c", _EACH, json.dumps(commands)]
    with subprocess.Popen(words, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        received = b""
        with suppress(OSError):  # EIO: nobody has the other end any more
            while read := os.read(ours, 65536):
                received += read
        os.close(ours)
    parts = received.decode().replace("\r\n", "\n").split("\0")
    ended = [(int(status or 0), said) for said, status in zip(parts[::2], parts[1::2], strict=False)]
    assert len(ended) == len(commands), parts[-1]
    return ended


def unseen(said: str) -> set[str]:
    """What is no letter to be seen, but our own colours and line ends."""
    return {letter for letter in _OUR_OWN.sub("", said) if not letter.isprintable()} - {"\n", "\r"}
