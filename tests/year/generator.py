"""A seeded year of queue_log: the counts of 2024, calls that overlap, every way out of a queue.

`lines(seed, calls)` gives them in the order of their moments, about 4.7 lines a call, a handful of calls in
memory at a time; `truth` counts, as it goes, what must be stored of them.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Iterator

CALLS_OF_2024 = 561_994
BEGINS = 1_735_675_200
"""1 January 2025 in Baku."""
_YEAR_SECONDS = 365 * 86_400
_QUEUES = ("dvx", "aparat", "emdx", "aibndx")
_SHARES = (0.758, 0.046, 0.167, 0.029)
_AGENTS = {queue: [f"PJSIP/1{n}{i:02}" for i in range(12)] for n, queue in enumerate(_QUEUES, 1)}
_PREFIXES = ("050", "051", "055", "070", "077", "099", "012", "018")
_OUTCOMES = {
    "ABANDON": "abandoned", "EXITWITHTIMEOUT": "timeout", "EXITEMPTY": "empty", "EXITWITHKEY": "key",
}  # fmt: skip
_WAY_SHARES = (0.85, 0.08, 0.02, 0.05)

Truth = Counter[tuple[str, str, str]]
"""(queue, outcome, what) → how many `visits`, and the seconds they `waited` and `talked`."""


def lines(seed: int, calls: int = CALLS_OF_2024, truth: Truth | None = None) -> Iterator[str]:
    """Every line of the year with its newline, oldest first; `truth` is complete at the end."""
    chance = random.Random(seed)
    told: list[tuple[int, int, str]] = []
    for number, joined in enumerate(_joins(chance, calls)):
        while told and told[0][0] <= joined:
            yield heapq.heappop(told)[2]
        for at, text in _call(chance, joined, number, Counter() if truth is None else truth):
            heapq.heappush(told, (at, len(told) + 16 * number, text))
    while told:
        yield heapq.heappop(told)[2]


def _joins(chance: random.Random, calls: int) -> Iterator[int]:
    """Moments at which callers join: working hours of the calls' share of the year, unevenly."""
    at = float(BEGINS)
    mean = _YEAR_SECONDS / CALLS_OF_2024 / 3.0
    for _ in range(calls):
        at += chance.expovariate(1.0 / mean)
        if at % 86_400 > 50_400:  # 18:00 in Baku; the next day begins at 08:00
            at += 86_400 - at % 86_400 + 14_400
        yield int(at)


def _call(chance: random.Random, joined: int, number: int, truth: Truth) -> Iterator[tuple[int, str]]:
    (queue,) = chance.choices(_QUEUES, _SHARES)
    uniqueid = f"{joined - 9}.{number}"
    caller = f"{chance.choice(_PREFIXES)}{chance.randrange(2_000_000, 9_999_999)}"
    start = f"{uniqueid}|{queue}"
    yield joined, f"{joined}|{start}|NONE|ENTERQUEUE||{caller}|{chance.randint(1, 9)}\n"
    wait = int(chance.expovariate(1 / 66)) + 1
    for ring in range(chance.choice((0, 0, 1, 1, 2, 4))):
        at = joined + min(wait, 5 * ring + 4)
        yield at, f"{at}|{start}|{chance.choice(_AGENTS[queue])}|RINGNOANSWER|4000\n"
    left = joined + wait
    if chance.random() > 0.914:
        (way,) = chance.choices(tuple(_OUTCOMES), _WAY_SHARES)
        truth[queue, _OUTCOMES[way], "visits"] += 1
        truth[queue, _OUTCOMES[way], "waited"] += wait
        key = "5|" if way == "EXITWITHKEY" else ""
        yield left, f"{left}|{start}|NONE|{way}|{key}1|3|{wait}\n"
        return
    agent = chance.choice(_AGENTS[queue])
    yield left, f"{left}|{start}|{agent}|CONNECT|{wait}|{joined}.{number}1|{min(wait, 5)}\n"
    talk = int(chance.gammavariate(2, 110)) + 1
    truth[queue, "answered", "visits"] += 1
    truth[queue, "answered", "waited"] += wait
    truth[queue, "answered", "talked"] += talk
    who = "AGENT" if chance.random() < 0.3 else "CALLER"
    yield left + talk, f"{left + talk}|{start}|{agent}|COMPLETE{who}|{wait}|{talk}|2\n"
    if chance.random() < 0.25:
        at = left + talk + 2
        yield at, f"{at}|NONE|{queue}|{agent}|PAUSE|wrap-up\n"
        yield at + 30, f"{at + 30}|NONE|{queue}|{agent}|UNPAUSE|\n"
