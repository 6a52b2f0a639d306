"""The shelf of revisions on disk: one at a time, one link, never more than is kept, nothing lost."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialplan import queues
from ivr.command.root import app
from ivr.doctor.machine import revisions
from ivr.revisions import takeover
from ivr.revisions.going_live import Wish
from ivr.revisions.shelf import NotApplied, Revision, Shelf, put_back, yaml_files
from tests.golden import CONFIG, compiled

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "etc" / "hotline-revisions", tmp_path / "etc" / "hotline")


def _put(shelf: Shelf, text: str = "") -> int:
    """A revision made live, with that extensions.conf."""
    number = shelf.begin()
    (shelf.tree(number) / "extensions.conf").write_text(text)
    shelf.point_to(number)
    shelf.finish(Revision(number, "aygun", NOW.isoformat()))
    return number


def test_only_one_applies_at_a_time_and_the_other_is_told_who(shelf: Shelf) -> None:
    with (
        shelf.alone("aygun", NOW),
        pytest.raises(NotApplied, match="aygun, since"),
        shelf.alone("orxan", NOW),
    ):
        pass
    with shelf.alone("orxan", NOW):
        pass


def test_the_lock_of_one_who_died_holds_nobody_up(shelf: Shelf) -> None:
    """What it wrote stays in the file; the kernel has let go."""
    shelf.folder.mkdir(parents=True)
    (shelf.folder / ".lock").write_text("aygun, since yesterday, process 1")
    with shelf.alone("orxan", NOW):
        assert (shelf.folder / ".lock").read_text().startswith("orxan, since ")


def test_a_folder_that_was_rendered_becomes_revision_0_and_reads_the_same(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in compiled().items():
        file = shelf.link.parent / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with monkeypatch.context() as changed:
        changed.setattr(Path, "rename", None)  # there is no moment without it
        shelf.adopt(NOW)
    assert shelf.link.is_symlink()
    assert {name: (shelf.link.parent / name).read_text() for name in compiled()} == compiled()
    assert [each.number for each in shelf.history()] == [0]
    assert [path.name for path in shelf.link.parent.glob(".*")] == []


def test_a_rendered_folder_is_adopted_where_the_file_system_cannot_exchange_names(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.revisions.shelf._RENAME_EXCHANGE", 1 << 20)  # no such flag
    shelf.link.mkdir(parents=True)
    (shelf.link / "queues.conf").write_text("[dvx]")
    shelf.adopt(NOW)
    assert shelf.link.is_symlink()
    assert (shelf.link / "queues.conf").read_text() == "[dvx]"
    assert [path.name for path in shelf.link.parent.glob(".*")] == []


_STEPS = ("open", "os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "ctypes.dlopen")


def _apply(shelf: Shelf) -> None:
    shelf.adopt(NOW)
    _put(shelf, "new")
    shelf.prune(1)


def _apply_until_killed(shelf: Shelf, lives: int) -> None:
    """Killed before the step after so many on disk."""
    left = iter(range(lives))

    def hook(event: str, _: object) -> None:
        if event in _STEPS and next(left, None) is None:
            os._exit(9)

    sys.addaudithook(hook)
    _apply(shelf)
    os._exit(0)


@pytest.mark.slow
def test_killed_at_any_step_the_first_apply_leaves_asterisk_its_files_and_the_next_one_ends_it(
    shelf: Shelf,
) -> None:
    etc = shelf.link.parent
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    for lives in range(100):
        shutil.rmtree(etc, ignore_errors=True)
        shelf.link.mkdir(parents=True)
        (shelf.link / "extensions.conf").write_text("old")
        killed = processes.Process(target=_apply_until_killed, args=(shelf, lives))
        killed.start()
        killed.join()
        assert (shelf.link / "extensions.conf").read_text() in ("old", "new"), lives
        _apply(shelf)
        assert shelf.is_settled
        assert (shelf.link / "extensions.conf").read_text() == "new"
        assert len([*shelf.folder.iterdir()]) == 1
        assert {path.name for path in etc.iterdir()} == {"hotline", "hotline-revisions"}
        if killed.exitcode == 0:
            break
    assert (killed.exitcode, lives > 20) == (0, True)


def test_a_folder_with_a_file_of_somebody_else_is_left_as_it_is(shelf: Shelf) -> None:
    shelf.link.mkdir(parents=True)
    (shelf.link / "own.conf").touch()
    with pytest.raises(NotApplied, match=r"own\.conf is not ours"):
        shelf.adopt(NOW)
    assert not shelf.link.is_symlink()


def test_no_more_revisions_are_kept_than_asked_for_and_the_live_one_is_among_them(shelf: Shelf) -> None:
    for _ in range(5):
        _put(shelf)
    shelf.prune(2)
    assert [each.number for each in shelf.history()] == [4, 5]
    assert shelf.is_settled
    assert _put(shelf) == 6


def test_a_dialplan_in_use_is_carried_on_from_whichever_revision_has_it(shelf: Shelf) -> None:
    first = _put(shelf)
    (shelf.tree(first) / "revisions" / "0123abcd.conf").write_text("[hotline-0123abcd-in]\n")
    second = _put(shelf)
    shelf.carry({"0123abcd", "ffffffff"}, second)
    shelf.prune(1)
    assert [path.name for path in (shelf.tree(second) / "revisions").iterdir()] == ["0123abcd.conf"]


def test_what_a_killed_apply_left_to_asterisk_is_not_taken_from_under_it(shelf: Shelf) -> None:
    _put(shelf)
    shelf.point_to(shelf.begin())
    assert not shelf.is_settled
    assert shelf.begin() == 3
    assert shelf.link.is_dir()


def test_the_doctor_tells_an_apply_that_was_cut_off_and_what_to_do(shelf: Shelf) -> None:
    told = [revisions(shelf)]
    shelf.point_to(shelf.begin())
    told.append(revisions(shelf))
    number = _put(shelf)
    told.append(revisions(shelf))
    shelf.point_to(shelf.begin())
    told.append(revisions(shelf))
    assert [finding.level for finding in told] == ["ok", "warning", "ok", "warning"]
    assert told[2].what == f"revision {number} is live"
    assert told[3].what.startswith("an apply was cut off")
    assert "hotline config apply" in told[3].do


def test_a_revision_like_the_live_one_takes_away_what_no_call_needs_any_more(shelf: Shelf) -> None:
    live = _put(shelf, "[in]\n")
    for revision in (live, shelf.begin()):
        (shelf.at(revision) / "config" / "hotline.yaml").write_text("menu: 1")
    (shelf.tree(2) / "extensions.conf").write_text("[in]\n")
    (shelf.tree(live) / "extensions.conf").write_text("[in]\n[out]\n")
    (shelf.tree(live) / "revisions" / "0123abcd.conf").write_text("[hotline-0123abcd-in]\n")
    assert shelf.is_like(2, live)
    shelf.renew(live, 2)
    assert (shelf.link / "extensions.conf").read_text() == "[in]\n"
    assert list((shelf.tree(live) / "revisions").iterdir()) == []
    (shelf.at(2) / "config" / "hotline.yaml").write_text("menu: 2")
    assert not shelf.is_like(2, live)


def test_rollback_without_a_number_skips_what_equals_the_live_revision(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one made by an apply of the same YAML, rendered by another version."""
    wishes: list[Wish] = []

    def refuse(wish: Wish, tell: object) -> tuple[int, bool]:
        wishes.append(wish)
        raise NotApplied("no", "")

    monkeypatch.setattr("ivr.command.revisions.go_live", refuse)
    for text in ("old", "older", "same", "same"):
        (shelf.at(_put(shelf)) / "config" / "hotline.yaml").write_text(text)
    CliRunner().invoke(app, ["config", "rollback", "--asterisk", str(shelf.link.parent)])
    assert [wish.restores for wish in wishes] == [2]


