"""The product with faults planted, to prove that the demo sees them: `python -m tests.lab.faults F,… run …`.

Each fault changes the running product at one seam, before the `hotline` command starts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping

from sqlalchemy import Connection

from ivr.asterisk.connection import AmiConnection
from ivr.asterisk.messages import Header, Reply
from ivr.calls.numbers import ReadNumber
from ivr.storage.records import visits
from ivr.storage.records.visits import Saved
from ivr.visits.records import Call, Visit

_WRONG_BY = 2.0


def double_dial() -> None:
    """Every Originate is sent twice; the second under ids that do not begin with the first's.

    Originates are carried out side by side, and Asterisk refuses an id that a living one begins with.
    """
    send = AmiConnection.send

    async def twice(self: AmiConnection, headers: Mapping[str, Header], *, deadline: float = 10.0) -> Reply:
        reply = await send(self, headers, deadline=deadline)
        if headers["Action"] == "Originate" and "ChannelId" in headers:  # a sign of life dials nobody
            again = {
                "ChannelId": f"again-{headers['ChannelId']}",
                "OtherChannelId": f"again-{headers['OtherChannelId']}",
            }
            await send(self, {**headers, **again}, deadline=deadline)
        return reply

    setattr(AmiConnection, "send", twice)  # noqa: B010 - a method is replaced on purpose


def lose_visit() -> None:
    """The first call that joins the queue of the ministry itself is never stored there."""
    lost: list[str] = []

    def forgetful(told: Iterable[Visit]) -> list[Visit]:
        kept = list(told)
        if not lost:
            lost.extend([visit.uniqueid for visit in kept if visit.queue == "aparat"][:1])
        return [visit for visit in kept if visit.uniqueid not in lost]

    _change_visits(forgetful)


def wrong_wait() -> None:
    """Every wait is stored two seconds too long."""
    _change_visits(
        lambda told: [
            visit
            if visit.wait_seconds is None
            else visit._replace(wait_seconds=visit.wait_seconds + _WRONG_BY)
            for visit in told
        ]
    )


def _change_visits(change: Callable[[Iterable[Visit]], list[Visit]]) -> None:
    save = visits.save

    def changed(
        connection: Connection,
        new_calls: Collection[Call],
        new_visits: Collection[Visit],
        read_number: ReadNumber,
        *,
        is_listened: bool = True,
    ) -> Saved:
        return save(connection, new_calls, change(new_visits), read_number, is_listened=is_listened)

    visits.save = changed


FAULTS: Mapping[str, Callable[[], None]] = {
    "double-dial": double_dial,
    "lose-visit": lose_visit,
    "wrong-wait": wrong_wait,
}


def main() -> None:
    """Plant the faults named first, then be `hotline` with the rest."""
    faults, *words = sys.argv[1:]
    for fault in faults.split(","):
        FAULTS[fault]()
    # Only now: a module that imported the sound function by name before would keep it.
    from ivr.command.root import app as hotline

    sys.argv = ["hotline", *words]
    hotline()


if __name__ == "__main__":
    main()
