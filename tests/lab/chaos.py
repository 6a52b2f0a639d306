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
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console

from ivr.visits.from_queue_log import read_line
from tests.lab.chaos_judge import FAULTS, Verdict, judge
from tests.lab.chaos_strikes import STRIKES, Target, possible
from tests.lab.chaos_traffic import CHANGES, Traffic, e164
from tests.lab.clock import SettableClock
from tests.lab.house import LOOPBACK, House, free_ports
from tests.lab.proxy import Wire
from tests.lab.service import HotlineService, ServiceFailed
from tests.postgresql import PostgreSQL

_WARM_UP = 3.0
_PAUSE = (0.5, 4.0)
_CALLBACKS_SECONDS = 45.0
_SETTLING_SECONDS = 45.0
_RESTORED_SECONDS = 120.0
STORES = ("postgresql", "sqlite")


@dataclass(frozen=True)
class Plan:
    """How long calls flow, from which seed, on which store; what may break (all that can, unless given)."""

    seconds: float
    seed: int
    store: str = "postgresql"
    kinds: Sequence[str] = ()
    callbacks_seconds: float = _CALLBACKS_SECONDS


@dataclass(frozen=True)
class Outcome:
    """The verdict, what was broken, and the longest time until all was up again."""

    verdict: Verdict
    strikes: Counter[str]
    longest_gap: float
    plan: Plan

    @property
    def as_json(self) -> dict[str, object]:
        verdict = self.verdict
        return {
            "seed": self.plan.seed,
            "store": self.plan.store,
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
    console.print(f"{plan.seconds:g} s of calls, {plan.store}, seed {plan.seed}", highlight=False)
    async with AsyncExitStack() as stack:
        postgresql = stack.enter_context(PostgreSQL.running()) if plan.store == "postgresql" else None
        house = await stack.enter_async_context(House.open(folder, changes=CHANGES))
        (agi_port,) = free_ports(1)
        wires = {"agi": await stack.enter_async_context(Wire.open(LOOPBACK, agi_port, house.agi_port))}
        for part in ("recorder", "dialer"):
            wires[part] = await stack.enter_async_context(Wire.open(*house.ami))
        if postgresql:
            wires["postgresql"] = await stack.enter_async_context(Wire.open(LOOPBACK, postgresql.port))
        url = postgresql.url_by(wires["postgresql"].port) if postgresql else ""
        clock = SettableClock(folder)
        services = {
            part: HotlineService(
                house,
                name=part,
                only=part,
                database_url=url,
                config=_behind(wires[part], agi_port, house),
                clock=clock,
            )
            for part in ("recorder", "dialer")
        }
        for service in services.values():
            stack.push_async_callback(service.stop)
            await service.start()
        traffic = await stack.enter_async_context(Traffic(house, fortune))
        target = Target(house, wires, services, traffic, chance, clock, postgresql)
        flowing = asyncio.create_task(traffic.flow(plan.seconds))
        strikes, gap = await _strike(target, plan, console)
        await flowing
        await traffic.drain()
        await _callbacks_are_over(traffic, services["dialer"], plan.callbacks_seconds)
        return Outcome(await _judge(traffic, services["recorder"]), strikes, gap, plan)


def _behind(wire: Wire, agi_port: int, house: House) -> Path:
    """The house's configuration as a service reads it: Asterisk is at the other end of the wires."""
    config = house.folder / f"config-{wire.port}"
    shutil.copytree(house.config, config)
    path = config / "hotline.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["servers"]["main"] |= {"ami_port": wire.port, "agi_port": agi_port}
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return config


async def _strike(target: Target, plan: Plan, console: Console) -> tuple[Counter[str], float]:
    """Break one thing after the other while the calls flow; each kind comes before any comes again."""
    kinds = plan.kinds or possible(target.postgresql is not None)
    ends, longest = time.monotonic() + plan.seconds, 0.0
    done: Counter[str] = Counter()
    await asyncio.sleep(_WARM_UP)
    while time.monotonic() < ends:
        fewest = min(done[kind] for kind in kinds)
        kind = target.chance.choice([kind for kind in kinds if done[kind] == fewest])
        began = time.monotonic()
        await STRIKES[kind](target)
        await target.until_ready()
        gap = time.monotonic() - began
        longest = max(longest, gap)
        done[kind] += 1
        console.print(f"  {plan.seconds - (ends - began):5.0f} s  {kind:<21} {gap:5.1f} s", highlight=False)
        await target.a_while(*_PAUSE)
    return done, longest


async def _callbacks_are_over(traffic: Traffic, dialer: HotlineService, deadline: float) -> None:
    """Wait while citizens are being called back; then nobody else is, so that the judge sees one moment.

    A restored store is compared with queue_log first.
    """
    ends = time.monotonic() + _RESTORED_SECONDS
    while time.monotonic() < ends and await _is_paused(dialer):
        await asyncio.sleep(1.0)
    await _until_quiet(traffic, 10.0, deadline)
    said = await dialer.hotline("callbacks", "pause", "dial", "--why", "the chaos is over")
    if said.status:
        raise ServiceFailed(f"pause dial: {said.err[-2000:]}")
    await _until_quiet(traffic, 3.0, 30.0)


async def _is_paused(dialer: HotlineService) -> bool:
    said = await dialer.hotline("status", "--json")
    return any(name.startswith("dial:") for name in json.loads(said.out)["paused"])


async def _until_quiet(traffic: Traffic, quiet: float, deadline: float) -> None:
    ends, quiet_since = time.monotonic() + deadline, time.monotonic()
    while time.monotonic() < ends and time.monotonic() < quiet_since + quiet:
        if traffic.owed_tries:
            quiet_since = time.monotonic()
        await asyncio.sleep(0.2)


async def _judge(traffic: Traffic, service: HotlineService) -> Verdict:
    """The verdict, once what is stored has settled: the last call's end may still be on its way."""
    calls = traffic.calls()
    ends = time.monotonic() + _SETTLING_SECONDS
    while True:
        visits, callbacks, attempts = stored = [await service.export(kind) for kind in _KINDS]
        verdict = judge(calls, traffic.tries(), visits, callbacks, attempts, _joined(service.house.queue_log))
        (service.house.folder / "stored.json").write_text(json.dumps(dict(zip(_KINDS, stored, strict=True))))
        if verdict.is_clean or time.monotonic() > ends:
            return verdict
        await asyncio.sleep(1.0)


def _joined(queue_log: Path) -> dict[str, int]:
    """The numbers that Asterisk itself says have joined, and the second in which each did first."""
    found: dict[str, int] = {}
    for path in queue_log.parent.glob(f"{queue_log.name}*"):
        for line in map(read_line, path.read_text(encoding="utf-8").splitlines()):
            if line and line.event == "ENTERQUEUE":
                number = e164(line.data[1])
                found[number] = min(line.epoch, found.get(number, line.epoch))
    return found


_KINDS = ("visits", "callbacks", "attempts")


def _tell(outcome: Outcome, console: Console) -> None:
    figures = outcome.as_json
    by_target: dict[str, list[str]] = {}
    for kind, count in sorted(outcome.strikes.items()):
        target, _, manner = kind.partition(" ")
        by_target.setdefault(target, []).append(f"{count} {manner}")
    console.print(f"\n{'kills':<20}{figures['kills_in_all']:>5}", highlight=False)
    for target, manners in by_target.items():
        console.print(f"  {target:<18}      {', '.join(manners)}", highlight=False, soft_wrap=True)
    for name in ("calls", "visits", "answered", "callback_calls", "callbacks_reached", *FAULTS):
        style = "red" if name in FAULTS and figures[name] else ""
        console.print(f"{name.replace('_', ' '):<20}{figures[name]:>5}", style=style, highlight=False)
    console.print(f"{'longest gap':<20}{figures['longest_gap_seconds']:>5} s", highlight=False)
    for name in FAULTS:
        for sentence in outcome.verdict.faults[name]:
            console.print(f"{name.replace('_', ' ')}: {sentence}", highlight=False, soft_wrap=True)


def main() -> int:
    """Exit status 0 if nothing is missing, doubled, wrong, lost or rung twice."""
    parser = argparse.ArgumentParser(prog="make chaos", description=(__doc__ or "").partition("\n")[0])
    given = os.environ.get
    minutes, seed = float(given("CHAOS_MINUTES", "5")), int(given("CHAOS_SEED", random.randrange(1_000_000)))
    parser.add_argument("--seconds", type=float, default=minutes * 60, help="how long calls flow")
    parser.add_argument("--seed", type=int, default=seed, help="play one again")
    parser.add_argument("--store", choices=STORES, default=given("CHAOS_STORE", STORES[0]))
    parser.add_argument("--kinds", nargs="+", choices=STRIKES, default=(), help="what may break")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep logs and what was stored there")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # else all that was started would stay
    console = Console()
    folder = wanted.keep or Path(tempfile.mkdtemp(prefix="hotline-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(wanted.seconds, wanted.seed, wanted.store, wanted.kinds)
    outcome = asyncio.run(run(plan, folder, console))
    _tell(outcome, console)
    if outcome.verdict.is_clean and not wanted.keep:
        shutil.rmtree(folder)
    else:
        console.print(f"logs and what was stored are in {folder}", highlight=False, soft_wrap=True)
    print(json.dumps(outcome.as_json))
    return 0 if outcome.verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
