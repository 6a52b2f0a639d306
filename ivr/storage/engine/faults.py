"""What a driver says went wrong, in two kinds: away, which passes by itself, and unfit, which does not.

What is neither is a mistake of ours and stays what it is. Used by `engine`, the one place that meets drivers.
"""

from __future__ import annotations

import re
from typing import Final


class StoreAway(Exception):
    """The database is out of reach, busy, full or read-only: nothing was stored, try again later."""


class StoreUnfit(Exception):
    """The database refuses `what` it says until somebody does what `hint` says."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what} ({hint})")
        self.what, self.hint = what, hint


RESTORE: Final = "restore the last good copy; of SQLite `sqlite3 FILE .recover` saves what can be read"
REPLACED: Final = (
    "put it or the last good copy there, without the -wal and -shm of another file, and start again; "
    "what was heard since is in the spool"
)
_MIGRATE: Final = "run `hotline data migrate`; if it finds nothing to do, restore the last good copy"
_GRANT: Final = "give the role in HOTLINE_DATABASE_URL all rights on that database and its tables"
_LOGIN: Final = "mend HOTLINE_DATABASE_URL, or make that role and database"

_CONNECTION_ERRORS: Final = {"InterfaceError", "OperationalError"}
"""What every driver calls them (PEP 249)."""
_AWAY: Final = (
    *("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL", "SQLITE_INTERRUPT"),
    *("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN"),
    "08",  # connection lost
    "25006",  # read-only
    "25P03",  # our transaction stood still too long
    "40",  # deadlock
    "53",  # disk full, out of memory, too many connections
    "55P03",  # a lock not had in time
    "57",  # shutting down, starting up, cancelled by the administrator
    "58",  # input or output
    "XX000",  # what the system said of a file, such as too large or on a read-only disk
)
"""How the names and codes begin."""
_UNFIT: Final = {
    "SQLITE_ERROR": _MIGRATE,  # no such table, no such column
    "SQLITE_PERM": _GRANT,
    "SQLITE_AUTH": _GRANT,
    "SQLITE_CORRUPT": RESTORE,
    "SQLITE_NOTADB": RESTORE,
    "42P01": _MIGRATE,
    "42703": _MIGRATE,
    "3F000": _MIGRATE,
    "42501": _GRANT,
    "28": _LOGIN,
    "3D000": _LOGIN,
    "XX001": RESTORE,
    "XX002": RESTORE,
}
_NO_LOGIN: Final = re.compile(
    r"authentication failed|FATAL: .* does not exist|no pg_hba\.conf entry|no password supplied"
    r"|not permitted to log in|permission denied for database|invalid port number"
)
"""libpq keeps no code of a login that failed, only words; what is none of these counts as away."""


def told(problem: Exception) -> StoreAway | StoreUnfit | None:
    """What a driver's error, wrapped by SQLAlchemy or not, means for the store.

    None if it is about one statement only, or no driver's.
    """
    error = getattr(problem, "orig", problem)
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
    if code is None and {base.__name__ for base in type(error).__mro__} & _CONNECTION_ERRORS:
        return StoreUnfit(said, _LOGIN) if _NO_LOGIN.search(said) else StoreAway(said)
    if code is not None and code.startswith(_AWAY):
        return StoreAway(said)
    hint = next((hint for begin, hint in _UNFIT.items() if (code or "").startswith(begin)), None)
    return None if hint is None else StoreUnfit(said, hint)
