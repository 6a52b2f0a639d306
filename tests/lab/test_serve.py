"""`make run`: what it writes and prints is enough to call 195 and to be an agent."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import sys
from pathlib import Path
from typing import Any

from tests.lab.calllog import What
from tests.lab.house import REPOSITORY
from tests.lab.phone import AgentPhone, Caller

_READY_SECONDS = 60.0


def test_with_what_is_written_a_caller_reaches_an_agent_at_any_hour_and_ctrl_c_leaves_nothing(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.lab.serve", str(tmp_path)),
            cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE,
        )
        file = tmp_path / "hotline.json"
        try:
            told = await _addresses(process, file)
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            server = (told["sip"]["host"], told["sip"]["port"])
            agent = next(it for it in told["agents"] if "aparat" in it["queues"])
            async with (
                AgentPhone.open(agent["account"], agent["secret"], server),
                Caller.open("0502110001", server) as phone,
            ):
                call = await phone.dial("19512")
                assert (await call.connected_to_agent()).account == agent["account"]
                await call.hang_up()
                assert call.log.first(What.ENDED)
        finally:
            process.send_signal(signal.SIGINT)
            said, _ = await process.communicate()
        assert process.returncode == 0
        assert f"sip:195@{server[0]}:{server[1]}" in said.decode()
        assert not file.exists()

    asyncio.run(scenario())


async def _addresses(process: asyncio.subprocess.Process, file: Path) -> dict[str, Any]:
    async with asyncio.timeout(_READY_SECONDS):
        while not (file.exists() and file.stat().st_size):
            assert process.returncode is None, "make run ended"
            await asyncio.sleep(0.1)
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told
