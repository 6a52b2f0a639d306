"""The library of the citizen's call, from menu to record.

Its rooms stand in one order, which `pyproject.toml` has and docs/architecture.md draws; no module lies outside one.
"""

__version__ = "0.1.0"
