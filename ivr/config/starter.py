"""The commented starter configuration, and how `hotline config init` writes it into a folder."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


class NotEmpty(Exception):
    """The folder already has YAML files; nothing was written. The message names them."""


def starter_files() -> list[Path]:
    """The files of the starter: beside this module in an installed wheel, `config/` in a checkout."""
    installed = _HERE / "starter"
    folder = installed if installed.is_dir() else _HERE.parent.parent / "config"
    return sorted(folder.glob("*.yaml"))


def write_starter(folder: Path) -> list[Path]:
    """Write the starter into `folder`, made if it is not there; NotEmpty rather than overwrite anything."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = {folder / file.name: file for file in starter_files()}
    there = sorted(path.name for path in folder.glob("*.y*ml"))
    if there:
        raise NotEmpty(", ".join(there))
    for target, file in targets.items():
        target.write_bytes(file.read_bytes())
    return sorted(targets)
