"""`hotline data recordings`: a call's recording is found, and copied with a line in the audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.storage.engine.store import Store
from ivr.storage.schema.recorded import calls
from ivr.storage.schema.running import audit
from tests.contracts.retaining import ANNA, called, hotline, house, recorded

__all__ = ["house"]


def test_a_recording_is_found_by_call_and_by_number_and_copied_with_an_audit_line(
    house: Path, store: Store
) -> None:
    store.write(lambda connection: called(connection, ANNA, 5))
    linkedid = str(store.read(lambda connection: connection.scalar(select(calls.c.linkedid))))
    recording = recorded(house, f"main-{linkedid}-2.wav", 5)
    for words in ([linkedid], ["--number", ANNA]):
        shown = hotline(house, "recordings", *words)
        assert str(recording) in shown.output
        assert ANNA not in shown.output
    copy = house / "copy.wav"
    assert hotline(house, "recordings", linkedid, "--copy", str(copy)).exit_code == 2
    assert hotline(house, "recordings", linkedid, "--copy", str(copy), "--why", "request 17").exit_code == 0
    assert copy.read_bytes() == recording.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600
    row = store.read(lambda c: c.execute(audit.select()).one())
    assert (row.action, row.subject, row.note) == ("recording copied", str(recording), "request 17")
    again = hotline(house, "recordings", linkedid, "--copy", str(copy), "--why", "request 17")
    assert (again.exit_code, "is not copied" in again.output) == (1, True)


def test_of_a_call_with_several_recordings_one_is_copied_by_the_name_of_its_file(
    house: Path, store: Store
) -> None:
    """A citizen who was handed over has talked with two queues in one call."""
    store.write(lambda connection: called(connection, ANNA, 5))
    linkedid = str(store.read(lambda connection: connection.scalar(select(calls.c.linkedid))))
    recorded(house, f"main-{linkedid}.wav", 5)
    second, copy = recorded(house, f"main-{linkedid}-2.wav", 5), house / "copy.wav"
    shown = hotline(house, "recordings", linkedid, "--copy", str(copy), "--why", "request 17")
    assert (shown.exit_code, copy.exists()) == (1, False)
    assert str(second) in shown.output
    shown = hotline(house, "recordings", str(second), "--copy", str(copy), "--why", "request 17", "--json")
    assert (shown.exit_code, copy.read_bytes()) == (0, second.read_bytes())
    (told,) = json.loads(shown.stdout)
    assert (told["file"], told["copied_to"], told["linkedid"]) == (str(second), str(copy), linkedid)
    assert hotline(house, "recordings", str(house / "config" / "menu.yaml")).exit_code == 1


def test_a_recording_that_cannot_be_read_leaves_no_copy(
    house: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(lambda connection: called(connection, ANNA, 5))
    linkedid = str(store.read(lambda connection: connection.scalar(select(calls.c.linkedid))))
    recording = house / "recordings" / f"main-{linkedid}.wav"
    recording.symlink_to("/proc/self/mem")
    shown = hotline(house, "recordings", linkedid, "--copy", str(house / "copy.wav"), "--why", "request 17")
    assert (shown.exit_code, (house / "copy.wav").exists()) == (1, False)
    assert "Input/output error" in shown.output


def test_a_call_without_a_recording_is_told_so(house: Path, store: Store) -> None:
    assert "no recording is found" in hotline(house, "recordings", "1.1").output
    assert hotline(house, "recordings").exit_code == 2
    assert hotline(house, "recordings", "../../etc/passwd").exit_code == 1
