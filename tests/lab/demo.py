"""`make demo`: real calls through the menu into four queues, called back where owed, judged by the phones.

Starts a lab Asterisk, the product as a process, agents, callers and the public network; ends with a report
and one line of JSON. Exit status 1 if anything stored differs from what a phone saw.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from ivr.base.masking import masked_text
from ivr.calls.opening_hours import Schedule
from ivr.config.loading import configuration_of
from tests.lab.audio import load_sounds
from tests.lab.demo_compare import Exports, Result
from tests.lab.demo_judge import Evidence
from tests.lab.demo_phones import Moments, Stage
from tests.lab.demo_screen import Screen, report
from tests.lab.demo_story import CHANGES, LONG, SHORT, Play
from tests.lab.faults import FAULTS
from tests.lab.house import House
from tests.lab.service import HotlineService, ServiceFailed
from tests.loading import load_or_fail

_CALLBACKS_SECONDS = 90.0
_SETTLING_SECONDS = 10.0
_PLAYS = {"long": LONG, "short": SHORT}


async def run(
    play: Play, folder: Path, console: Console, *, broken: Sequence[str] = (), kill_at: float | None = None
) -> Result:
    """Play it once and judge it. `kill_at`: when every Python process of the product is killed, seconds."""
    console.print("starting Asterisk and the hotline …")
    async with House.open(folder, changes=CHANGES) as house, HotlineService.running(house, broken) as service:
        sounds = load_sounds(folder / "data" / "sounds")
        async with Stage(play, house, sounds, _moments(house)) as stage, Screen(console, stage):
            if kill_at is not None:
                await _perform_without_python(stage, service, kill_at)
                return Evidence(stage, sounds).judge_phones()
            await stage.perform()
            await stage.callbacks_are_over(_CALLBACKS_SECONDS)
            return await _judge(Evidence(stage, sounds), service)


async def _perform_without_python(stage: Stage, service: HotlineService, kill_at: float) -> None:
    async def kill() -> None:
        await asyncio.sleep(kill_at)
        await service.kill()

    await asyncio.gather(stage.perform(), kill())


async def _judge(evidence: Evidence, service: HotlineService) -> Result:
    """The verdict, once what is stored has settled: the last call's end may still be on its way."""
    ends = time.monotonic() + _SETTLING_SECONDS
    while True:
        kinds = ("visits", "callbacks", "attempts")
        visits, callbacks, attempts = [await service.export(kind) for kind in kinds]
        result = evidence.judge(Exports(visits, callbacks, attempts))
        if not result.differences or time.monotonic() > ends:
            return result
        await asyncio.sleep(1.0)


def _moments(house: House) -> Moments:
    configuration = configuration_of(load_or_fail(house.config))
    hotline = configuration.hotline
    schedule = Schedule.of(configuration.hours["office"], hotline.time_zone, hotline.country)
    return Moments(schedule, datetime.now(UTC))


def main() -> int:
    """Exit status 0 if the phones and the store agree, 1 if not or if the demo could not be played."""
    parser = argparse.ArgumentParser(prog="make demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--story", choices=sorted(_PLAYS), default="long")
    parser.add_argument(
        "--break", choices=FAULTS, nargs="+", default=(), dest="broken", help="plant faults in the product"
    )
    parser.add_argument(
        "--kill-python-at", type=float, metavar="S", help="kill the product's Python after S seconds"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="play in DIR and keep logs and database there"
    )
    given = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="hotline-demo-") as made:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        play = run(_PLAYS[given.story], folder, console, broken=given.broken, kill_at=given.kill_python_at)
        try:
            result = asyncio.run(play)
        except ServiceFailed as failure:
            console.print(
                f"the hotline could not be run: {failure}", style="red", highlight=False, soft_wrap=True
            )
            return 1
    report(console, result)
    print(masked_text(json.dumps(result.as_json, ensure_ascii=False)))
    return 1 if result.differences else 0


if __name__ == "__main__":
    sys.exit(main())
