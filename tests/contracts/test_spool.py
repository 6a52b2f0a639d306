"""The spool: what was kept is there for the next process, whatever happened to this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import typer

from ivr.command.store import open_spool
from ivr.recording.unstored import Spool
from tests.contracts.test_visits import CALL, OVER, WAITING
from tests.unit.ami_lines import at


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hotline.spool"


@pytest.fixture
def spool(file: Path) -> Iterator[Spool]:
    with closing(Spool(file)) as opened:
        yield opened


def test_what_one_process_kept_the_next_one_finds_in_order(file: Path, spool: Spool) -> None:
    spool.keep([CALL, WAITING], [CALL, WAITING])
    spool.keep([OVER], [CALL, OVER])
    spool.close()
    with closing(Spool(file)) as following:
        assert following.records() == [CALL, WAITING, OVER]


def test_half_a_line_costs_nothing_but_itself(file: Path, spool: Spool) -> None:
    spool.keep([CALL, WAITING], [CALL, WAITING])
    with file.open("r+b") as torn:
        torn.truncate(file.stat().st_size - 40)
    spool.keep([OVER], [OVER])
    assert spool.records() == [CALL, OVER]


def test_a_line_that_cannot_be_read_is_laid_aside_where_only_its_owner_reads_it(
    file: Path, spool: Spool
) -> None:
    """Such as another version's: what was promised to be kept is not thrown away when the rest is stored."""
    spool.keep([CALL], [CALL])
    line = b'rating {"caller": "0501112233"}'
    with file.open("ab") as other:
        other.write(line + b"\n")
    assert spool.records() == [CALL]
    spool.clear()
    aside = file.with_name("hotline.spool.unread")
    assert aside.read_bytes() == line + b"\n"
    assert aside.stat().st_mode & 0o777 == 0o600


def test_what_is_stored_is_gone_from_it(file: Path, spool: Spool) -> None:
    spool.keep([CALL], [CALL])
    spool.clear()
    assert spool.records() == []
    assert file.stat().st_size == 0


def test_a_second_recorder_that_wants_the_same_one_is_told_what_to_do(
    file: Path, spool: Spool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        open_spool(file)
    told = capsys.readouterr().err
    assert "in use by another process" in told
    assert "--spool" in told


def test_a_spool_that_cannot_be_written_is_told_before_anything_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        open_spool(tmp_path / "nowhere" / "hotline.spool")
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_it_does_not_grow_with_every_change_of_the_same_record(spool: Spool) -> None:
    for second in range(1100):
        changed = CALL._replace(last_seen_at=at(second))
        spool.keep([changed], [changed])
    assert spool.records()[-1] == changed
    assert len(spool.records()) < 200


def test_only_its_owner_may_read_it(file: Path, spool: Spool) -> None:
    """It holds whole numbers."""
    spool.keep([CALL], [CALL])
    assert file.stat().st_mode & 0o777 == 0o600
