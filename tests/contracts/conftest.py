"""Every contract here is held by every store."""

from tests.stores import store, url

__all__ = ["store", "url"]
