"""The rule book: what AMI and queue_log say of one stay, or of one call, made one record.

Which field wins, and why:

- *Which stay it is*: it shares a channel, the second one if the caller's was exchanged and who tells missed
  the join. Each source names its stays by their join. One source gives the same stay the same join always;
  between two, the nearest join that source has not named yet, no further off than whole seconds are, and
  not of a stay that was over by then. If AMI sends no timestamps and our clock has nothing to do with
  Asterisk's, it is the first not named yet. Two recorders are two sources where Asterisk sends none.
- *Outcome*: being answered beats all. queue_log names each way out, so timeout, key, empty and withdrawn are
  its to say; a redirection looks like an abandon there and is AMI's. `waiting` and `interrupted` only mean
  that a source was cut off and give way to whatever the other one knows. Where both name who stood there in
  the end, and differ, AMI heard it and queue_log does not say it: the outcome is AMI's.
- *Wait, agent and moments* follow the outcome; where both sources agree on it AMI's are taken: microseconds
  against whole seconds, the interface against a member's name. What it does not know queue_log fills in.
- *The end of a talk* belongs to whoever heard it; to AMI if both did, or the earlier if they are further
  apart than whole seconds: AMI takes a talk whose last word it missed to last as long as the call.
- *Who called, from which menu, in what language* is AMI's (channel variables); queue_log fills what is empty.
- *The end of a call* is AMI's as long as it listens: queue_log only knows when its last queue was left.

Pure: rows and records in, changes out. `ivr.storage.records.visits` stores them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any, Final

from ivr.visits.records import LONGEST_CALL, Call, Visit
from ivr.visits.stay import ROUGHLY

Row = Mapping[str, Any]
"""A stored record by its columns."""

_ROUGHLY: Final = timedelta(seconds=ROUGHLY)
_HALF_A_SECOND: Final = timedelta(seconds=0.5)
_CUT: Final = timedelta(seconds=1.5)
"""What queue_log cuts off a moment, and half a second in which Asterisk tells the two sources of one."""
_SAME_CALL: Final = timedelta(hours=4)
"""Two tellings of one linkedid lie no further apart."""

_WAIT: Final = ("left_at", "wait_seconds", "answered_at", "ring_seconds", "agent", "agent_name")
_END: Final = ("ended_at", "ended_by", "talk_seconds")
_WHO: Final = ("linkedid", "origin", "attempt_id", "structure", "caller", "menu_path", "language", "place")
_CALL_END: Final = ("ended_at", "ended_by", "is_interrupted")

_CERTAINTY: Final = {"waiting": 0, "interrupted": 1, "abandoned": 3, "redirected": 4, "answered": 6}
_GUESSED, _NAMED = 2, 5
"""Timeout, key, empty and withdrawn: what AMI may have had to guess, queue_log has a name for."""


def same_stay(told: Visit, rows: Iterable[Row]) -> Row | None:
    """The row of the stay `told` is about, of the rows with its server, its queue and one of its channels."""
    rows = list(rows)
    own = [row for row in rows if row["uniqueid"] == told.uniqueid]
    return _nearest(told, own) or exchanged_stay(told, rows)


def exchanged_stay(told: Visit, rows: Iterable[Row]) -> Row | None:
    """The row that has the stay under its other channel, because of one of the two the join was missed."""
    return _nearest(told, [row for row in rows if _is_exchanged(told, row)])


def _is_exchanged(told: Visit, row: Row) -> bool:
    if told.place == row["uniqueid"]:
        return row["precision"] == "s" and row["log_joined_at"] is None
    return bool(told.is_rebuilt and told.uniqueid == row["place"])


def _nearest(told: Visit, rows: Sequence[Row]) -> Row | None:
    name = "log_joined_at" if told.source == "queue_log" else "joined_at"
    for row in rows:
        if row[name] == told.joined_at or _is_told_better(told, row):
            return row
    unnamed = [row for row in rows if _is_unnamed(told, row) and not _was_over(told, row)]
    near = [row for row in unnamed if _apart(told, row) <= _reach(told, row)]
    if near:
        return min(near, key=lambda row: _apart(told, row))
    return min(filter(partial(_tells_no_time, told), unnamed), key=itemgetter("joined_at"), default=None)


def _is_told_better(told: Visit, row: Row) -> bool:
    """A join that AMI first told in whole seconds keeps the moment at which we heard of it."""
    is_ami = told.source == "ami" and row["source"] != "queue_log"
    return is_ami and row["received_at"] == told.received_at and "s" in (row["precision"], told.precision)


def _is_unnamed(told: Visit, row: Row) -> bool:
    if told.source == "ami":
        return row["source"] == "queue_log" or _may_be_another_recorders(told, row)
    return told.is_rebuilt or row["log_joined_at"] is None


def _was_over(told: Visit, row: Row) -> bool:
    """Whoever had left the queue before AMI told of this join, exactly, had another stay."""
    log, ami = (told._asdict(), row) if told.source == "queue_log" else (row, told._asdict())
    is_exact = ami["precision"] == "ms" and not (log["clock_stepped"] or ami["clock_stepped"])
    if not is_exact or log["left_at"] is None:
        return False
    return bool(log["left_at"] <= ami["joined_at"] and ami["joined_at"] - log["joined_at"] > _CUT)


def _may_be_another_recorders(told: Visit, row: Row) -> bool:
    """Without timestamps two recorders of one server tell of a join as each heard it.

    What one of them tells of two stays does not overlap: a channel leaves a queue before it joins again.
    """
    overlap = not (row["left_at"] and row["left_at"] <= told.joined_at) and not (
        told.left_at and told.left_at <= row["joined_at"]
    )
    return overlap and "s" in (row["precision"], told.precision)


def _reach(told: Visit, row: Row) -> timedelta:
    """A join computed back from the list of who waits leans on our receipts, and those may have been late."""
    return 2 * _ROUGHLY if _is_receipt(told, row) and row["outcome"] == "waiting" else _ROUGHLY


def _tells_no_time(told: Visit, row: Row) -> bool:
    """Without timestamps AMI tells our receipts: of a stream played much later, by another machine's clock.

    No channel lives so long, so it is the same one, and its stays are told apart by their order alone.
    """
    return _is_receipt(told, row) and told.source != row["source"] and _apart(told, row) > LONGEST_CALL


def _is_receipt(told: Visit, row: Row) -> bool:
    """Whether AMI's join is the moment at which we heard of it."""
    amis = told._asdict() if told.source == "ami" else row
    return bool(amis["source"] == "ami" and amis["precision"] == "s")