def test_yaml_that_is_put_back_keeps_what_it_replaces(tmp_path: Path) -> None:
    old, new, aside = tmp_path / "old", tmp_path / "new", tmp_path / "aside"
    for folder, file, text in ((old, "a.yaml", "1"), (new, "a.yaml", "2"), (new, "b.yaml", "3")):
        folder.mkdir(exist_ok=True)
        (folder / file).write_text(text)
    edited = yaml_files(new)
    assert put_back(yaml_files(old), new, aside)
    assert (yaml_files(new), yaml_files(aside)) == (yaml_files(old), edited)
    assert not put_back(yaml_files(old), new, aside)


def test_every_step_that_is_rendered_is_read_back_with_its_place() -> None:
    """As many as there are lines with a step; labels, comments and escapes are not part of it."""
    texts = list(compiled().values())
    steps = takeover.rendered(texts)
    written = [line for text in texts for line in text.splitlines() if line.startswith(("exten =>", " same"))]
    assert len(steps) == len(written) > 100
    [revision] = takeover.plans_named(compiled()["hotline/extensions.conf"])
    assert steps["hotline-in", "195", 2] == f"Goto(hotline-{revision}-in,${{EXTEN}},1)"
    assert steps[f"hotline-{revision}-callback-tax", "s", 4].startswith(
        "Background(hotline/callback_greeting&"
    )


