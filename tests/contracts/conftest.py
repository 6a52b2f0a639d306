"""Every contract here is held by every store."""

from tests.stores import store

__all__ = ["store"]