def _apart(told: Visit, row: Row) -> timedelta:
    """queue_log cuts its moments down to the second."""
    cut = {"queue_log": _HALF_A_SECOND}
    mine, theirs = cut.get(told.source, timedelta()), cut.get(row["source"], timedelta())
    apart: timedelta = told.joined_at + mine - row["joined_at"] - theirs
    return abs(apart)


def same_call(told: Call, rows: Iterable[Row]) -> Row | None:
    """The row of the call `told` is about, of the rows with its linkedid or with a visit of its channel."""
    near = [row for row in rows if row["began_at"] == told.began_at or _is_near(told, row)]
    return min(near, key=lambda row: abs(row["began_at"] - told.began_at), default=None)


def _is_near(told: Call, row: Row) -> bool:
    """A restarted Asterisk may use a linkedid again some day."""
    gap = max(row["began_at"] - (told.ended_at or told.last_seen_at), told.began_at - _end(row))
    return bool(gap <= (_ROUGHLY if row["is_interrupted"] or told.is_interrupted else _SAME_CALL))


def _end(call: Row) -> datetime:
    end: datetime = call["ended_at"] or call["last_seen_at"]
    return end


def visit_merged(row: Row, told: Visit) -> dict[str, Any]:
    """The columns of the stored row of that stay as they are once `told` is known too."""
    new = told._asdict()
    wait, other = (new, row) if _wins(new, row) else (row, new)
    agrees = row["outcome"] == new["outcome"]
    end = wait
    if wait["outcome"] == "answered" and agrees:
        end = new if _ends_better(new, row) else row
    who, guess = (new, row) if tells_who(told, row) else (row, new)
    is_finer = told.source == "ami" and not (told.is_rebuilt and row["source"] != "queue_log")
    moments = new if is_finer else row
    return {
        "uniqueid": told.uniqueid if told.place == row["uniqueid"] else row["uniqueid"],
        **{name: _first(who[name], guess[name]) for name in _WHO},
        **{name: _first(wait[name], other[name]) if agrees else wait[name] for name in _WAIT},
        **{name: end[name] for name in _END},
        "outcome": wait["outcome"],
        "joined_at": moments["joined_at"],
        "received_at": moments["received_at"],
        "precision": max(wait["precision"], end["precision"]),  # "s" after "ms"
        "recorded": row["recorded"] or new["recorded"],
        "clock_stepped": row["clock_stepped"] or new["clock_stepped"],
        "source": row["source"] if row["source"] == told.source else "both",
        **_as_log_tells(row, told),
    }


def tells_who(told: Visit, row: Row) -> bool:
    """Whether who called, and so which call it was, is for `told` to say.

    AMI may not have heard of an attended transfer into the queue; then it takes the stay for the agent's.
    """
    if bool(told.place) != bool(row["place"]):
        if told.source == row["source"]:
            return bool(told.place) or told.is_rebuilt
        if (told.origin == "internal") != (row["origin"] == "internal"):
            return told.origin != "internal"
    elif told.is_rebuilt and told.source == row["source"]:
        return False  # somebody who went on reading after the join
    return told.source == "ami" or row["source"] == "queue_log"


