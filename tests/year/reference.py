"""The annual figures by plain loops over the raw files: an independent reading of DOMAIN's definitions.

Imports nothing of the product. Requests made while waiting, and waits finer than a second, are beyond it.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.year.scopes import scope

DAY, BAKU = 86_400, 4 * 3600
NEVER_OUT = {"trunk_failed", "congestion", "aborted", "unknown", "invalid_number"}
TALKED, UNANSWERED = ("COMPLETE", "BLINDTRANSFER", "ATTENDEDTRANSFER"), ("EXITWITHTIMEOUT", "EXITEMPTY")
Row = dict[str, Any]
Days = Collection[date]


def epoch(text: str) -> float:
    at = datetime.fromisoformat(text)
    return at.timestamp() if at.tzinfo else (at - datetime(1970, 1, 1)).total_seconds() - BAKU


def day(at: float) -> date:
    return date(1970, 1, 1) + timedelta(days=int((at + BAKU) // DAY))


def lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from file


def known(caller: str) -> str:
    """The number as people dial it; empty if it is hidden or too short for a subscriber."""
    caller = f"0{caller[4:]}" if caller.startswith("+994") else caller
    return caller if caller.isdigit() and len(caller) > 6 else ""


def contacts(path: Path, overflow: Mapping[str, str]) -> Collection[Row]:
    found, last = dict[tuple[str, str], Row](), dict[str, Row]()
    for line in lines(path):
        moment, call, queue, agent, event, *data = line.rstrip("\n").split("|")
        at, one = int(moment), last.get(call)
        if event == "ENTERQUEUE" and not call.startswith("cb-"):
            stays = one and one["event"] in UNANSWERED and queue == overflow.get(one["queue"])
            structure = one["structure"] if one and stays else queue
            new = {"call": call, "structure": structure, "number": known(data[1]), "joined": at, "end": 0}
            new |= {"answered": 0, "talk": 0, "survey": "", "agents": set(), "attempts": []}
            one = last[call] = found.setdefault((call, structure), new)
            one["queue"] = queue
        elif one and event == "CONNECT":
            one["answered"] = one["answered"] or at
            one["agents"].add((agent, day(at)))
        elif one and event == "SURVEY":
            one["survey"] = data[0]
        elif one and event.startswith(("ABANDON", "WITHDRAW", "EXIT", *TALKED)):
            one["event"], one["end"] = event, at
            one["talk"] += int(data[-2]) if event.startswith(TALKED) else 0
    return found.values()


def slice_of(one: Row, answers: list[int], holidays: Days, calls_until: int) -> str:
    deadline = day(one["end"]) + timedelta(days=1)
    while deadline.weekday() > 4 or deadline in holidays:
        deadline += timedelta(days=1)
    until = (deadline - date(1970, 1, 1)).days * DAY - BAKU + calls_until
    if one["end"] - one["joined"] <= 10:
        return "too_short"
    if any(one["end"] <= at <= until for at in answers):
        return "called_again"
    if any(outcome not in NEVER_OUT for outcome in one["attempts"]):
        return "called_back"
    is_dialable = len(one["number"]) == 10 and one["number"][:2] != "00"
    return "not_called_back" if is_dialable and not one["attempts"] else "impossible"


def figures(
    files: Mapping[str, Path], year: int, holidays: Days, hours: Sequence[int], calls_until: int,
    overflow: Mapping[str, str],
) -> dict[str, Row]:  # fmt: skip
    """The scopes of the JSON report. `hours`, `calls_until`: seconds of a working day, Monday to Friday.

    `files`: by `queue_log` and the kinds of import; `overflow`: queue → queue of its `on_timeout`.
    """
    sums = defaultdict[str, Counter[str]](Counter)
    agents, joins, answers, of_number = (defaultdict[Any, list[Any]](list) for _ in range(4))
    found = contacts(files["queue_log"], overflow)

    def add(structure: str, what: Mapping[str, int]) -> None:
        for name in ("all", structure):
            sums[name].update(what)

    for one in found:
        if one["number"]:
            of_number[one["number"]].append(one)
            joins[one["number"], one["structure"]].append(one["joined"])
            answers[one["number"]] += [one["answered"]] if one["answered"] else []
    for row in csv.DictReader(lines(files["attempts"])):
        for one in of_number[known(row["number"])]:
            if one["end"] <= epoch(row["at"]) <= one["end"] + 7 * DAY:
                one["attempts"].append(row["outcome"])
    for one in found:
        structure, number, survey, what = one["structure"], one["number"], one["survey"], {"contacts": 1}
        wait = (one["answered"] or one["end"]) - one["joined"]
        if one["answered"]:
            again = any(one["end"] < at <= one["end"] + 7 * DAY for at in joins[number, structure])
            what |= {"answered": 1, "in time": wait <= 30, "wait": wait, "talk": one["talk"]}
            what |= {"known": number != "", "sufficed": number != "" and not again}
            what |= {"asked": survey != "", "rated": survey.isdigit(), "content": survey in ("4", "5")}
        elif not one["end"]:
            what = {"waiting": 1}
        elif one["event"] in ("EXITWITHKEY", "WITHDRAW"):
            what["excluded"] = 1
        else:
            fate = slice_of(one, answers[number], holidays, calls_until)
            reached = fate == "called_back" and "reached" in one["attempts"]
            what |= {"lost": 1, fate: 1, "reached": reached, "short wait": wait * (fate == "too_short")}
        add(structure, what)
        agents["all"] += one["agents"]
        agents[structure] += one["agents"]
    for row in csv.DictReader(lines(files["topics"])):
        add(row["structure"], {f"topic {row['topic']}": 1})
    without_sheet = {(one["call"], one["structure"]) for one in found if one["answered"]}
    for row in csv.DictReader(lines(files["inquiries"])):
        is_new, closed, sheet = row["opened"] >= f"{year}", row["closed"], (row["call"], row["structure"])
        what = {"prepared": is_new, "carried_in": not is_new, "carried_out": not closed, row["outcome"]: 1}
        what = {f"{row['kind']} {name}": number for name, number in what.items()}
        what["with sheet"] = sheet in without_sheet
        without_sheet.discard(sheet)
        if row["outcome"] == "answered_by_centre":
            what |= {"answers": 1, "answer days": (day(epoch(closed)) - day(epoch(row["opened"]))).days}
        add(row["structure"], what)
    minutes = Counter[str]()
    for row in csv.DictReader(lines(files["minutes"])):
        at, when = (epoch(row["minute"]) + BAKU) % DAY, day(epoch(row["minute"]))
        if hours[0] <= at < hours[1] and when.weekday() < 5 and when not in holidays:
            minutes.update(monitored=1, up=row["failed"] != row["checks"])
    return {name: scope(of_name | minutes, len(set(agents[name]))) for name, of_name in sums.items()}
