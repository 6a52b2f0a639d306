"""Which record is it? The one place that decides whether two tellings are of one stay, or of one call.

Pure: a record as a source tells it and the records it may be about in, the one it is out. The store asks for
every record it gets (`ivr.storage.records`). Which stay a single word of a queue is about, while a fold reads
it, is another question: `ivr.visits.state.State.locate`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ivr.visits.records import LONGEST_CALL, Call, Visit
from ivr.visits.state import ROUGHLY

ROUGH_TIME: Final = timedelta(seconds=ROUGHLY)
_HALF_A_SECOND: Final = timedelta(seconds=0.5)
_CUT: Final = timedelta(seconds=1.5)
"""What queue_log cuts off a moment, and half a second in which Asterisk tells the two sources of one."""
_SAME_CALL: Final = timedelta(hours=4)
"""Two tellings of one linkedid lie no further apart."""


def same_stay(told: Visit, known: Collection[Visit]) -> list[Visit]:
    """The records of the stay `told` is about, of those that share its server, its queue and a channel.

    An empty list: it is a new one. Two: its parts were told under two channels before anybody knew that they
    are of one stay; the first is the one under its own channel.

    A stay has a channel, the caller's at the join, and a second one if that was exchanged. Whoever missed the
    join tells the stay under the second. Under each of the two it is one record at most, by the first of
    these rules that fits any:

    1. *Named*: its source has told this join of it before. One source gives the same stay the same join
       always, but for an AMI join first told in whole seconds: that one keeps the moment of receipt.
    2. *Near*: the nearest join that its source has not named, no further off than whole seconds are. One
       computed back from the list of who waits may be twice as far off, for it leans on a late receipt.
    3. *In order*: the first one its source has not named, where AMI sends no timestamps and our clock has
       nothing to do with Asterisk's (a stream played much later). No channel lives so long, so it is the same
       channel, and its stays are told apart by their order alone.

    2 and 3 never take a stay that was over when `told` began. Two recorders are two sources where Asterisk
    sends no timestamps, for each tells of a join as it heard it.
    """
    found: list[Visit] = []
    for is_under_channel in (_has_channel, _is_exchanged):
        candidates = [one for one in known if one not in found and is_under_channel(told, one)]
        for fits, order in _RULES:
            if fitting := [one for one in candidates if fits(told, one)]:
                found.append(min(fitting, key=partial(order, told)))
                break
    return found


def _has_channel(told: Visit, known: Visit) -> bool:
    return told.uniqueid == known.uniqueid


def _is_exchanged(told: Visit, known: Visit) -> bool:
    """One of the two missed the join, and has the stay under the channel that stood there in the end."""
    if told.place == known.uniqueid:
        return known.precision == "s" and known.log_joined_at is None
    return told.is_rebuilt and told.uniqueid == known.place


def _is_named(told: Visit, known: Visit) -> bool:
    if told.source == "queue_log":
        return known.log_joined_at == told.joined_at
    is_rough = "s" in (known.precision, told.precision) and known.source != "queue_log"
    return known.joined_at == told.joined_at or (is_rough and known.received_at == told.received_at)


def _is_near(told: Visit, known: Visit) -> bool:
    reach = 2 * ROUGH_TIME if _is_receipt(told, known) and known.outcome == "waiting" else ROUGH_TIME
    return _apart(told, known) <= reach and _is_free(told, known)


def _is_of_another_clock(told: Visit, known: Visit) -> bool:
    is_far = _apart(told, known) > LONGEST_CALL and told.source != known.source
    return is_far and _is_receipt(told, known) and _is_free(told, known)


def _is_free(told: Visit, known: Visit) -> bool:
    """Its source has not named it yet, and it was not over when AMI reported this join."""
    if told.source == "queue_log":
        is_named = known.log_joined_at is not None and not told.is_rebuilt
    else:
        is_named = known.source != "queue_log" and not _may_be_another_recorders(told, known)
    log, ami = (told, known) if told.source == "queue_log" else (known, told)
    is_exact = ami.precision == "ms" and not (log.clock_stepped or ami.clock_stepped)
    was_over = is_exact and _had_left(log, ami) and ami.joined_at - log.joined_at > _CUT
    return not is_named and not was_over


def _may_be_another_recorders(told: Visit, known: Visit) -> bool:
    """One recorder's stays do not overlap: a channel leaves a queue before it joins again."""
    is_rough = "s" in (known.precision, told.precision)
    return is_rough and not _had_left(known, told) and not _had_left(told, known)


def _had_left(one: Visit, other: Visit) -> bool:
    return one.left_at is not None and one.left_at <= other.joined_at


def _is_receipt(told: Visit, known: Visit) -> bool:
    """Whether AMI's join is the moment at which we heard of it."""
    ami = told if told.source == "ami" else known
    return ami.source == "ami" and ami.precision == "s"


def _apart(told: Visit, known: Visit) -> timedelta:
    """queue_log cuts its moments down to the second."""
    cut = {"queue_log": _HALF_A_SECOND}
    mine, theirs = cut.get(told.source, timedelta()), cut.get(known.source, timedelta())
    return abs(told.joined_at + mine - known.joined_at - theirs)


_Pair = tuple[Callable[[Visit, Visit], bool], Callable[[Visit, Visit], Any]]
_RULES: Final[tuple[_Pair, ...]] = (
    (_is_named, _apart),
    (_is_near, _apart),
    (_is_of_another_clock, lambda told, known: known.joined_at),
)
"""Which records fit, and by what the first of them is chosen."""


def same_call(told: Call, known: Iterable[Call]) -> Call | None:
    """The record of the call `told` is about, of those with its linkedid or with a visit of its channel.

    It is the nearest in time, not hours away: a restarted Asterisk may use a linkedid again some day.
    """
    near = [one for one in known if one.began_at == told.began_at or _lies_near(told, one)]
    return min(near, key=lambda one: abs(one.began_at - told.began_at), default=None)


def _lies_near(told: Call, known: Call) -> bool:
    gap = max(known.began_at - _end(told), told.began_at - _end(known))
    return gap <= (ROUGH_TIME if known.is_interrupted or told.is_interrupted else _SAME_CALL)


def _end(call: Call) -> datetime:
    return call.ended_at or call.last_seen_at
