"""What runs beside Asterisk may store in PostgreSQL too."""

from tests.stores import postgresql, postgresql_store

__all__ = ["postgresql", "postgresql_store"]
