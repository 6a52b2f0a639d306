"""The commented starter configuration, and how `hotline config init` writes it into a folder."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


class NotEmpty(Exception):
    """The folder already has YAML files; nothing was written. The message names them."""


def starter_folder() -> Path:
    """The starter: beside this module in an installed wheel, `config/` in a checkout."""
    installed = _HERE / "starter"
    return installed if installed.is_dir() else _HERE.parent.parent / "config"


def write_starter(folder: Path) -> list[Path]:
    """Write the starter into `folder`, made if it is not there; NotEmpty rather than overwrite anything."""
    folder.mkdir(parents=True, exist_ok=True)
    there = sorted(path.name for path in folder.glob("*.y*ml"))
    if there:
        raise NotEmpty(", ".join(there))
    source = starter_folder()
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes((source / file).read_bytes())
        (folder / file).chmod(0o640)  # it will hold numbers of agents, and of callers who are blocked
    return [folder / file for file in files]
