"""`docs/menu-reference.md` is what the model says, and its examples are what an admin may write."""

from __future__ import annotations

import pytest

from tests.reference_page import PAGE, Row, page, reads, rows, sections

ROWS = [row for section in sections() for row in rows(section)]
EXAMPLES = [row for row in ROWS if row.example is not None]


def test_the_reference_is_what_the_model_says() -> None:
    """After a change of the model: `python -m tests.reference_page`."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: f"{row.section}.{row.name}")
def test_each_example_may_be_written_so(row: Row) -> None:
    reads(row)


def test_every_field_has_an_example_or_a_section_of_its_own() -> None:
    assert len(EXAMPLES) > 100
    explained = [".".join(path) for section in sections() for path in section.paths]
    for row in ROWS:
        path = f"{row.section}.{row.name}".lstrip(".")
        assert row.example or any(each.startswith(path) for each in explained), path
