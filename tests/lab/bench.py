"""`make bench`: what one call through two menu levels costs in CPU, three ways in one run on one Asterisk.

Ours (compiled), a plain hand-written Background/WaitExten menu, and a FastAGI menu over pyst2. SIPp calls,
presses two keys and is hung up on; rounds alternate, so that what else the machine does falls on all alike.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ivr.asterisk.agi_session import AgiSession
from ivr.asterisk.fastagi import Limits
from tests.lab.agi_server import serving
from tests.lab.house import House
from tests.lab.lab_files import CONTEXT_TRUNK
from tests.lab.small import CONFIG, TODAY

ROUNDS = 8
CALLS = 40
"""In each round of each way."""
RATE = 40
"""Calls begun in a second."""
ALLOWED = 1.1
"""Ours may cost at most this many times the hand-written one."""

_PRODUCTION = f"""
#include "hotline/extensions.conf"
[{CONTEXT_TRUNK}]
include => hotline-in
"""
"""No call is asked for its moment, as in a lab."""
_BESIDE = """
[hotline-in]
exten => 700,1,Answer()
 same => n,Set(CHANNEL(language)=az)
 same => n,Goto(by-hand-front,s,1)
exten => 701,1,Answer()
 same => n,Set(CHANNEL(language)=az)
 same => n,AGI(agi://127.0.0.1:{agi_port}/menu)
 same => n,Hangup()

[by-hand-front]
exten => s,1,Background(hotline/front)
 same => n,WaitExten(5)
exten => 1,1,Goto(by-hand-ministry,s,1)
exten => i,1,Goto(s,1)
exten => t,1,Hangup()

[by-hand-ministry]
exten => s,1,Background(hotline/ministry)
 same => n,WaitExten(5)
exten => #,1,Hangup()
exten => i,1,Goto(s,1)
exten => t,1,Hangup()
"""

_KEY = """
  <send retrans="500"><![CDATA[
INFO [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:0501234567@[local_ip]>;tag=[pid]T[call_number]
To: <sip:[service]@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {sequence} INFO
Max-Forwards: 70
Content-Type: application/dtmf-relay
Content-Length: [len]

Signal={key}
Duration=100
]]></send>
  <recv response="200"/>
"""

_SCENARIO = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="two keys">
  <send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:0501234567@[local_ip]>;tag=[pid]T[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:0501234567@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
  <recv response="100" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:0501234567@[local_ip]>;tag=[pid]T[call_number]
To: <sip:[service]@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <pause milliseconds="700"/>
{first}
  <pause milliseconds="300"/>
{second}
  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


@dataclass
class Way:
    """One way to make a menu, and what each round of it cost: seconds of CPU per call."""

    name: str
    number: str
    asterisk: list[float] = field(default_factory=list)
    python: list[float] = field(default_factory=list)
    """Of this process, which drives the calls of all ways and is the AGI server of one."""

    def milliseconds(self, driver: Way) -> tuple[float, float]:
        """Asterisk's and Python's milliseconds per call, medians of the rounds, without driving the calls."""
        driving = statistics.median(driver.python)
        return (
            statistics.median(self.asterisk) * 1000,
            max(0.0, statistics.median(self.python) - driving) * 1000,
        )


def menu_script(agi: AgiSession) -> None:
    """The same two levels, told by Python command by command."""
    if agi.get_option("hotline/front", "129*", 5000) == "1":
        agi.get_option("hotline/ministry", "1230#", 5000)


async def _round(house: House, way: Way, scenario: Path) -> None:
    """Make the calls of one round; RuntimeError if one of them failed."""
    host, port = house.sip
    before, own = _cpu_seconds(house.asterisk.pid), time.process_time()
    options = ("-m", str(CALLS), "-r", str(RATE), "-i", host, "-nostdin", "-timeout", "60s", "-timeout_error")
    sipp = await asyncio.create_subprocess_exec(
        *("sipp", f"{host}:{port}", "-sf", str(scenario), "-s", way.number, *options),
        cwd=scenario.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, said = await sipp.communicate()
    if sipp.returncode != 0:
        raise RuntimeError(f"calls to {way.name} failed: {said.decode(errors='replace')[-500:]}")
    way.asterisk.append((_cpu_seconds(house.asterisk.pid) - before) / CALLS)
    way.python.append((time.process_time() - own) / CALLS)


def _cpu_seconds(pid: int) -> float:
    """CPU time of a process and all its threads, ended ones too (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def _table(ways: list[Way]) -> Table:
    table = Table(title=f"CPU per call through two menu levels ({ROUNDS * CALLS} calls each)")
    table.add_column("menu")
    for column in ("Asterisk ms", "Python ms", "together", "of hand-written"):
        table.add_column(column, justify="right")
    by_hand = sum(ways[1].milliseconds(ways[1]))
    for way in ways:
        asterisk, python = way.milliseconds(ways[1])
        together = asterisk + python
        cells = (f"{asterisk:.2f}", f"{python:.2f}", f"{together:.2f}", f"{together / by_hand:.2f}")
        table.add_row(way.name, *cells)
    return table


async def bench(folder: Path, console: Console) -> float:
    """Run it all; the ratio of ours to the hand-written one."""
    ways = [
        Way("ours, compiled", "195"),
        Way("hand-written", "700"),
        Way("FastAGI, Twisted and pyst2", "701"),
    ]
    scenario = folder / "two-keys.xml"
    keys = [_KEY.format(key=key, sequence=sequence) for sequence, key in ((2, "1"), (3, "#"))]
    scenario.write_text(_SCENARIO.format(first=keys[0], second=keys[1]), encoding="utf-8")
    async with (
        House.open(folder / "house", CONFIG, {"hotline.remember_language": False}, TODAY) as house,
        serving({"menu": menu_script}, Limits(deadline=30.0, sessions=200), house=house),
    ):
        plan = _PRODUCTION + _BESIDE.format(agi_port=house.agi_port)
        (house.etc / "extensions.conf").write_text(plan, encoding="utf-8")
        await house.asterisk.console("dialplan reload")
        for way in track([*ways, *ways * ROUNDS], "calling", console=console):
            await _round(house, way, scenario)
    for way in ways:
        del way.asterisk[0], way.python[0]  # the first round warms up
    console.print(_table(ways))
    return statistics.median(ways[0].asterisk) / statistics.median(ways[1].asterisk)


def main() -> None:
    """Print the table; exit status 1 if ours costs more than it may."""
    if shutil.which("sipp") is None:
        raise SystemExit("SIPp is missing: `make bench`, run as root, installs it")
    console = Console()
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        ratio = asyncio.run(bench(Path(folder), console))
    if ratio > ALLOWED:
        raise SystemExit(f"ours costs {ratio:.2f} times the hand-written menu; at most {ALLOWED} is allowed")


if __name__ == "__main__":
    main()
