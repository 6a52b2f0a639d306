"""The annual figures by plain loops over the raw files: an independent reading of DOMAIN's definitions.

Imports nothing of the product. Moments are seconds since 1970 by Baku's clock; hours and overflow are those
of `config/`. Requests made while waiting, and split seconds, are beyond it.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.year.scopes import scope

DAY, BAKU = 86_400, timedelta(hours=4)
NEVER_OUT = {"trunk_failed", "congestion", "aborted", "unknown", "invalid_number"}
TALKED, UNANSWERED = ("COMPLETE", "BLINDTRANSFER", "ATTENDEDTRANSFER"), ("EXITWITHTIMEOUT", "EXITEMPTY")
OPENS, CLOSES, OVERFLOW = 9 * 3600, 20 * 3600, {"dvx": "aparat"}
Row = dict[str, Any]


def clock(text: str) -> int:
    at = datetime.fromisoformat(text)
    return int((at.astimezone(UTC) + BAKU if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def is_worked(day: int, holidays: Collection[date]) -> bool:
    on = date(1970, 1, 1) + timedelta(days=day)
    return on.weekday() < 5 and on not in holidays


def known(caller: str) -> str:
    """The number as people dial it; empty if it is hidden or too short for a subscriber."""
    caller = f"0{caller[4:]}" if caller.startswith("+994") else caller
    return caller if caller.isdigit() and len(caller) > 6 else ""


def contacts(path: Path) -> Collection[Row]:
    found, last = dict[tuple[str, str], Row](), dict[str, Row]()
    for line in path.read_text("utf-8").splitlines():
        second, call, queue, agent, event, *data = line.split("|")
        at, one = int(second) + int(BAKU.total_seconds()), last.get(call)
        if event == "ENTERQUEUE" and not call.startswith("cb-"):
            stays = one and one["event"] in UNANSWERED and queue == OVERFLOW.get(one["queue"])
            structure = one["structure"] if one and stays else queue
            new = {"call": call, "structure": structure, "number": known(data[1]), "joined": at, "end": 0}
            new |= {"answered": 0, "talk": 0, "survey": "", "agents": set(), "attempts": []}
            one = last[call] = found.setdefault((call, structure), new)
            one["queue"] = queue
        elif one and event == "CONNECT":
            one["answered"] = one["answered"] or at
            one["agents"].add((agent, at // DAY))
        elif one and event == "SURVEY":
            one["survey"] = data[0]
        elif one and event.startswith(("ABANDON", "WITHDRAW", "EXIT", *TALKED)):
            one["event"], one["end"] = event, at
            one["talk"] += int(data[-2]) if event.startswith(TALKED) else 0
    return found.values()


def slice_of(one: Row, answers: list[int], holidays: Collection[date]) -> str:
    next_day = next(day for day in range(one["end"] // DAY + 1, 99_999) if is_worked(day, holidays))
    if one["end"] - one["joined"] <= 10:
        return "too_short"
    if any(one["end"] <= at <= next_day * DAY + CLOSES for at in answers):
        return "called_again"
    if any(outcome not in NEVER_OUT for outcome in one["attempts"]):
        return "called_back"
    is_dialable = len(one["number"]) == 10 and one["number"][:2] != "00"
    return "not_called_back" if is_dialable and not one["attempts"] else "impossible"


def figures(files: Mapping[str, Path], year: int, holidays: Collection[date]) -> dict[str, Row]:
    """The scopes of the JSON report. `files`: by `queue_log` and the kinds of import."""
    rows = {name: csv.DictReader(path.read_text("utf-8").splitlines()) for name, path in files.items()}
    found, of_number = contacts(files["queue_log"]), defaultdict[str, list[Row]](list)
    sums, agents = defaultdict[str, Counter[str]](Counter), set[tuple[str, str, int]]()
    for one in filter(lambda one: one["number"], found):
        of_number[one["number"]].append(one)
    for row in rows["attempts"]:
        for one in of_number[known(row["number"])]:
            if one["end"] <= clock(row["at"]) <= one["end"] + 7 * DAY:
                one["attempts"].append(row["outcome"])
    for one in found:
        theirs, survey, what = of_number[one["number"]], one["survey"], {"contacts": 1}
        wait = (one["answered"] or one["end"]) - one["joined"]
        if one["answered"]:
            joins = [other["joined"] for other in theirs if other["structure"] == one["structure"]]
            again = any(one["end"] < at <= one["end"] + 7 * DAY for at in joins)
            what |= {"answered": 1, "in time": wait <= 30, "wait": wait, "talk": one["talk"]}
            what |= {"known": theirs != [], "sufficed": theirs != [] and not again}
            what |= {"asked": survey != "", "rated": survey.isdigit(), "content": survey in ("4", "5")}
        elif not one["end"]:
            what = {"waiting": 1}
        elif one["event"] in ("EXITWITHKEY", "WITHDRAW"):
            what["excluded"] = 1
        else:
            fate = slice_of(one, [other["answered"] for other in theirs], holidays)
            reached = fate == "called_back" and "reached" in one["attempts"]
            what |= {"lost": 1, fate: 1, "reached": reached, "short wait": wait * (fate == "too_short")}
        sums[one["structure"]].update(what)
        agents |= {(name, *who) for who in one["agents"] for name in (one["structure"], "all")}
    without_sheet = {(one["call"], one["structure"]) for one in found if one["answered"]}
    for row in rows["inquiries"]:
        is_new, sheet, kind = row["opened"] >= f"{year}", (row["call"], row["structure"]), row["kind"]
        what = {f"{kind} prepared": is_new, f"{kind} carried_in": not is_new, f"{kind} {row['outcome']}": 1}
        what |= {f"{kind} carried_out": not row["closed"], "with sheet": sheet in without_sheet}
        without_sheet.discard(sheet)
        if row["outcome"] == "answered_by_centre":
            what |= {"answers": 1, "answer days": clock(row["closed"]) // DAY - clock(row["opened"]) // DAY}
        sums[row["structure"]].update(what)
    for row in rows["topics"]:
        sums[row["structure"]][f"topic {row['topic']}"] += 1
    tests = [(clock(row["minute"]), row["failed"] == row["checks"]) for row in rows["minutes"]]
    served = [bad for at, bad in tests if OPENS <= at % DAY < CLOSES and is_worked(at // DAY, holidays)]
    minutes = {"monitored": len(served), "up": served.count(False)}
    sums["all"] = sum(sums.values(), Counter())
    return {name: scope(its | minutes, sum(who[0] == name for who in agents)) for name, its in sums.items()}
