"""The shelf of revisions: one folder for each configuration that went live, and a link to the live one.

    hotline-revisions/0007/about.json   who, when, why; written last, once the running dialplan was verified
    hotline-revisions/0007/config/      the YAML
    hotline-revisions/0007/asterisk/    the rendered files; `hotline` beside them is a link to the live one

Because Asterisk reads through that one link, all files of a revision go live, and back, in one rename.
`Renewal` is a daemon's eye on it: once another revision is live, the services end as on SIGTERM, and the
daemon begins again with that.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from ivr.base.permissions import share, write_whole
from ivr.config.loading import content_of
from ivr.config.problems import Problem
from ivr.recording.availability import stopped

ABOUT: Final = "about.json"
CONFIG: Final = "config"
TREE: Final = "asterisk"
PLANS: Final = "revisions"
"""In a tree: the dialplans that are loaded, one file each, by the hash in their contexts' names."""
_OURS: Final = re.compile(rf"(extensions|queues|queuerules|manager)\.conf|{PLANS}/[0-9a-f]{{8}}\.conf")


_CWD: Final = -100
_RENAME_EXCHANGE: Final = 2
"""Of Linux's renameat2(2), which Python has no name for."""


class NotApplied(Exception):
    """Nothing is live that was not live before; one line why, what to do next, and problems with places."""

    def __init__(self, why: str, hint: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(why)
        self.hint = hint
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Revision:
    """One configuration that went live. `restores`: the revision it brought back."""

    number: int
    author: str
    at: str
    """ISO 8601, UTC."""
    message: str = ""
    restores: int | None = None

    @property
    def content(self) -> int:
        """The revision whose configuration it is."""
        return self.restores or self.number


class Shelf:
    """`folder` holds the revisions; `link` is what Asterisk's own files include from. Raises OSError."""

    def __init__(self, folder: Path, link: Path) -> None:
        self.folder = folder
        self.link = link

    def history(self) -> list[Revision]:
        """All that are kept, oldest first."""
        found = [json.loads(file.read_text(encoding="utf-8")) for file in self.folder.glob(f"[0-9]*/{ABOUT}")]
        return sorted((Revision(**about) for about in found), key=lambda revision: revision.number)

    def live(self) -> Revision | None:
        """The last one that was verified; the link is ahead of it only while an apply runs, or was killed."""
        return next(reversed(self.history()), None)

    def at(self, number: int) -> Path:
        """The folder of that revision."""
        return self.folder / f"{number:04}"

    def tree(self, number: int) -> Path:
        """Its rendered files."""
        return self.at(number) / TREE

    @property
    def is_settled(self) -> bool:
        """Whether Asterisk's files are those of the live revision."""
        live = self.live()
        return live is not None and self._is_linked(live.number)

    def _is_linked(self, number: int) -> bool:
        return self.link.resolve() == self.tree(number).resolve()

    @contextmanager
    def alone(self, who: str, now: datetime) -> Iterator[None]:
        """Nobody else applies meanwhile, else NotApplied. The kernel frees the lock of a holder who dies."""
        if not self.folder.is_dir():
            share(self.folder, self.link.stat().st_gid if self.link.exists() else None)
        with (self.folder / ".lock").open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                what = f"somebody else is applying: {lock.read()}"
                raise NotApplied(what, "look with `config history`, then again") from None
            lock.truncate(0)
            lock.write(f"{who}, since {now:%H:%M:%S} UTC, process {os.getpid()}")
            lock.flush()
            yield
            lock.truncate(0)

    def begin(self) -> int:
        """The number of a new revision, its folder made and empty."""
        last = self.live()
        number = last.number + 1 if last else 1
        while self._is_linked(number):
            number += 1  # a killed apply left the link there: Asterisk may start from it until we are through
        shutil.rmtree(self.at(number), ignore_errors=True)  # of an apply that was killed earlier still
        for part in (CONFIG, f"{TREE}/{PLANS}"):
            (self.at(number) / part).mkdir(parents=True)
        return number

    def finish(self, revision: Revision) -> None:
        """It is live and verified."""
        text = json.dumps(asdict(revision), ensure_ascii=False, indent=2)
        write_whole(self.at(revision.number) / ABOUT, text.encode())

    def drop(self, number: int) -> None:
        """It did not go live; it stays while Asterisk might still start from it."""
        if not self._is_linked(number):
            shutil.rmtree(self.at(number), ignore_errors=True)

    def is_like(self, number: int, live: int) -> bool:
        """Whether both mean the same; `live` may have more, which calls in progress needed when it began."""
        files, those_live = tree_files(self.tree(number)), tree_files(self.tree(live))
        is_rendered = all(those_live.get(name, "").startswith(text) for name, text in files.items())
        return is_rendered and yaml_files(self.at(number) / CONFIG) == yaml_files(self.at(live) / CONFIG)

    def renew(self, live: int, number: int) -> None:
        """Make the rendered files of `live` those of a revision like it: what no call needs any more goes."""
        files = tree_files(self.tree(number))
        for name, text in files.items():
            write_whole(self.tree(live) / name, text.encode())
        for name in tree_files(self.tree(live)).keys() - files.keys():
            (self.tree(live) / name).unlink()

    def prune(self, keep: int) -> None:
        """Forget all but the last `keep`, and what killed applies left behind."""
        kept = {self.at(revision.number) for revision in self.history()[-max(keep, 1) :]}
        for folder in self.folder.glob("[0-9]*"):
            if folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def adopt(self, now: datetime) -> None:
        """Take what `config render` wrote as revision 0, to go back to. NotApplied for files of others."""
        if self.link.is_symlink() or not self.link.exists():
            return
        hint = f"{self.link} is for rendered files only: move it out"
        for path in self.link.rglob("*"):
            if path.is_file() and not _OURS.fullmatch(str(path.relative_to(self.link))):
                raise NotApplied(f"{path} is not ours", hint)
        rendered = Revision(0, "", now.isoformat(timespec="seconds"), "rendered before the first apply")
        shutil.rmtree(self.at(rendered.number), ignore_errors=True)
        shutil.copytree(self.link, self.tree(rendered.number))
        self.finish(rendered)
        before = self._link_to(rendered.number)
        _exchange(before, self.link)
        shutil.rmtree(before)

    def point_to(self, number: int | None) -> None:
        """Let Asterisk read that revision from its next reload on; None: there was no hotline before."""
        if number is None:
            self.link.unlink(missing_ok=True)
        else:
            self._link_to(number).replace(self.link)

    def _link_to(self, number: int) -> Path:
        """Beside the link, another one."""
        fresh = self.link.with_name(f".{self.link.name}.new")
        if fresh.is_dir() and not fresh.is_symlink():
            shutil.rmtree(fresh)  # what a killed `adopt` took away
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.path.relpath(self.tree(number).resolve(), self.link.parent.resolve()))
        return fresh

    def carry(self, plans: set[str], number: int) -> None:
        """Keep dialplans loaded that calls are still in, from whichever revision has them."""
        for plan in plans:
            target = self.tree(number) / PLANS / f"{plan}.conf"
            source = next(self.folder.glob(f"[0-9]*/{TREE}/{PLANS}/{plan}.conf"), None)
            if source is not None and not target.exists():
                shutil.copy2(source, target)


