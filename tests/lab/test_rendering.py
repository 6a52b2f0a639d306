"""Rendered files and secrets on disk: what is written, what stays, what is said when something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialplan.compiler import write
from ivr.asterisk.secrets import SecretMissing, make_missing, read_secret
from ivr.command.root import app
from ivr.config.loading import Loaded
from tests.golden import CONFIG, TODAY, compiled
from tests.loading import load_or_fail


def _render(loaded: Loaded, out: Path) -> list[str]:
    return [str(path.relative_to(out)) for path in write(loaded, out, "main", TODAY)]


def _with_longer_wait(folder: Path) -> Loaded:
    text = (CONFIG / "hotline.yaml").read_text(encoding="utf-8").replace("wait: 500ms", "wait: 2s")
    (folder / "hotline.yaml").write_text(text, encoding="utf-8")
    return load_or_fail(folder)


def test_rendering_twice_writes_nothing_the_second_time(tmp_path: Path) -> None:
    first = _render(load_or_fail(CONFIG), tmp_path)
    assert set(compiled()) < set(first)
    assert _render(load_or_fail(CONFIG), tmp_path) == []


def test_an_earlier_revision_stays_for_the_calls_in_it(tmp_path: Path) -> None:
    """The plan itself is written before the entry, and the queues' way out by key, that name it."""
    config, out = tmp_path / "config", tmp_path / "out"
    config.mkdir()
    _render(load_or_fail(CONFIG), out)
    [old] = (out / "hotline" / "revisions").iterdir()
    written = _render(_with_longer_wait(config), out)
    assert old.exists()
    assert written[0].startswith("hotline/revisions/")
    assert written[1:] == ["hotline/extensions.conf", "hotline/queues.conf"]


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    made = make_missing(tmp_path / "secrets.d", ["hotline-dialer", "hotline-apply"])
    secrets = [read_secret(tmp_path / "secrets.d", path.stem) for path in made]
    assert make_missing(tmp_path / "secrets.d", ["hotline-dialer", "hotline-apply"]) == []
    assert [read_secret(tmp_path / "secrets.d", path.stem) for path in made] == secrets
    assert {path.stat().st_mode & 0o777 for path in made} == {0o640}
    assert len({*secrets}) == 2
    assert all(len(secret) >= 32 for secret in secrets)


def test_a_missing_secret_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match="hotline config render"):
        read_secret(tmp_path, "hotline-dialer")
    (tmp_path / "hotline-dialer.conf").write_text("nothing\n")
    with pytest.raises(SecretMissing, match="has no line"):
        read_secret(tmp_path, "hotline-dialer")


def _hotline(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_the_command_says_what_it_wrote_and_what_is_wrong(tmp_path: Path) -> None:
    render = ("--config", str(CONFIG), "config", "render", "--out", str(tmp_path / "out"))
    status, said = _hotline(*render)
    assert status == 0
    assert "hotline/queues.conf" in said
    assert _hotline(*render) == (0, f"{tmp_path / 'out'} is current\n")
    status, said = _hotline(*render, "--server", "elsewhere")
    assert (status, "servers: main" in said) == (1, True)
    status, said = _hotline("--config", str(tmp_path), "config", "render", "--out", str(tmp_path / "none"))
    assert (status, "hotline config check" in said) == (1, True)
    assert not (tmp_path / "none").exists()
