"""The library of the citizen's call, from menu to record.

Its rooms stand in one order, which `pyproject.toml` holds and docs/architecture.md draws.
"""

__version__ = "0.1.0"
