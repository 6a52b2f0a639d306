"""Every contract here is held by every store."""

from tests.stores import postgresql, postgresql_store, store, url

__all__ = ["postgresql", "postgresql_store", "store", "url"]
