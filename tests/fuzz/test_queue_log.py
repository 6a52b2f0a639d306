"""Whatever lines stand in a queue_log, its reader goes on and tells visits that can be."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given

from ivr.visits.facts import LongAgo, Tick
from ivr.visits.fold import Fold
from ivr.visits.from_queue_log import QUEUE_LOG, LogReader
from ivr.visits.records import Visit
from ivr.visits.state import before
from tests.fuzz import fuzzed, program, spelled
from tests.fuzz.test_ami import WEIRD, by_stay, checked

EVENTS = (
    "ENTERQUEUE", "CONNECT", "COMPLETEAGENT", "COMPLETECALLER", "ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY",
    "EXITWITHKEY", "WITHDRAW", "BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER", "RINGNOANSWER", "QUEUESTART",
    "CONFIGRELOAD", "PAUSE", "CBSTART",
)  # fmt: skip
DATA = ("||0501234567|1", "|3|7.1|2", "|3|5|1", "|1|1|3", "|5|1|1|3", "|emdx|agents|3|5|1", "|", "|1|1|-3600")
LINES = tuple(
    f"\n{at}|{uniqueid}|{queue}|PJSIP/1101|{event}{data}"
    for event, data in zip((*EVENTS, *EVENTS[:8]), DATA * 4, strict=False)
    for uniqueid, queue, at in (
        ("1.1", "dvx", 1795364067),
        ("1.2", "emdx", 1795364070),
        ("1.1", "dvx", 1795360000),
    )
)
WORDS = tuple(word.encode() for word in (*LINES, "|", "\n", "NONE", "|NONE|", *EVENTS, *DATA, *WEIRD))


def told(text: str) -> list[Visit]:
    """The visits of a whole file; asked for now and then."""
    reader, fold = LogReader(lambda caller: caller == "1101", {}), Fold("main", QUEUE_LOG)
    visits: dict[object, Visit] = {}
    for place, line in enumerate(text.split("\n")):
        for fact in reader.facts(line):
            fold.apply(fact)
        if place % 8 == 7 and reader.last is not None:
            fold.apply(LongAgo(before(reader.last, timedelta(hours=12).total_seconds())))
            fold.apply(Tick(reader.last))
            visits |= by_stay(fold)
    return list((visits | by_stay(fold)).values())


@fuzzed
@given(program)
def test_any_file_tells_no_stay_twice_and_no_time_that_cannot_be(written: bytes) -> None:
    checked(told(spelled(written, WORDS).decode(errors="replace")))
