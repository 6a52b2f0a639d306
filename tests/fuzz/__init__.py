"""Every pure layer against 10,000 made-up inputs, a million by `make fuzz`: no crash, no hang, no injection.

An input is a `program`: a string of bytes of which some stand for whole words of the language at hand, the
rest for themselves. So most of it is nearly right, which is where parsers break, and it is drawn quickly.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

settings.register_profile(
    "suite", max_examples=10_000, database=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("fuzz", settings.get_profile("suite"), max_examples=1_000_000)
fuzzed: Final = settings.get_profile(os.environ.get("HOTLINE_FUZZ", "suite"))
"""Decorates each test here, under its `given`."""

program: Final = st.binary(max_size=12) | st.binary(min_size=12, max_size=60)


def spelled(written: bytes, words: Sequence[bytes]) -> bytes:
    """What a program says: bytes from 256 down are its words, the others themselves."""
    return b"".join(words[255 - byte] if 255 - byte < len(words) else bytes((byte,)) for byte in written)
