"""`make chaos`: continuous calls while everything is killed, frozen, cut off and restarted at random moments.

At the end the store is compared with what the phones saw, call by call. The last line is JSON; exit status 1
if a visit is missing, doubled or wrong, a citizen was rung twice for one attempt, or a callback is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console

from ivr.config.loading import configuration_of, load_or_fail
from tests.lab.chaos_judge import FAULTS, Verdict, judge
from tests.lab.chaos_strikes import STRIKES, Target
from tests.lab.chaos_traffic import CHANGES, Traffic
from tests.lab.house import House
from tests.lab.proxy import Wire
from tests.lab.service import HotlineService, ServiceFailed

_WARM_UP = 3.0
_PAUSE = (0.5, 4.0)
_CALLBACKS_SECONDS = 45.0
_SETTLING_SECONDS = 15.0


@dataclass(frozen=True)
class Plan:
    """How long, from which seed, and what may break."""

    seconds: float
    seed: int
    kinds: Sequence[str]
    backfill: bool = False
    """Whether queue_log is read by hand once the calls are over, instead of by the recorder itself."""
    callbacks_seconds: float = _CALLBACKS_SECONDS


@dataclass(frozen=True)
class Outcome:
    """The verdict, what was broken, and the longest time until all was up again."""

    verdict: Verdict
    strikes: Counter[str]
    longest_gap: float
    seed: int

    @property
    def as_json(self) -> dict[str, object]:
        verdict = self.verdict
        return {
            "seed": self.seed,
            "kills": dict(sorted(self.strikes.items())),
            "kills_in_all": self.strikes.total(),
            "calls": verdict.calls,
            "visits": verdict.visits,
            "answered": verdict.answered,
            "callback_calls": verdict.tries,
            "callbacks_reached": verdict.reached,
            **{name: len(verdict.faults[name]) for name in FAULTS},
            "longest_gap_seconds": round(self.longest_gap, 1),
        }


async def run(plan: Plan, folder: Path, console: Console) -> Outcome:
    """One chaos over a house in `folder`."""
    # Two of them, so that what breaks, and in which order, does not hang on how many calls came before.
    chance, fortune = random.Random(plan.seed), random.Random(plan.seed)
    console.print(f"chaos of {plan.seconds:g} s, seed {plan.seed}", highlight=False)
    async with House.open(folder, changes=CHANGES) as house, Wire.open(*house.ami) as wire:
        config = _behind(wire, house)
        recorder = HotlineService(house, name="recorder", only="recorder", config=config)
        dialer = HotlineService(house, name="dialer", only="dialer", config=config)
        try:
            await recorder.start()
            await dialer.start()
            async with Traffic(house, fortune) as traffic:
                target = Target(house, wire, recorder, dialer, traffic, chance)
                flowing = asyncio.create_task(traffic.flow(plan.seconds))
                strikes, gap = await _strike(target, plan, console)
                await flowing
                await traffic.drain()
                if plan.backfill:
                    await _backfill(recorder)
                await _callbacks_are_over(traffic, plan.callbacks_seconds)
                return Outcome(await _judge(traffic, recorder), strikes, gap, plan.seed)
        finally:
            await dialer.stop()
            await recorder.stop()


def _behind(wire: Wire, house: House) -> Path:
    """The house's configuration as the service reads it: Asterisk is at the other end of the wire."""
    config = house.folder / "config-behind-wire"
    shutil.copytree(house.config, config)
    path = config / "hotline.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["servers"]["main"]["ami_port"] = wire.port
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return config


async def _strike(target: Target, plan: Plan, console: Console) -> tuple[Counter[str], float]:
    """Break one thing after the other while the calls flow; each kind comes before any comes again."""
    ends, longest = time.monotonic() + plan.seconds, 0.0
    done: Counter[str] = Counter()
    await asyncio.sleep(_WARM_UP)
    while time.monotonic() < ends:
        fewest = min(done[kind] for kind in plan.kinds)
        kind = target.chance.choice([kind for kind in plan.kinds if done[kind] == fewest])
        began = time.monotonic()
        await STRIKES[kind](target)
        await target.until_ready()
        longest = max(longest, time.monotonic() - began)
        done[kind] += 1
        console.print(f"  {kind:<20} {time.monotonic() - began:5.1f} s", highlight=False)
        await asyncio.sleep(target.chance.uniform(*_PAUSE))
    return done, longest


async def _backfill(service: HotlineService) -> None:
    said = await service.hotline("data", "backfill", str(service.house.queue_log))
    if said.status:
        raise ServiceFailed(f"backfill: {said.err}")


async def _callbacks_are_over(traffic: Traffic, deadline: float) -> None:
    """Wait while citizens are being called back; nobody called for a while is the end of it."""
    ends, quiet_since = time.monotonic() + deadline, time.monotonic()
    while time.monotonic() < ends and time.monotonic() < quiet_since + 10.0:
        if traffic.owed_tries:
            quiet_since = time.monotonic()
        await asyncio.sleep(0.2)


async def _judge(traffic: Traffic, service: HotlineService) -> Verdict:
    """The verdict, once what is stored has settled: the last call's end may still be on its way."""
    calls, tries = traffic.calls(), traffic.tries()
    agents = configuration_of(load_or_fail(service.house.config)).agents
    names = {account: agent.name for account, agent in agents.items()}
    ends = time.monotonic() + _SETTLING_SECONDS
    while True:
        visits, callbacks, attempts = [await service.export(kind) for kind in _KINDS]
        verdict = judge(calls, tries, visits, callbacks, attempts, names)
        if verdict.is_clean or time.monotonic() > ends:
            return verdict
        await asyncio.sleep(1.0)
        tries = traffic.tries()


_KINDS = ("visits", "callbacks", "attempts")


def main() -> int:
    """Exit status 0 if nothing is missing, doubled, wrong, lost or rung twice."""
    parser = argparse.ArgumentParser(prog="make chaos", description=(__doc__ or "").partition("\n")[0])
    minutes = float(os.environ.get("CHAOS_MINUTES", "5"))
    parser.add_argument("--seconds", type=float, default=minutes * 60, help="how long calls flow")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="play one again")
    parser.add_argument("--kinds", nargs="+", choices=STRIKES, default=list(STRIKES), help="what may break")
    parser.add_argument("--backfill", action="store_true", help="read queue_log by hand before judging")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep logs and database there")
    given = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="hotline-chaos-") as made:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        plan = Plan(given.seconds, given.seed, given.kinds, given.backfill)
        outcome = asyncio.run(run(plan, folder, console))
    for name in FAULTS:
        for sentence in outcome.verdict.faults[name]:
            console.print(
                f"{name.replace('_', ' ')}: {sentence}", style="red", highlight=False, soft_wrap=True
            )
    print(json.dumps(outcome.as_json))
    return 0 if outcome.verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
