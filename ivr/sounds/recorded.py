"""Which sentence each recording was made for, so that a changed sentence does not go on in the old voice.

The note lies beside the recordings, in `prompts/` of the configuration. A recording that is new, or another
than the noted one, is taken for the sentence as it is then: `hotline prompts build` notes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ivr.sounds.prompts import PromptFile

NOTES: Final = "recorded-for.json"


def is_recorded(file: PromptFile, config: Path) -> bool:
    """Whether a recorded file takes the place of the synthesised one."""
    return file.recorded(config).is_file()


def stale(files: Iterable[PromptFile], config: Path) -> frozenset[PromptFile]:
    """Those whose recording is still the one of an earlier sentence. Raises OSError."""
    notes = _read(config)
    return frozenset(
        file
        for file in files
        if (note := notes.get(str(file.path)))
        and note.get("text") != file.text
        and is_recorded(file, config)
        and note.get("sound") == _fingerprint(file, config)
    )


def note(files: Iterable[PromptFile], config: Path) -> None:
    """Take each recording that is not noted yet for its sentence. Raises OSError."""
    notes = _read(config)
    fresh = {
        str(file.path): {"sound": sound, "text": file.text}
        for file in files
        if is_recorded(file, config)
        and (sound := _fingerprint(file, config)) != notes.get(str(file.path), {}).get("sound")
    }
    if fresh:
        text = json.dumps(notes | fresh, ensure_ascii=False, indent=1, sort_keys=True)
        (config / "prompts" / NOTES).write_text(text + "\n", encoding="utf-8")


def _fingerprint(file: PromptFile, config: Path) -> str:
    return hashlib.sha256(file.recorded(config).read_bytes()).hexdigest()[:16]


def _read(config: Path) -> dict[str, dict[str, str]]:
    try:
        notes = json.loads((config / "prompts" / NOTES).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}
