"""What is installed from a wheel works anywhere, without the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.lab.house import REPOSITORY

HOTLINE = "from ivr.command.root import app; app()"


def test_an_installed_wheel_writes_a_starter_that_checks_and_renders(tmp_path: Path) -> None:
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "--wheel-dir", str(tmp_path), str(REPOSITORY), cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    command = (sys.executable, "-P", "-c", HOTLINE)

    run(*command, "config", "init", "mine", cwd=tmp_path, path=installed)
    checked = run(*command, "--config", "mine", "config", "check", cwd=tmp_path, path=installed)
    run(*command, "--config", "mine", "config", "render", "--out", "etc", cwd=tmp_path, path=installed)

    assert "no problems in " in checked
    assert (tmp_path / "etc/hotline/extensions.conf").exists()
    assert (tmp_path / "mine/hotline.service").exists()
    where = run(sys.executable, "-P", "-c", "import ivr; print(ivr.__file__)", cwd=tmp_path, path=installed)
    assert Path(where.strip()).is_relative_to(installed)


def run(*command: str, cwd: Path, path: Path | None = None) -> str:
    """What it printed; AssertionError with its complaint if it failed."""
    environment = {**os.environ, "PYTHONPATH": str(path)} if path else None
    ended = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
