"""What callers hear of place and wait where `announce_places` is set, from the door to their last one."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from tests.lab.audio import Hearing, Sound
from tests.lab.exchange import Exchange, Lifts
from tests.lab.leg import Leg
from tests.lab.phone import AgentPhone, Caller
from tests.lab.small import OPEN, until
from tests.lab.watch import Watch, daemon, watching

QUEUE = "aibndx"
LIMIT = 3
LANGUAGES = ("az", "ru", "en")
NOTICES = ("you_are_next", "queue_place", "queue_wait", "queue_wait_left")
LONG = "Ваше место в очереди. Пожалуйста, оставайтесь на линии, мы скоро ответим вам, ваше место: {n}."
"""Takes so long to say that another can join meanwhile, on a busy machine, too."""
LEFT = "So many minutes are left."
CITIZEN = "0501112233"
CHANGES = {
    f"queues.{QUEUE}.announce_places": LIMIT,
    f"queues.{QUEUE}.announce_every": "15s",
    f"queues.{QUEUE}.record": False,
    "hotline.remember_language": False,
    "callback.max_hold": "120s",
    "prompts.place.ru": LONG,
    "prompts.queue_wait_left": dict.fromkeys(LANGUAGES, LEFT),
    **{f"hotline.delivered.1952{at}": f"door_{language}" for at, language in enumerate(LANGUAGES)},
    **{f"menu.nodes.door_{language}": {"language": language, "then": QUEUE} for language in LANGUAGES},
}


class Listener:
    """A phone on the line, and everything its caller was told of place and wait."""

    def __init__(self, watch: Watch, leg: Leg, language: str) -> None:
        folder = watch.house.sounds / language
        numbered = [folder / "hotline" / f"place-{place}.wav" for place in range(1, 10)]
        named = [folder / "hotline" / f"{name}.wav" for name in NOTICES]
        numbers = sorted((folder / "digits").glob("*.wav"))
        self.leg = leg
        self._sounds = [Sound.load(file, language) for file in (*numbered, *named, *numbers)]

    def told(self) -> list[Hearing]:
        return self.leg.stream.track.hearings(self._sounds)

    async def is_told(self, *places: int) -> None:
        """Wait until these are the places told last."""
        what, look = f"telling {places}", lambda: self.places()[-len(places) :] == [*places] or None
        await until(look, what, 40.0, every=0.4)

    def places(self) -> list[int]:
        """Each place told, by Python at the door (`place-4`) or by Asterisk (`queue_place` and a number)."""
        heard = [hearing.name for hearing in self.told()]
        found = []
        for name, following in pairwise([*heard, ""]):
            if name == "you_are_next":
                found.append(1)
            elif name.startswith("place-"):
                found.append(int(name.removeprefix("place-")))
            elif name == "queue_place" and following[:1].isdigit():
                found.append(int(following.removesuffix("n")))
        return found

    def minutes(self) -> list[int]:
        """Each hold time told."""
        pairs = pairwise([*(hearing.name for hearing in self.told()), "0"])
        return [int(number.removesuffix("n")) for name, number in pairs if name.startswith("queue_wait")]


async def call(watch: Watch, phones: AsyncExitStack, number: str, language: str) -> Listener:
    """Somebody calls and stands at the queue's door."""
    phone = await phones.enter_async_context(Caller.open(number, watch.house.sip))
    return Listener(watch, await phone.dial(f"1952{LANGUAGES.index(language)}", OPEN), language)


def test_a_place_only_falls_from_the_door_on_whoever_comes_leaves_or_overtakes(tmp_path: Path) -> None:
    """Who is told place 4 at the door is overtaken by a called-back citizen, joins fifth, hears 3, 2, 1."""

    async def scenario() -> None:
        async with (
            watching(tmp_path, CHANGES) as watch,
            daemon(watch),
            Exchange.open({CITIZEN: [Lifts(after=0.1, patience=200.0)]}, watch.house.exchange) as exchange,
            AsyncExitStack() as phones,
        ):
            line = []
            for at, language in enumerate(LANGUAGES):
                line.append(await call(watch, phones, f"050100000{at}", language))
                await watch.joining_of(f"050100000{at}")
            await watch.call_back(CITIZEN, QUEUE, "cb", "az")
            await watch.until(
                lambda: exchange.dialled and exchange.dialled[0].leg.is_answered, "their lifting"
            )
            overtaken = await call(watch, phones, "0501000009", "ru")
            await watch.until(lambda: overtaken.told(), "the place being told")
            await exchange.dialled[0].leg.press("1")
            joined = [await watch.joining_of(number) for number in (CITIZEN, "0501000009")]
            assert joined == sorted(joined)
            line += [Listener(watch, exchange.dialled[0].leg, "az"), overtaken]
            assert watch.line(QUEUE)[3] == "cb"
            waits = list(line)
            while waits:
                for place, one in enumerate(waits[:LIMIT], 1):
                    await one.is_told(place)
                await waits.pop(0).leg.hang_up()
            heard = [one.places() for one in line]
            assert [sorted({*places}, reverse=True) for places in heard] == [
                [1],
                [2, 1],
                [3, 2, 1],
                [3, 2, 1],
                [4, 3, 2, 1],
            ]
            assert heard == [sorted(places, reverse=True) for places in heard]
            assert not any(one.minutes() for one in line)

    asyncio.run(scenario())


@pytest.mark.parametrize(("how", "long", "times"), [("once", 40.0, 1), ("always", 62.0, 2)])
def test_the_hold_time_is_told_on_joining_or_at_intervals_and_only_when_it_is_known(
    tmp_path: Path, how: str, long: float, times: int
) -> None:
    """Six wait so long and are answered; a quarter of each wait goes into the average: 33 s, or 51 s."""

    async def answered(watch: Watch) -> None:
        async with AsyncExitStack() as phones:
            first = [await call(watch, phones, f"05020000{at}0", "az") for at in range(6)]
            joined = [await watch.joining_of(f"05020000{at}0") for at in range(6)]
            await watch.until(lambda: time.time() > max(joined) + long, "a long wait", long + 15.0)
            assert not any(one.minutes() for one in first)
            secret = watch.house.secret("1401")
            async with AgentPhone.open("1401", secret, watch.house.sip, answer_after=0.1, talk=0.2):
                await watch.until(lambda: all(one.leg.log.is_over for one in first), "all answers", 60.0)

    async def scenario() -> None:
        own = {"announce_places": 10, "wrap_up": "0s", "announce_hold_time": how}
        changes = {**CHANGES, **{f"queues.{QUEUE}.{name}": value for name, value in own.items()}}
        async with watching(tmp_path, changes) as watch, AsyncExitStack() as phones:
            await answered(watch)
            line = []
            for at, language in enumerate(("en", *LANGUAGES)):
                line.append(await call(watch, phones, f"050100000{at}", language))
                await watch.joining_of(f"050100000{at}")
            for place, one in enumerate(line[1:], 2):
                await one.is_told(place, place, place)
            assert not line[0].minutes()
            for minutes in (one.minutes() for one in line[1:]):
                assert min(len(minutes), 2) == times
                assert minutes == sorted(minutes, reverse=True)

    asyncio.run(scenario())