def log_columns(told: Visit) -> dict[str, Any]:
    """What a new row keeps of queue_log's own telling, by which the stay is found again."""
    if told.source == "ami":
        return {"log_joined_at": None, "log_outcome": ""}
    return {"log_joined_at": None if told.is_rebuilt else told.joined_at, "log_outcome": told.outcome}


def _as_log_tells(row: Row, told: Visit) -> dict[str, Any]:
    if told.source == "ami":
        return {}
    named = row["log_joined_at"] if told.is_rebuilt else told.joined_at
    is_more = _certainty("queue_log", told.outcome) >= _certainty(
        "queue_log", row["log_outcome"] or "waiting"
    )
    return {"log_joined_at": named, "log_outcome": told.outcome if is_more else row["log_outcome"]}


def _wins(new: Row, row: Row) -> bool:
    """Whether outcome, wait and agent are taken from the new telling."""
    if row["outcome"] == new["outcome"] == "interrupted":
        return bool(new["left_at"] > row["left_at"])  # the later sign of life
    is_told_apart = bool(row["place"] and new["place"] and row["place"] != new["place"])
    if row["source"] != new["source"] and (is_told_apart or row["outcome"] == new["outcome"]):
        return bool(new["source"] == "ami")
    said_by = row["source"]
    if said_by == "both":
        said_by = "queue_log" if row["outcome"] == row["log_outcome"] else "ami"
    if said_by == new["source"]:
        return _completeness(new) >= _completeness(row)
    return _certainty(new["source"], new["outcome"]) > _certainty(said_by, row["outcome"])


def _certainty(source: str, outcome: str) -> int:
    return _CERTAINTY.get(outcome, _NAMED if source == "queue_log" else _GUESSED)


def _completeness(visit: Row) -> int:
    """How much of its end a visit knows: waiting, cut off, talking, over."""
    if visit["outcome"] in ("waiting", "interrupted"):
        return _CERTAINTY[visit["outcome"]]
    return 3 if visit["ended_at"] is not None else 2


def _ends_better(new: Row, row: Row) -> bool:
    """A talk may be thought to last too long, until the caller is gone; never too short."""
    knows, knew = _knows_end(new), _knows_end(row)
    is_others = new["source"] != row["source"]
    if is_others and knows == knew == 2 and abs(new["ended_at"] - row["ended_at"]) > _ROUGHLY:
        return bool(new["ended_at"] < row["ended_at"])
    return knows > knew or (knows == knew and new["source"] in ("ami", row["source"]))


def _knows_end(visit: Row) -> int:
    """A talk cut off by a restart has only a last sign of life for its end."""
    if visit["ended_at"] is None:
        return 0
    return 1 if visit["ended_by"] == "restart" else 2


def call_merged(row: Row, told: Call, *, is_listened: bool) -> dict[str, Any]:
    """The columns of the stored call as they are once `told` is known too.

    `is_listened`: a recorder hears AMI now and will tell the end itself.
    """
    new = told._asdict()
    is_amis = row["source"] == "ami"
    has_not_heard_who = row["source"] == told.source and row["caller"] and not told.caller
    who, guess = (row, new) if has_not_heard_who or (is_amis and told.source != "ami") else (new, row)
    merged = {name: _first(who[name], guess[name]) for name in new if name not in ("uniqueid", *_CALL_END)}
    if who["began_at"] - guess["began_at"] > _ROUGHLY:
        merged["began_at"] = guess["began_at"]
    if row["source"] == told.source:
        # The first word of it; read again from a bookmark, that would be a later one.
        merged["received_at"] = min(row["received_at"], told.received_at)
    merged["last_seen_at"] = max(row["last_seen_at"], told.last_seen_at)
    may_tell_end = not (is_amis and told.source != "ami" and is_listened)
    source = new if may_tell_end and _is_later_end(row, told) else row
    return merged | {name: source[name] for name in _CALL_END}


def _is_later_end(row: Row, told: Call) -> bool:
    """An open call was heard of since the end that is stored; an end was told, or corrected by its source."""
    if told.ended_at is None:
        return bool(told.last_seen_at > max(row["last_seen_at"], row["ended_at"] or row["last_seen_at"]))
    if row["ended_at"] is None or row["source"] == told.source:
        return True
    return told.source == "ami" if told.ended_by else told.ended_at > row["ended_at"] + _ROUGHLY


def _first(known: Any, else_known: Any) -> Any:
    return else_known if known in (None, "") else known
