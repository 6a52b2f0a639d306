"""The two lock files: what production installs, and that with what the tests need."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def _pinned(name: str) -> dict[str, str]:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def test_production_installs_the_very_versions_that_are_tested() -> None:
    production, tested = _pinned("requirements.lock"), _pinned("requirements-dev.lock")
    assert production
    assert production.items() <= tested.items()
    assert "pytest" not in production
