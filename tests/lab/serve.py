"""`make run`: the hotline as a service on a lab Asterisk, for your own softphone, until Ctrl-C.

Writes `.lab/hotline.json` (addresses, accounts, database) for programs and prints the same for people.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from ivr.asterisk.secrets import FOLDER as SECRETS
from ivr.config.loading import configuration_of
from tests.lab.demo_story import ALWAYS
from tests.lab.house import REPOSITORY, House
from tests.lab.service import HotlineService, ServiceFailed
from tests.loading import load_or_fail

LAB = REPOSITORY / ".lab"
ADDRESSES = "hotline.json"
_PRIVATE = 0o600
_QUEUES = ("dvx", "aparat", "emdx", "aibndx")
ANY_HOUR: dict[str, Any] = {
    "hours.always": ALWAYS,
    "callback.hours": "always",
    "callback.reserve": 0,
    **{f"queues.{queue}.hours": "always" for queue in _QUEUES},
}
"""Who tries it at night, with one agent, shall see all of it; the rest is the shipped configuration."""
_AMI_USERS = ("hotline-recorder", "hotline-dialer")


async def serve(console: Console, lab: Path) -> None:
    """Run in `lab` until SIGINT or SIGTERM; the database of the last run is kept. Raises ServiceFailed."""
    folder, file = lab / "run", lab / ADDRESSES
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _clear(folder)
    console.print("starting Asterisk and the hotline …")
    async with House.open(folder, changes=ANY_HOUR) as house, HotlineService.running(house) as service:
        told = addresses(house, service)
        _write_private(file, told)
        try:
            _explain(console, told, file)
            await stop.wait()
        finally:
            file.unlink(missing_ok=True)
    console.print("stopped")


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
        "asterisk_etc": str(house.etc),
        "queue_log": str(house.queue_log),
        "log": str(service.log),
    }


def _explain(console: Console, told: dict[str, Any], file: Path) -> None:
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
        f"The lab is open at any hour. Callbacks are dialled at {_address(told['exchange'])}.",
        f"All of this is in {file}; the log is {told['log']}.",
        f"What is stored: HOTLINE_DATABASE_URL={told['database']} hotline data export visits",
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


def _write_private(path: Path, told: dict[str, Any]) -> None:
    """The file holds secrets: nobody else on the machine may read it."""
    path.unlink(missing_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "w", encoding="utf-8"
    ) as file:
        json.dump(told, file, ensure_ascii=False, indent=2)


def main() -> int:
    """Exit status 1 if the hotline could not be started. Another folder than `.lab` may be named."""
    console = Console(soft_wrap=True)
    lab = Path(sys.argv[1]) if len(sys.argv) > 1 else LAB
    try:
        asyncio.run(serve(console, lab))
    except ServiceFailed as failure:
        console.print(f"the hotline could not be run: {failure}", style="red", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
