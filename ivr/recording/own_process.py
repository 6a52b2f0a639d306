"""A command that a daemon runs in a process of its own, while it holds the role that the command fills."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from subprocess import DEVNULL, PIPE

from ivr.storage.running.liveness import RENEW_SECONDS, Lease


async def run_leased(command: Sequence[str], lease: Lease, stop: asyncio.Event) -> tuple[int | None, str]:
    """Its exit status and the end of what it said on stderr; it is ended once `stop` is set.

    The lease, which is ours, is kept meanwhile. Raises StoreAway.
    """
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=PIPE)
    ended = asyncio.create_task(process.communicate())
    while not (await asyncio.wait({ended}, timeout=RENEW_SECONDS))[0]:
        await lease.ask(able=True)
        if stop.is_set() and process.returncode is None:
            process.terminate()
    _, said = await ended
    return process.returncode, said.decode(errors="replace")[-500:]
