"""The shipped configuration in bytes, whole or with one thing changed: where its tests start from."""

from __future__ import annotations

from ivr.checks.whole import load_files
from ivr.command.config import starter_folder
from ivr.config.loading import Loaded

FILES = {file.name: file.read_bytes() for file in sorted(starter_folder().glob("*.yaml"))}


def changed(file: str, old: str, new: str) -> dict[str, bytes]:
    """The shipped files with the first `old` of that file replaced; AssertionError if it is not there."""
    text = FILES.get(file, b"").decode()
    assert old in text, f"{file} no longer has {old!r}"
    return {**FILES, file: text.replace(old, new, 1).encode()}


def load_changed(file: str, old: str, new: str) -> Loaded:
    """What loading says about `changed`."""
    return load_files(changed(file, old, new))


def shipped() -> Loaded:
    """The shipped configuration, loaded."""
    return load_files(FILES)
