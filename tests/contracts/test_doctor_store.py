"""What the doctor says of a database, a time zone and a configuration, without any Asterisk."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import URL
from typer.testing import CliRunner

from ivr.command.root import app
from ivr.doctor.machine import database, time_zone
from ivr.storage.engine.store import Store
from ivr.storage.migrations import migrate

MISNAMED = (
    "sesame:hotline",
    "mysql://hotline:sesame@127.0.0.1/hotline",
    "postgresql://hotline:sesame@127.0.0.1:port/hotline",
    "postgresql://hotline:open@sesame@127.0.0.1:1/hotline",
)


def full(named: URL) -> str:
    return named.render_as_string(hide_password=False)


def url(store: Store) -> str:
    return full(store.engine.url)


def test_a_store_of_this_version_is_well(store: Store) -> None:
    assert database(url(store)).level == "ok"


def test_a_store_of_another_version_is_told_to_migrate(store: Store) -> None:
    store.write(lambda connection: connection.exec_driver_sql("DELETE FROM alembic_version"))
    finding = database(url(store))
    assert (finding.level, finding.do) == ("error", "run `hotline data migrate`")


def test_a_database_that_is_away_or_misnamed_is_told_without_its_password() -> None:
    for wrong in ("postgresql://hotline:sesame@127.0.0.1:1/hotline", *MISNAMED):
        finding = database(wrong)
        assert finding.level == "error"
        assert "sesame" not in f"{finding}"


@pytest.mark.parametrize("wrong", MISNAMED)
def test_a_command_with_a_misnamed_database_says_so_and_nothing_of_its_password(wrong: str) -> None:
    shown = CliRunner().invoke(app, ["data", "migrate"], env={"HOTLINE_DATABASE_URL": wrong})
    assert shown.exit_code == 1
    assert shown.output.startswith("the database cannot be used: HOTLINE_DATABASE_URL is no database URL")
    assert "sesame" not in shown.output


def test_what_is_up_to_date_is_named_without_its_password(store: Store) -> None:
    named = store.engine.url
    if not store.is_sqlite:
        named = named.update_query_dict({"application_name": "sesame"})
    shown = CliRunner().invoke(app, ["data", "migrate"], env={"HOTLINE_DATABASE_URL": full(named)})
    assert shown.output == f"the tables of {store.engine.url.database} are up to date\n"


def test_a_new_sqlite_file_may_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'hotline.db'}")
    migrate(store)
    files = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("hotline.db*")}
    assert set(files.values()) == {0o600}
    assert "hotline.db-wal" in files
    store.close()


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "hotline.db").write_bytes(b"SQLite format 3\0" + bytes(4000))
    finding = database(f"sqlite:///{tmp_path / 'hotline.db'}")
    assert (finding.level, finding.do[:26]) == ("error", "restore the last good copy")


def test_a_zone_the_machine_does_not_know_is_an_error() -> None:
    assert [time_zone(zone).level for zone in ("Asia/Baku", "Asia/Nowhere")] == ["ok", "error"]


def test_a_broken_configuration_and_a_cut_off_apply_are_told_and_nothing_else_is_guessed(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", url(store))
    (tmp_path / "hotline.yaml").write_text("hotline: {}\n")
    (tmp_path / "hotline").symlink_to("hotline-revisions/0001/asterisk")
    told = CliRunner().invoke(app, ["--config", str(tmp_path), "doctor", "--asterisk", str(tmp_path)])
    assert told.exit_code == 1
    assert "has mistakes" in told.output
    assert "config check" in told.output
    assert "an apply was cut off" in told.output
