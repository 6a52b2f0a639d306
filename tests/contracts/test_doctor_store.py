"""What the doctor says of a database, a time zone and a configuration, without any Asterisk."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.command.root import app
from ivr.doctor.machine import database, time_zone
from ivr.storage.engine import Store


def url(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def test_a_store_of_this_version_is_well(store: Store) -> None:
    assert database(url(store)).level == "ok"


def test_a_store_of_another_version_is_told_to_migrate(store: Store) -> None:
    store.write(lambda connection: connection.exec_driver_sql("DELETE FROM alembic_version"))
    finding = database(url(store))
    assert (finding.level, finding.do) == ("error", "run `hotline data migrate`")


def test_a_database_that_is_away_or_misnamed_is_told_without_its_password() -> None:
    for wrong in ("postgresql://hotline:sesame@127.0.0.1:1/hotline", "sesame:hotline"):
        finding = database(wrong)
        assert finding.level == "error"
        assert "sesame" not in f"{finding}"


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "hotline.db").write_bytes(b"SQLite format 3\0" + bytes(4000))
    finding = database(f"sqlite:///{tmp_path / 'hotline.db'}")
    assert (finding.level, finding.do[:26]) == ("error", "restore the last good copy")


def test_a_zone_the_machine_does_not_know_is_an_error() -> None:
    assert [time_zone(zone).level for zone in ("Asia/Baku", "Asia/Nowhere")] == ["ok", "error"]


def test_a_broken_configuration_is_told_and_nothing_else_is_guessed(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", url(store))
    (tmp_path / "hotline.yaml").write_text("hotline: {}\n")
    told = CliRunner().invoke(app, ["--config", str(tmp_path), "doctor"])
    assert told.exit_code == 1
    assert "has mistakes" in told.output
    assert "config check" in told.output
