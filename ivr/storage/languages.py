"""The language a caller chose, as far as the store remembers."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ivr.storage.schema import calls


def last_chosen(connection: Connection, caller_e164: str) -> str:
    """The language of that number's last call, empty if there was none.

    Who hung up before any key has chosen nothing; a call that is still open may be the one that asks.
    """
    chosen = select(calls.c.language).where(
        calls.c.caller_e164 == caller_e164,
        calls.c.origin == "inbound",
        calls.c.ended_at.is_not(None),
        calls.c.menu_path != "",
        calls.c.language != "",
    )
    return connection.scalar(chosen.order_by(calls.c.began_at.desc()).limit(1)) or ""
