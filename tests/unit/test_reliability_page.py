"""docs/reliability.md names no test that does not exist."""

from __future__ import annotations

import re

from tests.lab.house import REPOSITORY

PAGE = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+(?:\.py)?)(?:::(test_\w+))?`", PAGE)


def test_every_test_the_page_names_exists() -> None:
    assert len(NAMED) > 20
    for path, test in NAMED:
        assert (REPOSITORY / path).exists(), path
        assert not test or f"def {test}(" in (REPOSITORY / path).read_text(encoding="utf-8"), test
