"""`make differential`: made menus walked in Python and on a real Asterisk, every step compared.

Scripts in the place of ours answer: some callers are owed a call, or can order none; where one can be offered
it is. What is heard is what the dialplan has played, in the channel's language. A walk that differs is walked
again before it counts, for on a busy machine a key may come too late; how many were is told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import structlog
import yaml
from rich.progress import Progress

from dialplan.compiler import REVISIONS, compile
from ivr.asterisk import words
from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Limits
from ivr.calls.numbers import dial_string
from ivr.config.loading import Loaded, configuration_of
from ivr.config.model import Configuration
from ivr.menus.walk import HANG_UP, Menu, Step
from ivr.sounds.prompts import FOLDER, ORDER_REFUSED
from tests.lab.agi_server import serving
from tests.lab.house import House
from tests.lab.made_menus import EARLY, OWED, TOLD, TOLD_AGAIN, TOO_LATE, Walk, menus, walks, write_base
from tests.lab.small import TODAY
from tests.lab.walker import Seen, Walker

AT_ONCE = 40
SERVED = Limits(deadline=60.0, sessions=AT_ONCE)
AGAIN = 2
KEYS_IN_A_QUEUE = 4
WALKS_PER_MENU = 10
ORDER_WAIT = 1.2
"""Seconds for a key in the order dialogue, which no configuration shortens."""
_ORDER_WAITS = re.compile(r"(WaitExten\(|Read\([^)]*,)[35]\)")
_AGI_PORT = re.compile(r"(agi://[^:]+:)\d+")
Fault = Callable[[str], str]
"""A compiled plan → the same as a faulty compiler would have made it."""

FAULTS: Mapping[str, Fault] = {
    "one try too few": lambda plan: plan.replace(" <= ", " < "),
    "back forgets two choices": lambda plan: plan.replace(",/,2-)", ",/,3-)"),
    "the language is told but not spoken": lambda plan: re.sub(r",CHANNEL\(language\)=\w+", "", plan),
}


@dataclass(frozen=True)
class Comparison:
    """What came of many walks."""

    differences: Sequence[Difference]
    walked_again: int


@dataclass(frozen=True)
class Difference:
    """A walk that the two machines walk differently; `told` for the engineer who mends one of them."""

    walk: Walk
    told: str


class Machines:
    """Menus loaded into one Asterisk, to be walked there and in Python."""

    def __init__(self, walker: Walker, made: Sequence[Loaded], inbound: Sequence[str]) -> None:
        self._walker = walker
        self._made = made
        self._inbound = inbound
        self._free = asyncio.Semaphore(AT_ONCE)
        self.walked_again = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, folder: Path, made: Sequence[Loaded], fault: Fault | None = None
    ) -> AsyncIterator[Machines]:
        """A house in `folder` with all these menus beside each other, each under its own revision."""
        write_base(folder / "base")
        async with House.open(folder / "house", folder / "base", today=TODAY) as house:
            inbound = [_install(house, loaded, fault) for loaded in made]
            await house.asterisk.console("dialplan reload")
            await house.asterisk.console("queue reload all")
            async with Walker.on(house) as walker, serving(SCRIPTS, SERVED, house=house):
                yield cls(walker, made, inbound)

    async def compare(self, walk: Walk) -> Difference | None:
        """Walk in both; None if every step is the same."""
        walk = _before_queue_ends(walk, expected(self._made[walk.menu], walk))
        async with self._free:
            told = await self._compared(walk)
        for _ in range(AGAIN):
            if told:
                self.walked_again += 1
                told = await self._compared(walk)
        return Difference(walk, told) if told else None

    async def _compared(self, walk: Walk) -> str:
        wanted = expected(self._made[walk.menu], walk)
        leaving = {
            name: queue.order.key for name, queue in configuration_of(self._made[walk.menu]).queues.items()
        }
        seen = await self._walker.walk(self._inbound[walk.menu], walk, leaving)
        early = [does.startswith(EARLY) for does in walk.does] + [False, False]
        pairs = [(wanted[n : n + 1], seen[n : n + 1]) for n in range(max(len(wanted), len(seen)))]
        for step, (one, other) in enumerate(pairs):
            if not one or not other or not _agree(one[0], other[0], is_cut=early[step]):
                menu = yaml.safe_dump(_menu(self._made[walk.menu]), sort_keys=False)
                return f"{menu}\n{walk}\nstep {step}:\n  Python   {one}\n  Asterisk {other}"
        return ""


def expected(loaded: Loaded, walk: Walk) -> list[Seen]:
    """The walk as Python walks it."""
    configuration = configuration_of(loaded)
    queues = configuration.queues
    menu = Menu(
        configuration,
        walk.moment,
        lambda queue, was_told: [_told(was_told)] if queues[queue].asks_before_joining else [],
        lambda queue: queues[queue].order.over is not None,
        walk.caller == OWED,
        walk.caller.removeprefix("+"),
        refuses_orders=walk.caller == TOO_LATE,
    )
    steps = [menu.begin(walk.number, None, walk.caller)]
    for does in (*walk.does, HANG_UP):
        if not steps[-1].caller.has_ended:
            steps.append(menu.go_on(steps[-1].caller, does.removeprefix(EARLY)))
    return [_as_seen(step, menu.configuration) for step in steps]


def _before_queue_ends(walk: Walk, steps: Sequence[Seen]) -> Walk:
    """Up to the keys that mean nothing in a queue: pressing many takes as long as anybody waits there."""
    pressed = 0
    for number, (before, after) in enumerate(pairwise(steps)):
        pressed = pressed + 1 if before.queue and after == replace(before, heard=()) else 0
        if pressed > KEYS_IN_A_QUEUE:
            return replace(walk, does=walk.does[:number])
    return walk


def _told(was_told: bool) -> str:
    return TOLD_AGAIN if was_told else TOLD


def _announce(session: AgiSession) -> None:
    """In the place of ours, which would look at the queue: every wait is long."""
    told = _told(session.get_variable(words.VAR_TOLD) != "")
    session.set_variable(words.VAR_SAY, f"{FOLDER}/{told}")
    session.set_variable(words.VAR_OFFER, "yes")


def _owe(session: AgiSession) -> None:
    """In the place of ours, which would look into the database."""
    if session.env["agi_callerid"] == OWED:
        session.set_variable(words.VAR_OWED, "yes")


def _order(session: AgiSession) -> None:
    """In the place of ours: others leave their order in queue_log."""
    if session.env["agi_callerid"] == TOO_LATE:
        session.set_variable(words.VAR_SAY, f"{FOLDER}/{ORDER_REFUSED}")
        session.set_variable(words.VAR_ORDERED, "refused")


SCRIPTS = {
    words.AGI_ANNOUNCE_POSITION: _announce,
    words.AGI_OWED_CALLBACK: _owe,
    words.AGI_ORDER_CALLBACK: _order,
    words.AGI_CALLBACK_POSITION: lambda session: None,
}


def _as_seen(step: Step, configuration: Configuration) -> Seen:
    caller = step.caller
    heard = tuple((each.language, each.prompt) for each in step.heard)
    queue = "" if caller.has_ended else caller.queue
    if caller.redirected and not caller.has_ended:
        contact, [trunk] = configuration.contacts[caller.redirected], configuration.trunks.values()
        queue = f"PJSIP/{dial_string(contact.number, trunk, configuration.hotline.country)}"
    return Seen(caller.steps, caller.path, caller.language, queue, caller.has_ended, heard)


def _agree(wanted: Seen, seen: Seen, *, is_cut: bool) -> bool:
    """Whether both are in one place; after a prompt cut off by an early key there is no more."""
    heard = wanted.heard[: len(seen.heard)] if is_cut else wanted.heard
    return (*_place(wanted), heard) == (*_place(seen), seen.heard)


def _place(seen: Seen) -> tuple[str, str, str, str, bool]:
    return seen.steps, seen.path, seen.language, seen.queue, seen.has_ended


def _menu(loaded: Loaded) -> dict[str, Any]:
    written = configuration_of(loaded).model_dump(mode="json", exclude_defaults=True)
    return {section: written[section] for section in ("hotline", "queues", "menu")}


def _install(house: House, loaded: Loaded, fault: Fault | None) -> str:
    """Put the compiled menu and its queues beside the others; returns the context its calls come in by.

    A queue's name gets the revision's behind it: where its key leads is said in queues.conf, one for all.
    """
    files = compile(loaded, today=TODAY)
    [(name, plan)] = [(name, text) for name, text in files.items() if name.startswith(REVISIONS)]
    revision = Path(name).stem
    plan = re.sub(r"\bQueue\((q\d)\b", rf"Queue(\1-{revision}", plan)
    queues = re.sub(r"^\[(q\d)\]", rf"[\1-{revision}]", files["hotline/queues.conf"], flags=re.MULTILINE)
    with (house.etc / "queues.conf").open("a", encoding="utf-8") as file:
        file.write(f"\n{queues}")
    plan = _ORDER_WAITS.sub(rf"\g<1>{ORDER_WAIT})", plan)
    plan = _AGI_PORT.sub(rf"\g<1>{house.agi_port}", plan)
    faulty = plan if fault is None else fault(plan)
    (house.etc / name).write_text(faulty, encoding="utf-8")
    return f"hotline-{revision}-in"


async def compare_walks(
    folder: Path,
    seed: int,
    count: int,
    fault: Fault | None = None,
    most: int = 3,
    progress: Callable[[], None] = lambda: None,
) -> Comparison:
    """Compare `count` walks, or until the two machines differ in `most`; `progress` is called after each."""
    made = menus(seed, -(-count // WALKS_PER_MENU))
    found: list[Difference] = []
    async with Machines.open(folder, made, fault) as machines:
        tasks = [asyncio.create_task(machines.compare(walk)) for walk in walks(seed, len(made), count)]
        try:
            for finished in asyncio.as_completed(tasks):
                if difference := await finished:
                    found.append(difference)
                if len(found) == most:
                    break
                progress()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return Comparison(found, machines.walked_again)


def main() -> int:
    """Exit status 1 if one walk differs; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walks", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0, help="default: another one each time, printed")
    given = parser.parse_args()
    seed = given.seed or secrets.randbelow(10**6)
    print(f"{given.walks} walks, seed {seed}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder, Progress(transient=True) as bar:
        task = bar.add_task("walking", total=given.walks)
        compared = asyncio.run(
            compare_walks(Path(folder), seed, given.walks, progress=lambda: bar.advance(task))
        )
    for difference in compared.differences:
        print(f"{difference.told}\n")
    told = {"walks": given.walks, "seed": seed, "walked_again": compared.walked_again}
    print(json.dumps({**told, "differences": len(compared.differences)}))
    return bool(compared.differences)


if __name__ == "__main__":
    sys.exit(main())
