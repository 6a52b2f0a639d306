"""What holds citizens' numbers is made so that no other user of the machine can read it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.base.permissions import write_whole
from ivr.command.root import app
from ivr.doctor.machine import privacy
from ivr.recording.unstored import Spool
from ivr.revisions.shelf import CONFIG, Shelf, put_back
from ivr.storage.engine.store import Store
from ivr.storage.migrations import migrate

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """As a shell has it: what is made without a word about it, everybody reads."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_copy_that_was_put_in_the_place_of_the_database_is_closed_to_others_when_it_is_opened(
    tmp_path: Path,
) -> None:
    store, copy = Store(f"sqlite:///{tmp_path / 'hotline.db'}"), tmp_path / "copy.db"
    migrate(store)
    store.close()
    copy.write_bytes((tmp_path / "hotline.db").read_bytes())
    shutil.copy(copy, tmp_path / "hotline.db")
    (tmp_path / "hotline.db").chmod(0o644)
    with closing(Store(f"sqlite:///{tmp_path / 'hotline.db'}")) as restored:
        restored.write(lambda connection: connection.exec_driver_sql("DELETE FROM switches"))
        assert {mode(path) for path in tmp_path.glob("hotline.db*")} == {0o640}


def test_a_spool_that_was_copied_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "hotline.spool").write_text("")
    Spool(tmp_path / "hotline.spool").close()
    assert mode(tmp_path / "hotline.spool") == 0o640


def test_what_a_revision_keeps_is_readable_by_its_owner_and_the_group_of_asterisks_folder(
    tmp_path: Path,
) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    if os.geteuid() == 0:
        os.chown(etc, -1, 4)
    shelf = Shelf(etc / "hotline-revisions", etc / "hotline")
    with shelf.alone("aygun", NOW):
        number = shelf.begin()
        kept = shelf.at(number) / CONFIG / "hotline.yaml"
        write_whole(kept, b"blocked: ['+994501234567']\n")
    assert (mode(shelf.folder), mode(kept)) == (0o750, 0o640)
    assert {path.stat().st_gid for path in (shelf.folder, kept)} == {etc.stat().st_gid}


def test_yaml_that_is_put_back_keeps_mode_and_group_of_what_it_replaces(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "hotline.yaml").write_text("new: 1\n")
    (folder / "hotline.yaml").chmod(0o660)
    put_back({"hotline.yaml": b"old: 1\n"}, folder, tmp_path / "aside")
    assert (mode(folder / "hotline.yaml"), mode(tmp_path / "aside" / "hotline.yaml")) == (0o660, 0o640)


def test_the_doctor_names_what_every_user_of_the_machine_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own mode does not matter in a folder that others may not enter."""
    config, closed = tmp_path / "config", tmp_path / "closed"
    for folder in (config, closed):
        folder.mkdir()
        (folder / "hotline.yaml").write_text("blocked: ['+994501234567']\n")
    closed.chmod(0o750)
    url = f"sqlite:///{tmp_path / 'hotline.db'}"
    (tmp_path / "hotline.db").touch(0o644)
    assert privacy(url, (config, closed)).level == "ok"
    monkeypatch.setattr(Path, "parents", property(lambda path: [path.parent]))  # above it pytest closes all
    (tmp_path).chmod(0o755)
    finding = privacy(url, (config, closed))
    assert finding.level == "warning"
    assert finding.do.startswith(f"run `chmod -R o= {tmp_path / 'hotline.db'} {config}`")


@pytest.mark.parametrize("open_to_all", [[], ["config"], ["revisions"], ["hotline.db"], ["main.spool"]])
def test_the_doctors_command_names_what_others_can_read_of_each_place(
    open_to_all: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another database than SQLite it looks at no file, such as those of the current folder."""
    monkeypatch.setattr(Path, "parents", property(lambda path: [path.parent]))  # above it pytest closes all
    files = {name: tmp_path / name for name in ("hotline.db", "main.spool")}
    for name in ("config", "revisions"):
        (tmp_path / name).mkdir()
        files[name] = tmp_path / name / "hotline.yaml"
    for name, file in files.items():
        file.write_text("hotline: {}\n" if name == "config" else "")
        file.chmod(0o644 if name in open_to_all else 0o640)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path / "revisions")
    found = {}
    for url in (f"sqlite:///{tmp_path / 'hotline.db'}", "postgresql://127.0.0.1:1/hotline"):
        arguments = ["--config", str(tmp_path / "config"), "doctor", "--asterisk", str(tmp_path), "--json"]
        environment = {
            "HOTLINE_DATABASE_URL": url,
            "HOTLINE_SPOOL": str(tmp_path / "main.spool"),
            "HOTLINE_REVISIONS": str(tmp_path / "revisions"),
        }
        said = CliRunner().invoke(app, arguments, env=environment)
        (found[url[:6]],) = [one for one in json.loads(said.stdout) if one["check"] == "privacy"]
    for kind, finding in found.items():
        named = [name for name in open_to_all if kind == "sqlite" or name != "hotline.db"]
        assert finding["level"] == ("warning" if named else "ok")
        assert all(f"{tmp_path / name}`" in finding["do"] for name in named)
