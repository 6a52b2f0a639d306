"""Text from outside in the store: cut to its column, without what PostgreSQL refuses.

SQLite keeps anything of any length; PostgreSQL would refuse the whole record for one character too many.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import String
from sqlalchemy.types import TypeDecorator


class Told(TypeDecorator[str]):
    """Column type: VARCHAR of that length for text a caller, an agent or Asterisk chose."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def keeps(self, values: Collection[str]) -> bool:
        """Whether all of them are stored as they are; asked of a thousand at once."""
        text = "".join(values)
        return text.isascii() and "\0" not in text and max(map(len, values), default=0) <= self.length

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        if value is None or (len(value) <= self.length and value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode(errors="replace").decode()[: self.length]
