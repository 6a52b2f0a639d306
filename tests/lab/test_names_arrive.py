"""Text of the admin's on its way through Asterisk's parsers: it arrives unchanged, whatever is in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ivr.asterisk.messages import Reply
from tests.lab.small import small_house

NAMES = {
    "1101": 'Aygün "A" Məmmədova, 1; \\növbə',
    "2001": "x;--y--; z",
    "2002": "\\;',\\\\\"((",
    "2003": "${SHELL(id)} $[1+1] %s %d #include",
    "2004": "=> [general] = a, b ,c",
    "2005": "Лев 😀 İŞĞÜÇÖƏ",
}


def test_agents_names_arrive_in_asterisk_as_written(tmp_path: Path) -> None:
    """Comments, escapes, quotes, commas, brackets, expressions: none ends a name or begins anything else."""
    changes = {f"agents.{account}": {"name": name, "queues": ["tax"]} for account, name in NAMES.items()}

    async def scenario() -> None:
        async with small_house(tmp_path, changes) as ear:
            reply: Reply = await ear.ami.send({"Action": "QueueStatus", "Queue": "tax"})
            members = {it["Location"]: it["Name"] for it in reply.events if it.name == "QueueMember"}
            assert members == {f"PJSIP/{account}": name for account, name in NAMES.items()} | {
                "PJSIP/1201": "Elçin Hüseynov"
            }

    asyncio.run(scenario())
