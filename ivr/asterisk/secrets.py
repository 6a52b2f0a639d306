"""Secrets shared with Asterisk: one file each in `secrets.d/`, made once, included by Asterisk, read by us.

A file says `secret = …` for an AMI user, FastAGI or the dialplan, `password = …` for a SIP account. Nothing
ever writes a secret anywhere else.

One of them proves the queue_log lines that our dialplan writes: their last field is a keyed hash of those
before it (`dialplan.plan.queue_log` makes it, `is_proven` checks it). queue_log escapes nothing and a
caller's number may hold a line end, so a caller can write a line that looks like ours, but not its proof.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ivr.asterisk.words import FASTAGI_SECRET, LOG_KEY
from ivr.base.permissions import share, write_whole

FOLDER = "secrets.d"
PSEUDONYMS = "hotline-pseudonyms"
"""Its file holds the key of the hash of old numbers. Lost, equal callers of old and new are not equal."""
_LINE = re.compile(r"^\s*(?:secret|password)\s*=\s*(\S+)\s*$", re.MULTILINE)
_BYTES = 24


class SecretMissing(Exception):
    """There is no secret for that user yet; the message says which file and how to make it."""


def make_missing(folder: Path, names: Iterable[str], word: str = "secret") -> list[Path]:
    """Make secrets for those who have none; returns the new files. Existing ones stay.

    `folder` is made if need be, as `share` does. Files are 0640: Asterisk's group may read them, nobody else.
    """
    share(folder)
    missing = [path for name in names if not (path := folder / f"{name}.conf").exists()]
    for path in missing:
        write_whole(path, f"{word} = {secrets.token_hex(_BYTES)}\n".encode())
    return missing


def make_all_missing(folder: Path, users: Iterable[str]) -> list[Path]:
    """Make the secrets of AMI users, FastAGI, retention and the dialplan; returns new files.

    The service, which enforces retention, may not write here.
    """
    return make_missing(folder, [*users, FASTAGI_SECRET, LOG_KEY, PSEUDONYMS])


def read_secret(folder: Path, user: str) -> str:
    """The secret of an AMI user or SIP account; `folder` is the one that holds `<user>.conf`.

    Raises SecretMissing.
    """
    path = folder / f"{user}.conf"
    try:
        found = _LINE.search(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SecretMissing(f"{path} does not exist; `hotline config render` makes it") from None
    except PermissionError:
        raise SecretMissing(
            f"{path} may not be read by this user; add the user to the file's group"
        ) from None
    if found is None:
        raise SecretMissing(f"{path} has no line `secret = …`; remove it and run `hotline config render`")
    return found[1]


def read_secret_file(folder: Path, name: str) -> bytes:
    """A file of `folder` as Asterisk's FILE() reads it, byte by byte. Raises SecretMissing."""
    read_secret(folder, name)
    return (folder / f"{name}.conf").read_bytes()


def agi_answer(secret: bytes, nonce: str) -> str:
    """What this Asterisk, and nobody else, answers to `FASTAGI_QUESTION` with that nonce."""
    return f"200 result=1 ({hashlib.sha1(nonce.encode() + secret).hexdigest()})"


def pseudonym_key(folder: Path) -> str:
    """The key by which numbers are hashed, as it is now; empty if its file is missing or unreadable."""
    try:
        return read_secret(folder, PSEUDONYMS)
    except SecretMissing:
        return ""


DIGITS: Final = 12


def is_proven(key: bytes, proof: str, fields: Sequence[str]) -> bool:
    """Whether `proof` is that of the line's fields from queue to data; SHA1() is what Asterisk has."""
    text = "|".join(("", *fields)).encode()
    made = hashlib.sha1(key + text, usedforsecurity=False).hexdigest()[:DIGITS]
    return hmac.compare_digest(made.encode(), proof.encode())
