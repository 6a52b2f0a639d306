"""The dialplan is the last guard: Asterisk refuses to dial what the callback policy refuses."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator
from pathlib import Path

from callback_dialer.policy import Policy
from ivr.config.loading import configuration_of
from tests.lab.exchange import Exchange
from tests.lab.house import House
from tests.lab.small import Ear, small_house
from tests.loading import load_or_fail

COUNT = 20_000
AT_ONCE = 200
"""Numbers in one variable; Asterisk cuts its text at 4,096 characters."""
CHANGES = {
    "trunks.mobiles": {
        "server": "192.0.2.20:5060",
        "endpoint": "mobiles",
        "caller_id": "195",
        "carries": ["+99450", "+9947", "+9941249"],
    },
    "callback.deny": ["+994501112233", "+9945055", "+9941249399", "+99421"],
}
_JUDGE = """
[judge]
{judged}

[judging]
exten => s,1,Set(LEFT=${{GLOBAL(NUMBERS_${{ROUND}})}})
 same => n,Set(SAID=)
 same => n(next),Set(NUMBER=${{SHIFT(LEFT)}})
 same => n,GotoIf($["${{NUMBER}}" = ""]?said)
 same => n,Gosub(judge,${{NUMBER}},1)
 same => n,Set(SAID=${{SAID}}${{GOSUB_RETVAL}})
 same => n,Goto(next)
 same => n(said),UserEvent(Judged,Round: ${{ROUND}},Said: ${{SAID}})
 same => n,Set(ROUND=$[${{ROUND}} + 1])
 same => n,GotoIf($[${{ROUND}} < {rounds}]?s,1)
 same => n,Hangup()
"""
"""Asks for each number which trunk its extension dials, `-` for none."""


def made(chance: random.Random) -> Iterator[str]:
    """Digits at the edges of what may be dialled: known beginnings, a digit changed, too many or too few."""
    known = (
        *("99450", "99451", "99455", "99470", "99477", "99499", "99410", "99460", "9944", "99436554"),
        *("99412", "99418", "9942222", "994263", "9942142", "99436550", "99436554", "99446", "99421428"),
        *(
            "994900200",
            "99488",
            "994123102800",
            "99412404",
            "994124931234",
            "994501112233",
            "9945055",
            "9941249399",
            "994",
            "90532",
            "7916",
            "1212",
            "",
        ),
    )
    while True:
        begin = chance.choice(known)
        digits = [*begin, *chance.choices("0123456789", k=max(0, 12 - len(begin)))]
        if chance.random() < 0.4:
            digits[chance.randrange(2, 12)] = chance.choice("0123456789")
        if chance.random() < 0.1:
            digits = [*digits, "0"] if chance.random() < 0.5 else digits[: chance.randrange(1, 12)]
        yield "".join(digits)


def by_policy(rules: Policy, digits: str) -> str:
    """The first letter of the trunk that dials the number; `-` if it is never dialled."""
    number = f"+{digits}"
    return "-" if rules.never_dials(number) or rules.denies(number) else (rules.trunk_for(number) or "-")[0]


def judging(plan: str) -> str:
    """The extensions of the dialling half, each with an answer in the place of its steps."""
    [dialling] = re.findall(r"^\[hotline-\w+-callback\]$(.*?)^\[", plan, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^exten => ([^,]*\d[^,]*|_X!),1,(.*(?:\n same.*)*)", dialling, re.MULTILINE)
    trunks = [(pattern, re.search(r"@(\w)\w+,", steps)) for pattern, steps in found]
    return "\n".join(
        f"exten => {pattern},1,Return({trunk[1] if trunk else '-'})" for pattern, trunk in trunks
    )


async def by_asterisk(ear: Ear, numbers: list[str]) -> str:
    """What the dialplan says of each."""
    house: House = ear.house
    [revision] = (house.etc / "hotline" / "revisions").iterdir()
    rounds = [numbers[at : at + AT_ONCE] for at in range(0, len(numbers), AT_ONCE)]
    asked = "\n".join(f"NUMBERS_{place} = {','.join(some)}" for place, some in enumerate(rounds))
    with (house.etc / "extensions.conf").open("a", encoding="utf-8") as file:
        file.write(f"\n[globals]\n{asked}\n")
        file.write(_JUDGE.format(judged=judging(revision.read_text(encoding="utf-8")), rounds=len(rounds)))
    await house.asterisk.console("dialplan reload")
    begin = {"Channel": "Local/s@judging/n", "Application": "Wait", "Data": "60", "Async": "true"}
    await ear.ami.send({"Action": "Originate", **begin, "Variable": "ROUND=0"})
    await ear.user_event("Judged", Round=str(len(rounds) - 1))
    said = {event["Round"]: event["Said"] for event in ear.heard if event["UserEvent"] == "Judged"}
    return "".join(said[str(place)] for place in range(len(rounds)))


def test_twenty_thousand_numbers_are_judged_alike_by_policy_and_dialplan(tmp_path: Path) -> None:
    """Whether a number may be dialled, and over which of two trunks."""

    async def scenario() -> None:
        chance = random.Random(195)
        async with small_house(tmp_path, CHANGES) as ear:
            numbers = [number for number, _ in zip(made(chance), range(COUNT), strict=False)]
            rules = Policy.of(configuration_of(load_or_fail(ear.house.config)))
            wanted = "".join(by_policy(rules, number) for number in numbers)
            said = await by_asterisk(ear, numbers)
            unlike = [one for one in zip(numbers, wanted, said, strict=True) if one[1] != one[2]]
            assert not unlike, (len(unlike), unlike[:20])
            assert min(wanted.count(each) for each in "pm-") > COUNT // 20

    asyncio.run(scenario())


def test_a_premium_number_is_rejected_by_the_dialplan_however_it_is_written(tmp_path: Path) -> None:
    numbers = ("0900200123", "994900200123", "900200123", "00994900200123")

    async def scenario() -> None:
        async with (
            small_house(tmp_path, {"callback.deny": []}) as ear,
            Exchange.open({}, ear.house.exchange) as exchange,
        ):
            for number in numbers:
                await ear.originate(number, f"attempt-{number}")
                end = await ear.event("Hangup", Uniqueid=f"attempt-{number}-2")
                assert (number, end["Cause"]) == (number, "21")
            assert not exchange.dialled

    asyncio.run(scenario())