def _exchange(link: Path, folder: Path) -> None:
    """Each has the other's name, at once where the file system can. Raises OSError."""
    if ctypes.CDLL(None).renameat2(_CWD, os.fsencode(link), _CWD, os.fsencode(folder), _RENAME_EXCHANGE):
        aside = folder.with_name(f".{folder.name}.before")
        folder.rename(aside)
        link.rename(folder)
        aside.rename(link)


def yaml_files(folder: Path) -> dict[str, bytes]:
    """The configuration's files and its menu tests, by name relative to `folder`. Raises OSError."""
    found = (path for pattern in ("*.yaml", "tests/*.yaml") for path in sorted(folder.glob(pattern)))
    return {str(path.relative_to(folder)): content_of(path) for path in found if path.name[0] != "."}


def tree_files(tree: Path) -> dict[str, str]:
    """The rendered files of a revision, by name relative to its tree. Raises OSError."""
    files = sorted(tree.rglob("*.conf"))
    return {str(file.relative_to(tree)): file.read_text(encoding="utf-8") for file in files}


def put_back(files: Mapping[str, bytes], folder: Path, aside: Path) -> bool:
    """Make the YAML in `folder` these files, and keep what they replace in `aside`. False if they were."""
    there = yaml_files(folder)
    if there == files:
        return False
    for name, content in there.items():
        write_whole(aside / name, content)
    for name, content in files.items():
        write_whole(folder / name, content)
    for name in there.keys() - files.keys():
        (folder / name).unlink()
    return True


log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS: Final = 1.0


class Renewal:
    """`is_due` once another revision than `number` is live; 0 where nothing was applied so far."""

    def __init__(self, shelf: Shelf, number: int) -> None:
        self.is_due = False
        self._shelf, self._number = shelf, number

    async def watch(self, stop: asyncio.Event, end: Callable[[], None]) -> None:
        """Until `stop` is set, or another revision is live: then `end` the daemon."""
        while not await stopped(stop, LOOK_EVERY_SECONDS):
            number = await asyncio.to_thread(self._live)
            if number != self._number:
                log.info("another revision is live: beginning anew with it", revision=number)
                self.is_due = True
                end()
                return

    def _live(self) -> int:
        try:
            live = self._shelf.live()
        except OSError as problem:  # a revision may be forgotten while it is read
            log.debug("revisions cannot be read now", reason=str(problem))
            return self._number
        return live.number if live else self._number
