"""Tables of the store, the same on SQLite and PostgreSQL, with the guards that make double work impossible.

Moments are epoch milliseconds UTC (`ivr.storage.moments.Moment` turns them into aware datetimes and back), so
that both databases compare them alike. Every change of state of a callback or an attempt also appends a row
to its journal; nothing is overwritten there.
"""

from ivr.storage.schema.naming import metadata
from ivr.storage.schema.owed import (
    ATTEMPT_LIVE,
    CALLBACK_OPEN,
    ORDER_UNDECIDED,
    attempt_journal,
    attempts,
    callback_journal,
    callbacks,
    decisions,
    denied_numbers,
    orders,
)
from ivr.storage.schema.recorded import (
    CALL_UNDECIDED,
    VISIT_EXCHANGED,
    VISIT_OF_ATTEMPT,
    calls,
    surveys,
    visits,
)
from ivr.storage.schema.running import (
    agent_states,
    audit,
    gaps,
    leases,
    log_positions,
    minutes,
    processes,
    recorder_signs,
    sealed_days,
    sealed_nodes,
    sealed_totals,
    switches,
)
