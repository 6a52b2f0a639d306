"""What waiting callers hear of their place from Asterisk itself, with nothing of Python running."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.lab.audio import Sound
from tests.lab.calllog import NeverHappened
from tests.lab.leg import Leg
from tests.lab.phone import Caller
from tests.lab.small import OPEN, Ear, small_house

NUMBERS = {"az": "19521", "ru": "19522", "en": "19523"}
CHANGES = {
    "hotline.languages": [*NUMBERS],
    "queues.office.announce_every": "15s",
    **{f"hotline.delivered.{number}": f"in_{language}" for language, number in NUMBERS.items()},
    **{f"menu.nodes.in_{lang}": {"language": lang, "then": "office"} for lang in NUMBERS},
}


def test_only_who_is_next_is_told_so_in_their_language_when_it_becomes_true(tmp_path: Path) -> None:
    """Three wait and leave one after the other; nobody hears it while another is before them."""

    def notice(ear: Ear, language: str) -> Sound:
        return ear.prompts(language, "you_are_next")[0]

    async def scenario() -> None:
        async with small_house(tmp_path, CHANGES) as ear, AsyncExitStack() as phones:
            calls: dict[str, Leg] = {}
            for number, (language, delivered) in enumerate(NUMBERS.items()):
                caller = f"050100000{number}"
                phone = await phones.enter_async_context(Caller.open(caller, ear.house.sip))
                calls[language] = await phone.dial(delivered, OPEN)
                await ear.event("QueueCallerJoin", CallerIDNum=caller)
            for language in NUMBERS:
                await calls[language].heard(notice(ear, language), deadline=20.0)
                for later in [*NUMBERS][[*NUMBERS].index(language) + 1 :]:
                    with pytest.raises(NeverHappened):
                        await calls[later].heard(notice(ear, later), deadline=0.1)
                await calls[language].hang_up()

    asyncio.run(scenario())