def test_a_step_missing_added_or_changed_is_told_by_its_place() -> None:
    wanted = {("hotline-in", "195", 1): "Answer()", ("hotline-in", "195", 2): "Hangup()"}
    found = {("hotline-in", "195", 1): "Wait(1)", ("hotline-in", "196", 1): "Hangup()"}
    assert list(takeover.differences(wanted, found)) == [
        "195@hotline-in step 1 is Wait(1), not Answer()",
        "195@hotline-in step 2 is nothing, not Hangup()",
        "196@hotline-in step 1 is Hangup(), not nothing",
    ]


def test_a_queue_that_only_a_loaded_dialplan_names_keeps_its_section() -> None:
    old = compiled()["hotline/queues.conf"]
    without = old.replace("[tax]", "[taxi]")
    [kept] = queues.outgoing(old, without, "same => n,Queue(tax,,,,3) ; hotline.yaml:22").split("\n\n")
    assert kept.startswith("\n[tax] ;")
    assert kept.count("member => ") == 2
    assert queues.outgoing(old, without, "same => n,Queue(taxi,,,,3)") == ""


def test_render_leaves_a_live_revision_alone(shelf: Shelf) -> None:
    _put(shelf, "as it was")
    render = ["--config", str(CONFIG), "config", "render", "--out", str(shelf.link.parent)]
    refused = CliRunner().invoke(app, render)
    assert (refused.exit_code, "belongs to `config apply`" in refused.stderr) == (1, True)
    assert (shelf.link / "extensions.conf").read_text() == "as it was"


def test_apply_without_an_asterisk_says_so_in_one_line_and_in_json(shelf: Shelf, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    text = (CONFIG / "hotline.yaml").read_text(encoding="utf-8")
    apply = ["--config", str(config), "config", "apply", "--asterisk", str(shelf.link.parent)]
    shelf.link.parent.mkdir()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        (config / "hotline.yaml").write_text(text.replace("main: {", f"main: {{ami_port: {port}, "))
        refused = CliRunner().invoke(app, apply)
        as_json = CliRunner().invoke(app, [*apply, "--json"])
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"not applied: no Asterisk answers at 127.0.0.1:{port}\n")
    assert (as_json.exit_code, '"why": "no Asterisk answers' in as_json.stdout) == (1, True)
    assert not list(shelf.folder.glob("0*"))
