"""The packages of the extra `report`, which pages and tables need and the rest does without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class ExtraMissing(Exception):
    """What to install; for the person at the terminal."""


@contextmanager
def report_extra() -> Iterator[None]:
    """Around the import of one of these packages. Raises ExtraMissing if it or its library is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            f"this format needs the package {error.name}: pip install 'hotline195[report]'"
        ) from error
    except OSError as error:
        raise ExtraMissing(
            "PDF needs Pango, which this machine does not have: apt-get install libpangoft2-1.0-0"
            " libharfbuzz-subset0 fonts-inter"
        ) from error
