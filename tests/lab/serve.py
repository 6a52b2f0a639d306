"""`make run`: the hotline as a service on a lab Asterisk, for your own softphone, until Ctrl-C.

Writes `.lab/hotline.json` (addresses, accounts, database) for programs and prints the same for people.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from ivr.asterisk.secrets import FOLDER as SECRETS
from ivr.calls.opening_hours import Schedule
from ivr.config.loading import configuration_of
from ivr.config.model import Configuration
from tests.lab.clock import SettableClock
from tests.lab.house import REPOSITORY, House
from tests.lab.service import HotlineService, ServiceFailed
from tests.loading import ConfigurationError, load_or_fail

LAB = REPOSITORY / ".lab"
ADDRESSES = "hotline.json"
_PRIVATE = 0o600
COMMAND = "hotline"
_STEP = timedelta(minutes=15)
_DAYS = 14
_AMI_USERS = ("hotline-recorder", "hotline-dialer")


async def serve(console: Console, lab: Path, config: Path) -> None:
    """Run a copy of `config` in `lab` until SIGINT or SIGTERM; the database of the last run is kept.

    Raises ServiceFailed, ConfigurationError.
    """
    folder, file, command = lab / "run", lab / ADDRESSES, lab / COMMAND
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _clear(folder)
    ahead = until_open(configuration_of(load_or_fail(config)), datetime.now(UTC))
    clock = SettableClock(folder, ahead) if ahead else None
    console.print("starting Asterisk and the hotline …")
    today = (datetime.now(UTC) + ahead).date()
    changes = {"callback.reserve": 0}  # one agent is enough to be called back
    async with House.open(folder, config, changes, today, clock, draws=True) as house:
        house.own_sounds()
        service = HotlineService(house, clock=clock)
        try:
            await service.start()
            told = addresses(house, service)
            _write_private(file, json.dumps(told, ensure_ascii=False, indent=2))
            _write_private(command, _script(service))
            command.chmod(0o700)
            _explain(console, told, file, command, clock)
            await stop.wait()
        finally:
            file.unlink(missing_ok=True)
            command.unlink(missing_ok=True)
            await service.stop()
    console.print("stopped")


def until_open(configuration: Configuration, now: datetime) -> timedelta:
    """How far ahead the lab's clock must be for the first time at which most of the hours are open."""
    hotline = configuration.hotline
    names = [configuration.callback.hours, *(queue.hours for queue in configuration.queues.values())]
    schedules = [
        Schedule.of(configuration.hours[name], hotline.time_zone, hotline.country) for name in names if name
    ]
    ahead = (number * _STEP for number in range(_DAYS * timedelta(days=1) // _STEP))
    return max(ahead, key=lambda step: sum(schedule.is_open(now + step) for schedule in schedules))


def _script(service: HotlineService) -> str:
    """`hotline` as the admin of this lab runs it: with its folders, its database and its clock."""
    ours = {
        name: value
        for name, value in service.environment.items()
        if name.startswith("HOTLINE_") or os.environ.get(name) != value
    }
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in ours.items())
    program = Path(sys.executable).with_name("hotline")
    words = f"{shlex.quote(str(program))} --config {shlex.quote(str(service.house.config))}"
    return f'#!/bin/sh\nexec env {variables} {words} "$@"\n'


def addresses(house: House, service: HotlineService) -> dict[str, Any]:
    """Everything a caller, an agent's softphone or another program needs to know of a running lab."""
    configuration = configuration_of(load_or_fail(house.config))
    host, port = house.sip
    return {
        "sip": {"host": host, "port": port, "transport": "udp", "dial": configuration.hotline.number},
        "delivered": sorted(configuration.hotline.delivered),
        "agents": [
            {"account": account, "secret": house.secret(account), "name": agent.name, "queues": agent.queues}
            for account, agent in configuration.agents.items()
        ],
        "exchange": {"host": house.exchange[0], "port": house.exchange[1]},
        "ami": {
            "host": house.ami[0],
            "port": house.ami[1],
            "users": {user: house.secret(user) for user in _AMI_USERS},
        },
        "agi_port": house.agi_port,
        "database": service.database_url,
        "config": str(house.config),
        "sounds": str(house.sounds),
        "asterisk_etc": str(house.etc),
        "queue_log": str(house.queue_log),
        "log": str(service.log),
    }


def _explain(
    console: Console, told: dict[str, Any], file: Path, command: Path, clock: SettableClock | None
) -> None:
    sip = told["sip"]
    server = f"{sip['host']}:{sip['port']}"
    lines = [
        "",
        "The hotline is up. To call it, give any softphone on this machine:",
        "",
        f"  dial        sip:{sip['dial']}@{server}",
        "  transport   UDP, codec PCMU or PCMA",
        "  account     your number as the network shows it, for example 0502000001",
        "  password    none, and no registration",
        "",
        f"Agents are ordinary SIP accounts that register at {server}:",
        "",
    ]
    lines += [
        f"  {agent['account']}   {agent['secret']}   {agent['name']}, {', '.join(agent['queues'])}"
        for agent in told["agents"]
    ]
    lines += [
        "",
        f"The lab's clock shows {clock.now():%a %d %b %H:%M} UTC: now is outside the hours." if clock else "",
        f"Callbacks are dialled at {_address(told['exchange'])}.",
        f"All of this is in {file}; the log is {told['log']}.",
        "",
        "To practise what an admin does, change the copy of the configuration and apply it:",
        "",
        f"  files       {told['config']}, made anew at each start",
        f"  sounds      {command} prompts build --out {told['sounds']}",
        f"  put live    {command} config apply -m 'why'",
        f"  take back   {command} config rollback",
        f"  records     {command} data export visits",
        "",
        "Ctrl-C ends it.",
    ]
    console.print("\n".join(lines), highlight=False, markup=False)


def _address(told: dict[str, Any]) -> str:
    return f"{told['host']}:{told['port']}"


def _clear(folder: Path) -> None:
    """Remove what the last run left, but for its database and its passwords."""
    (folder / "etc").mkdir(parents=True, exist_ok=True)
    for path in [*folder.iterdir(), *(folder / "etc").iterdir()]:
        if path.name in ("etc", SECRETS) or path.name.startswith("hotline.db"):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _write_private(path: Path, text: str) -> None:
    """The file holds secrets: nobody else on the machine may read it."""
    path.unlink(missing_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "w", encoding="utf-8"
    ) as file:
        file.write(text)


def main() -> int:
    """Exit status 1 if the hotline could not be started. Words: another `.lab`, another `config`."""
    console = Console(soft_wrap=True)
    given = [Path(word) for word in sys.argv[1:]]
    lab, config = (*given, *(LAB, REPOSITORY / "config")[len(given) :])
    try:
        asyncio.run(serve(console, lab, config))
    except (ServiceFailed, ConfigurationError) as failure:
        console.print(f"the hotline could not be run: {failure}", style="red", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
