"""What runs beside Asterisk may store in PostgreSQL too."""

from tests.stores import databases, postgresql, postgresql_store

__all__ = ["databases", "postgresql", "postgresql_store"]
